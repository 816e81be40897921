// What the stages of a test run found: a table, the skips with their reasons, and one last line with the sums.
import { say } from './say.mjs';

/** @typedef {{ name: string, passed: number, failed: number, skipped: number, ms: number, skips?: string[], details?: string }} Outcome */

const SHOWN_SKIPS = 40;

/** Prints what failed in one stage as soon as it is known. */
export function announce({ name, failed, details }) {
  if (failed > 0) say(`\n--- ${name} failed ---\n${(details ?? '').trim()}\n`);
}

/** Prints the table; returns the exit code. */
export function report(outcomes) {
  const sum = (key) => outcomes.reduce((total, outcome) => total + outcome[key], 0);
  const row = (...cells) => say(cells.map((cell, column) => pad(cell, column)).join(''));
  say();
  row('stage', 'passed', 'failed', 'skipped', 'seconds');
  for (const { name, passed, failed, skipped, ms } of outcomes) {
    row(name, passed, failed, skipped, (ms / 1000).toFixed(1));
  }
  printSkips(outcomes);
  say();
  say(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
  return sum('failed') > 0 ? 1 : 0;
}

function pad(cell, column) {
  return column === 0 ? String(cell).padEnd(22) : String(cell).padStart(9);
}

function printSkips(outcomes) {
  const skips = outcomes.flatMap(({ name, skips = [] }) => skips.map((reason) => `  ${name}: ${reason}`));
  if (skips.length === 0) return;
  say('\nSkipped:');
  for (const line of skips.slice(0, SHOWN_SKIPS)) say(line);
  if (skips.length > SHOWN_SKIPS) say(`  and ${skips.length - SHOWN_SKIPS} more`);
}
