/** Every page in both themes, wide and narrow, has nothing that axe objects to. */
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from './host.ts';
import { AppPage } from './pages/app-page.ts';

const FURTHER_LESSONS = ['Wrap only what crosses a subnet', 'Who does the outside see?'];

/** Rule and elements, so that a failure says where. */
async function objections(page: Page): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`));
}

for (const theme of ['Light', 'Dark'] as const) {
  for (const width of [1440, 600]) {
    test(`axe finds nothing, ${theme.toLowerCase()}, ${width} pixels wide`, async ({ page, host }) => {
      test.setTimeout(150_000);
      await page.setViewportSize({ width, height: 900 });
      const app = new AppPage(page);
      await app.open(host.url);
      await app.chooseTheme(theme);
      expect(await objections(page)).toEqual([]);

      const lesson = await app.openLesson('Your first overlay network');
      expect(await objections(page)).toEqual([]);

      const lab = await lesson.startLab();
      await lab.openTerminal('workstation');
      await lab.nextHint();
      await lab.check();
      expect(await objections(page)).toEqual([]);
      await lab.selectStep(2);
      await lab.predict('vxlan');
      await lab.check();
      expect(await objections(page)).toEqual([]);
      await lab.reset();
    });
  }
}

for (const title of FURTHER_LESSONS) {
  test(`axe finds nothing in the lesson "${title}"`, async ({ page, host }) => {
    const app = new AppPage(page);
    await app.open(host.url);
    await app.openLesson(title);
    for (const theme of ['Light', 'Dark'] as const) {
      await app.chooseTheme(theme);
      expect(await objections(page)).toEqual([]);
    }
  });
}
