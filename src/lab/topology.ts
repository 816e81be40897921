/**
 * Topology files: the YAML form of `model/topology.ts`, with the mistakes that would make a lab impossible refused
 * (addresses outside their segment, names used twice, gateways nobody has).
 */
import { z } from 'zod';
import type { Result } from '../base/result.ts';
import type { RouterBgp, Topology } from '../model/topology.ts';
import type { Diagnostic } from './diagnostic.ts';
import { address, address6, cidr, cidr6, interfaceAddress, interfaceAddress6, name } from './fields.ts';
import { topologyMistakes } from './topology-rules.ts';
import { readYamlFile } from './yaml-file.ts';

const STANDARD_MTU = 1500;

const host = z.strictObject({
  name,
  segment: name,
  address: interfaceAddress,
  gateway: address,
  address6: interfaceAddress6.exactOptional(),
  gateway6: address6.exactOptional(),
});

const routerPort = z.strictObject({
  segment: name,
  address: interfaceAddress,
  address6: interfaceAddress6.exactOptional(),
});

const staticRoute = z.strictObject({ to: cidr, via: address });
const staticRoutes6 = z.array(z.strictObject({ to: cidr6, via: address6 }));

const asNumber = z.number().int().min(1).max(4294967294);
const NODES_AS = 64512;

const neighbour = z.strictObject({
  address: address.describe("The neighbour's address."),
  as: asNumber.describe("The neighbour's autonomous system."),
  reflectorClient: z.boolean().default(false).describe('Reflect routes to it (rr client).'),
  nextHop: z
    .enum(['self', 'keep'])
    .optional()
    .describe('next hop self, next hop keep; RFC 4271 unless said.'),
  multihop: z
    .number()
    .int()
    .min(1)
    .max(255)
    .optional()
    .describe('Hops away, when it is in none of the segments.'),
  passive: z.boolean().default(false).describe('Wait to be called.'),
});

const bgp = z
  .strictObject({
    as: asNumber.describe('The autonomous system of the router.'),
    nodesAs: asNumber
      .default(NODES_AS)
      .describe('That of the cluster nodes, when neighbours are not listed.'),
    ecmp: z.boolean().default(true).describe('Use all equally good ways at once (merge paths).'),
    neighbours: z
      .array(neighbour)
      .optional()
      .describe('Without it: every node and every router with BGP in the segments of its ports.'),
  })
  .transform(({ as, neighbours, ...rest }): RouterBgp => ({
    ...rest,
    asNumber: as,
    ...(neighbours ? { neighbours: neighbours.map(neighbourOf) } : {}),
  }));

function neighbourOf({
  as,
  nextHop,
  multihop,
  ...rest
}: z.output<typeof neighbour>): NonNullable<RouterBgp['neighbours']>[number] {
  return {
    ...rest,
    asNumber: as,
    ...(nextHop === undefined ? {} : { nextHop }),
    ...(multihop === undefined ? {} : { multihop }),
  };
}

export const topologySchema = z
  .strictObject({
    name,
    podCidr: cidr,
    serviceCidr: cidr,
    podCidr6: cidr6.exactOptional().describe('With serviceCidr6: the cluster is dual-stack.'),
    serviceCidr6: cidr6.exactOptional(),
    segments: z.array(
      z.strictObject({
        name,
        subnet: cidr,
        subnet6: cidr6.exactOptional(),
        mtu: z.number().int().min(576).max(65535).default(STANDARD_MTU),
      }),
    ),
    routers: z
      .array(
        z
          .strictObject({
            name,
            ports: z.array(routerPort).min(1),
            routes: z.array(staticRoute).default([]),
            routes6: staticRoutes6.exactOptional(),
            bgp: bgp.optional(),
          })
          .transform(({ bgp: speaks, ...router }) => (speaks ? { ...router, bgp: speaks } : router)),
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
    hosts: z
      .array(
        host.extend({
          routes: z.array(staticRoute).default([]),
          routes6: staticRoutes6.exactOptional(),
        }),
      )
      .default([]),
  })
  .superRefine((topology, context) => {
    for (const { path, message } of topologyMistakes(topology)) {
      context.addIssue({ code: 'custom', path: [...path], message });
    }
  });

export function parseTopology(file: string, text: string): Result<Topology, readonly Diagnostic[]> {
  return readYamlFile(file, text, topologySchema);
}
