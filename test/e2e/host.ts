/** The real browser host, started for one test file with a data folder of its own, and stopped after it. */
import { test as base } from '@playwright/test';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CLI = join(import.meta.dirname, '..', '..', 'out', 'main', 'cli.js');

export interface Host {
  /** The address `npm start` prints, with its one-time key. */
  readonly url: string;
  readonly data: string;
  readonly process: ChildProcess;
}

export async function startHost(data: string): Promise<Host> {
  const child = spawn(process.execPath, [CLI, 'start', '--no-open', '--port', '0'], {
    env: { ...process.env, UNDERLAY_DATA: data },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const url = await new Promise<string>((resolve, reject) => {
    let said = '';
    const listen = (chunk: Buffer): void => {
      said += chunk.toString('utf8');
      const found = /http:\/\/127\.0\.0\.1:\d+\/\?token=\S+/.exec(said);
      if (found) resolve(found[0]);
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.once('exit', (code) => reject(new Error(`the host ended with code ${String(code)}: ${said}`)));
  });
  return { url, data, process: child };
}

export async function stopHost({ process: child }: Host): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

export const test = base.extend<object, { host: Host }>({
  host: [
    // Playwright reads a fixture's needs from this pattern; it has none.
    async ({}, use) => {
      const data = await mkdtemp(join(tmpdir(), 'underlay-e2e-'));
      const host = await startHost(data);
      await use(host);
      await stopHost(host);
      await rm(data, { recursive: true, force: true });
    },
    { scope: 'worker' },
  ],
});

export { expect } from '@playwright/test';
