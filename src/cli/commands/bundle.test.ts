import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { bundleBench } from '../../../test/support/bundle-bench.ts';
import { createBundle } from '../../engines/kind/bundle/create.ts';
import { parseArguments } from '../arguments.ts';
import type { CliCommand } from '../command.ts';
import { ProgressLine } from '../progress-line.ts';
import { bundleCreate, bundleLoad, bundleServe, bundleVerify, linesOf, loadedLines } from './bundle.ts';

let complained = '';
let folder = '';

beforeEach(async () => {
  complained = '';
  folder = await mkdtemp(join(tmpdir(), 'underlay-bundle-command-'));
  vi.stubEnv('UNDERLAY_DATA', join(folder, 'data'));
  vi.stubEnv('DOCKER_HOST', `unix://${join(folder, 'no.sock')}`);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    complained += String(text);
    return true;
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

function run(command: CliCommand, ...args: readonly string[]): Promise<number> {
  const parsed = parseArguments(args, command.spec);
  if (!parsed.ok) throw new Error(parsed.error);
  return command.run(parsed.value);
}

test.each([
  [
    'create',
    bundleCreate,
    ['x', '--platform', 'windows/amd64'],
    /^--platform is linux\/amd64, linux\/arm64 or all, not "windows\/amd64"\.$/,
  ],
  [
    'load',
    bundleLoad,
    ['x', '--fingerprint', 'abc'],
    /^--fingerprint needs 16 to 64 hex digits, not "abc"\.$/,
  ],
  ['serve', bundleServe, ['x', '--port', 'http'], /^--port needs a number/],
])('bundle %s with what it does not know is wrong usage', async (_, command, args, message) => {
  expect(await run(command, ...args)).toBe(2);
  expect(complained.trim()).toMatch(message);
});

test('a file that is no bundle is told in a line, with what to do', async () => {
  const file = join(folder, 'thesis');
  await writeFile(file, 'my thesis');
  expect(await run(bundleVerify, file)).toBe(3);
  expect(complained).toBe(
    'This is no offline bundle of Underlay. Give a file that `underlay bundle create` made.\n',
  );
  complained = '';
  expect(await run(bundleServe, file)).toBe(3);
  expect(complained).toMatch(/^This is no offline bundle of Underlay\./);
  complained = '';
  expect(await run(bundleServe, file, '--address', '0.0.0.0')).toBe(3);
  expect(complained).toMatch(/^That stands for every address of this machine/);
});

test('without a Docker Engine nothing is loaded', async () => {
  expect(await run(bundleLoad, join(folder, 'x'))).toBe(3);
  expect(complained).toContain('no.sock');
});

describe('what is told', () => {
  test('of a bundle, and of what was loaded', async () => {
    const bench = await bundleBench();
    const file = join(bench.stick, 'x.bundle');
    const made = await createBundle({ file, installs: ['manifest'] }, await bench.machine(), {
      signal: new AbortController().signal,
    });
    await bench.close();
    if (!made.ok) throw new Error(made.error.message);
    const lines = linesOf(made.value);
    expect(lines).toEqual([
      expect.stringMatching(/^ {2}Size: {9}\d+ MB$/) as string,
      '  Holds:        kindest/node:v1.35.5, Calico v3.32.1, kind v0.32.0; 6 images',
      '  For engines:  linux/amd64',
      '  For machines: linux-amd64, windows-amd64',
      `  Fingerprint:  ${made.value.fingerprint}`,
    ]);
    const parts = [
      { name: 'calico.yaml of Calico v3.32.1', wasThere: true },
      { name: 'kind v0.32.0 for linux-amd64', wasThere: false },
    ];
    expect(loadedLines({ ...made.value, parts })).toEqual([
      'there already  calico.yaml of Calico v3.32.1',
      'loaded         kind v0.32.0 for linux-amd64',
      'Labs on real clusters need no network now.',
      `  Fingerprint:  ${made.value.fingerprint}`,
    ]);
  });

  const steps = [
    { phase: 'Checking the bundle', fraction: 0.1, detail: 'kind' },
    { phase: 'Checking the bundle', fraction: 0.2, detail: 'the node image' },
    { phase: 'Putting kind in place', fraction: 0.555 },
  ];

  test('of progress: a line for each phase where nobody looks', () => {
    const written: string[] = [];
    const line = new ProgressLine({ write: (text) => written.push(text) }, () => 0);
    for (const step of steps) line.tell(step);
    line.end();
    expect(written).toEqual(['Checking the bundle\n', 'Putting kind in place\n']);
  });

  test('of progress: one line that is written anew on a terminal, no wider than that', () => {
    const written: string[] = [];
    let now = 0;
    const screen = { isTTY: true, columns: 40, write: (text: string) => written.push(text) };
    const line = new ProgressLine(screen, () => now);
    for (const step of steps) line.tell(step);
    now = 200;
    line.tell({ phase: 'Putting kind in place', fraction: 0.99, detail: 'x'.repeat(80) });
    line.end();
    line.end();
    expect(written).toEqual([
      '\r\u001b[K 10 %  Checking the bundle: kind',
      '\r\u001b[K 55 %  Putting kind in place',
      `\r\u001b[K${` 99 %  Putting kind in place: ${'x'.repeat(80)}`.slice(0, 39)}`,
      '\r\u001b[K',
    ]);
  });
});
