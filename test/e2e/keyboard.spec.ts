/** From the address bar to a passed check with the keyboard alone: every stop is reached by Tab, arrows and Enter. */
import { expect, type Locator, type Page } from '@playwright/test';
import { test } from './host.ts';
import { LabPage } from './pages/lab-page.ts';

/** Presses Tab until the focus is there, as somebody does who cannot point; gives up after a screenful of stops. */
async function tabTo(page: Page, target: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  await target.waitFor();
  for (let stops = 0; stops < 80; stops += 1) {
    if (await isFocused(target)) return;
    await page.keyboard.press(key);
  }
  throw new Error(`${key} never reached ${String(target)}`);
}

function isFocused(target: Locator): Promise<boolean> {
  return target.evaluate((element) => element === document.activeElement);
}

test('a step is passed without a mouse', async ({ page, host }) => {
  test.setTimeout(120_000);
  await page.goto(host.url);
  const lab = new LabPage(page);

  await test.step('through the start page and past the lesson', async () => {
    await page.getByRole('main').getByRole('listitem').first().waitFor();
    await tabTo(page, page.getByRole('link', { name: /^(Start the course|Continue)$/ }));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Your first overlay network' }).waitFor();
    await tabTo(page, page.getByRole('link', { name: 'Skip to the lab' }), 'Shift+Tab');
    await page.keyboard.press('Enter');
    await tabTo(page, lab.region.getByRole('button', { name: 'Start the lab' }));
    await page.keyboard.press('Enter');
    await expect(lab.title).toBeFocused();
  });

  await test.step('into the workstation, and out by the key that stands below it', async () => {
    await lab.terminal.ready();
    await tabTo(page, lab.terminal.input);
    await page.keyboard.type('kubectl get pod cl');
    await page.keyboard.press('Tab');
    await lab.terminal.waitFor(/kubectl get pod client/);
    await page.keyboard.press('Enter');
    await lab.terminal.waitFor(/client +1\/1 +Running/);
    await expect(lab.region.getByText('Leave terminal: Ctrl+Shift+X')).toBeVisible();
    await lab.terminal.leave();
  });

  await test.step('to node1 by the menu of places, and back by an arrow', async () => {
    await page.keyboard.press('Tab');
    await expect(lab.region.getByRole('button', { name: 'Open a terminal', exact: true })).toBeFocused();
    await page.keyboard.press('Enter');
    const node1 = page.getByRole('menuitem', { name: 'node/node1', exact: true });
    for (let rows = 0; rows < 20; rows += 1) {
      if (await isFocused(node1)) break;
      await page.keyboard.press('ArrowDown');
    }
    await page.keyboard.press('Enter');
    await expect(lab.region.getByRole('textbox', { name: 'Terminal of node1' })).toBeFocused();
    await lab.terminal.ready();
    await page.keyboard.type('tcpdump -nn -i eth0 -c 4 -w /root/overlay.pcap udp port 4789\n');
    await lab.terminal.waitFor(/listening on eth0/);
    await lab.terminal.leave();
    await page.keyboard.press('ArrowLeft');
    await expect(lab.region.getByRole('tab', { name: 'workstation' })).toBeFocused();
    await tabTo(page, lab.region.getByRole('textbox', { name: 'Terminal of workstation' }));
    await page.keyboard.type(
      "kubectl exec client -- ping -c 2 $(kubectl get pod far -o jsonpath='{.status.podIP}')\n",
    );
    await lab.terminal.waitFor(/2 packets transmitted, 2 received/);
  });

  await test.step('checks from inside the terminal, and goes on to the next step', async () => {
    await page.keyboard.press('Control+Shift+Enter');
    await expect(lab.summary).toHaveText(/Step passed: 1 check of 1\./);
    await lab.terminal.leave();
    await tabTo(page, lab.region.getByRole('button', { name: 'Next step' }), 'Shift+Tab');
    await page.keyboard.press('Enter');
    await expect(lab.region.getByRole('heading', { level: 3 })).toHaveText(/Step 2/);
  });
});
