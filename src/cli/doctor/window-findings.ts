/** Where Underlay can show itself: its own window, or a browser. */
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Surroundings } from '../desktop/desktop.ts';
import type { Finding } from '../../lab/care.ts';

const ELECTRON = { id: 'electron', title: 'Own window (Electron)' };

/** Looks only: nothing is fetched and no window is opened. */
export function electronFinding({ platform, env, root, electron }: Surroundings): Finding {
  const screen = platform === 'darwin' || platform === 'win32' || env.DISPLAY || env.WAYLAND_DISPLAY;
  const installed = electron.installed();
  if (!screen) {
    const says = `There is no display here${installed === undefined ? '' : ', though Electron is installed'}; a browser elsewhere on this machine can be used.`;
    return { ...ELECTRON, state: 'limited', says };
  }
  if (root && platform === 'linux') {
    const says =
      'A window is not opened as root, since its sandbox does not run as root; the browser is used.';
    return { ...ELECTRON, state: 'limited', says, remedy: 'Start Underlay as an ordinary user.' };
  }
  if (installed !== undefined)
    return { ...ELECTRON, state: 'good', says: `Electron is installed: ${installed}.` };
  const hopeless = electron.hopeless();
  if (hopeless === undefined)
    return { ...ELECTRON, state: 'good', says: 'Electron is fetched at the first start (about 110 MB).' };
  return {
    ...ELECTRON,
    state: 'limited',
    says: `Electron could not be fetched: ${hopeless}. The browser is used.`,
    remedy: '`npm start -- --desktop` tries again.',
  };
}

const BROWSER = { id: 'browser', title: 'Browser' };

/** What opens an address in the learner's browser; without it the address is printed, to be opened by hand. */
export async function browserFinding(platform: NodeJS.Platform, env: NodeJS.ProcessEnv): Promise<Finding> {
  if (platform === 'darwin' || platform === 'win32')
    return { ...BROWSER, state: 'good', says: 'The system opens your browser.' };
  const opener = await onPath('xdg-open', env.PATH ?? '');
  const screen = Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);
  if (opener !== undefined && screen)
    return { ...BROWSER, state: 'good', says: `${opener} opens your browser.` };
  return {
    ...BROWSER,
    state: 'limited',
    says: `No browser can be opened from here: ${screen ? 'there is no xdg-open' : 'there is no display'}. The address is printed instead.`,
    remedy: 'Open the printed address in any browser on this machine.',
  };
}

async function onPath(program: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter).filter((entry) => entry !== '')) {
    const file = join(folder, program);
    const runs = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return file;
  }
  return undefined;
}
