/** Runs one check of a lab file, written in YAML, against a scripted cluster. */
import { expect } from 'vitest';
import { runStep } from '../../src/lab/check.ts';
import type { Verdict } from '../../src/lab/verdict.ts';
import { FakeSession, SIGNAL, type Script } from './fake-session.ts';
import { labWith } from './lab-text.ts';

export async function verdictOn(check: string, script: Script): Promise<Verdict> {
  const [step] = labWith({ checks: `- ${check}` }).steps;
  if (!step) throw new Error('no step');
  const { verdicts, passed } = await runStep(step, new FakeSession(script), SIGNAL);
  const [verdict] = verdicts;
  if (!verdict) throw new Error('no verdict');
  expect(passed).toBe(verdict.outcome === 'pass');
  return verdict;
}
