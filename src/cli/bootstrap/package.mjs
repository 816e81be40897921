// `npm run package`: the installers of this system, into dist/. What follows `--` goes to electron-builder.
import process from 'node:process';
import { ensureBuilt } from './compile.mjs';
import { ensureInstalled } from './install.mjs';
import { attend, tool } from './run.mjs';
import { Trouble, main, say } from './say.mjs';

await main(async () => {
  await ensureInstalled();
  await ensureBuilt({ all: true });
  const args = [tool('electron-builder'), '--publish', 'never', ...process.argv.slice(2)];
  const code = await attend(args);
  if (code !== 0)
    throw new Trouble(
      `electron-builder ended with code ${code}; what it said stands above.`,
      'It fetches Electron and its own tools from the network. docs/packaging.md says what each system needs.',
    );
  say('The installers are in dist/.');
});
