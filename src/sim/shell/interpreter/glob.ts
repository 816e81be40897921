/** Pathname expansion over the simulated files: a pattern becomes the sorted names that match, hidden ones only when asked for. Sorted by code, as in the C locale of containers. */
import type { FileSystem } from '../files.ts';
import { compilePattern, matches } from './pattern.ts';
import { resolvePath } from './paths.ts';

/** Names as the learner would have typed them, relative when the pattern is; empty when nothing matches. */
export function glob(pattern: string, cwd: string, files: FileSystem): readonly string[] {
  const absolute = pattern.startsWith('/');
  const parts = pattern.split(/\/+/).filter((part, at) => part !== '' || at > 0);
  let found: readonly string[] = [absolute ? '/' : ''];
  for (const [at, part] of parts.entries()) {
    const last = at === parts.length - 1;
    found = found.flatMap((base) => step(base, part, { cwd, files, last }));
  }
  return [...found].sort();
}

function step(
  base: string,
  part: string,
  { cwd, files, last }: { readonly cwd: string; readonly files: FileSystem; readonly last: boolean },
): readonly string[] {
  const prefix = base === '' || base.endsWith('/') ? base : `${base}/`;
  const directory = resolvePath(cwd, base === '' ? '.' : base);
  if (part === '') return files.stat(directory)?.type === 'directory' ? [prefix] : [];
  const pattern = compilePattern(part);
  if (!pattern.special) {
    const name = part.replace(/\\(.)/g, '$1');
    return files.stat(resolvePath(directory, name)) === undefined ? [] : [`${prefix}${name}`];
  }
  return (files.list(directory) ?? [])
    .filter((name) => (!name.startsWith('.') || part.startsWith('.')) && matches(pattern, name))
    .map((name) => `${prefix}${name}`)
    .filter((path) => last || files.stat(resolvePath(cwd, path))?.type === 'directory');
}
