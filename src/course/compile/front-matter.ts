/** Front matter: the YAML between two `---` lines at the head of a lesson. */
import { z } from 'zod';
import { err, ok, type Result } from '../../base/result.ts';
import type { Diagnostic } from '../../lab/diagnostic.ts';
import { name, sentence } from '../../lab/fields.ts';
import { readYamlFile } from '../../lab/yaml-file.ts';

export const lessonSchema = z.strictObject({
  id: name,
  title: sentence,
  summary: sentence,
  level: z.enum(['introductory', 'intermediate', 'advanced']),
  minutes: z.number().int().min(1).max(240),
  objectives: z.array(name).default([]),
  lab: name.optional(),
});

export type FrontMatter = z.output<typeof lessonSchema>;

export interface Source {
  readonly front: FrontMatter;
  readonly body: string;
  /** Line of the file on which the body's first line stands, 1-based. */
  readonly bodyLine: number;
}

export function splitFrontMatter(file: string, text: string): Result<Source, readonly Diagnostic[]> {
  const match = /^---\n([\s\S]*?\n)---\n/.exec(text);
  if (!match) {
    const message = 'a lesson begins with front matter: YAML between two lines of ---';
    return err([{ file, line: 1, column: 1, path: '', message }]);
  }
  // The opening line is kept as a comment, so that the positions the parser reports are those of the file.
  const front = readYamlFile(file, `#--\n${match[1] ?? ''}`, lessonSchema);
  if (!front.ok) return front;
  const bodyLine = (match[0].match(/\n/g)?.length ?? 0) + 1;
  return ok({ front: front.value, body: text.slice(match[0].length), bodyLine });
}
