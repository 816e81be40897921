/**
 * Topology files: the YAML form of `model/topology.ts`, with the mistakes that would make a lab impossible refused
 * (addresses outside their segment, names used twice, gateways nobody has).
 */
import { z } from 'zod';
import type { Result } from '../base/result.ts';
import type { Topology } from '../model/topology.ts';
import type { Diagnostic } from './diagnostic.ts';
import { address, cidr, interfaceAddress, name } from './fields.ts';
import { topologyMistakes } from './topology-rules.ts';
import { readYamlFile } from './yaml-file.ts';

const STANDARD_MTU = 1500;

const host = z.strictObject({ name, segment: name, address: interfaceAddress, gateway: address });

const staticRoute = z.strictObject({ to: cidr, via: address });

export const topologySchema = z
  .strictObject({
    name,
    podCidr: cidr,
    serviceCidr: cidr,
    segments: z.array(
      z.strictObject({ name, subnet: cidr, mtu: z.number().int().min(576).max(65535).default(STANDARD_MTU) }),
    ),
    routers: z
      .array(
        z.strictObject({
          name,
          ports: z.array(z.strictObject({ segment: name, address: interfaceAddress })).min(1),
          routes: z.array(staticRoute).default([]),
        }),
      )
      .default([]),
    nodes: z
      .array(
        host.extend({
          role: z.enum(['control-plane', 'worker']),
          labels: z.record(z.string(), z.string()).default({}),
        }),
      )
      .min(1),
    hosts: z.array(host.extend({ routes: z.array(staticRoute).default([]) })).default([]),
  })
  .superRefine((topology, context) => {
    for (const { path, message } of topologyMistakes(topology)) {
      context.addIssue({ code: 'custom', path: [...path], message });
    }
  });

export function parseTopology(file: string, text: string): Result<Topology, readonly Diagnostic[]> {
  return readYamlFile(file, text, topologySchema);
}
