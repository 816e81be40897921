/** The walls that the compiler holds: what a pure file, the interface or the preload cannot even name. */
import { dirname, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');

/** The errors, as `line: message`, of `lines` planted at `file` and compiled by the options of `project`. */
function errors(project: string, file: string, lines: readonly string[]): string[] {
  const path = resolve(ROOT, file);
  const config = resolve(ROOT, project);
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(config, (name) => ts.sys.readFile(name)).config,
    ts.sys,
    dirname(config),
  );
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists } = host;
  host.readFile = (name) => (name === path ? lines.join('\n') : readFile(name));
  host.fileExists = (name) => name === path || fileExists(name);
  const roots = project.includes('pure') ? [path, resolve(ROOT, 'src/base/platform.d.ts')] : [path];
  const program = ts.createProgram(roots, { ...options, incremental: false, tsBuildInfoFile: '' }, host);
  const source = program.getSourceFile(path);
  return program.getSemanticDiagnostics(source).map(({ start, messageText }) => {
    const line = source?.getLineAndCharacterOfPosition(start ?? 0).line ?? -1;
    return `${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
  });
}

/** The lines that do not compile, counted from 0. */
const refused = (project: string, file: string, lines: readonly string[]): number[] => [
  ...new Set(errors(project, file, lines).map((error) => Number.parseInt(error, 10))),
];

describe('what the compiler refuses', () => {
  const NODE = ['export const a = process.pid;', 'export const b = Buffer.from([]);', 'import "node:fs";'];
  const DOM = [
    'export const c = window;',
    'export const d = document.body;',
    'export const e = localStorage;',
  ];
  const CLOCK = [
    'export const f = setTimeout;',
    'export const g = performance;',
    'export const h = console;',
  ];
  const LANGUAGE = [
    'export const i = new AbortController().signal.aborted;',
    'export const j = new TextDecoder().decode(new TextEncoder().encode("text"));',
    'export const k = structuredClone({ a: 1 }).a;',
    'queueMicrotask(() => undefined);',
    'export const l: Disposable = { [Symbol.dispose]: () => undefined };',
  ];

  it('Node, the DOM and the clock, in the pure ring', () => {
    // The reviewed packages must not bring the declarations of Node or the DOM along.
    const packages = ['yaml', 'marked', 'unbash', 'minisearch', '@noble/hashes/sha2.js', 'zod'];
    const lines = [...NODE, ...DOM, ...CLOCK, ...LANGUAGE, ...packages.map((name) => `import '${name}';`)];
    expect(refused('src/tsconfig.pure.json', 'src/model/planted.ts', lines)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8,
    ]);
  });

  it('Node, in the renderer and the preload', () => {
    for (const area of ['renderer', 'preload']) {
      const lines = [...NODE, ...DOM, ...LANGUAGE];
      expect(refused(`src/${area}/tsconfig.json`, `src/${area}/planted.ts`, lines), area).toEqual([0, 1, 2]);
    }
  });

  it('the DOM, in Node programs', () => {
    const lines = [...NODE, ...DOM.slice(0, 2), ...LANGUAGE];
    expect(refused('src/tsconfig.node.json', 'src/services/planted.ts', lines)).toEqual([3, 4]);
  });
});
