/** A learner's program takes all the memory of the lab's simulator: the app lives on, and so does what the learner made. */
import { expect, test } from './host.ts';
import { AppPage } from './pages/app-page.ts';

test('a lab that crashed says so, and restarts with files and history', async ({ page, host }) => {
  test.setTimeout(150_000);
  const app = new AppPage(page);
  await app.open(host.url);
  const lab = await (await app.openLesson('Your first overlay network')).startLab();
  const terminal = await lab.openTerminal('workstation');
  await terminal.run('echo kept > note.txt');
  await terminal.run('cat note.txt');
  await terminal.waitFor(/^kept$/);
  await lab.nextHint();

  await test.step('the classic bomb of pipes ends the simulator, and nothing else', async () => {
    await terminal.run(':(){ :|:; };:');
    await expect(lab.problem).toContainText('The simulator stopped unexpectedly.', { timeout: 90_000 });
    await expect(lab.region.getByText('This shell ended with the lab.')).toBeVisible();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your first overlay network');
    await expect(lab.checkButton).toHaveAttribute('aria-disabled', 'true');
  });

  await test.step('restart gives a fresh cluster and the old belongings', async () => {
    await lab.restart();
    await terminal.ready();
    await terminal.run('cat note.txt');
    await terminal.waitFor(/cat note\.txt\s+kept$/);
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowUp');
    await terminal.waitFor(/:\(\)\{ :\|:; \};:$/);
    await page.keyboard.press('Control+c');
    await terminal.run('kubectl get pod client');
    await terminal.waitFor(/client +1\/1 +Running/);
    await expect(lab.region.getByRole('group', { name: 'Hints' }).getByRole('listitem')).toHaveCount(1);
    await lab.check();
    await expect(lab.summary).toHaveText(/0 of 1 check passes\./);
  });
});
