/** Judges text as if it stood in a file of this project, with the rules that need no types. */
import { resolve } from 'node:path';
import { ESLint } from 'eslint';
import ts from 'typescript-eslint';

const ROOT = resolve(import.meta.dirname, '../..');

const linter = (ruleFilter: (rule: { ruleId: string }) => boolean): ESLint =>
  new ESLint({
    cwd: ROOT,
    ruleFilter,
    overrideConfig: [
      ts.configs.disableTypeChecked,
      { languageOptions: { parserOptions: { projectService: false, project: false } } },
    ],
  });

export const WALL = 'boundaries/dependencies';
const all = linter(() => true);
const walls = linter(({ ruleId }) => ruleId === WALL);

interface Finding {
  readonly rule: string | null;
  readonly line: number;
}

async function findings(eslint: ESLint, file: string, lines: readonly string[]): Promise<Finding[]> {
  const [result] = await eslint.lintText(lines.join('\n') + '\n', { filePath: resolve(ROOT, file) });
  return (result?.messages ?? []).map(({ ruleId, line }) => ({ rule: ruleId, line }));
}

/** Which of `lines` (counted from 0), planted at `file` (a path from the root; it need not exist), hit a wall. */
export async function linesAtWalls(file: string, lines: readonly string[]): Promise<Set<number>> {
  const found = await findings(walls, file, lines);
  return new Set(found.filter(({ rule }) => rule === WALL).map(({ line }) => line - 1));
}

/** The names of the rules that fire on `lines`, each once, in order of appearance. */
export async function rulesFiredBy(file: string, ...lines: string[]): Promise<(string | null)[]> {
  return [...new Set((await findings(all, file, lines)).map(({ rule }) => rule))];
}
