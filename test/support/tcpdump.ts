/** The real tcpdump, where it is installed, on capture files of ours. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const hasTcpdump = (): boolean => spawnSync('tcpdump', ['--version']).error === undefined;

/** What it prints of the file, with names and times that no machine changes. */
export function tcpdump(file: Uint8Array, ...options: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'underlay-pcap-'));
  try {
    const path = join(folder, 'capture.pcap');
    writeFileSync(path, file);
    return execFileSync('tcpdump', ['-nn', ...options, '-r', path], {
      encoding: 'utf8',
      env: { ...process.env, TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
