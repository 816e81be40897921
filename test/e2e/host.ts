/** The real browser host, started for one test with a data folder of its own, and stopped after it. */
import { test as base, type Page } from '@playwright/test';
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

/** @param env what its environment has besides the test's own */
export async function startHost(data: string, env: Readonly<Record<string, string>> = {}): Promise<Host> {
  const child = spawn(process.execPath, [CLI, 'start', '--no-open', '--port', '0'], {
    env: { ...process.env, ...env, UNDERLAY_DATA: data },
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

export const test = base.extend<{ host: Host }>({
  // Playwright reads a fixture's needs from this pattern; it has none.
  host: async ({}, use) => {
    const data = await mkdtemp(join(tmpdir(), 'underlay-e2e-'));
    const host = await startHost(data);
    await use(host);
    await stopHost(host);
    await rm(data, { recursive: true, force: true });
  },
});

/** What the page's console complains of from now on: errors of scripts, violations of the content security policy. */
export function complaints(page: Page): readonly string[] {
  const heard: string[] = [];
  page.on('pageerror', (error) => heard.push(error.message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) heard.push(message.text());
  });
  return heard;
}

export { expect } from '@playwright/test';
