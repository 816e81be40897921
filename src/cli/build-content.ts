/** Build step: compiles the course into `out/content/course.json`, and the lab file's JSON Schema beside it. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CompiledCourse } from '../course/compile/course.ts';
import { labJsonSchema } from '../lab/spec.ts';
import { LIBRARY_FORMAT, type LibraryFile } from '../services/library.ts';
import { readCourse } from './course-files.ts';

/** Solutions and pitfalls stay out: the library is what a learner's host reads. */
function libraryOf({ outline, lessons, glossary, labs }: CompiledCourse): LibraryFile {
  return {
    format: LIBRARY_FORMAT,
    outline,
    lessons: [...lessons],
    glossary,
    labs: [...labs].map(([id, { spec, environment }]) => [id, { spec, environment }]),
  };
}

const root = process.cwd();
const course = await readCourse(root);
if (course.ok) {
  const folder = join(root, 'out', 'content');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'course.json'), JSON.stringify(libraryOf(course.value)));
  await writeFile(join(folder, 'lab.schema.json'), `${JSON.stringify(labJsonSchema(), undefined, 2)}\n`);
} else {
  process.stderr.write(`${course.error}\n`);
  process.exitCode = 2;
}
