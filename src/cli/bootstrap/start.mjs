// `npm start`: from a fresh checkout to the running app, doing only what is still to be done.
import process from 'node:process';
import { becomeCli } from './cli.mjs';
import { ensureBuilt } from './compile.mjs';
import { ensureInstalled } from './install.mjs';
import { main } from './say.mjs';

await main(async () => {
  await ensureInstalled();
  await ensureBuilt();
  await becomeCli(['start', ...process.argv.slice(2)]);
});
