/** Underlay's own version, from package.json. */
import { readFile } from 'node:fs/promises';
import { PATHS } from './paths.ts';

export async function packageVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile(PATHS.packageJson, 'utf8')) as { readonly version: string };
  return version;
}
