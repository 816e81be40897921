/** An offline bundle is taken in on the page of this machine: refused by the real host, and loaded by a played one. */
import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBundle } from '../../src/engines/kind/bundle/create.ts';
import type { ErrorBody } from '../../src/contract/api.ts';
import type { LoadWish } from '../../src/lab/bundle-loader.ts';
import { bundleBench } from '../support/bundle-bench.ts';
import { engineServer } from '../support/engine-server.ts';
import { expect, startHost, stopHost, test as base } from './host.ts';
import { AppPage } from './pages/app-page.ts';

const { signal } = new AbortController();

interface Stick {
  readonly folder: string;
  /** A whole bundle of this version, and its fingerprint. */
  readonly bundle: string;
  readonly fingerprint: string;
}

/** The host finds a Docker Engine that knows its version and nothing else: none of a refused bundle gets as far as it. */
const test = base.extend<{ stick: Stick }>({
  host: async ({}, use) => {
    const data = await mkdtemp(join(tmpdir(), 'underlay-e2e-'));
    const engine = await engineServer();
    const host = await startHost(data, { DOCKER_HOST: engine.host });
    await use(host);
    await stopHost(host);
    await engine.close();
    await rm(data, { recursive: true, force: true });
  },
  stick: async ({}, use) => {
    const bench = await bundleBench();
    const file = join(bench.stick, 'underlay.bundle');
    const made = await createBundle({ file, installs: ['manifest'] }, await bench.machine(), { signal });
    if (!made.ok) throw new Error(made.error.message);
    await use({ folder: bench.stick, bundle: file, fingerprint: made.value.fingerprint });
    await bench.close();
  },
});

/** The section on the page, as a person uses it. */
class Intake {
  readonly section: Locator;
  readonly from: Locator;
  readonly fingerprint: Locator;

  constructor(page: Page) {
    this.section = page.getByRole('region', { name: 'Offline bundle' });
    this.from = this.section.getByRole('textbox', { name: 'File or address' });
    this.fingerprint = this.section.getByRole('textbox', { name: /^Fingerprint/ });
  }

  async load(from: string, fingerprint = ''): Promise<void> {
    await this.from.fill(from);
    await this.fingerprint.fill(fingerprint);
    await this.section.getByRole('button', { name: 'Load' }).click();
  }

  /** The one sentence about what is wrong, which a field is described by; that field has the focus. */
  async refuses(field: Locator, sentence: string | RegExp): Promise<void> {
    await expect(this.section.getByRole('alert')).toHaveText(sentence);
    await expect(field).toHaveAccessibleDescription(sentence);
    await expect(field).toHaveAttribute('aria-invalid', 'true');
    await expect(field).toBeFocused();
  }
}

async function openIntake(page: Page, url: string): Promise<{ app: AppPage; intake: Intake }> {
  const app = new AppPage(page);
  await app.open(url);
  await page.getByRole('link', { name: 'This machine' }).click();
  return { app, intake: new Intake(page) };
}

async function expectNoViolations(page: Page, app: AppPage): Promise<void> {
  for (const theme of ['Light', 'Dark'] as const) {
    await app.chooseTheme(theme);
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id }) => id)).toEqual([]);
  }
}

test('what is no bundle, or not the one that is meant, is refused by the field', async ({
  page,
  host,
  stick,
}) => {
  const { app, intake } = await openIntake(page, host.url);
  const { from, fingerprint } = intake;
  await intake.load('  ');
  await intake.refuses(from, /^Which bundle\?/);
  await intake.load('underlay.bundle');
  await intake.refuses(from, /^underlay\.bundle is neither the whole path of a file nor an address\./);
  const missing = join(stick.folder, 'other.bundle');
  await intake.load(missing);
  await intake.refuses(from, new RegExp(`^${missing}: there is no such file or folder\\.`));
  const thesis = join(stick.folder, 'thesis');
  await writeFile(thesis, 'my thesis');
  await intake.load(thesis);
  await intake.refuses(from, /^This is no offline bundle of Underlay\./);
  await expectNoViolations(page, app);

  await intake.load(stick.bundle, '3f1c 9a5b');
  await intake.refuses(fingerprint, /^A fingerprint has 16 to 64 digits/);
  await intake.load(stick.bundle, '3f1c 9a5b e07d 2464');
  const found = `The bundle's fingerprint is ${stick.fingerprint}, not 3f1c9a5be07d2464.`;
  await intake.refuses(fingerprint, new RegExp(`^${found}`));
  // What is said of a field is said until something else stands in it.
  await fingerprint.press('Backspace');
  await expect(intake.section.getByRole('alert')).toHaveCount(0);
  await expect(fingerprint).toHaveAttribute('aria-invalid', 'false');
  // A browser's page has no dialog of the system that tells a path.
  await expect(intake.section.getByRole('button', { name: 'Choose a file…' })).toHaveCount(0);
});

interface Call {
  readonly id: number;
  readonly method: string;
  readonly input: LoadWish;
}

interface PlayedIntake {
  /** The loading ends with this failure. */
  fail(error: ErrorBody): void;
  /** How often the machine was looked at. */
  examined: number;
  readonly wishes: LoadWish[];
  arrive(): void;
}

/** The host's answers, but those about bundles are as if it loaded one; it goes on while the page is reloaded. */
async function withIntake(page: Page): Promise<PlayedIntake> {
  let loading: LoadWish | undefined;
  let answers: ((frame: object) => void)[] = [];
  const settle = (frame: object): void => {
    loading = undefined;
    for (const answer of answers.splice(0)) answer(frame);
  };
  const loaded = {
    fingerprint: '3f1c9a5be07d2464'.repeat(4),
    parts: [
      { name: 'calico.yaml of Calico v3.32.1', wasThere: true },
      { name: 'kind v0.32.0 for linux-amd64', wasThere: true },
      { name: 'kindest/node:v1.35.5 for linux/amd64', wasThere: false },
      { name: 'quay.io/calico/node:v3.32.1 for linux/amd64', wasThere: false },
    ],
  };
  const played: PlayedIntake = {
    examined: 0,
    wishes: [],
    fail: (error) => settle({ type: 'failure', error }),
    arrive: () => settle({ type: 'answer', value: loaded }),
  };
  await page.routeWebSocket(/.*/, (window) => {
    const host = window.connectToServer();
    const send = (frame: object): void => window.send(JSON.stringify(frame));
    answers = [];
    window.onMessage((message) => {
      const call = typeof message === 'string' ? (JSON.parse(message) as Call) : undefined;
      const answer = (value: unknown): void => send({ type: 'answer', id: call?.id, value });
      if (call?.method === 'bundle.offer') answer({ chooses: false, ...(loading && { loading }) });
      else if (call?.method === 'bundle.load') {
        played.wishes.push(call.input);
        loading = call.input;
        answers.push((frame) => send({ ...frame, id: call.id }));
        const phase = 'Putting kindest/node:v1.35.5 for linux/amd64 in place';
        const event = { phase, fraction: 0.624, detail: '212 of 411 MB' };
        send({ type: 'feed', feed: 'bundle.progress', event });
      } else if (call?.method === 'bundle.cancel') {
        const message = 'Loading the bundle was given up.';
        const remedy = 'What is in place stays. Load it again to go on with what is missing.';
        settle({ type: 'failure', error: { code: 'bundle-given-up', message, remedy } });
        answer(null);
      } else {
        if (call?.method === 'care.examine') played.examined += 1;
        host.send(message);
      }
    });
    host.onMessage((message) => window.send(message));
  });
  return played;
}

test('one that is on its way is seen, found again, given up and gone on with', async ({ page, host }) => {
  const played = await withIntake(page);
  const { app, intake } = await openIntake(page, host.url);
  const { section } = intake;
  const wish = { from: 'http://10.0.0.5:41235/underlay.bundle', fingerprint: '3f1c9a5be07d2464' };
  await intake.load(wish.from, '3f1c 9a5b e07d 2464');
  const bar = section.getByRole('progressbar', { name: 'Putting kindest/node:v1.35.5' });
  await expect(bar).toHaveAttribute('value', '62');
  await expect(section).toContainText('212 of 411 MB');
  await expect(intake.from).toHaveAttribute('readonly');
  await expectNoViolations(page, app);

  await page.reload();
  await expect(bar).toHaveAttribute('value', '62');
  await expect(intake.from).toHaveValue(wish.from);
  await expect(intake.fingerprint).toHaveValue(wish.fingerprint);
  await section.getByRole('button', { name: 'Give up' }).click();
  await expect(section).toContainText('Load it again to go on with what is missing.');
  await expect(bar).toHaveCount(0);
  await expect(section.getByRole('button', { name: 'Load' })).toBeFocused();

  await page.keyboard.press('Enter');
  await expect(bar).toBeVisible();
  played.fail({ code: 'disk-full', message: 'The disk is full.', remedy: 'Free some space there.' });
  await expect(section.getByRole('alert')).toHaveText('The disk is full. Free some space there.');
  await expect(section).toContainText('what is in place already is not loaded twice.');

  const before = played.examined;
  await section.getByRole('button', { name: 'Load' }).click();
  await expect(bar).toBeVisible();
  await expect(section.getByRole('alert')).toHaveCount(0);
  played.arrive();
  await expect(section).toContainText('Labs on real clusters need no network now.');
  await expect(section.getByRole('list', { name: 'What labs need' }).getByRole('listitem')).toHaveText([
    /^calico\.yaml of Calico v3\.32\.1\s*there already$/,
    /^kind v0\.32\.0 for linux-amd64\s*there already$/,
    /^kindest\/node:v1\.35\.5 for linux\/amd64\s*loaded$/,
    /^quay\.io\/calico\/node:v3\.32\.1 for linux\/amd64\s*loaded$/,
  ]);
  await expect.poll(() => played.examined).toBe(before + 1);
  expect(played.wishes).toEqual([wish, wish, wish, wish]);
  await expectNoViolations(page, app);
});
