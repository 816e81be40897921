import { execFileSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';

/** What the report of a test run with these outcomes prints, and its exit code. */
function reported(outcomes: object[]): { lines: string[]; code: string | undefined } {
  const module = pathToFileURL(resolve(import.meta.dirname, 'report.mjs')).href;
  const script = `import { report } from '${module}'; console.log(report(${JSON.stringify(outcomes)}));`;
  const lines = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
    .trimEnd()
    .split('\n');
  return { code: lines.pop(), lines };
}

it('ends with one line of sums, and fails when something failed', () => {
  const { lines, code } = reported([
    { name: 'lint', passed: 1, failed: 0, skipped: 0, ms: 1200 },
    { name: 'labs', passed: 12, failed: 2, skipped: 1, ms: 3400, skips: ['kind: no Docker'] },
  ]);
  expect(lines.at(-1)).toBe('13 passed, 2 failed, 1 skipped');
  expect(lines).toContain('  labs: kind: no Docker');
  expect(code).toBe('1');
});

it('succeeds when nothing failed', () => {
  expect(reported([{ name: 'lint', passed: 1, failed: 0, skipped: 0, ms: 1 }]).code).toBe('0');
});
