/**
 * Compiles the whole course: every lesson, lab and topology in one pass over the text files, with the references between
 * them checked. Pure: files come in as a map from path to text, a library or a list of mistakes comes out.
 */
import { Lexer } from 'marked';
import { z } from 'zod';
import { err, ok, type Result } from '../../base/result.ts';
import { formatDiagnostic, nearest, type Diagnostic } from '../../lab/diagnostic.ts';
import { name, sentence } from '../../lab/fields.ts';
import type { LabEnvironment } from '../../lab/ports.ts';
import { parseScript, type LabScript } from '../../lab/script.ts';
import { parseLab, type LabSpec } from '../../lab/spec.ts';
import { parseTopology } from '../../lab/topology.ts';
import { readYamlFile } from '../../lab/yaml-file.ts';
import type { Topology } from '../../model/topology.ts';
import type { Block, CourseModule, CourseOutline, GlossaryTerm, Inline, Lesson, LessonSummary } from '../blocks.ts';
import type { Highlight, PrintedCommands } from './fences.ts';
import { inlines } from './inline.ts';
import { compileLesson, type CompiledLesson } from './lesson.ts';

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
  readonly printed: ReadonlyMap<string, { readonly file: string; readonly commands: readonly PrintedCommands[] }>;
}

export function compileCourse(files: Files, highlight: Highlight): Result<CompiledCourse, readonly Diagnostic[]> {
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

class CourseCompiler {
  readonly diagnostics: Diagnostic[] = [];
  readonly #files: Files;
  readonly #highlight: Highlight;

  constructor(files: Files, highlight: Highlight) {
    this.#files = files;
    this.#highlight = highlight;
  }

  compile(): CompiledCourse {
    const title = this.#yaml('content/course.yaml', courseSchema)?.title ?? '';
    const glossary = this.#glossary();
    const labs = this.#labs();
    const modules = this.#matching(/^content\/([^/]+)\/module\.yaml$/).flatMap(([file, folder = '']) => {
      const read = this.#yaml(file, moduleSchema);
      return read ? [{ ...read, lessons: this.#lessons(folder, read.id) }] : [];
    });
    const lessons = modules.flatMap((module) => module.lessons);
    // References are judged only when every file could be read: a missing target would be a mere consequence.
    if (this.diagnostics.length === 0) this.#checkReferences(lessons, labs, glossary);
    return {
      outline: { title, modules: modules.map(outlineOf) },
      lessons: chained(lessons),
      glossary,
      labs,
      printed: new Map(lessons.map(({ file, lesson }) => [lesson.front.id, { file, commands: lesson.printed }])),
    };
  }

  #lessons(folder: string, module: string): readonly LessonFile[] {
    return this.#matching(new RegExp(`^content/${folder}/[^/]+/index\\.md$`)).flatMap(([file]) => {
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
    if (spec.id !== folder) this.#problem(file, `the id "${spec.id}" differs from the folder's name "${folder}"`);
    if (!topology) {
      const meant = nearest(spec.topology, [...topologies.keys()]);
      this.#problem(file, `there is no topology "${spec.topology}"${meant === undefined ? '' : ` (did you mean ${meant}?)`}`);
      return undefined;
    }
    const within = (path: string): readonly { readonly file: string; readonly text: string }[] =>
      this.#matching(new RegExp(`^labs/${folder}/${path}$`)).map(([at]) => ({ file: at, text: this.#files.get(at) ?? '' }));
    const script = ({ file: at, text }: { readonly file: string; readonly text: string }): LabScript =>
      this.#taken(parseScript(at, text), (parsed) => parsed)[0] ?? { parts: [], expectations: [] };
    const [solution] = within('solution\\.sh');
    if (!solution) this.#problem(file, 'the lab has no solution.sh');
    return {
      spec,
      environment: {
        id: spec.id,
        topology,
        calico: spec.calico,
        start: spec.start === undefined ? [] : within(`${spec.start}[^/]+\\.ya?ml`).map(({ file: at, text }) => ({ file: baseName(at), text })),
        files: within('files/.+').map(({ file: at, text }) => ({ path: at.slice(`labs/${folder}/files/`.length), text })),
      },
      solution: solution ? script(solution) : { parts: [], expectations: [] },
      pitfalls: within('pitfalls/[^/]+\\.sh').map((pitfall) => ({ name: baseName(pitfall.file).replace(/\.sh$/, ''), script: script(pitfall) })),
    };
  }

  #glossary(): readonly GlossaryTerm[] {
    const file = 'content/glossary.yaml';
    if (!this.#files.has(file)) return [];
    return (this.#yaml(file, glossarySchema) ?? []).map(({ id, term, text }) => ({
      id,
      term,
      text: inlines(Lexer.lexInline(text), { problem: (message) => this.#problem(file, message) }),
    }));
  }

  #checkReferences(lessons: readonly LessonFile[], labs: ReadonlyMap<string, CompiledLab>, glossary: readonly GlossaryTerm[]): void {
    const anchors = new Map(lessons.map(({ lesson }) => [lesson.front.id, lesson.anchors]));
    const known: References = { anchors, labs: new Set(labs.keys()), terms: new Set(glossary.map(({ id }) => id)) };
    for (const { file, lesson } of lessons) {
      for (const message of danglingReferences(lesson, known)) this.#problem(file, message);
      const steps = new Set(labs.get(lesson.front.lab ?? '')?.spec.steps.map(({ id }) => id));
      for (const { after, line } of lesson.printed) {
        if (after !== undefined && !steps.has(after)) this.#problem(file, `the lesson's lab has no step "${after}"`, line);
      }
    }
    for (const { spec } of labs.values()) {
      for (const readOn of spec.steps.flatMap((step) => step.checks.flatMap((check) => Object.values(check).flatMap((body) => body?.readOn ?? [])))) {
        const [lesson = '', anchor] = readOn.split('#');
        const there = anchors.get(lesson);
        if (!there || (anchor !== undefined && !there.includes(anchor))) {
          this.#problem(`labs/${spec.id}/lab.yaml`, `readOn: there is no section "${readOn}"`);
        }
      }
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

  #problem(file: string, message: string, line = 1): void {
    this.diagnostics.push({ file, line, column: 1, path: '', message });
  }
}

interface References {
  readonly anchors: ReadonlyMap<string, readonly string[]>;
  readonly labs: ReadonlySet<string>;
  readonly terms: ReadonlySet<string>;
}

function danglingReferences(lesson: CompiledLesson, { anchors, labs, terms }: References): readonly string[] {
  const own = lesson.front.id;
  const dangling = (href: string): boolean => {
    if (href.startsWith('term:')) return !terms.has(href.slice('term:'.length));
    if (href.startsWith('https:')) return false;
    const [target = '', anchor] = href.replace(/^lesson:/, '').split('#');
    const there = anchors.get(target === '' ? own : target);
    return !there || (anchor !== undefined && !there.includes(anchor));
  };
  const labsNamed = [lesson.front.lab, ...lesson.blocks.flatMap((block) => (block.type === 'lab' ? [block.lab] : []))];
  return [
    ...labsNamed.filter((lab) => lab !== undefined && !labs.has(lab)).map((lab) => `there is no lab "${String(lab)}"`),
    ...lesson.blocks.flatMap(hrefs).filter(dangling).map((href) => `the link "${href}" leads nowhere`),
  ];
}

function hrefs(block: Block): readonly string[] {
  switch (block.type) {
    case 'heading':
    case 'paragraph':
      return inlineHrefs(block.text);
    case 'list':
      return block.items.flat().flatMap(hrefs);
    case 'quote':
      return block.blocks.flatMap(hrefs);
    case 'table':
      return [...block.head, ...block.rows.flat()].flatMap(inlineHrefs);
    case 'quiz':
      return [block.question, ...block.choices.flatMap((choice) => [choice.text, choice.why])].flatMap(inlineHrefs);
    default:
      return [];
  }
}

function inlineHrefs(parts: readonly Inline[]): readonly string[] {
  return parts.flatMap((part) => {
    if (part.type === 'link') return [part.href, ...inlineHrefs(part.text)];
    return part.type === 'strong' || part.type === 'emphasis' ? inlineHrefs(part.text) : [];
  });
}

function summaryOf({ front }: CompiledLesson): LessonSummary {
  const { lab, ...rest } = front;
  return { ...rest, ...(lab === undefined ? {} : { lab }) };
}

function outlineOf(module: { readonly id: string; readonly title: string; readonly lessons: readonly LessonFile[] }): CourseModule {
  return { id: module.id, title: module.title, lessons: module.lessons.map(({ lesson }) => summaryOf(lesson)) };
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

/** All mistakes, a line each. */
export function formatDiagnostics(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map(formatDiagnostic).join('\n');
}
