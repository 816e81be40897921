/** Programs that take the whole screen, typed at by hand in a real browser: nano, vi, less, and kubectl edit. */
import { expect, test } from './host.ts';
import { AppPage } from './pages/app-page.ts';
import type { TerminalPane } from './pages/terminal-pane.ts';
import type { Page } from '@playwright/test';

async function workstation(page: Page, url: string): Promise<TerminalPane> {
  const app = new AppPage(page);
  await app.open(url);
  const lab = await (await app.openLesson('Your first overlay network')).startLab();
  return lab.openTerminal('workstation');
}

test('nano writes a file and gives the screen back', async ({ page, host }) => {
  const terminal = await workstation(page, host.url);
  await terminal.run('echo before; nano notes.txt');
  await terminal.waitFor(/GNU nano 7\.2 +notes\.txt/);
  await terminal.waitFor(/\[ New File \]/);
  await terminal.type('first line');
  await page.keyboard.press('Enter');
  await terminal.type('second');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Home');
  await terminal.type('> ');
  await terminal.waitFor(/notes\.txt \*/);
  await page.keyboard.press('Control+o');
  await terminal.waitFor(/File Name to Write: notes\.txt/);
  await page.keyboard.press('Enter');
  await terminal.waitFor(/\[ Wrote 2 lines \]/);
  await page.keyboard.press('Control+x');
  await terminal.waitFor(/before/);
  await terminal.run('cat notes.txt');
  await terminal.waitFor(/> first line\nsecond\n/);
});

test('vi edits, survives a change of the window, and takes a paste as text', async ({ page, host }) => {
  const terminal = await workstation(page, host.url);
  await terminal.run('seq 1 40 > n.txt; vi n.txt');
  await terminal.waitFor(/"n\.txt" 40L, \d+B +1,1 +Top/);
  await terminal.type('G');
  await terminal.waitFor(/40,1 +Bot/);
  await page.setViewportSize({ width: 1000, height: 600 });
  await terminal.waitFor(/^40$/m);
  await terminal.type('ggdwi');
  await terminal.waitFor(/-- INSERT --/);
  await page.evaluate(() => {
    const data = new DataTransfer();
    data.setData('text/plain', 'dd\n:q!\n');
    document.activeElement?.dispatchEvent(
      new ClipboardEvent('paste', { clipboardData: data, bubbles: true }),
    );
  });
  await terminal.waitFor(/^:q!$/m);
  await page.keyboard.press('Escape');
  await terminal.type(':wq\n');
  await terminal.ready();
  await terminal.run('head -3 n.txt');
  await terminal.waitFor(/dd\n:q!\n/);
});

test('kubectl edit changes a pod in vi, and less pages through what it became', async ({ page, host }) => {
  const terminal = await workstation(page, host.url);
  await terminal.run('kubectl edit pod client');
  await terminal.waitFor(/# Please edit the object below\./);
  await terminal.type('/labels:\n');
  await terminal.type('oedited: "yes"');
  await page.keyboard.press('Escape');
  await terminal.type('0');
  await terminal.type('I    ');
  await page.keyboard.press('Escape');
  await terminal.type(':wq\n');
  await terminal.waitFor(/pod\/client edited/);
  await terminal.run('kubectl get pod client -o yaml | less');
  await terminal.waitFor(/^:$/m);
  await terminal.type('/edited\n');
  await terminal.waitFor(/^ +edited: "yes"$/m);
  await terminal.type('q');
  await terminal.ready();
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
});
