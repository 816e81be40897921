/** What stays when the line or the host goes: the running lab over a cut, everything shown as saved over a kill. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { expect, startHost, stopHost, test } from './host.ts';
import { lineTo } from './line.ts';
import { AppPage } from './pages/app-page.ts';

test('a cut line is said, mends itself, and the lab goes on', async ({ browserName, host, playwright }) => {
  const hostPort = Number(new URL(host.url).port);
  const line = await lineTo(hostPort);
  const { launchOptions } = test.info().project.use;
  // The page keeps the host's own address; the browser is led to the line instead.
  const led = `--host-resolver-rules=MAP 127.0.0.1:${hostPort} 127.0.0.1:${line.port}`;
  const browser = await playwright[browserName].launch({
    ...launchOptions,
    args: [...(launchOptions?.args ?? []), led],
  });
  try {
    const page = await browser.newPage();
    const app = new AppPage(page);
    await app.open(host.url);
    const lab = await (await app.openLesson('Your first overlay network')).startLab();
    const terminal = await lab.openTerminal('workstation');
    await terminal.run('echo kept > note.txt; echo written');
    await terminal.waitFor(/^written$/);

    line.cut();
    const banner = page.getByText('The connection to the lab host is gone.').first();
    await expect(banner).toBeVisible();

    // "Try now" is left alone: the page may be back before a hand could reach it.
    line.mend();
    await expect(banner).toBeHidden();
    await terminal.ready();
    await terminal.run('cat note.txt');
    await terminal.waitFor(/^kept$/);
  } finally {
    await browser.close();
    await line.close();
  }
});

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
