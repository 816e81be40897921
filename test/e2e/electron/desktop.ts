/**
 * The desktop window as `npm start` opens it, with a data folder of its own; where there is no display but Xvfb, in a
 * virtual one. Where it cannot run at all, every test says why by the same line.
 */
import { _electron, test as base, type ElectronApplication, type Page } from '@playwright/test';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ElectronPackage } from '../../../src/cli/desktop/electron-binary.ts';

export const ROOT = join(import.meta.dirname, '..', '..', '..');

const program = new ElectronPackage({
  folder: join(ROOT, 'node_modules', 'electron'),
  memory: join(ROOT, 'node_modules', '.cache', 'underlay', 'electron-fetch.json'),
}).installed();

const hasDisplay =
  process.platform !== 'linux' || Boolean(process.env['DISPLAY'] || process.env['WAYLAND_DISPLAY']);
const xvfb = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'Xvfb'))
  .find((path) => existsSync(path));

/** Why the window cannot be tried on this machine; undefined where it can. */
export const WHY_NOT = whyNot();

function whyNot(): string | undefined {
  if (program === undefined) return 'the program of Electron is not installed (npx install-electron)';
  if (process.platform === 'linux' && process.getuid?.() === 0)
    return 'Electron does not run as root with its sandbox on, and it is not tried without';
  return hasDisplay || xvfb !== undefined ? undefined : 'there is no display for a window, and no Xvfb';
}

export interface Desktop {
  readonly app: ElectronApplication;
  readonly page: Page;
  readonly data: string;
  /** Starts Underlay once more on the same data folder; resolves to its exit code. */
  startAgain(): Promise<number | null>;
}

export const test = base.extend<{ desktop: Desktop }, { display: Readonly<Record<string, string>> }>({
  display: [
    async ({}, use) => {
      if (hasDisplay || xvfb === undefined) {
        await use({});
        return;
      }
      const [server, number] = await virtualDisplay(xvfb);
      await use({ DISPLAY: `:${number}` });
      server.kill();
    },
    { scope: 'worker' },
  ],
  desktop: async ({ display }, use) => {
    const data = await mkdtemp(join(tmpdir(), 'underlay-e2e-'));
    const env = { ...definedOf(process.env), ...display, UNDERLAY_DATA: data };
    const executablePath = program ?? '';
    const app = await _electron.launch({ executablePath, args: [ROOT], env, cwd: ROOT });
    await use({
      app,
      page: await app.firstWindow(),
      data,
      startAgain: () => {
        const child = spawn(executablePath, [ROOT], { env, stdio: 'ignore' });
        return new Promise((resolve) => child.once('exit', resolve));
      },
    });
    await app.close();
    await rm(data, { recursive: true, force: true });
  },
});

/** A display in memory; its number is told on file descriptor 3. */
async function virtualDisplay(path: string): Promise<readonly [ChildProcess, string]> {
  const server = spawn(path, ['-displayfd', '3', '-screen', '0', '1400x1000x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const number = await new Promise<string>((resolve, reject) => {
    server.once('exit', (code) => reject(new Error(`Xvfb ended with code ${String(code)}`)));
    server.stdio[3]?.once('data', (chunk: Buffer) => resolve(chunk.toString('utf8').trim()));
  });
  return [server, number];
}

const definedOf = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );

export { expect } from '@playwright/test';
