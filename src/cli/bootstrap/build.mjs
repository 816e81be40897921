// `npm run build`: builds everything; with `--stale`, only what changed.
import process from 'node:process';
import { ensureBuilt } from './compile.mjs';
import { ensureInstalled } from './install.mjs';
import { main } from './say.mjs';

await main(async () => {
  await ensureInstalled();
  await ensureBuilt({ all: !process.argv.includes('--stale') });
});
