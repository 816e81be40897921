/** The page is complete, names nothing that is not there, and what is committed is what the simulator says. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { commandGroups, shellCommandNames } from './commands.ts';
import { KIND_REVIEWS } from './field-reviews.ts';
import { hasPath, kindFields, reviewedPaths, reviewKey, servedKinds } from './fields.ts';
import { simulatorPage } from './page.ts';

test('every kind that is served is reviewed', () => {
  const missing = servedKinds()
    .map(reviewKey)
    .filter((key) => KIND_REVIEWS[key] === undefined);
  expect(missing).toEqual([]);
});

test('no field is reviewed that its schema does not have', () => {
  const absent = servedKinds().flatMap((type) =>
    reviewedPaths(KIND_REVIEWS[reviewKey(type)] ?? { yes: '', provenance: { kind: 'ours', of: '' } })
      .filter((path) => !hasPath(type.schema, path))
      .map((path) => `${type.group}/${type.kind} ${path}`),
  );
  expect(absent).toEqual([]);
});

test('a field that nobody reviewed counts as kept only', () => {
  const pool = kindFields().find(({ title }) => title.startsWith('FelixConfiguration'));
  expect(pool?.no).toContain('spec.xdpEnabled');
  expect(pool?.yes).not.toContain('spec.xdpEnabled');
});

test('every command of the shell is on the page', () => {
  const words = commandGroups().flatMap(({ commands }) =>
    commands.map(({ name }) => name.split(/[ ,]/)[0] ?? name),
  );
  expect(shellCommandNames().filter((name) => !words.includes(name))).toEqual([]);
});

test('docs/simulator.md is up to date: else run `underlay content models`', () => {
  expect(readFileSync('docs/simulator.md', 'utf8')).toBe(simulatorPage());
});
