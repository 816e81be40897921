import { expect, test } from 'vitest';
import { openDesktop } from '../../test/support/desktop.ts';
import { FakeElectron } from '../../test/support/fake-electron.ts';
import { ok } from '../base/result.ts';
import { BundleDialog } from './bundle-dialog.ts';
import type { WindowAbilities } from './desktop.ts';

const FILE = '/media/stick/underlay.bundle';

test('services of a desktop host can ask for a file, over its window, and get the path', async () => {
  const electron = new FakeElectron();
  electron.chooses = () => Promise.resolve(FILE);
  const { services } = await openDesktop({ electron });
  let abilities: WindowAbilities | undefined;
  const open = (window: WindowAbilities) => {
    abilities = window;
    return Promise.resolve(ok({ services, dispose: () => Promise.resolve() }));
  };
  await openDesktop({ electron, options: { open } });
  expect(await abilities?.chooseFile()).toBe(FILE);
  expect(electron.fileQuestions).toEqual([
    {
      title: 'Choose an offline bundle',
      buttonLabel: 'Choose',
      filters: [
        { name: 'Offline bundles', extensions: ['bundle'] },
        { name: 'All files', extensions: ['*'] },
      ],
      properties: ['openFile'],
    },
  ]);
});

test('none is chosen when the person cancels, nor where there is no window', async () => {
  const { electron } = await openDesktop();
  const dialog = new BundleDialog(electron);
  expect([await dialog.choose(), electron.fileQuestions]).toEqual([undefined, []]);
  dialog.askIn(electron.window);
  expect([await dialog.choose(), electron.fileQuestions.length]).toEqual([undefined, 1]);
  electron.window.destroyed = true;
  expect([await dialog.choose(), electron.fileQuestions.length]).toEqual([undefined, 1]);
});

test('is one, however often it is asked for', async () => {
  const { electron } = await openDesktop();
  const answers: ((file: string | undefined) => void)[] = [];
  electron.chooses = () => new Promise((resolve) => answers.push(resolve));
  const dialog = new BundleDialog(electron);
  dialog.askIn(electron.window);
  const first = dialog.choose();
  expect(await dialog.choose()).toBeUndefined();
  answers[0]?.(FILE);
  expect([await first, electron.fileQuestions.length]).toEqual([FILE, 1]);
});
