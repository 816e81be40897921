import { describe, expect, test } from 'vitest';
import { openDesktop } from '../../test/support/desktop.ts';
import { FakeElectron } from '../../test/support/fake-electron.ts';
import type { MenuEntry } from './electron.ts';
import { allowedAddress } from './external-links.ts';
import { menuTemplate } from './menu.ts';

/** One line an entry: what it is, and its key where it is ours. */
function lines(entries: readonly MenuEntry[], indent = ''): string[] {
  return entries.flatMap(({ label, role, type, accelerator, submenu = [] }) => [
    `${indent}${label ?? role ?? type ?? '?'}${accelerator === undefined ? '' : ` [${accelerator}]`}`,
    ...lines(submenu, `${indent}  `),
  ]);
}

const menu = (platform: NodeJS.Platform, developing = false): string[] =>
  lines(
    menuTemplate({ platform, developing, openOutside: () => undefined, openDataFolder: () => undefined }),
  );

describe('the menu', () => {
  test('of Linux and Windows', () => {
    expect(menu('linux')).toEqual([
      '&File',
      '  quit [Alt+F4]',
      '&Edit',
      '  undo',
      '  redo',
      '  separator',
      '  cut',
      '  copy',
      '  paste',
      '  selectAll',
      '&View',
      '  reload [F5]',
      '  separator',
      '  resetZoom',
      '  zoomIn',
      '  zoomOut',
      '  separator',
      '  togglefullscreen',
      '&Window',
      '  minimize',
      '&Help',
      '  Kubernetes: Cluster Networking',
      '  Calico Documentation',
      '  separator',
      '  Open the Data Folder',
      '  separator',
      '  about',
    ]);
    expect(menu('win32')).toEqual(menu('linux'));
  });

  test('of macOS begins with the application', () => {
    const mac = menu('darwin');
    expect(mac.slice(0, 12)).toEqual([
      'Underlay',
      '  about',
      '  separator',
      '  services',
      '  separator',
      '  hide',
      '  hideOthers',
      '  unhide',
      '  separator',
      '  quit',
      '&File',
      '  close',
    ]);
    expect(mac).toContain('  reload [Command+R]');
    expect(mac.filter((line) => line === '  about')).toHaveLength(1);
  });

  test('has developer tools while developing only', () => {
    expect(menu('linux')).not.toContain('  toggleDevTools');
    expect(menu('linux', true)).toContain('  toggleDevTools');
  });

  test('takes no key from the shell in a terminal', () => {
    const taken = menu('linux', true).filter((line) =>
      /\[(Ctrl|Control|CmdOrCtrl|CommandOrControl)\+/.test(line),
    );
    expect(taken).toEqual([]);
  });
});

test('the menu of the running app leads outside by the same question, and to the data folder', async () => {
  const electron = new FakeElectron();
  electron.answer = () => 'Open';
  const { folder } = await openDesktop({ electron });
  const help = electron.menu.at(-1)?.submenu ?? [];
  for (const { click } of help) click?.();
  await new Promise((resolve) => setImmediate(resolve));
  expect(electron.boxes).toHaveLength(1); // one question at a time
  expect(electron.opened).toEqual([folder, expect.stringMatching(/^https:\/\/kubernetes\.io\/docs\//)]);
  expect(allowedAddress('https://docs.tigera.io/calico/latest/about/')).toBeDefined();
});
