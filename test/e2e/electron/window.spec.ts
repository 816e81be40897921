/** The desktop window, driven as a learner does; and the page within it, tried as an attacker would. */
import { complaints } from '../host.ts';
import { solveFirstOverlay } from '../first-overlay.ts';
import { AppPage } from '../pages/app-page.ts';
import { expect, test, WHY_NOT } from './desktop.ts';

test.skip(WHY_NOT !== undefined, `the desktop window was not tried: ${WHY_NOT ?? ''}`);

test('opens on the course, and a lesson reads', async ({ desktop: { app, page } }) => {
  const complained = complaints(page);
  const underlay = new AppPage(page);
  await underlay.ready();
  expect(page.url()).toBe('app://underlay/');
  const lesson = await underlay.openLesson('Your first overlay network');
  await expect(lesson.region.getByRole('heading', { level: 2 }).first()).toBeVisible();
  expect(await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1);
  expect(complained).toEqual([]);
});

test('the first lab passes by typed commands, and is as it was after a reload', async ({
  desktop: { page },
}) => {
  const underlay = new AppPage(page);
  await underlay.ready();
  const lab = await (await underlay.openLesson('Your first overlay network')).startLab();
  await solveFirstOverlay(lab);
  await page.reload();
  await lab.steps.waitFor();
  await expect(lab.steps.getByRole('button', { name: /^Step 3,.*(done|passed)/i })).toBeVisible();
});

test('the page is in the sandbox: no Node, no way out, no other page', async ({ desktop: { app, page } }) => {
  await new AppPage(page).ready();
  const tried = await page.evaluate(async () => {
    const refused = async (attempt: () => unknown): Promise<boolean> => {
      try {
        await attempt();
        return false;
      } catch {
        return true;
      }
    };
    const names = ['require', 'process', 'module', 'Buffer', 'electron', 'ipcRenderer'];
    return {
      names: names.filter((name) => name in window),
      network: await refused(() => fetch('https://kubernetes.io/')),
      file: await refused(() => fetch('file:///etc/passwd')),
      outside: await refused(async () => {
        const answer = await fetch('app://underlay/..%2f..%2fpackage.json');
        if (!answer.ok) throw new Error(String(answer.status));
      }),
      opened: window.open('https://evil.example/') === null,
    };
  });
  expect(tried).toEqual({
    names: [],
    network: true,
    file: true,
    outside: true,
    opened: true,
  });
  await page.evaluate(() => void (location.href = 'https://kubernetes.io/'));
  await page.evaluate(() => void (location.href = 'file:///etc/passwd'));
  expect(page.url()).toBe('app://underlay/');
  const args = await app.evaluate(() => process.argv);
  expect(args.filter((arg) => arg.includes('no-sandbox'))).toEqual([]);
});

test('a second start brings the window forward and ends', async ({ desktop: { app, page, startAgain } }) => {
  await new AppPage(page).ready();
  await app.evaluate(({ BrowserWindow }) => {
    for (const window of BrowserWindow.getAllWindows()) window.minimize();
  });
  expect(await startAgain()).toBe(0);
  await expect
    .poll(() =>
      app.evaluate(({ BrowserWindow }) =>
        BrowserWindow.getAllWindows().map((window) => [window.isMinimized(), window.isVisible()]),
      ),
    )
    .toEqual([[false, true]]);
});
