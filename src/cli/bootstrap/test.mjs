// `npm test`: everything, on a machine that may be brand new. No stage stops the next; the last line is the sum.
import process from 'node:process';
import { ensureBuilt } from './compile.mjs';
import { ensureInstalled } from './install.mjs';
import { report } from './report.mjs';
import { main, progress } from './say.mjs';
import { CHECKS, browser, conformance, docker, failure, labs, runAll, stage } from './stages.mjs';
import { ensureSystemPackages } from './system-packages.mjs';

const asked = Boolean(process.env.CI && process.env.CI !== 'false') || process.argv.includes('--install');
const WITHOUT_CHROMIUM =
  'Chromium is not installed: run `npm test -- --install`, or set UNDERLAY_CHROMIUM to a Chromium or Chrome.';

const attempt = (name, body) =>
  stage(name, async () => {
    await body();
    return { passed: 1, failed: 0, skipped: 0 };
  });

await main(async () => {
  const install = await runAll([attempt('install', ensureInstalled)]);
  if (install[0].failed > 0) return report(install);

  const { required, missing } = await ensureSystemPackages({ asked });
  // Tests that need a program of the system read this: where it could be installed, none may be skipped for it.
  if (required) process.env.UNDERLAY_REQUIRE = '1';

  const checks = await progress('Checking format, lint, types and units', runAll(CHECKS));
  const build = await runAll([attempt('build', () => ensureBuilt())]);
  // A Docker Engine is mostly waited for: meanwhile the other lane has the machine.
  const trials = await progress(
    'Trying labs, kernel, Docker Engine and browser',
    runAll([docker, labs, conformance, browserOrWhyNot({ required, missing })]),
  );
  return report([...install, ...checks, ...build, ...trials]);
});

function browserOrWhyNot({ required, missing }) {
  if (!missing.includes('chromium') || process.env.UNDERLAY_CHROMIUM) return browser;
  return stage('browser', async () =>
    required ? failure(WITHOUT_CHROMIUM) : { passed: 0, failed: 0, skipped: 1, skips: [WITHOUT_CHROMIUM] },
  );
}
