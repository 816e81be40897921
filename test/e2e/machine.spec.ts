/** The page on this machine, and the choice of what a lab runs on. */
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import type { Leftover } from '../../src/lab/care.ts';
import { expect, test } from './host.ts';
import { AppPage } from './pages/app-page.ts';

test('what works on this machine is shown, with the fix for what does not', async ({ page, host }) => {
  const app = new AppPage(page);
  await app.open(host.url);
  await page.getByRole('link', { name: 'This machine' }).click();
  await expect(page.getByRole('heading', { name: 'This machine', level: 1 })).toBeVisible();
  const found = page.getByRole('region', { name: 'What was found' });
  const findings = found.getByRole('listitem');
  // What is to be read stands first; the rest is there for who wants it.
  await found.getByText(/things work$/).click();
  await expect(findings.filter({ hasText: 'Node.js' }).first()).toContainText('runs this');
  await expect(findings.filter({ hasText: 'Docker' }).first()).toBeVisible();
  await expect(page.getByRole('button', { name: 'Look again' })).toBeVisible();
  for (const theme of ['Light', 'Dark'] as const) {
    await app.chooseTheme(theme);
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id }) => id)).toEqual([]);
  }
  await page.goBack();
  await expect(page.getByRole('heading', { name: 'Underlay', level: 1 })).toBeVisible();
});

test('a lab offers a real cluster, and says what is in the way of one', async ({ page, host }) => {
  const app = new AppPage(page);
  await app.open(host.url);
  await app.openLesson('Your first overlay network');
  const choice = page.getByRole('group', { name: 'What the lab runs on' });
  await expect(choice.getByRole('radio', { name: 'Simulator' })).toBeChecked();
  const real = choice.getByRole('radio', { name: 'Real cluster' });
  await expect(real).toBeVisible();
  // Where no Docker Engine answers, the reason and its remedy stand beside it.
  if (await real.isDisabled()) await expect(choice).toContainText('Docker');
  await expect(page.getByRole('button', { name: 'Start the lab on the simulator' })).toBeVisible();
});

const LEFT: readonly Leftover[] = [
  {
    name: 'underlay-a1b2c3-first-overlay-00ff',
    lab: 'first-overlay',
    kind: 'idle',
    containers: 8,
    size: 5.3e9,
    created: 1_767_225_600_000,
  },
  { name: 'underlay-a1b2c3-lost-0001', kind: 'unfinished', containers: 1, size: 4e8 },
];

interface Call {
  readonly id: number;
  readonly method: string;
  readonly input: { readonly names: readonly string[] };
}

/** The host's answers, but those about clusters are as if some were left, until they are removed. */
async function withLeftovers(page: Page): Promise<void> {
  let left = LEFT;
  await page.routeWebSocket(/.*/, (window) => {
    const host = window.connectToServer();
    const answer = (id: number, value: unknown): void =>
      window.send(JSON.stringify({ type: 'answer', id, value }));
    window.onMessage((message) => {
      const call = typeof message === 'string' ? (JSON.parse(message) as Call) : undefined;
      if (call?.method === 'care.clean') {
        left = left.filter(({ name }) => !call.input.names.includes(name));
        answer(call.id, null);
      } else if (call?.method === 'care.leftovers') answer(call.id, left);
      else host.send(message);
    });
    host.onMessage((message) => window.send(message));
  });
}

test('clusters that earlier labs left are removed by name, and the focus stays near', async ({
  page,
  host,
}) => {
  await withLeftovers(page);
  const app = new AppPage(page);
  await app.open(host.url);
  await page.getByRole('link', { name: 'This machine' }).click();
  const section = page.getByRole('region', { name: 'Clusters that earlier labs left' });
  const first = section.getByRole('row', { name: 'Your first overlay network' });
  await expect(first).toContainText('8 containers, 5.3 GB');
  await expect(section).toContainText('Together they take 5.7 GB');
  for (const theme of ['Light', 'Dark'] as const) {
    await app.chooseTheme(theme);
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id }) => id)).toEqual([]);
  }
  await first.getByRole('button', { name: /^Remove/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await expect(first).toHaveCount(0);
  await expect(page.getByText('1 cluster is removed.')).toBeVisible();
  await expect(section.getByRole('heading', { name: 'Clusters that earlier labs left' })).toBeFocused();
  await section.getByRole('button', { name: 'Remove underlay-a1b2c3-lost-0001' }).click();
  await page.keyboard.press('Escape');
  await expect(section.getByRole('button', { name: 'Remove underlay-a1b2c3-lost-0001' })).toBeFocused();
});

test('what becomes of clusters is chosen, and kept', async ({ page, host }) => {
  await withLeftovers(page);
  const app = new AppPage(page);
  await app.open(host.url);
  await page.getByRole('link', { name: 'This machine' }).click();
  const choice = page.getByRole('group', { name: 'When you leave a lab on a real cluster' });
  await expect(choice.getByRole('radio', { name: 'Keep its cluster' })).toBeChecked();
  await choice.getByRole('radio', { name: 'Keep its cluster' }).press('ArrowDown');
  await expect(choice.getByRole('radio', { name: 'Remove its cluster' })).toBeChecked();
  await page.reload();
  await expect(choice.getByRole('radio', { name: 'Remove its cluster' })).toBeChecked();
});
