/**
 * Predictions: a question asked before the learner acts, answered by the cluster itself. `from` says how to measure the
 * answer: `encapsulation(pod/a, pod/b)`, `delivered(pod/a, pod/b)`, `source(pod/a, host/outside)`, `hops(pod/a, pod/b)` or
 * `mtu(pod/a, pod/b)`, the bytes of the largest IP packet that gets there whole.
 */
import { z } from 'zod';
import { err, ok, type Result } from '../base/result.ts';
import { ENCAPSULATIONS } from '../model/encapsulation.ts';
import { parsePlace, type Place } from '../model/place.ts';
import { parsed, sentence, words } from './fields.ts';
import { fits, LEFT_OUT } from './left-out.ts';
import type { LabError, Probe, ReachReport } from './ports.ts';
import { parseTarget, type Target } from './target.ts';

const MEASURES = {
  encapsulation: (report: ReachReport) => report.encapsulation,
  delivered: (report: ReachReport) => (report.delivered ? 'yes' : 'no'),
  source: (report: ReachReport) => report.sourceSeen,
  hops: (report: ReachReport) => String(report.hops.length),
  mtu: (report: ReachReport) => report.pathMtu?.toString(),
} as const;

export interface Measure {
  readonly measure: keyof typeof MEASURES;
  readonly from: Place;
  readonly to: Target;
}

const FORM = /^(encapsulation|delivered|source|hops|mtu)\(\s*([^\s,]+)\s*,\s*([^\s,)]+)\s*\)$/;

function parseMeasure(text: string): Measure | undefined {
  const match = FORM.exec(text);
  const from = parsePlace(match?.[2] ?? '');
  const to = parseTarget(match?.[3] ?? '');
  return match && from && to ? { measure: match[1] as keyof typeof MEASURES, from, to } : undefined;
}

const measureField = parsed(
  parseMeasure,
  'a measure: encapsulation, delivered, source, hops or mtu of two places, e.g. encapsulation(pod/a, pod/b)',
);

/** Words a measure can answer with, where they are few: a choice outside them could never be right. */
const ANSWERS: Partial<Record<keyof typeof MEASURES, readonly string[]>> = {
  encapsulation: ENCAPSULATIONS,
  delivered: ['yes', 'no'],
};

export const predictionSchema = z
  .strictObject({
    ask: sentence.describe('The question, asked before the learner acts.'),
    from: measureField.describe('How the cluster answers it, e.g. encapsulation(pod/a, pod/b).'),
    choices: z
      .array(words)
      .min(2, { error: 'needs at least two choices' })
      .describe(
        "The answers to choose from, in the measure's own words; `…` stands for what differs from cluster to cluster.",
      ),
  })
  .superRefine(({ from, choices }, context) => {
    const answers = ANSWERS[from.measure];
    choices.forEach((choice, at) => {
      const issue = (message: string): void =>
        context.addIssue({ code: 'custom', path: ['choices', at], message });
      if (choices.indexOf(choice) !== at) issue(`the choice "${choice}" is given twice`);
      if (choice === LEFT_OUT) issue('every answer would be this one: say what is known of it');
      if (answers && !answers.includes(choice)) {
        issue(`"${choice}" is never the answer: ${from.measure} is one of ${answers.join(', ')}`);
      }
    });
  })
  .describe('A question to think about first, answered by the cluster itself when the checks pass.');

export type Prediction = z.output<typeof predictionSchema>;

/** What the cluster answers now, in the words of the choices. */
export async function answerOf(
  prediction: Prediction,
  probe: Probe,
  signal: AbortSignal,
): Promise<Result<string, LabError>> {
  const { measure, from, to } = prediction.from;
  const report = await probe.reach({ from, to, protocol: 'icmp' }, signal);
  if (!report.ok) return report;
  const answer = MEASURES[measure](report.value);
  const { choices } = prediction;
  if (answer !== undefined) {
    return ok(choices.includes(answer) ? answer : (choices.find((choice) => fits(choice, answer)) ?? answer));
  }
  return err({
    code: 'prediction-unanswered',
    message: `The cluster gives no ${measure} for this flow: ${report.value.reason}`,
    remedy: 'Check the step again once the flow arrives.',
  });
}
