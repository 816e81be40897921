/** Reads a folder's course: the text files of `content/` and `labs/`, compiled. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { err, type Result } from '../base/result.ts';
import { compileCourse, type CompiledCourse, type Files } from '../course/compile/course.ts';
import { formatDiagnostics } from '../lab/diagnostic.ts';
import { highlight } from './highlight.ts';
import { reasonOf } from './output.ts';

const FOLDERS = ['content', 'labs'];
const TEXT = /\.(md|ya?ml|sh|txt)$/;

/** The error is for the person at the terminal: every mistake with its file, line and column. */
export async function readCourse(root: string): Promise<Result<CompiledCourse, string>> {
  let files: Files;
  try {
    files = await readCourseFiles(root);
  } catch (cause) {
    return err(`${root} is no course, a folder that holds content/ and labs/: ${reasonOf(cause)}`);
  }
  const compiled = compileCourse(files, highlight);
  return compiled.ok ? compiled : err(formatDiagnostics(compiled.error));
}

/** Path below `root` with forward slashes -> text with Unix line ends. Throws when a folder cannot be read. */
export async function readCourseFiles(root: string): Promise<Files> {
  const lists = await Promise.all(FOLDERS.map((folder) => textFilesBelow(join(root, folder))));
  const texts = lists.flat().map(async (path): Promise<[string, string]> => {
    const text = await readFile(path, 'utf8');
    return [relative(root, path).split(sep).join('/'), text.replaceAll('\r\n', '\n')];
  });
  return new Map(await Promise.all(texts));
}

async function textFilesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && TEXT.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}
