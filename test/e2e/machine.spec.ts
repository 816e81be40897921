/** The page on this machine, and the choice of what a lab runs on. */
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from './host.ts';
import { AppPage } from './pages/app-page.ts';

test('what works on this machine is shown, with the fix for what does not', async ({ page, host }) => {
  const app = new AppPage(page);
  await app.open(host.url);
  await page.getByRole('link', { name: 'This machine' }).click();
  await expect(page.getByRole('heading', { name: 'This machine', level: 1 })).toBeVisible();
  const findings = page.getByRole('region', { name: 'What was found' }).getByRole('listitem');
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
