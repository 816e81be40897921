/** The lesson's first paint in a real browser against the real host; says why when there is no browser to ask. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type * as Playwright from '@playwright/test';
import { PATHS } from '../paths.ts';
import { figure } from './bench.ts';

const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** Named apart, so that the bundler leaves this development dependency where it is. */
const PLAYWRIGHT: string = '@playwright/test';
const RUNS = 5;
const LESSON = '#/lesson/first-overlay';

export async function firstPaint(): Promise<ReturnType<typeof figure> | { readonly skipped: string }> {
  const executablePath = process.env['UNDERLAY_CHROMIUM'] ?? BROWSERS.find((path) => existsSync(path));
  if (executablePath === undefined) return { skipped: 'no Chromium on this machine' };
  const data = await mkdtemp(join(tmpdir(), 'underlay-bench-'));
  const host = spawn(
    process.execPath,
    [join(PATHS.root, 'out', 'main', 'cli.js'), 'start', '--no-open', '--port', '0'],
    {
      env: { ...process.env, UNDERLAY_DATA: data },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  try {
    const url = await new Promise<string>((resolve) => {
      host.stdout.on('data', (chunk: Buffer) => {
        const found = /http:\S+token=\S+/.exec(chunk.toString('utf8'));
        if (found) resolve(found[0]);
      });
    });
    const { chromium } = (await import(PLAYWRIGHT)) as typeof Playwright;
    const browser = await chromium.launch({ executablePath, args: FLAGS });
    const samples: number[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(url);
      await page.goto(`${new URL(url).origin}/${LESSON}`);
      await page.reload();
      await page.getByRole('heading', { level: 1 }).waitFor();
      samples.push(
        await page.evaluate(
          () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
        ),
      );
      await context.close();
    }
    await browser.close();
    return figure('ms', 300, samples);
  } finally {
    host.kill('SIGTERM');
    await rm(data, { recursive: true, force: true });
  }
}
