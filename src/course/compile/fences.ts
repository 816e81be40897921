/**
 * Fenced blocks with a meaning of their own: `lab`, `quiz`, `diagram`, `packet` hold YAML; `run <place>` holds commands
 * that the build runs in the lesson's lab, and `output` the lines they print there.
 */
import { z } from 'zod';
import type { Diagnostic } from '../../lab/diagnostic.ts';
import { name, sentence, words } from '../../lab/fields.ts';
import { readYamlFile } from '../../lab/yaml-file.ts';
import { ENCAPSULATIONS } from '../../model/encapsulation.ts';
import { parsePlace } from '../../model/place.ts';
import type { Block, CodeToken, Diagram, Inline } from '../blocks.ts';

/** Cuts code into highlighted tokens, line by line; given by the build, because the highlighter is not pure. */
export type Highlight = (language: string, text: string) => readonly (readonly CodeToken[])[];

/** Commands printed in a lesson: they run when the lesson is proved. */
export interface PrintedCommands {
  readonly place: string;
  /** The step whose solution has been applied before, when the text says so. */
  readonly after: string | undefined;
  /** The exit code they must end with: 0, unless the text shows a failure. */
  readonly exit: number;
  readonly line: number;
  readonly commands: string;
  /** Lines of the `output` block that follows; `…` stands for what is left out, lines or words. */
  readonly output: readonly string[] | undefined;
}

export interface FenceContext {
  readonly file: string;
  /** Line of the fence's opening in the file. */
  readonly line: number;
  readonly highlight: Highlight;
  readonly inline: (markdown: string) => readonly Inline[];
  readonly report: (diagnostics: readonly Diagnostic[]) => void;
  readonly print: (printed: PrintedCommands) => void;
  /** Adds expected output to the commands printed last; false when there are none just before. */
  readonly expect: (lines: readonly string[]) => boolean;
}

const size = z.number().min(0).max(200);

const quizSchema = z.strictObject({
  id: name,
  question: sentence,
  choices: z.array(z.strictObject({ text: words, correct: z.boolean(), why: sentence })).min(2),
});

const diagramSchema = z
  .strictObject({
    title: sentence,
    description: sentence,
    width: size,
    height: size,
    boxes: z.array(
      z.strictObject({
        id: name,
        kind: z.enum(['rack', 'node', 'pod', 'router', 'host', 'note']),
        label: sentence,
        detail: words.optional(),
        x: size,
        y: size,
        w: size,
        h: size,
      }),
    ),
    cables: z.array(
      z.strictObject({
        from: name,
        to: name,
        label: sentence.optional(),
        encapsulation: z.enum(ENCAPSULATIONS).optional(),
      }),
    ),
  })
  .superRefine(({ width, height, boxes, cables }, context) => {
    const issue = (path: (string | number)[], message: string): void =>
      context.addIssue({ code: 'custom', path, message });
    const ids = boxes.map(({ id }) => id);
    boxes.forEach(({ id, x, y, w, h }, at) => {
      if (ids.indexOf(id) !== at) issue(['boxes', at, 'id'], `the box "${id}" is drawn twice`);
      if (x + w > width || y + h > height) issue(['boxes', at], `the box "${id}" reaches out of the picture`);
    });
    cables.forEach((cable, at) => {
      for (const end of ['from', 'to'] as const) {
        if (!ids.includes(cable[end])) issue(['cables', at, end], `there is no box "${cable[end]}"`);
      }
    });
  });

const packetSchema = z.strictObject({
  caption: sentence,
  layers: z.array(
    z.strictObject({
      name: sentence,
      bytes: z.number().int().min(0),
      role: z.enum(['frame', 'outer', 'tunnel', 'inner', 'payload']),
      fields: z.array(z.strictObject({ name: sentence, value: words })),
    }),
  ),
});

/** Undefined after a mistake, which has been reported. */
export function fence(info: string, body: string, context: FenceContext): Block | undefined {
  const [kind = '', ...rest] = info.trim().split(/\s+/);
  switch (kind) {
    case 'lab':
      return { type: 'lab', lab: body.trim() };
    case 'quiz':
      return quiz(body, context);
    case 'diagram': {
      const diagram = yaml(body, diagramSchema, context);
      return diagram && { type: 'diagram', diagram: absentNotUndefined(diagram) };
    }
    case 'packet': {
      const packet = yaml(body, packetSchema, context);
      return packet && { type: 'packet', ...packet };
    }
    case 'run':
      return run(rest, body, context);
    case 'output':
      if (!context.expect(body.split('\n')))
        problem(context, 'an output block stands right after a run block');
      return code('text', body, context);
    default:
      return code(kind || 'text', body, context);
  }
}

function quiz(body: string, context: FenceContext): Block | undefined {
  const read = yaml(body, quizSchema, context);
  if (!read) return undefined;
  if (!read.choices.some(({ correct }) => correct)) {
    problem(context, 'a quiz needs a correct choice');
    return undefined;
  }
  return {
    type: 'quiz',
    id: read.id,
    question: context.inline(read.question),
    choices: read.choices.map((choice) => ({
      text: context.inline(choice.text),
      correct: choice.correct,
      why: context.inline(choice.why),
    })),
  };
}

function run(
  [place = '', ...options]: readonly string[],
  body: string,
  context: FenceContext,
): Block | undefined {
  const read = options.map((option) => /^(?:after=([a-z0-9-]+)|exit=(\d{1,3}))$/.exec(option));
  if (!parsePlace(place) || read.includes(null)) {
    problem(context, 'write: run <place>, and after=<step> or exit=<code> where they are needed');
    return undefined;
  }
  const after = read.find((option) => option?.[1] !== undefined)?.[1];
  const exit = Number(read.find((option) => option?.[2] !== undefined)?.[2] ?? 0);
  context.print({ place, after, exit, line: context.line + 1, commands: body, output: undefined });
  return { ...code('bash', body, context), copyable: true, place };
}

function code(language: string, body: string, { highlight }: FenceContext): Extract<Block, { type: 'code' }> {
  return { type: 'code', language, lines: highlight(language, body), copyable: false };
}

function yaml<S extends z.ZodType>(body: string, schema: S, context: FenceContext): z.output<S> | undefined {
  const read = readYamlFile(context.file, body, schema);
  if (read.ok) return read.value;
  context.report(read.error.map((diagnostic) => ({ ...diagnostic, line: diagnostic.line + context.line })));
  return undefined;
}

function problem({ file, line, report }: FenceContext, message: string): void {
  report([{ file, line, column: 1, path: '', message }]);
}

/** Optional members that zod types as `undefined` are absent, as the block types want. */
function absentNotUndefined(diagram: z.output<typeof diagramSchema>): Diagram {
  return JSON.parse(JSON.stringify(diagram)) as Diagram;
}
