/**
 * Compiles the whole course: every lesson, lab and topology in one pass over the text files, with the references between
 * them checked. Pure: files come in as a map from path to text, a library or a list of mistakes comes out.
 */
import { Lexer } from 'marked';
import { z } from 'zod';
import { err, ok, type Result } from '../../base/result.ts';
import { suggestion, type Diagnostic, type Position } from '../../lab/diagnostic.ts';
import { name, sentence } from '../../lab/fields.ts';
import type { LabEnvironment } from '../../lab/ports.ts';
import { bringsPools, manifestMistakes } from '../../lab/manifest.ts';
import { parseScript, type LabScript } from '../../lab/script.ts';
import { parseLab, type LabSpec } from '../../lab/spec.ts';
import { parseTopology } from '../../lab/topology.ts';
import { positionOf, readYamlFile } from '../../lab/yaml-file.ts';
import type { Topology } from '../../model/topology.ts';
import type { CourseModule, CourseOutline, GlossaryTerm, Lesson, LessonSummary } from '../blocks.ts';
import type { Highlight, PrintedCommands } from './fences.ts';
import { inlines } from './inline.ts';
import { compileLesson, type CompiledLesson, type Mention } from './lesson.ts';
import { danglingReferences } from './references.ts';

export type Files = ReadonlyMap<string, string>;

export interface CompiledLab {
  readonly spec: LabSpec;
  readonly environment: LabEnvironment;
  readonly solution: LabScript;
  readonly pitfalls: readonly { readonly name: string; readonly script: LabScript }[];
}

export interface CompiledCourse {
  readonly outline: CourseOutline;
  readonly lessons: ReadonlyMap<string, Lesson>;
  readonly glossary: readonly GlossaryTerm[];
  readonly labs: ReadonlyMap<string, CompiledLab>;
  /** Commands printed in a lesson, by lesson id. */
  readonly printed: ReadonlyMap<
    string,
    { readonly file: string; readonly commands: readonly PrintedCommands[] }
  >;
}

export function compileCourse(
  files: Files,
  highlight: Highlight,
): Result<CompiledCourse, readonly Diagnostic[]> {
  const compiler = new CourseCompiler(files, highlight);
  const course = compiler.compile();
  return compiler.diagnostics.length > 0 ? err(compiler.diagnostics) : ok(course);
}

const courseSchema = z.strictObject({ title: sentence });
const moduleSchema = z.strictObject({ id: name, title: sentence });
const glossarySchema = z.array(z.strictObject({ id: name, term: sentence, text: sentence }));

interface LessonFile {
  readonly file: string;
  readonly module: string;
  readonly lesson: CompiledLesson;
}

/** Where files may be; a group names the folder that needs a lab.yaml or module.yaml. */
const PLACES: readonly RegExp[] = [
  /^content\/(?:course|glossary)\.yaml$/,
  /^(content\/[a-z0-9-]+)\/(?:module\.yaml|[a-z0-9-]+\/index\.md)$/,
  /^labs\/topologies\/[a-z0-9-]+\.yaml$/,
  /^(labs\/[a-z0-9-]+)\/(?:lab\.yaml|solution\.sh|pitfalls\/[^/]+\.sh|files\/.+|[a-z0-9-]+\/[^/]+\.ya?ml)$/,
];

class CourseCompiler {
  readonly diagnostics: Diagnostic[] = [];
  readonly #files: Files;
  readonly #highlight: Highlight;
  readonly #termLinks: Mention[] = [];

  constructor(files: Files, highlight: Highlight) {
    this.#files = files;
    this.#highlight = highlight;
  }

  compile(): CompiledCourse {
    const title = this.#yaml('content/course.yaml', courseSchema)?.title ?? '';
    const glossary = this.#glossary();
    const labs = this.#labs();
    const modules = this.#matching(/^content\/([a-z0-9-]+)\/module\.yaml$/).flatMap(([file, folder = '']) => {
      const read = this.#yaml(file, moduleSchema);
      return read ? [{ ...read, lessons: this.#lessons(folder, read.id) }] : [];
    });
    const lessons = modules.flatMap((module) => module.lessons);
    this.#strayFiles();
    this.#usedTwice(lessons);
    if (this.diagnostics.length === 0) {
      const terms = glossary.map(({ id }) => id);
      const parts = { files: this.#files, lessons, labs, terms, termLinks: this.#termLinks };
      this.diagnostics.push(...danglingReferences(parts));
    }
    return {
      outline: { title, modules: modules.map(outlineOf) },
      lessons: chained(lessons),
      glossary,
      labs,
      printed: new Map(
        lessons.map(({ file, lesson }) => [lesson.front.id, { file, commands: lesson.printed }]),
      ),
    };
  }

  #lessons(folder: string, module: string): readonly LessonFile[] {
    return this.#matching(new RegExp(`^content/${folder}/[a-z0-9-]+/index\\.md$`)).flatMap(([file]) => {
      const compiled = compileLesson(file, this.#files.get(file) ?? '', this.#highlight);
      return this.#taken(compiled, (lesson) => ({ file, module, lesson }));
    });
  }

  #labs(): ReadonlyMap<string, CompiledLab> {
    const topologies = new Map(
      this.#matching(/^labs\/topologies\/([a-z0-9-]+)\.yaml$/).flatMap(([file, id = '']) =>
        this.#taken(parseTopology(file, this.#files.get(file) ?? ''), (topology) => [id, topology] as const),
      ),
    );
    return new Map(
      this.#matching(/^labs\/([a-z0-9-]+)\/lab\.yaml$/).flatMap(([file, folder = '']) =>
        this.#taken(parseLab(file, this.#files.get(file) ?? ''), (spec) => spec).flatMap((spec) => {
          const lab = this.#lab(folder, spec, topologies);
          return lab ? [[spec.id, lab] as const] : [];
        }),
      ),
    );
  }

  #lab(folder: string, spec: LabSpec, topologies: ReadonlyMap<string, Topology>): CompiledLab | undefined {
    const file = `labs/${folder}/lab.yaml`;
    const topology = topologies.get(spec.topology);
    const at = (key: string): Position => positionOf(this.#files.get(file) ?? '', [key]);
    if (spec.id !== folder) {
      this.#problem(file, `the id "${spec.id}" differs from the folder's name "${folder}"`, at('id'));
    }
    if (!topology) {
      const meant = suggestion(spec.topology, [...topologies.keys()]);
      this.#problem(file, `there is no topology "${spec.topology}"${meant}`, at('topology'));
      return undefined;
    }
    const within = (path: string): readonly { readonly file: string; readonly text: string }[] =>
      this.#matching(new RegExp(`^labs/${folder}/${path}$`)).map(([found]) => ({
        file: found,
        text: this.#files.get(found) ?? '',
      }));
    const script = ({ file: path, text }: { readonly file: string; readonly text: string }): LabScript =>
      this.#taken(parseScript(path, text), (parsed) => parsed)[0] ?? { parts: [], expectations: [] };
    const [solution] = within('solution\\.sh');
    if (!solution) this.#problem(file, 'the lab has no solution.sh');
    const start = spec.start === undefined ? [] : within(`${spec.start}[^/]+\\.ya?ml`);
    for (const manifest of start) this.diagnostics.push(...manifestMistakes(manifest.file, manifest.text));
    if (spec.start !== undefined && start.length === 0) {
      this.#problem(file, `the folder ${spec.start} holds no manifests`, at('start'));
    }
    if (waitsForPool(spec) && !bringsPools(start)) {
      const message = 'the operator installs Calico once there is an IP pool, and the start has none';
      this.#problem(file, message, at('calico'));
    }
    return {
      spec,
      environment: {
        id: spec.id,
        topology,
        calico: spec.calico,
        start: start.map((manifest) => ({ file: baseName(manifest.file), text: manifest.text })),
        files: within('files/.+').map(({ file: path, text }) => ({
          path: path.slice(`labs/${folder}/files/`.length),
          text,
        })),
      },
      solution: solution ? script(solution) : { parts: [], expectations: [] },
      pitfalls: within('pitfalls/[^/]+\\.sh').map((pitfall) => ({
        name: baseName(pitfall.file).replace(/\.sh$/, ''),
        script: script(pitfall),
      })),
    };
  }

  #glossary(): readonly GlossaryTerm[] {
    const file = 'content/glossary.yaml';
    if (!this.#files.has(file)) return [];
    const entries = this.#yaml(file, glossarySchema) ?? [];
    return entries.map(({ id, term, text }, at) => {
      const position = positionOf(this.#files.get(file) ?? '', [at, 'text']);
      const { line } = position;
      if (entries.findIndex((entry) => entry.id === id) !== at) {
        this.#problem(file, `the term "${id}" is explained twice`, position);
      }
      // A folded text has other line breaks than the file: where it begins is the best that can be said.
      const inline = inlines(Lexer.lexInline(text), line, {
        problem: (_, message) => this.#problem(file, message, position),
        link: (_, name) => void this.#termLinks.push({ name, line }),
      });
      return { id, term, text: inline };
    });
  }

  #usedTwice(lessons: readonly LessonFile[]): void {
    const first = new Map<string, string>();
    for (const { file, lesson } of lessons) {
      const { id } = lesson.front;
      const other = first.get(id);
      if (other === undefined) first.set(id, file);
      else this.#problem(file, `the lesson id "${id}" is already that of ${other}`);
    }
  }

  /** A file that nothing reads is a mistake in its name, and would be missed only when somebody looks for it. */
  #strayFiles(): void {
    for (const [file] of this.#matching(/^(?:content|labs)\/.+/)) {
      const place = PLACES.map((pattern) => pattern.exec(file)).find((match) => match !== null);
      const leader =
        place?.[1] === undefined
          ? undefined
          : `${place[1]}/${file.startsWith('labs/') ? 'lab' : 'module'}.yaml`;
      if (!place)
        this.#problem(file, 'belongs to no lesson, lab or topology: is its name or folder misspelt?');
      else if (leader !== undefined && !this.#files.has(leader)) this.#problem(file, `${leader} is missing`);
    }
  }

  #yaml<S extends z.ZodType>(file: string, schema: S): z.output<S> | undefined {
    const text = this.#files.get(file);
    if (text === undefined) {
      this.#problem(file, 'is missing');
      return undefined;
    }
    return this.#taken(readYamlFile(file, text, schema), (value) => value)[0];
  }

  /** Files whose path matches, in path order, each with the groups of the match. */
  #matching(pattern: RegExp): readonly (readonly [string, ...string[]])[] {
    return [...this.#files.keys()].sort().flatMap((file) => {
      const match = pattern.exec(file);
      return match ? [[file, ...match.slice(1)] as const] : [];
    });
  }

  #taken<T, U>(result: Result<T, readonly Diagnostic[]>, use: (value: T) => U): readonly U[] {
    if (result.ok) return [use(result.value)];
    this.diagnostics.push(...result.error);
    return [];
  }

  #problem(file: string, message: string, at: Position = { line: 1, column: 1 }): void {
    this.diagnostics.push({ file, ...at, path: '', message });
  }
}

function summaryOf({ front }: CompiledLesson): LessonSummary {
  const { lab, ...rest } = front;
  return { ...rest, ...(lab === undefined ? {} : { lab }) };
}

function outlineOf(module: {
  readonly id: string;
  readonly title: string;
  readonly lessons: readonly LessonFile[];
}): CourseModule {
  return {
    id: module.id,
    title: module.title,
    lessons: module.lessons.map(({ lesson }) => summaryOf(lesson)),
  };
}

/** Lessons in reading order, each knowing its neighbours. */
function chained(lessons: readonly LessonFile[]): ReadonlyMap<string, Lesson> {
  return new Map(
    lessons.map(({ module, lesson }, at) => {
      const previous = lessons[at - 1]?.lesson.front.id;
      const next = lessons[at + 1]?.lesson.front.id;
      const whole: Lesson = {
        ...summaryOf(lesson),
        module,
        blocks: lesson.blocks,
        ...(previous === undefined ? {} : { previous }),
        ...(next === undefined ? {} : { next }),
      };
      return [lesson.front.id, whole] as const;
    }),
  );
}

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** On a real cluster a pool is somebody else's to make, and Calico is not there before. */
const waitsForPool = ({ calico: { install, pools }, engines }: LabSpec): boolean =>
  engines.includes('kind') && install === 'operator' && pools === 'user';
