// `npm run dev`: the desktop window, its page following the sources as they are edited.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt } from './compile.mjs';
import { ensureInstalled } from './install.mjs';
import { ROOT, attend, tool } from './run.mjs';
import { Trouble, main } from './say.mjs';

await main(async () => {
  await ensureInstalled();
  await ensureBuilt();
  if (!existsSync(join(ROOT, 'node_modules/electron/path.txt')))
    throw new Trouble(
      'The program of Electron is not installed, and without it there is no window to develop in.',
      'Run `npx install-electron`, or use `npm start -- --browser` after each edit.',
    );
  return attend([tool('electron-vite'), 'dev']);
});
