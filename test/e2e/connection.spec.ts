/** What stays when the host is killed: everything that was shown as saved. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { expect, startHost, stopHost, test } from './host.ts';
import { AppPage } from './pages/app-page.ts';

test('a host that is killed loses no progress', async ({ page }) => {
  test.setTimeout(120_000);
  const data = await mkdtemp(join(tmpdir(), 'underlay-e2e-'));
  const first = await startHost(data);
  const app = new AppPage(page);
  try {
    await app.open(first.url);
    const lesson = await app.openLesson('Your first overlay network');
    await lesson.done();
    const lab = await lesson.startLab();
    await lab.selectStep(2);
    await lab.predict('none');
    const workstation = await lab.openTerminal('workstation');
    await workstation.run(
      `calicoctl patch ippool default-ipv4-ippool -p '{"spec":{"vxlanMode":"CrossSubnet"}}'`,
    );
    await workstation.waitFor(/Successfully patched/);
    await lab.check();
    await expect(lab.summary).toContainText('Step passed');
  } finally {
    const ended = once(first.process, 'exit');
    first.process.kill('SIGKILL');
    await ended;
  }
  await expect(page.getByText('The connection to the lab host is gone.').first()).toBeVisible();

  const second = await startHost(data);
  try {
    await app.open(second.url);
    await expect(app.progress).toHaveAttribute('value', '1');
    await app.openLesson('Your first overlay network');
    await expect(page.getByText('You have passed 1 step of it before.')).toBeVisible();
  } finally {
    await stopHost(second);
    await rm(data, { recursive: true, force: true });
  }
});
