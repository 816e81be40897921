/** When a lesson first shows, in a real browser against the real host; says why when there is no browser to ask. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { Browser, BrowserType } from '@playwright/test';
import { PATHS } from '../paths.ts';
import { figure, type Measured } from './figure.ts';

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
const HEADING = '[aria-label="Lesson"] h1';
/** Milliseconds until a host or a page that says nothing is given up. */
const PATIENCE = 20_000;

const NOTE = 'lesson shown after';

/** Runs in the page before its own scripts: notes when the first frame with the lesson's heading has been drawn. */
const NOTE_FIRST_FRAME = `
  const watch = new MutationObserver(() => {
    if (!document.querySelector('${HEADING}')) return;
    watch.disconnect();
    requestAnimationFrame(() => setTimeout(() => console.debug('${NOTE}', performance.now())));
  });
  watch.observe(document, { childList: true, subtree: true });
`;

export async function firstPaint(): Promise<Measured> {
  const executablePath = process.env['UNDERLAY_CHROMIUM'] ?? BROWSERS.find((path) => existsSync(path));
  if (executablePath === undefined) return { unmeasured: 'no Chromium on this machine' };
  const { chromium } = (await import(PLAYWRIGHT)) as { readonly chromium: BrowserType };
  const data = await mkdtemp(join(tmpdir(), 'underlay-bench-'));
  const host = startHost(data);
  let browser: Browser | undefined;
  try {
    const url = await addressOf(host);
    browser = await chromium.launch({ executablePath, args: FLAGS });
    return figure({ unit: 'ms', limit: 300 }, await paints(browser, url));
  } finally {
    await browser?.close();
    host.kill('SIGTERM');
    await rm(data, { recursive: true, force: true });
  }
}

/** A window that comes back to a lesson: the start link is used once, then the lesson is loaded. */
async function paints(browser: Browser, url: string): Promise<readonly number[]> {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  await page.addInitScript(NOTE_FIRST_FRAME);
  await page.goto(url);
  await page.goto(`${new URL(url).origin}/${LESSON}`);
  const samples: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const noted = page.waitForEvent('console', (message) => message.text().startsWith(NOTE));
    await page.reload();
    samples.push(Number((await noted).text().slice(NOTE.length)));
  }
  return samples;
}

function startHost(data: string): ChildProcess {
  return spawn(
    process.execPath,
    [join(PATHS.root, 'out', 'main', 'cli.js'), 'start', '--no-open', '--port', '0'],
    { env: { ...process.env, UNDERLAY_DATA: data }, stdio: ['ignore', 'pipe', 'ignore'] },
  );
}

/** The address the host prints when it listens. */
function addressOf(host: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const givenUp = setTimeout(() => reject(new Error('the host did not start')), PATIENCE);
    host.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
      const found = /http:\S+token=\S+/.exec(said);
      if (!found) return;
      clearTimeout(givenUp);
      resolve(found[0]);
    });
    host.once('exit', (code) => {
      clearTimeout(givenUp);
      reject(new Error(`the host ended with code ${String(code)}`));
    });
  });
}
