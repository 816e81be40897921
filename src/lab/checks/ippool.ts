/** `ippool`: a Calico IP pool exists (or does not) and its fields have the wanted values. */
import { z } from 'zod';
import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts';
import { ok } from '../../base/result.ts';
import { remarks, sentence } from '../fields.ts';
import type { CheckDefinition } from './kind.ts';
import { judgeMembers, judgePresence, type WantedMembers } from './members.ts';

const mode = z.enum(['Never', 'Always', 'CrossSubnet']);

export const ippoolSchema = z
  .strictObject({
    name: sentence.describe('The name of the pool, such as default-ipv4-ippool.'),
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
      .optional()
      .describe(
        'Fields of spec and the values they must have; a field the pool leaves out counts with its default.',
      ),
    absent: z.literal(true).optional().describe('There must be no such pool.'),
    ...remarks,
  })
  .refine(({ is, absent }) => !(is && absent), {
    error: 'a pool that must be absent has no fields',
    path: ['is'],
  })
  .describe('A Calico IP pool exists, or does not, and its fields have the wanted values.');

export type IppoolCheck = z.output<typeof ippoolSchema>;

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

export const ippool: CheckDefinition<IppoolCheck> = {
  kind: 'ippool',
  title: ({ name, absent }) => (absent ? `IP pool ${name} is gone` : `IP pool ${name} is as asked`),
  async evaluate({ name, is = {}, absent = false }, probe, signal) {
    const found = await probe.objects({ resource: 'ippools.crd.projectcalico.org' }, signal);
    if (!found.ok) return found;
    const pool = found.value.find((candidate) => nameOf(candidate) === name);
    const others = found.value.map((other) => String(nameOf(other))).join(', ');
    const presence = judgePresence(pool !== undefined, absent, {
      object: `pool named ${name}`,
      missing: others === '' ? 'no pool at all' : `no such pool; there is: ${others}`,
      why: 'Pods can get addresses only from pools that exist.',
    });
    if (presence) return ok(presence);
    const spec: JsonObject = { ...DEFAULTS, ...(isJsonObject(pool?.spec) ? pool.spec : {}) };
    return ok(judgeMembers(Object.entries(is) as WantedMembers, (field) => spec[field]));
  },
};

function nameOf({ metadata }: JsonObject): Json | undefined {
  return isJsonObject(metadata) ? metadata.name : undefined;
}
