/** `ippool`: a Calico IP pool exists (or does not) and its fields have the wanted values. */
import { z } from 'zod';
import { isJsonObject, jsonEquals, type Json, type JsonObject } from '../../base/json.ts';
import { ok } from '../../base/result.ts';
import { sentence } from '../fields.ts';
import type { CheckDefinition } from './kind.ts';

const mode = z.enum(['Never', 'Always', 'CrossSubnet']);

export const ippoolSchema = z.strictObject({
  name: sentence,
  is: z
    .strictObject({
      cidr: z.string(),
      vxlanMode: mode,
      ipipMode: mode,
      natOutgoing: z.boolean(),
      disabled: z.boolean(),
      disableBGPExport: z.boolean(),
      blockSize: z.number().int(),
      nodeSelector: z.string(),
      assignmentMode: z.enum(['Automatic', 'Manual']),
    })
    .partial()
    .optional(),
  absent: z.literal(true).optional(),
  why: sentence.optional(),
  readOn: sentence.optional(),
});

export type IppoolCheck = z.infer<typeof ippoolSchema>;

/** What an IPPool means by leaving a field out (libcalico-go/lib/clientv3/ippool.go, v3.32.1). */
const DEFAULTS: JsonObject = {
  vxlanMode: 'Never',
  ipipMode: 'Never',
  natOutgoing: false,
  disabled: false,
  disableBGPExport: false,
  blockSize: 26,
  nodeSelector: 'all()',
  assignmentMode: 'Automatic',
};

const spell = (fields: readonly (readonly [string, Json | undefined])[]): string =>
  fields.map(([key, value]) => `${key}: ${value === undefined ? '(unset)' : String(value)}`).join(', ');

export const ippool: CheckDefinition<IppoolCheck> = {
  kind: 'ippool',
  title: ({ name, absent }) => (absent ? `IP pool ${name} is gone` : `IP pool ${name} is as asked`),
  async evaluate(check, probe, signal) {
    const found = await probe.objects({ resource: 'ippools.crd.projectcalico.org' }, signal);
    if (!found.ok) return found;
    const nameOf = (pool: JsonObject): Json | undefined => (isJsonObject(pool.metadata) ? pool.metadata.name : undefined);
    const pool = found.value.find((candidate) => nameOf(candidate) === check.name);
    const wanted = Object.entries(check.is ?? {}) as [string, Json][];
    if (!pool || check.absent) {
      const others = found.value.map((other) => String(nameOf(other))).join(', ');
      return ok({
        passed: check.absent === true && !pool,
        expected: check.absent ? `no pool named ${check.name}` : `a pool named ${check.name}`,
        observed: pool ? `the pool exists` : `no such pool${others === '' ? '' : `; there is: ${others}`}`,
        why: pool ? 'The pool is still in the datastore.' : 'Pods can get addresses only from pools that exist.',
      });
    }
    const spec: JsonObject = { ...DEFAULTS, ...(isJsonObject(pool.spec) ? pool.spec : {}) };
    const wrong = wanted.filter(([key, value]) => !jsonEquals(spec[key], value));
    return ok({
      passed: wrong.length === 0,
      expected: spell(wanted),
      observed: spell(wanted.map(([key]) => [key, spec[key]])),
      why:
        wrong.length === 0
          ? 'Every field asked for has its value.'
          : `${wrong.map(([key]) => key).join(' and ')} of the pool ${wrong.length === 1 ? 'differs' : 'differ'}.`,
    });
  },
};
