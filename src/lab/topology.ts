/**
 * Topology files: the YAML form of `model/topology.ts`, with the mistakes that would make a lab impossible refused
 * (addresses outside their segment, names used twice, gateways nobody has).
 */
import { z } from 'zod';
import type { Result } from '../base/result.ts';
import { cidrContains, formatCidr, formatIpv4 } from '../model/ip.ts';
import type { Topology } from '../model/topology.ts';
import type { Diagnostic } from './diagnostic.ts';
import { address, cidr, interfaceAddress, name } from './fields.ts';
import { readYamlFile } from './yaml-file.ts';

const STANDARD_MTU = 1500;

const host = z.strictObject({ name, segment: name, address: interfaceAddress, gateway: address });

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
          routes: z.array(z.strictObject({ to: cidr, via: address })).default([]),
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
    hosts: z.array(host).default([]),
  })
  .superRefine((topology, context) => {
    const issue = (path: readonly (string | number)[], message: string): void =>
      context.addIssue({ code: 'custom', path: [...path], message });
    const segments = new Map(topology.segments.map((segment) => [segment.name, segment]));
    const taken = new Map<number, string>();
    const place = (path: readonly (string | number)[], at: { segment: string; address: { address: number } }): void => {
      const segment = segments.get(at.segment);
      const spelt = formatIpv4(at.address.address as never);
      if (!segment) issue([...path, 'segment'], `no segment is named "${at.segment}"`);
      else if (!cidrContains(segment.subnet, at.address.address as never)) {
        issue([...path, 'address'], `${spelt} is outside ${at.segment} (${formatCidr(segment.subnet)})`);
      }
      if (taken.has(at.address.address)) issue([...path, 'address'], `${spelt} is used twice`);
      taken.set(at.address.address, at.segment);
    };
    topology.routers.forEach((router, r) =>
      router.ports.forEach((port, p) => place(['routers', r, 'ports', p], port)),
    );
    topology.nodes.forEach((node, at) => place(['nodes', at], node));
    topology.hosts.forEach((outside, at) => place(['hosts', at], outside));
    const names = [...topology.nodes, ...topology.hosts, ...topology.routers].map((named) => named.name);
    for (const twice of names.filter((named, at) => names.indexOf(named) !== at)) {
      issue(['nodes'], `the name "${twice}" is used twice`);
    }
    if (!topology.nodes.some((node) => node.role === 'control-plane')) {
      issue(['nodes'], 'one node must have the role control-plane');
    }
  });

export function parseTopology(file: string, text: string): Result<Topology, readonly Diagnostic[]> {
  return readYamlFile(file, text, topologySchema);
}
