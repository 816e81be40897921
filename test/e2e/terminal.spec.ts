/** The terminal as somebody who lives in one uses it: editing, history, completion, Ctrl-C, paste, and the way out. */
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

test('completes resources and names, edits and recalls lines', async ({ page, host }) => {
  const terminal = await workstation(page, host.url);
  await terminal.type('kubectl get pod cl');
  await page.keyboard.press('Tab');
  await terminal.waitFor(/kubectl get pod client/);
  await page.keyboard.press('Enter');
  await terminal.waitFor(/client +1\/1 +Running/);
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Control+w');
  await terminal.type('near\n');
  await terminal.waitFor(/near +1\/1 +Running/);
});

test('Ctrl-C ends a stream and gives the prompt back', async ({ page, host }) => {
  const terminal = await workstation(page, host.url);
  await terminal.run('kubectl exec client -- ping 10.0.1.13');
  await terminal.waitFor(/icmp_seq=2/);
  await page.keyboard.press('Control+c');
  await terminal.waitFor(/\^C/);
  await terminal.ready();
});

test('a busy loop does not freeze the app and can be stopped', async ({ page, host }) => {
  const terminal = await workstation(page, host.url);
  await terminal.run('while true; do :; done');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await page.keyboard.press('Control+c');
  await terminal.run('echo still-here-$((40 + 2))');
  await terminal.waitFor(/still-here-42/);
});

test('refuses bad YAML with its place and applies nothing', async ({ page, host }) => {
  const terminal = await workstation(page, host.url);
  await terminal.run(
    "printf 'kind: Pod\\n  apiVersion: v1\\n' > bad.yaml; kubectl apply -f bad.yaml; echo exit=$?",
  );
  await terminal.waitFor(/bad\.yaml[^]*line 2[^]*exit=1/);
});
