import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { bundleForNode } from '../../test/support/bundle.ts';
import { temporaryFolder } from '../../test/support/fake-services.ts';
import { SavedLabs, type SavedLab } from './saved-labs.ts';
import { killAfter } from '../../test/support/kill-after.ts';

const BELONGINGS = { places: { workstation: { files: { '/home/learner/a': 'aGk=' }, history: ['ls'] } } };

const LAB: SavedLab = {
  of: 'abc',
  run: [
    ['first', { hintsShown: 1, chosen: 'none' }],
    ['second', { hintsShown: 0, verdict: { step: 'second', passed: true, verdicts: [] } }],
  ],
  starts: [{ step: 'second', snapshot: { engine: 'sim', elapsed: 5, text: 'then' }, run: [] }],
  snapshot: { engine: 'sim', elapsed: 180_000, text: 'now' },
  belongings: BELONGINGS,
  desk: { places: ['workstation', 'node/node1'], active: 1 },
};

const packed = (value: unknown): Buffer =>
  gzipSync(typeof value === 'string' ? value : JSON.stringify(value));

function folderWith(content: string | Uint8Array): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'labs'));
  writeFileSync(join(folder, 'labs', 'overlay.sim.json.gz'), content);
  return folder;
}

describe('a lab that was left', () => {
  test('is found as it was saved, and no other', async () => {
    const folder = temporaryFolder();
    const labs = new SavedLabs(folder);
    expect(await labs.read('overlay', 'sim')).toEqual({ kind: 'none' });
    expect(await labs.write('overlay', 'sim', LAB)).toEqual({ ok: true, value: undefined });
    expect(await new SavedLabs(folder).read('overlay', 'sim')).toEqual({ kind: 'saved', lab: LAB });
    expect(await labs.read('overlay', 'kind')).toEqual({ kind: 'none' });
    expect(readdirSync(join(folder, 'labs'))).toEqual(['overlay.sim.json.gz']);
  });

  test('is saved over the one before', async () => {
    const labs = new SavedLabs(temporaryFolder());
    await labs.write('overlay', 'sim', LAB);
    const { snapshot: _, ...fresh } = LAB;
    await labs.write('overlay', 'sim', fresh);
    expect(await labs.read('overlay', 'sim')).toEqual({ kind: 'saved', lab: fresh });
  });

  test('loses the starts of its steps before it grows without bound, and is not saved when that is not enough', async () => {
    const labs = new SavedLabs(temporaryFolder());
    const large = 'x'.repeat(25 * 1024 * 1024);
    const start = { step: 's', snapshot: { engine: 'sim', elapsed: 0, text: large }, run: [] } as const;
    await labs.write('overlay', 'sim', { ...LAB, starts: [start, start] });
    expect(await labs.read('overlay', 'sim')).toEqual({ kind: 'saved', lab: { ...LAB, starts: [] } });
    const refused = await labs.write('overlay', 'sim', {
      ...LAB,
      snapshot: { engine: 'sim', elapsed: 0, text: large + large },
    });
    expect(refused).toMatchObject({ ok: false, error: { code: 'lab-not-kept' } });
    expect(await labs.read('overlay', 'sim')).toMatchObject({ kind: 'saved' });
  });

  test('that cannot be written says why', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    const labs = new SavedLabs(file);
    expect(await labs.write('overlay', 'sim', LAB)).toMatchObject({ error: { code: 'lab-not-kept' } });
    expect(await labs.read('overlay', 'sim')).toEqual({ kind: 'none' });
  });
});

describe('a file that cannot be understood', () => {
  test.each<[string, string | Uint8Array]>([
    ['is empty', ''],
    ['is not compressed', JSON.stringify({ format: 1, ...LAB })],
    ['is cut short', packed({ format: 1, ...LAB }).subarray(0, 60)],
    ['is no JSON', packed('{')],
    ['has no members', packed({ format: 1 })],
    ['has members of other types', packed({ format: 1, ...LAB, belongings: [] })],
    ['unpacks to more than anybody has', packed('0'.repeat(110 * 1024 * 1024))],
  ])('%s: it is set aside, never overwritten', async (_, content) => {
    const folder = folderWith(content);
    const labs = new SavedLabs(folder);
    expect(await labs.read('overlay', 'sim')).toEqual({ kind: 'unreadable', belongings: { places: {} } });
    expect(readdirSync(join(folder, 'labs'))).toEqual(['overlay.sim.json.gz.unreadable']);
    expect(readFileSync(join(folder, 'labs', 'overlay.sim.json.gz.unreadable'))).toEqual(
      Buffer.from(content),
    );
    expect(await labs.read('overlay', 'sim')).toEqual({ kind: 'none' });
  });

  test('is of another version: the learner’s files are still theirs', async () => {
    const labs = new SavedLabs(folderWith(packed({ ...LAB, format: 99, run: 'otherwise' })));
    expect(await labs.read('overlay', 'sim')).toEqual({ kind: 'unreadable', belongings: BELONGINGS });
  });
});

test('killing the host loses nothing that was told as saved', { timeout: 60_000 }, async () => {
  const bundle = await bundleForNode('src/services/saved-labs.ts');
  const folder = temporaryFolder();
  const program = `
    const { SavedLabs } = await import(${JSON.stringify(`file://${bundle.file}`)});
    const labs = new SavedLabs(${JSON.stringify(folder)});
    const lab = ${JSON.stringify(LAB)};
    for (let n = 1; ; n += 1) {
      await labs.write('overlay', 'sim', { ...lab, snapshot: { engine: 'sim', elapsed: n, text: 'x'.repeat(n * 1000) } });
      process.stdout.write('saved ' + n + '\\n');
    }`;
  for (const answers of [1, 7, 25]) {
    const told = await killAfter(answers, program);
    const found = await new SavedLabs(folder).read('overlay', 'sim');
    if (found.kind !== 'saved') throw new Error(found.kind);
    const { elapsed = 0, text = '' } = found.lab.snapshot ?? {};
    expect(elapsed).toBeGreaterThanOrEqual(told);
    expect(text).toHaveLength(elapsed * 1000);
  }
  bundle[Symbol.dispose]();
});
