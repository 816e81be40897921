/** Build step: compiles the course into `out/content/course.json`, and the lab file's JSON Schema beside it. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compileCourse, formatDiagnostics, type CompiledCourse } from '../course/compile/course.ts';
import { labJsonSchema } from '../lab/spec.ts';
import { LIBRARY_FORMAT, type Library } from '../services/library.ts';
import { readCourseFiles } from './course-files.ts';
import { highlight } from './highlight.ts';

/** Solutions and pitfalls stay out: the library is what a learner's host reads. */
function libraryOf({ outline, lessons, glossary, labs }: CompiledCourse): Library {
  return {
    format: LIBRARY_FORMAT,
    outline,
    lessons: Object.fromEntries(lessons),
    glossary,
    labs: Object.fromEntries([...labs].map(([id, { spec, environment }]) => [id, { spec, environment }])),
  };
}

const root = process.cwd();
const compiled = compileCourse(await readCourseFiles(root), highlight);
if (compiled.ok) {
  const folder = join(root, 'out', 'content');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'course.json'), JSON.stringify(libraryOf(compiled.value)));
  await writeFile(join(folder, 'lab.schema.json'), `${JSON.stringify(labJsonSchema(), undefined, 2)}\n`);
} else {
  process.stderr.write(`${formatDiagnostics(compiled.error)}\n`);
  process.exitCode = 2;
}
