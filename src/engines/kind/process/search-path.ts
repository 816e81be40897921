/**
 * Where programs are looked for. An app that was not started from a terminal has a short PATH on macOS, without the folders
 * into which Homebrew, MacPorts, Docker Desktop, Rancher Desktop and OrbStack put their commands.
 */
import { join } from 'node:path';

export interface SearchSurroundings {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly delimiter: string;
}

/** The folders of a PATH, and those that it lacks on this platform, after them. */
export function programFolders(
  path: string,
  { platform, home, delimiter }: SearchSurroundings,
): readonly string[] {
  const named = path.split(delimiter).filter((folder) => folder !== '');
  return [...new Set([...named, ...(platform === 'darwin' ? macFolders(home) : [])])];
}

const macFolders = (home: string): readonly string[] => [
  '/usr/local/bin',
  '/opt/homebrew/bin',
  '/opt/local/bin',
  join(home, '.docker', 'bin'),
  join(home, '.rd', 'bin'),
  join(home, '.orbstack', 'bin'),
  '/Applications/Docker.app/Contents/Resources/bin',
];
