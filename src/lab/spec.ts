/**
 * The lab file: what a lab is called, where it runs, how it starts, and the steps a learner takes with the checks that
 * decide them. One schema serves the parser here and the JSON Schema that editors use.
 */
import { z } from 'zod';
import type { Result } from '../base/result.ts';
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
import { readYamlFile } from './yaml-file.ts';

/** One key, the kind, and under it the check's own keys. */
const checkSchema = z
  .strictObject({
    ippool: ippoolSchema.optional(),
    object: objectSchema.optional(),
    reach: reachSchema.optional(),
    route: routeSchema.optional(),
    ipam: ipamSchema.optional(),
    command: commandSchema.optional(),
    script: scriptSchema.optional(),
  })
  .refine((check) => Object.values(check).filter((value) => value !== undefined).length === 1, {
    error: 'must have exactly one kind: ippool, object, reach, route, ipam, command or script',
  });

export type Check = z.output<typeof checkSchema>;

const stepSchema = z.strictObject({
  id: name,
  title: sentence,
  task: sentence,
  predict: predictionSchema.optional(),
  checks: z.array(checkSchema).min(1, { error: 'a step needs at least one check' }),
  hints: z.array(sentence).default([]),
});

export type LabStep = z.output<typeof stepSchema>;

export const labSchema = z
  .strictObject({
    id: name,
    title: sentence,
    level: z.enum(['introductory', 'intermediate', 'advanced']),
    minutes: z.number().int().min(1).max(240),
    objectives: z.array(name).default([]),
    /** Labs to have done before this one. */
    after: z.array(name).default([]),
    engines: z.array(z.enum(['sim', 'kind'])).min(1),
    topology: name,
    calico: z.strictObject({ install: z.enum(['manifest', 'operator']), pools: z.enum(['user', 'operator']) }),
    /** Folder of manifests, beside the lab file, applied in name order. */
    start: z.string().regex(/^[a-z0-9-]+\/$/, { error: 'must be a folder beside lab.yaml, such as start/' }).optional(),
    steps: z.array(stepSchema).min(1),
  })
  .superRefine((lab, context) => {
    const ids = lab.steps.map((step) => step.id);
    lab.steps.forEach((step, at) => {
      if (ids.indexOf(step.id) !== at) context.addIssue({ code: 'custom', path: ['steps', at, 'id'], message: `the step id "${step.id}" is used twice` });
    });
    if (lab.calico.pools === 'operator' && lab.calico.install === 'manifest') {
      context.addIssue({ code: 'custom', path: ['calico', 'pools'], message: 'only an operator install has pools owned by the operator' });
    }
  });

export type LabSpec = z.output<typeof labSchema>;

export function parseLab(file: string, text: string): Result<LabSpec, readonly Diagnostic[]> {
  return readYamlFile(file, text, labSchema);
}

/** JSON Schema (draft 2020-12) of lab.yaml, for completion and checking in editors. */
export function labJsonSchema(): object {
  return z.toJSONSchema(labSchema, { io: 'input', unrepresentable: 'any' });
}
