/** Where things are: the installation (this build and what it reads) and the learner's data folder. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';

/** The nearest folder above this file that holds a package.json: bundlers decide how deep a built file lies. */
function installationRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

const ROOT = installationRoot();

export const PATHS = {
  root: ROOT,
  renderer: join(ROOT, 'out', 'renderer'),
  preload: join(ROOT, 'out', 'preload', 'index.cjs'),
  simWorker: join(ROOT, 'out', 'main', 'sim-worker.js'),
  course: join(ROOT, 'out', 'content', 'course.json'),
  /** What the kind engine's tool image is built from; in the packaged app inside its archive, which Electron reads like a folder. */
  toolImage: join(ROOT, 'resources', 'tool-image'),
  packageJson: join(ROOT, 'package.json'),
} as const;

/** The platform's place for application data; `UNDERLAY_DATA` overrides it. */
export function dataFolder(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  if (env.UNDERLAY_DATA) return env.UNDERLAY_DATA;
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Underlay');
  if (platform === 'win32') return join(env.APPDATA ?? join(homedir(), 'AppData', 'Roaming'), 'Underlay');
  return join(env.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'underlay');
}
