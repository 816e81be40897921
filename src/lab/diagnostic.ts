/**
 * What is wrong in a file somebody wrote, where, and what to do instead: `lab.yaml:11:13 steps[1].checks[0]: ...`.
 */
export interface Diagnostic {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  readonly column: number;
  /** `steps[1].checks[0]`; empty for the document itself. */
  readonly path: string;
  readonly message: string;
}

export function formatDiagnostic({ file, line, column, path, message }: Diagnostic): string {
  const where = `${file}:${line}:${column}`;
  return path === '' ? `${where}: ${message}` : `${where} ${path}: ${message}`;
}

/** `['steps', 1, 'checks', 0]` -> `steps[1].checks[0]`. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');
}

/** The known word nearest to a mistyped one, when it is near enough to be meant. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best && best.distance <= Math.max(1, Math.floor(word.length / 3)) ? best.candidate : undefined;
}

/** Levenshtein distance: insertions, deletions and substitutions cost one each. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substitution));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
