/** A lab that is left half done is there on return, as it was left; and every step can be begun again. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { catchPackets, passed, switchPool } from './first-overlay.ts';
import { complaints, expect, startHost, stopHost, test } from './host.ts';
import { AppPage } from './pages/app-page.ts';

test('a lab left half done is there on return', async ({ page }) => {
  test.setTimeout(240_000);
  const data = await mkdtemp(join(tmpdir(), 'underlay-e2e-'));
  const complained = complaints(page);
  const app = new AppPage(page);
  const first = await startHost(data);
  await test.step('one step is passed, the next one begun', async () => {
    await app.open(first.url);
    const lab = await (await app.openLesson('Your first overlay network')).startLab();
    await expect(lab.note).toHaveCount(0);
    await catchPackets(lab);
    await lab.selectStep(2);
    await lab.predict('none');
    await switchPool(lab, 'CrossSubnet');
    await lab.terminal.run('echo half > done.txt');
    await lab.terminal.run('cat done.txt');
    await lab.terminal.waitFor(/^half$/);
  });
  await stopHost(first);

  const second = await startHost(data);
  try {
    await app.open(second.url);
    const lab = await (await app.openLesson('Your first overlay network')).startLab();
    await test.step('the next day it is where it was, and says so', async () => {
      await expect(lab.note).toContainText('You are where you left off');
      await expect(lab.note).toContainText('Lab time stood still while you were away.');
      await expect(lab.steps.getByRole('button', { name: /^Step 1,.*passed/ })).toBeVisible();
      await expect(lab.region.getByRole('tab')).toHaveCount(2);
      await expect(lab.region.getByRole('tab', { name: 'workstation' })).toHaveAttribute(
        'aria-selected',
        'true',
      );
      await expect(lab.region.getByText('Locked in.')).toBeVisible();
      const workstation = await lab.openTerminal('workstation');
      await workstation.run('cat done.txt; kubectl get pod client');
      await workstation.waitFor(/half[^]*client +1\/1 +Running +0 +[2-4]m/);
    });
    await test.step('what was begun is finished', async () => {
      expect(passed(await lab.check())).toBe(true);
      await lab.dismissNote();
      await expect(lab.note).toHaveCount(0);
      await expect(lab.title).toBeFocused();
      await lab.selectStep(3);
      const node1 = await lab.openTerminal('node/node1');
      await node1.run('tcpdump -nn -i eth0 -c 2 -w /root/near.pcap icmp');
      await node1.waitFor(/listening on eth0/);
      const workstation = await lab.openTerminal('workstation');
      await workstation.run(
        "kubectl exec client -- ping -c 2 $(kubectl get pod near -o jsonpath='{.status.podIP}')",
      );
      await workstation.waitFor(/2 packets transmitted, 2 received/);
      expect(passed(await lab.check())).toBe(true);
      await expect(lab.region.getByText('Lab complete.')).toBeVisible();
    });
    // Only the host that went away was complained of: until it left, the page tried it again.
    const gone = new URL(first.url).host;
    expect(complained.filter((text) => !text.includes(gone))).toEqual([]);
  } finally {
    await stopHost(second);
    await rm(data, { recursive: true, force: true });
  }
});

test('every step can be begun again', async ({ page, host }) => {
  test.setTimeout(180_000);
  const complained = complaints(page);
  const app = new AppPage(page);
  await app.open(host.url);
  const lab = await (await app.openLesson('Your first overlay network')).startLab();
  await catchPackets(lab);
  await lab.selectStep(2);
  await lab.predict('none');
  await switchPool(lab, 'CrossSubnet');
  expect(passed(await lab.check())).toBe(true);

  await test.step('back to step 2: its prediction is open, step 1 stands, the pool is as it was', async () => {
    await lab.goBack();
    await expect(lab.steps.getByRole('button', { name: /^Step 1,.*passed/ })).toBeVisible();
    await expect(lab.steps.getByRole('button', { name: /^Step 2,.*open/ })).toBeVisible();
    const workstation = await lab.openTerminal('workstation');
    await workstation.run('calicoctl get ippool -o wide');
    await workstation.waitFor(/default-ipv4-ippool .*Never +Always /);
    await lab.predict('vxlan');
    expect(passed(await lab.check())).toBe(false);
  });

  await test.step('back to step 1, by keyboard', async () => {
    await lab.selectStep(1);
    const back = lab.region.getByRole('button', { name: 'Go back to the start of this step' });
    await back.focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Go back to the start of step 1?' });
    await expect(dialog).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(dialog).toBeHidden();
    await expect(back).toBeFocused();
    await lab.goBack();
    await expect(lab.steps.getByText('0 of 3 passed')).toBeVisible();
  });

  await test.step('a step that was reached by skipping says why it cannot', async () => {
    await lab.selectStep(3);
    await lab.nextHint();
    await expect(lab.region.getByText('the start of this step was not kept')).toBeVisible();
  });
  expect(complained).toEqual([]);
});
