/** `command`: a command run in a place exits and prints as wanted; the escape hatch for evidence a learner leaves behind. */
import { z } from 'zod';
import { ok } from '../../base/result.ts';
import { formatPlace } from '../../model/place.ts';
import { place, sentence } from '../fields.ts';
import type { CheckDefinition } from './kind.ts';

const pattern = z.string().superRefine((text, context) => {
  try {
    new RegExp(text, 'm');
  } catch (error) {
    context.addIssue({ code: 'custom', message: `is not a regular expression: ${error instanceof Error ? error.message : text}` });
  }
});

export const commandSchema = z.strictObject({
  at: place,
  run: sentence,
  exit: z.number().int().default(0),
  /** Regular expressions (JavaScript, multi-line) that standard output must and must not match. */
  stdout: pattern.optional(),
  not: pattern.optional(),
  /** What is wanted, in words. */
  expect: sentence,
  why: sentence,
  readOn: sentence.optional(),
});

export type CommandCheck = z.infer<typeof commandSchema>;

/** Longest piece of output shown as evidence, in characters. */
const EVIDENCE = 400;

export function evidence(text: string): string {
  const trimmed = text.trim();
  return trimmed.length <= EVIDENCE ? trimmed : `${trimmed.slice(0, EVIDENCE)} …`;
}

export const command: CheckDefinition<CommandCheck> = {
  kind: 'command',
  title: ({ at, run }) => `${run} on ${formatPlace(at)}`,
  async evaluate(check, probe, signal) {
    const done = await probe.exec(check.at, ['sh', '-c', check.run], signal);
    if (!done.ok) return done;
    const { exitCode, stdout, stderr } = done.value;
    const matches = (expression: string): boolean => new RegExp(expression, 'm').test(stdout);
    const passed =
      exitCode === check.exit &&
      (check.stdout === undefined || matches(check.stdout)) &&
      (check.not === undefined || !matches(check.not));
    const printed = evidence(stdout === '' ? stderr : stdout);
    return ok({
      passed,
      expected: check.expect,
      observed: printed === '' ? `exit code ${exitCode}, no output` : `exit code ${exitCode}: ${printed}`,
      why: check.why,
    });
  },
};
