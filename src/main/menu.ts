/**
 * The application's menu. Most entries are roles, which bring the platform's own words, keys and behaviour. Keys that a
 * shell needs (Ctrl with R, W or Q) are left to the terminals: outside macOS, Reload and Close get others.
 */
import type { Electron, MenuEntry } from './electron.ts';
import { strings } from './strings.ts';

export interface MenuOptions {
  readonly platform: NodeJS.Platform;
  /** Adds the developer tools. */
  readonly developing: boolean;
  readonly openOutside: (address: string) => void;
  readonly openDataFolder: () => void;
}

const SEPARATOR: MenuEntry = { type: 'separator' };

export function setMenu({ Menu }: Electron, options: MenuOptions): void {
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(options)));
}

export function menuTemplate(options: MenuOptions): MenuEntry[] {
  const mac = options.platform === 'darwin';
  return [
    ...(mac ? [macAppMenu()] : []),
    {
      label: strings.menu.file,
      submenu: [mac ? { role: 'close' } : { role: 'quit', accelerator: 'Alt+F4' }],
    },
    editMenu(),
    viewMenu(mac, options.developing),
    mac
      ? {
          label: strings.menu.window,
          submenu: [{ role: 'minimize' }, { role: 'zoom' }, SEPARATOR, { role: 'front' }],
        }
      : { label: strings.menu.window, submenu: [{ role: 'minimize' }] },
    helpMenu(mac, options),
  ];
}

function macAppMenu(): MenuEntry {
  return {
    label: strings.product,
    submenu: [
      { role: 'about' },
      SEPARATOR,
      { role: 'services' },
      SEPARATOR,
      { role: 'hide' },
      { role: 'hideOthers' },
      { role: 'unhide' },
      SEPARATOR,
      { role: 'quit' },
    ],
  };
}

function editMenu(): MenuEntry {
  return {
    label: strings.menu.edit,
    submenu: [
      { role: 'undo' },
      { role: 'redo' },
      SEPARATOR,
      { role: 'cut' },
      { role: 'copy' },
      { role: 'paste' },
      { role: 'selectAll' },
    ],
  };
}

function viewMenu(mac: boolean, developing: boolean): MenuEntry {
  return {
    label: strings.menu.view,
    submenu: [
      { role: 'reload', accelerator: mac ? 'Command+R' : 'F5' },
      SEPARATOR,
      { role: 'resetZoom' },
      { role: 'zoomIn' },
      { role: 'zoomOut' },
      SEPARATOR,
      { role: 'togglefullscreen' },
      ...(developing ? [SEPARATOR, { role: 'toggleDevTools' } as const] : []),
    ],
  };
}

function helpMenu(mac: boolean, { openOutside, openDataFolder }: MenuOptions): MenuEntry {
  const { help, kubernetesDocs, calicoDocs, dataFolder } = strings.menu;
  const outside = (label: string, address: string): MenuEntry => ({
    label,
    click: () => openOutside(address),
  });
  return {
    role: 'help',
    label: help,
    submenu: [
      outside(kubernetesDocs, 'https://kubernetes.io/docs/concepts/cluster-administration/networking/'),
      outside(calicoDocs, 'https://docs.tigera.io/calico/latest/about/'),
      SEPARATOR,
      { label: dataFolder, click: openDataFolder },
      ...(mac ? [] : [SEPARATOR, { role: 'about' } as const]),
    ],
  };
}
