// The door from these scripts, which are plain JavaScript, to the built command line.
import { existsSync } from 'node:fs';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { CLI } from './run.mjs';
import { Trouble } from './say.mjs';

/** Continues this process as the command line, with `args`. */
export async function becomeCli(args) {
  if (!existsSync(CLI)) {
    throw new Trouble(
      'Underlay is not built yet.',
      'Run `npm start` (or `npm run build`) in its folder once.',
    );
  }
  process.argv = [process.execPath, CLI, ...args];
  await import(pathToFileURL(CLI).href);
}
