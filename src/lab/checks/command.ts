/** `command`: a command run in a place exits and prints as wanted; the escape hatch for evidence a learner leaves behind. */
import { z } from 'zod';
import { ok } from '../../base/result.ts';
import { formatPlace } from '../../model/place.ts';
import { place, remarks, sentence } from '../fields.ts';
import type { CheckDefinition } from './kind.ts';

const pattern = z.string().superRefine((text, context) => {
  try {
    new RegExp(text, 'm');
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : text;
    context.addIssue({ code: 'custom', message: `is not a regular expression: ${reason}` });
  }
});

export const commandSchema = z
  .strictObject({
    at: place.describe('Where the command runs.'),
    run: sentence.describe('The command, as a shell line.'),
    exit: z.number().int().default(0).describe('The exit code it must end with.'),
    stdout: pattern
      .optional()
      .describe('A regular expression (JavaScript, multi-line) its output must match.'),
    not: pattern.optional().describe('A regular expression its output must not match.'),
    expect: sentence.describe('What is wanted, in words.'),
    ...remarks,
    why: sentence.describe('Why this shows what the step asks for.'),
  })
  .describe('A command run in a place exits and prints as wanted.');

export type CommandCheck = z.output<typeof commandSchema>;

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
