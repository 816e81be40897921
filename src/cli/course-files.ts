/** Reads the text files of `content/` and `labs/` for the content compiler. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { Files } from '../course/compile/course.ts';

const TEXT = /\.(md|ya?ml|sh|txt)$/;

/** Path below `root` with forward slashes -> text, for both folders. */
export async function readCourseFiles(root: string): Promise<Files> {
  const files = new Map<string, string>();
  for (const folder of ['content', 'labs']) {
    const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      if (!entry.isFile() || !TEXT.test(entry.name)) continue;
      const path = join(entry.parentPath, entry.name);
      files.set(relative(root, path).split(sep).join('/'), await readFile(path, 'utf8'));
    }
  }
  return files;
}
