// `npm run check`: format, lint, types and unit tests, two at a time, in under a minute.
import { ensureInstalled } from './install.mjs';
import { report } from './report.mjs';
import { main, progress } from './say.mjs';
import { CHECKS, runAll } from './stages.mjs';

await main(async () => {
  await ensureInstalled();
  return report(await progress('Checking', runAll(CHECKS)));
});
