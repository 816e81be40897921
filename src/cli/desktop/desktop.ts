/** Opens the desktop window, or says in a sentence why there is none and what to do about it. */
import { join } from 'node:path';
import process from 'node:process';
import { err, type Result } from '../../base/result.ts';
import { say } from '../output.ts';
import { PATHS } from '../paths.ts';
import { ElectronPackage } from './electron-binary.ts';
import { launch, type Ended, type LaunchOptions } from './launch.ts';

export interface Unavailable {
  readonly reason: string;
  readonly remedy: string;
}

export interface Surroundings {
  readonly platform: NodeJS.Platform;
  readonly env: NodeJS.ProcessEnv;
  readonly root: boolean;
  readonly electron: Pick<ElectronPackage, 'installed' | 'hopeless' | 'fetch'>;
  readonly launch: (options: LaunchOptions) => Promise<Result<Ended, string>>;
}

export function surroundings(): Surroundings {
  return {
    platform: process.platform,
    env: process.env,
    root: process.getuid?.() === 0,
    electron: new ElectronPackage({
      folder: join(PATHS.root, 'node_modules', 'electron'),
      memory: join(PATHS.root, 'node_modules', '.cache', 'underlay', 'electron-fetch.json'),
    }),
    launch,
  };
}

/** `insist`: tries a fetch even after one that failed. Resolves when the window is closed again. */
export async function openDesktop(
  { insist }: { readonly insist: boolean },
  { platform, env, root, electron, launch }: Surroundings = surroundings(),
): Promise<Result<Ended, Unavailable>> {
  if (!hasDisplay(platform, env)) {
    return unavailable(
      'There is no display here for a window.',
      'Start it in a desktop session, or set DISPLAY or WAYLAND_DISPLAY.',
    );
  }
  let program = electron.installed();
  if (program === undefined && root && platform === 'linux') {
    return unavailable(
      'A window is not opened as root: the sandbox that guards it does not run as root.',
      'Start Underlay as an ordinary user.',
    );
  }
  if (program === undefined) {
    const fetched = await fetchElectron(electron, insist);
    if (!fetched.ok) return fetched;
    program = fetched.value;
  }
  const opened = (): void => say('Underlay is open in its window. Close it, or press Ctrl-C, to stop.');
  const ended = await launch({ program, args: [PATHS.root], env, opened });
  if (ended.ok) return ended;
  return unavailable(
    `The window could not be opened: ${ended.error}.`,
    'UNDERLAY_DEBUG=1 shows everything that Electron prints.',
  );
}

async function fetchElectron(
  electron: Surroundings['electron'],
  insist: boolean,
): Promise<Result<string, Unavailable>> {
  const failed = electron.hopeless();
  const remedy = 'Install it by `npx install-electron`, or try again with `npm start -- --desktop`.';
  if (failed !== undefined && !insist) {
    return unavailable(`The window needs Electron, which could not be fetched: ${failed}.`, remedy);
  }
  say('Fetching Electron for the window, once (about 110 MB, at most 3 minutes) ...');
  const fetched = await electron.fetch();
  return fetched.ok ? fetched : unavailable(`Electron could not be fetched: ${fetched.error}.`, remedy);
}

/** Outside macOS and Windows a display is something that may be missing. */
function hasDisplay(platform: NodeJS.Platform, env: NodeJS.ProcessEnv): boolean {
  return platform === 'darwin' || platform === 'win32' || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);
}

const unavailable = (reason: string, remedy: string): Result<never, Unavailable> => err({ reason, remedy });
