/** The course and its labs as the content compiler left them: one JSON file, read once and checked for its format. */
import { readFile } from 'node:fs/promises';
import { err, ok, type Result } from '../base/result.ts';
import type { CourseOutline, GlossaryTerm, Lesson } from '../course/blocks.ts';
import type { LabEnvironment } from '../lab/ports.ts';
import type { LabSpec } from '../lab/spec.ts';

/** Raised when the shape of the compiled file changes, so that an old build is not misread. */
export const LIBRARY_FORMAT = 2;

export interface LabEntry {
  readonly spec: LabSpec;
  readonly environment: LabEnvironment;
}

export interface Library {
  readonly outline: CourseOutline;
  readonly lessons: ReadonlyMap<string, Lesson>;
  readonly glossary: readonly GlossaryTerm[];
  readonly labs: ReadonlyMap<string, LabEntry>;
}

/** A library as JSON: maps are lists of pairs, so that no id can name a member of an object's prototype. */
export interface LibraryFile {
  readonly format: typeof LIBRARY_FORMAT;
  readonly outline: CourseOutline;
  readonly lessons: readonly (readonly [string, Lesson])[];
  readonly glossary: readonly GlossaryTerm[];
  readonly labs: readonly (readonly [string, LabEntry])[];
}

/** The error is for the person who starts Underlay. */
export async function readLibrary(file: string): Promise<Result<Library, string>> {
  let library: LibraryFile;
  try {
    library = JSON.parse(await readFile(file, 'utf8')) as LibraryFile;
  } catch {
    return err(`The compiled course ${file} is missing or damaged. Run npm run build.`);
  }
  if (library.format !== LIBRARY_FORMAT) {
    return err(`The compiled course ${file} is of another version. Run npm run build.`);
  }
  const { outline, lessons, glossary, labs } = library;
  return ok({ outline, lessons: new Map(lessons), glossary, labs: new Map(labs) });
}
