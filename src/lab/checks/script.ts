/**
 * `script`: a shell script that runs inside the lab, never on the learner's machine. Exit code 0 passes, 1 fails, and any
 * other code is an error of the lab; its last line of output is what was observed.
 */
import { z } from 'zod';
import { err, ok } from '../../base/result.ts';
import { place, remarks, sentence } from '../fields.ts';
import { WORKSTATION, formatPlace } from '../../model/place.ts';
import type { CheckDefinition } from './kind.ts';
import { evidence } from './command.ts';

export const scriptSchema = z
  .strictObject({
    run: sentence.describe(
      'Shell lines. Exit 0 passes, 1 fails; the last line printed is what was observed.',
    ),
    at: place.default(WORKSTATION).describe('Where it runs: the workstation unless said.'),
    expect: sentence.describe('What is wanted, in words.'),
    ...remarks,
    why: sentence.describe('Why this shows what the step asks for.'),
  })
  .describe('A shell script decides; it runs inside the lab only.');

export type ScriptCheck = z.output<typeof scriptSchema>;

export const script: CheckDefinition<ScriptCheck> = {
  kind: 'script',
  title: ({ expect }) => expect,
  async evaluate({ run, at, expect, why }, probe, signal) {
    const done = await probe.exec(at, ['sh', '-c', run], signal);
    if (!done.ok) return done;
    const { exitCode, stdout, stderr } = done.value;
    if (exitCode !== 0 && exitCode !== 1) {
      return err({
        code: 'check-script-failed',
        message: `The lab's check script ended with exit code ${exitCode} on ${formatPlace(at)}: ${evidence(stderr || stdout)}`,
        remedy: 'Reset the lab and try again; if it stays, the lab itself is at fault.',
      });
    }
    const observed = stdout.trimEnd().split('\n').at(-1) ?? '';
    return ok({
      passed: exitCode === 0,
      expected: expect,
      observed: observed || `exit code ${exitCode}`,
      why,
    });
  },
};
