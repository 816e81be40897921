/**
 * The written report: each test file leaves the flows it asked for, and when all are done their parts become one table
 * (`test-results/conformance.json`). Vitest calls `setup` before the first file and what it returns after the last.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cellsOf, flowRecord, tableOf, type Compared, type FlowRecord } from './report.ts';

const RESULTS = join(import.meta.dirname, '../../test-results');
const PARTS = join(RESULTS, 'conformance');

/** What one test file found. */
export function writePart(name: string, compared: readonly Compared[]): void {
  mkdirSync(PARTS, { recursive: true });
  writeFileSync(join(PARTS, `${name}.json`), JSON.stringify(compared.map(flowRecord)));
}

export function setup(): () => void {
  rmSync(PARTS, { recursive: true, force: true });
  return merge;
}

function merge(): void {
  if (!existsSync(PARTS)) return;
  const parts = readdirSync(PARTS).toSorted();
  const flows = parts.flatMap(
    (name) => JSON.parse(readFileSync(join(PARTS, name), 'utf8')) as readonly FlowRecord[],
  );
  const cells = cellsOf(flows);
  const report = { table: tableOf(flows, cells), cells, flows };
  writeFileSync(join(RESULTS, 'conformance.json'), `${JSON.stringify(report, undefined, 1)}\n`);
}
