// The stages of `npm run check` and `npm test`. Each runs one tool and returns how much passed, failed and was skipped.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import process from 'node:process';
import { CLI, ROOT, node, tool } from './run.mjs';
import { announce } from './report.mjs';
import { describe, say } from './say.mjs';

const TYPE_PROJECTS = {
  'types: pure': 'src/tsconfig.pure.json',
  'types: node': 'src/tsconfig.node.json',
  'types: preload': 'src/preload/tsconfig.json',
  'types: browser tests': 'test/e2e/tsconfig.json',
};

/** Everything that needs no build, longest first. */
export const CHECKS = [
  stage('lint', () => oneVerdict(tool('eslint'), '--max-warnings', '0', '.')),
  stage('unit tests', unitTests),
  ...Object.entries(TYPE_PROJECTS).map(([name, project]) =>
    stage(name, () => oneVerdict(tool('tsc', 'typescript'), '--project', project, '--pretty', 'false')),
  ),
  stage('types: renderer', () =>
    oneVerdict(tool('svelte-check'), '--tsconfig', 'src/renderer/tsconfig.json', '--fail-on-warnings'),
  ),
  stage('format', () => oneVerdict(tool('prettier'), '--check', '--cache', '--log-level', 'warn', '.')),
];

export const labs = stage('labs', async () => {
  if (!existsSync(CLI)) return failure('The command line is not built, so no lab can be tried.');
  const { code, output, stdout } = await node([CLI, 'lab', 'test', '--all', '--json'], { env: fullRun() });
  const result = lastJson(stdout);
  if (!result) return failure(`\`underlay lab test --all --json\` ended with code ${code}:\n${output}`);
  const { passed, failed, skipped, skips } = result;
  return { passed, failed: failed || (code === 0 ? 0 : 1), skipped, skips, details: output };
});

export const browser = stage('browser', async () => {
  const args = [
    'test',
    '--config',
    'test/e2e/playwright.config.ts',
    '--reporter',
    'list,json',
    '--pass-with-no-tests',
  ];
  const { code, output, result } = await withReport((file) =>
    node([tool('playwright', '@playwright/test'), ...args], {
      env: { PLAYWRIGHT_JSON_OUTPUT_FILE: file, ...fullRun() },
    }),
  );
  if (!result) return failure(output);
  const { expected: passed, unexpected, flaky, skipped } = result.stats;
  const failed = unexpected + flaky || (code === 0 ? 0 : 1);
  return { passed, failed, skipped, skips: playwrightSkips(result.suites), details: output };
});

/** The simulator against the kernel of this machine, in network namespaces. */
export const conformance = stage('conformance', async () => {
  const outcome = await vitest('--config', 'test/conformance/vitest.config.ts');
  if (outcome.passed > 0) say(conformanceTable());
  return outcome;
});

/** What speaks with a Docker Engine, with one of our own that is started for it. */
export const docker = stage('docker', () => vitest('--config', 'test/docker/vitest.config.ts'));

function conformanceTable() {
  const { table } = JSON.parse(readFileSync(join(ROOT, 'test-results/conformance.json'), 'utf8'));
  return `\n${table}`;
}

/** Runs stages two at a time; keeps their order in the result. */
export async function runAll(stages) {
  const outcomes = [];
  const waiting = stages.map((stage, index) => async () => {
    outcomes[index] = await stage();
    announce(outcomes[index]);
  });
  const lane = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await next();
  };
  await Promise.all([lane(), lane()]);
  return outcomes;
}

/** Gives a stage its name and its time, and a failure for an outcome when it breaks down. */
export function stage(name, body) {
  return async () => {
    const started = Date.now();
    const outcome = await body().catch((error) => failure(describe(error)));
    return { name, ...outcome, ms: Date.now() - started };
  };
}

export function failure(details) {
  return { passed: 0, failed: 1, skipped: 0, details };
}

async function oneVerdict(...args) {
  const { code, output } = await node(args);
  return code === 0 ? { passed: 1, failed: 0, skipped: 0 } : failure(output);
}

function unitTests() {
  return vitest();
}

async function vitest(...more) {
  const args = ['run', ...more, '--reporter', 'dot', '--reporter', 'json', '--outputFile.json'];
  const { code, output, result } = await withReport((file) =>
    node([tool('vitest'), ...args, file], { env: fullRun() }),
  );
  if (!result) return failure(output);
  const { numPassedTests: passed, numPendingTests, numTodoTests, numFailedTests, testResults } = result;
  const brokenFiles = testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  );
  const failed = numFailedTests + brokenFiles.length || (code === 0 ? 0 : 1);
  return {
    passed,
    failed,
    skipped: numPendingTests + numTodoTests,
    skips: vitestSkips(testResults),
    details: output,
  };
}

/** A skipped suite names its reason in its title, or a skipped test in its own; many tests of one suite count as one line. */
function vitestSkips(files) {
  const lines = files.flatMap((file) =>
    file.assertionResults
      .filter(({ status }) => status === 'skipped' || status === 'pending' || status === 'todo')
      .map((test) => `${relative(ROOT, file.name)}: ${skipTitle(test)}`),
  );
  return counted(lines);
}

function skipTitle({ ancestorTitles, title }) {
  const suite = ancestorTitles.at(-1);
  if (suite === undefined) return title;
  return title.endsWith(')') && !suite.endsWith(')') ? `${suite}, ${title}` : suite;
}

function playwrightSkips(suites) {
  const tests = (suite) => [...(suite.specs ?? []), ...(suite.suites ?? []).flatMap(tests)];
  const lines = suites
    .flatMap(tests)
    .flatMap(({ title, tests }) =>
      tests
        .filter(({ status }) => status === 'skipped')
        .map((test) => test.annotations.find(({ type }) => type === 'skip')?.description ?? title),
    );
  return counted(lines);
}

function counted(lines) {
  const counts = new Map();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  return [...counts].map(([line, count]) => (count > 1 ? `${line} (${count} tests)` : line));
}

function fullRun() {
  return process.argv.includes('--full') ? { UNDERLAY_FULL: '1' } : {};
}

/** Gives `body` a file to have a report written to; resolves to its result and the report, if there is one. */
async function withReport(body) {
  const folder = mkdtempSync(join(tmpdir(), 'underlay-test-'));
  try {
    const file = join(folder, 'report.json');
    const ended = await body(file);
    return { ...ended, result: existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function lastJson(text) {
  const start = text.lastIndexOf('\n{') + 1;
  try {
    return JSON.parse(text.slice(start));
  } catch {
    return undefined;
  }
}
