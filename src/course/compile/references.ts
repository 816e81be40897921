/**
 * What the files of a course say about each other: links to sections, terms and labs, steps and places that scripts and
 * checks name. Judged once every file could be read, so that no complaint is a mere consequence of another.
 */
import { isJsonObject, type Json } from '../../base/json.ts';
import { suggestion, type Diagnostic, type Position } from '../../lab/diagnostic.ts';
import type { LabScript } from '../../lab/script.ts';
import { positionOf } from '../../lab/yaml-file.ts';
import { parsePlace, type Place } from '../../model/place.ts';
import type { Topology } from '../../model/topology.ts';
import type { CompiledLab, Files } from './course.ts';
import type { CompiledLesson, Mention } from './lesson.ts';

export interface CourseParts {
  readonly files: Files;
  readonly lessons: readonly { readonly file: string; readonly lesson: CompiledLesson }[];
  readonly labs: ReadonlyMap<string, CompiledLab>;
  readonly terms: readonly string[];
  readonly termLinks: readonly Mention[];
}

type Path = readonly (string | number)[];

export function danglingReferences(course: CourseParts): readonly Diagnostic[] {
  const anchors = new Map(course.lessons.map(({ lesson }) => [lesson.front.id, lesson.anchors]));
  return [
    ...course.lessons.flatMap(({ file, lesson }) => [
      ...danglingLinks(lesson.links, { own: lesson.front.id, anchors, terms: course.terms }).map(
        inFile(file),
      ),
      ...missingLabs(file, lesson, course).map(inFile(file)),
      ...unprovable(lesson, course.labs.get(lesson.front.lab ?? '')).map(inFile(file)),
    ]),
    ...danglingLinks(course.termLinks, { own: '', anchors, terms: course.terms }).map(
      inFile('content/glossary.yaml'),
    ),
    ...[...course.labs.values()].flatMap((lab) => mistakesOfLab(lab, anchors, course)),
  ];
}

interface Complaint {
  readonly at: Position;
  readonly path?: string;
  readonly message: string;
}

const inFile =
  (file: string) =>
  ({ at, path = '', message }: Complaint): Diagnostic => ({ file, ...at, path, message });

const lineOf = (line: number): Position => ({ line, column: 1 });

interface Targets {
  /** The lesson that a bare `#section` belongs to. */
  readonly own: string;
  readonly anchors: ReadonlyMap<string, readonly string[]>;
  readonly terms: readonly string[];
}

function danglingLinks(links: readonly Mention[], { own, anchors, terms }: Targets): readonly Complaint[] {
  const leads = (href: string): boolean => {
    if (href.startsWith('https:')) return true;
    if (href.startsWith('term:')) return terms.includes(href.slice('term:'.length));
    return sectionExists(anchors, href.startsWith('#') ? `${own}${href}` : href.slice('lesson:'.length));
  };
  return links
    .filter(({ name }) => !leads(name))
    .map(({ name, line }) => ({ at: lineOf(line), message: `the link "${name}" leads nowhere` }));
}

function sectionExists(anchors: ReadonlyMap<string, readonly string[]>, section: string): boolean {
  const [lesson = '', anchor] = section.split('#');
  const there = anchors.get(lesson);
  return there !== undefined && (anchor === undefined || there.includes(anchor));
}

function missingLabs(
  file: string,
  { front, labs }: CompiledLesson,
  course: CourseParts,
): readonly Complaint[] {
  const known = [...course.labs.keys()];
  const inFront = (front.lab === undefined ? [] : [front.lab]).map((name) => ({
    name,
    ...frontLine(file, course),
  }));
  return [...inFront, ...labs]
    .filter(({ name }) => !course.labs.has(name))
    .map(({ name, line }) => ({
      at: lineOf(line),
      message: `there is no lab "${name}"${suggestion(name, known)}`,
    }));
}

/** The line of `lab:` in the front matter of a lesson. */
function frontLine(file: string, { files }: CourseParts): { readonly line: number } {
  const lines = (files.get(file) ?? '').split('\n');
  return { line: lines.findIndex((line) => line.startsWith('lab:')) + 1 };
}

/** Commands that a lesson prints and no lab can run. */
function unprovable({ printed }: CompiledLesson, lab: CompiledLab | undefined): readonly Complaint[] {
  return printed.flatMap(({ after, line, place }) => {
    if (!lab)
      return [{ at: lineOf(line), message: 'commands are printed, but the front matter names no lab' }];
    const at = parsePlace(place);
    return [
      ...unknownStep(after, lab).map((message) => ({ at: lineOf(line), message })),
      ...(at ? missingMachine(at, lab.environment.topology) : []).map((message) => ({
        at: lineOf(line),
        message,
      })),
    ];
  });
}

function unknownStep(step: string | undefined, { spec }: CompiledLab): readonly string[] {
  const known = spec.steps.map(({ id }) => id);
  return step === undefined || known.includes(step)
    ? []
    : [`the lab has no step "${step}"${suggestion(step, known)}`];
}

/** Pods come and go; nodes, hosts and routers are the topology's. */
function missingMachine(place: Place, topology: Topology): readonly string[] {
  if (place.kind === 'workstation' || place.kind === 'pod') return [];
  const machines = { node: topology.nodes, host: topology.hosts, router: topology.routers }[place.kind];
  const known = machines.map(({ name }) => name);
  if (known.includes(place.name)) return [];
  return [`the topology has no ${place.kind} "${place.name}"${suggestion(place.name, known)}`];
}

function mistakesOfLab(
  lab: CompiledLab,
  anchors: ReadonlyMap<string, readonly string[]>,
  { files, labs }: CourseParts,
): readonly Diagnostic[] {
  const { spec, environment, solution, pitfalls } = lab;
  const folder = `labs/${spec.id}`;
  const text = files.get(`${folder}/lab.yaml`) ?? '';
  const at = (path: Path, message: string): Diagnostic =>
    inFile(`${folder}/lab.yaml`)({ at: positionOf(text, path), message });
  return [
    ...spec.after.flatMap((id, index) =>
      labs.has(id) ? [] : [at(['after', index], `there is no lab "${id}"`)],
    ),
    ...valuesIn(spec.steps as unknown as Json, ['steps']).flatMap(({ path, value }) => {
      if (path.at(-1) === 'readOn' && !sectionExists(anchors, String(value))) {
        return [at(path, `readOn: there is no section "${String(value)}"`)];
      }
      return isMachine(value)
        ? missingMachine(value, environment.topology).map((message) => at(path, message))
        : [];
    }),
    ...mistakesOfScript(lab, solution).map(inFile(`${folder}/solution.sh`)),
    ...pitfalls.flatMap(({ name, script }) =>
      mistakesOfScript(lab, script).map(inFile(`${folder}/pitfalls/${name}.sh`)),
    ),
  ];
}

function isMachine(value: Json): value is Extract<Place, { kind: 'node' | 'host' | 'router' }> & Json {
  return isJsonObject(value) && (value.kind === 'node' || value.kind === 'host' || value.kind === 'router');
}

function mistakesOfScript(lab: CompiledLab, { parts, expectations }: LabScript): readonly Complaint[] {
  return [
    ...parts.flatMap(({ step, place, line }) =>
      [...unknownStep(step, lab), ...missingMachine(place, lab.environment.topology)].map((message) => ({
        at: lineOf(line),
        message,
      })),
    ),
    ...expectations.flatMap(({ step, line }) =>
      unknownStep(step, lab).map((message) => ({ at: lineOf(line), message })),
    ),
  ];
}

/** Every value below, with its path. */
function valuesIn(value: Json, path: Path): readonly { readonly path: Path; readonly value: Json }[] {
  const members: readonly (readonly [string | number, Json | undefined])[] = Array.isArray(value)
    ? (value as readonly Json[]).map((item, at) => [at, item])
    : isJsonObject(value)
      ? Object.entries(value)
      : [];
  return [
    { path, value },
    ...members.flatMap(([key, member]) => (member === undefined ? [] : valuesIn(member, [...path, key]))),
  ];
}
