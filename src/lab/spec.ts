/**
 * The lab file: what a lab is called, where it runs, how it starts, and the steps a learner takes with the checks that
 * decide them. One schema serves the parser here and the JSON Schema that editors use.
 */
import { z } from 'zod';
import type { Result } from '../base/result.ts';
import { bgpSchema } from './checks/bgp.ts';
import { commandSchema } from './checks/command.ts';
import { ipamSchema } from './checks/ipam.ts';
import { ippoolSchema } from './checks/ippool.ts';
import { objectSchema } from './checks/object.ts';
import { reachSchema } from './checks/reach.ts';
import { routeSchema } from './checks/route.ts';
import { scriptSchema } from './checks/script.ts';
import type { Diagnostic } from './diagnostic.ts';
import { name, sentence } from './fields.ts';
import { predictionSchema } from './prediction.ts';
import { CHECK_KINDS } from './verdict.ts';
import { readYamlFile } from './yaml-file.ts';

/** One key, the kind, and under it the check's own keys. */
const checkSchema = z
  .strictObject({
    ippool: ippoolSchema.optional(),
    object: objectSchema.optional(),
    reach: reachSchema.optional(),
    route: routeSchema.optional(),
    bgp: bgpSchema.optional(),
    ipam: ipamSchema.optional(),
    command: commandSchema.optional(),
    script: scriptSchema.optional(),
  })
  .refine((check) => Object.values(check).filter((value) => value !== undefined).length === 1, {
    error: `must have exactly one kind: ${CHECK_KINDS.slice(0, -1).join(', ')} or ${CHECK_KINDS.at(-1) ?? ''}`,
  })
  .meta({ description: 'One check: the key says its kind.', minProperties: 1, maxProperties: 1 });

export type Check = z.output<typeof checkSchema>;

const stepSchema = z.strictObject({
  id: name.describe('Names the step in scripts and in saved progress.'),
  title: sentence,
  task: sentence.describe('What the learner is to do; `code` stands between backquotes.'),
  predict: predictionSchema.optional(),
  checks: z
    .array(checkSchema)
    .min(1, { error: 'a step needs at least one check' })
    .describe('What must hold when the step is done, asked in this order.'),
  hints: z.array(sentence).default([]).describe('Shown one at a time, from vague to precise.'),
});

export type LabStep = z.output<typeof stepSchema>;

export const labSchema = z
  .strictObject({
    id: name.describe("The lab's name, the same as its folder."),
    title: sentence,
    level: z.enum(['introductory', 'intermediate', 'advanced']),
    minutes: z.number().int().min(1).max(240).describe('How long a learner takes.'),
    objectives: z.array(name).default([]).describe('What it teaches, by short names.'),
    after: z.array(name).default([]).describe('Labs to have done before this one.'),
    engines: z
      .array(z.enum(['sim', 'kind']))
      .min(1)
      .describe('Where it runs: on the simulator, on a real kind cluster, or both.'),
    topology: name.describe('A file of labs/topologies, without its ending.'),
    calico: z
      .strictObject({
        install: z.enum(['manifest', 'operator']).describe('How Calico is installed.'),
        pools: z
          .enum(['user', 'operator'])
          .describe('Who owns the IP pools: the operator reverts edits to its own.'),
      })
      .describe('How Calico is installed, and who owns the IP pools.'),
    start: z
      .string()
      .regex(/^[a-z0-9-]+\/$/, { error: 'must be a folder beside lab.yaml, such as start/' })
      .optional()
      .describe('A folder of manifests, applied in name order before the learner arrives.'),
    steps: z.array(stepSchema).min(1).describe('What the learner does, one step after another.'),
  })
  .superRefine((lab, context) => {
    const ids = lab.steps.map((step) => step.id);
    lab.steps.forEach(({ id }, at) => {
      if (ids.indexOf(id) === at) return;
      context.addIssue({
        code: 'custom',
        path: ['steps', at, 'id'],
        message: `the step id "${id}" is used twice`,
      });
    });
    if (lab.calico.pools === 'operator' && lab.calico.install === 'manifest') {
      const message = 'only an operator install has pools owned by the operator';
      context.addIssue({ code: 'custom', path: ['calico', 'pools'], message });
    }
  })
  .meta({
    title: 'A lab of Underlay',
    description: 'What a lab is called, where it runs, how it starts, its steps.',
  });

export type LabSpec = z.output<typeof labSchema>;

export function parseLab(file: string, text: string): Result<LabSpec, readonly Diagnostic[]> {
  return readYamlFile(file, text, labSchema);
}

/** JSON Schema (draft 2020-12) of lab.yaml, for completion and checking in editors. */
export function labJsonSchema(): object {
  return z.toJSONSchema(labSchema, { io: 'input', unrepresentable: 'any' });
}
