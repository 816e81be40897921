/** A learner does the first lab from its lesson to its last check, typing into the terminals as a person would. */
import { complaints, expect, test } from './host.ts';
import { passed, solveFirstOverlay } from './first-overlay.ts';
import { AppPage } from './pages/app-page.ts';

test('the first lab, from lesson to last check', async ({ page, host }) => {
  test.setTimeout(120_000);
  const complained = complaints(page);
  const app = new AppPage(page);
  await app.open(host.url);
  const lesson = await app.openLesson('Your first overlay network');
  const lab = await lesson.startLab();

  await test.step('the start fails the first step, with evidence', async () => {
    const verdicts = await lab.check();
    expect(passed(verdicts)).toBe(false);
    await expect(lab.verdicts.first()).toContainText('No such file or directory');
  });

  await solveFirstOverlay(lab);

  await test.step('progress is kept over a reload, and the lab is as it was', async () => {
    await page.reload();
    await lab.steps.waitFor();
    await expect(lab.steps.getByRole('button', { name: /^Step 3,.*(done|passed)/i })).toBeVisible();
  });

  await test.step('reset returns to the start', async () => {
    await lab.reset();
    await lab.selectStep(2);
    await lab.predict('none');
    expect(passed(await lab.check())).toBe(false);
  });

  expect(complained).toEqual([]);
});

test('a wrong way gets its reason', async ({ page, host }) => {
  const app = new AppPage(page);
  await app.open(host.url);
  const lab = await (await app.openLesson('Your first overlay network')).startLab();
  const workstation = await lab.openTerminal('workstation');
  await workstation.run(`calicoctl patch ippool default-ipv4-ippool -p '{"spec":{"vxlanMode":"Never"}}'`);
  await workstation.waitFor(/Successfully patched/);
  // Felix starts anew when an encapsulation goes: for seconds nodes disagree.
  await workstation.run('sleep 6; echo over');
  await workstation.waitFor(/^over$/);
  await lab.selectStep(2);
  await lab.predict('vxlan');
  const verdicts = await lab.check();
  expect(verdicts.map(({ outcome, title }) => `${/pass/i.test(outcome) ? 'pass' : 'fail'} ${title}`)).toEqual(
    [
      'fail IP pool default-ipv4-ippool is as asked',
      'pass pod/client reaches pod/near on port 80',
      'fail pod/client reaches pod/far on port 80',
    ],
  );
  await lab.reset();
});
