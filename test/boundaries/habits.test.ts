/** House rules that keep a wall standing where an import does not show: each is planted once and must be found. */
import { describe, expect, it } from 'vitest';
import { rulesFiredBy } from './plant.ts';

const SYNTAX = 'no-restricted-syntax';

describe('the pure ring', () => {
  const pure = ['base', 'model', 'sim/core', 'sim', 'lab', 'course', 'contract'];
  const planted = [
    'export const a = Date.now();',
    'export const b = new Date();',
    'export const c = Date();',
    'export const d = Math.random();',
    'export const e = globalThis;',
    'export const f = () => setTimeout(() => 1, 1);',
    'export const g = () => setInterval(() => 1, 1);',
    'declare const process: unknown;',
    'declare function fetch(): void;',
    'declare class Buffer {}',
    'declare global { const h: number }',
  ];

  it.each(planted)('refuses %s', async (line) => {
    for (const folder of pure)
      expect(await rulesFiredBy(`src/${folder}/planted.ts`, line), folder).toContain(SYNTAX);
    expect(await rulesFiredBy('src/services/planted.ts', line)).not.toContain(SYNTAX);
    expect(await rulesFiredBy('src/model/planted.test.ts', line)).not.toContain(SYNTAX);
  });

  it('allows time that came in as data', async () => {
    expect(
      await rulesFiredBy('src/model/planted.ts', 'export const day = new Date(0).toISOString();'),
    ).toEqual([]);
  });
});

describe('components', () => {
  const file = 'src/renderer/src/Planted.svelte';

  it.each([
    ['svelte/no-at-html-tags', '{@html "<b>bold</b>"}'],
    [SYNTAX, '<p style="color: red">red</p>'],
    [
      'no-restricted-imports',
      '<script lang="ts">import { writable } from "svelte/store"; writable(1);</script>',
    ],
    ['@typescript-eslint/no-explicit-any', '<script lang="ts">export const x: any = 1;</script>'],
  ])('%s finds %s', async (rule, line) => {
    expect(await rulesFiredBy(file, line)).toContain(rule);
  });

  it('allows styles that follow state', async () => {
    const lines = [
      '<script lang="ts">let x = $state(1);</script>',
      '<p style="width: {x}px" style:height={x}></p>',
    ];
    expect(await rulesFiredBy(file, ...lines)).not.toContain(SYNTAX);
  });
});

describe('everywhere', () => {
  const long = (count: number) =>
    Array.from({ length: count }, (_, line) => `export const x${line} = ${line};`);

  it.each<[string, string, string[]]>([
    ['max-lines', 'src/model/planted.ts', long(401)],
    ['max-lines', 'src/model/planted.test.ts', long(401)],
    [
      'max-lines-per-function',
      'src/model/planted.ts',
      ['export function f() {', ...Array(61).fill('f();'), '}'],
    ],
    [
      'max-params',
      'src/model/planted.ts',
      ['export const f = (a: 1, b: 1, c: 1, d: 1, e: 1) => [a, b, c, d, e];'],
    ],
    ['@typescript-eslint/no-explicit-any', 'src/model/planted.ts', ['export const x: any = 1;']],
    ['@typescript-eslint/no-non-null-assertion', 'src/model/planted.ts', ['export const y = (x?: 1) => x!;']],
    [SYNTAX, 'src/model/planted.ts', ['export default 1;']],
    [SYNTAX, 'src/services/planted.ts', ['const x = 1;', 'export { x as default };']],
    ['no-empty', 'src/model/planted.ts', ['try {', '  JSON.parse("");', '} catch {}']],
    [
      'underlay/disable-needs-reason',
      'src/model/planted.ts',
      ['// eslint-disable-next-line no-var', 'export var x = 1;'],
    ],
    [
      'underlay/disable-needs-reason',
      'src/renderer/src/Planted.svelte',
      ['<!-- eslint-disable-next-line svelte/no-at-html-tags -->', '{@html "x"}'],
    ],
  ])('%s fires in %s', async (rule, file, lines) => {
    expect(await rulesFiredBy(file, ...lines)).toContain(rule);
  });

  it('reports a disable comment that nothing needs', async () => {
    const lines = ['/* eslint-disable no-var -- planted */', 'export const x = 1;'];
    expect(await rulesFiredBy('src/model/planted.ts', ...lines)).toEqual([null]);
  });

  it('accepts a disable comment that says why', async () => {
    const lines = ['// eslint-disable-next-line no-var -- planted', 'export var x = 1;'];
    expect(await rulesFiredBy('src/model/planted.ts', ...lines)).toEqual([]);
  });
});

describe('Electron', () => {
  const DOORS = 'electron/doors';
  const window = 'export const w = (e) => new e.BrowserWindow({});';
  const planted: [string, string][] = [
    ['src/main/window.ts', window],
    ['src/main/handshake.ts', "export const h = (e) => e.ipcMain.on('x', () => 1);"],
    ['src/main/desktop.ts', "export const l = (w) => w.loadURL('app://underlay/');"],
    ['src/main/external-links.ts', 'export const o = (e) => e.shell.openExternal(1);'],
  ];

  it.each(planted)('has one door in %s, opened once', async (file, line) => {
    expect(await rulesFiredBy(file, line)).not.toContain(DOORS);
    expect(await rulesFiredBy(file, line, line.replace('const ', 'const x'))).toContain(DOORS);
    expect(await rulesFiredBy('src/main/planted.ts', line)).toContain(DOORS);
  });

  it.each([
    'export const a = new BrowserWindow();',
    'export const b = new electron.WebContentsView();',
    'export const c = new BaseWindow({ sandbox: false });',
    "ipcMain.handle('x', () => 1);",
    "window.loadFile('index.html');",
  ])('refuses %s elsewhere', async (line) => {
    expect(await rulesFiredBy('src/main/planted.ts', line)).toContain(DOORS);
    expect(await rulesFiredBy('src/cli/planted.ts', line)).toContain(DOORS);
  });
});
