/**
 * `reach`: a flow arrives or not, what address the destination saw, and what it wore between nodes. The engine answers
 * by one packet's walk (simulator) or by measuring (kind); the check compares.
 */
import { z } from 'zod';
import { ok } from '../../base/result.ts';
import { ENCAPSULATIONS } from '../../model/encapsulation.ts';
import { formatPlace } from '../../model/place.ts';
import { place, sentence } from '../fields.ts';
import { addressOf, formatTarget, targetField } from '../target.ts';
import type { Probe, ReachFlow, ReachReport } from '../ports.ts';
import type { CheckDefinition, Finding } from './kind.ts';

export const reachSchema = z
  .strictObject({
    from: place,
    to: targetField,
    port: z.number().int().min(1).max(65535).optional(),
    protocol: z.enum(['tcp', 'icmp']).optional(),
    expect: z.enum(['delivered', 'blocked']),
    encapsulation: z.enum(ENCAPSULATIONS).optional(),
    /** The address the destination sees, or the place it belongs to. */
    source: targetField.optional(),
    /** Bytes of the IP packet, sent with Don't Fragment. */
    size: z.number().int().min(28).max(65535).optional(),
    why: sentence.optional(),
    readOn: sentence.optional(),
  })
  .refine((check) => check.protocol === 'icmp' || check.port !== undefined, {
    error: 'needs a port, or protocol: icmp',
    path: ['port'],
  });

export type ReachCheck = z.infer<typeof reachSchema>;

export function flowOf(check: Pick<ReachCheck, 'from' | 'to' | 'port' | 'protocol' | 'size'>): ReachFlow {
  const protocol = check.protocol ?? (check.port === undefined ? 'icmp' : 'tcp');
  return {
    from: check.from,
    to: check.to,
    protocol,
    ...(check.port === undefined ? {} : { port: check.port }),
    ...(check.size === undefined ? {} : { size: check.size, dontFragment: true }),
  };
}

const encapsulated = (encapsulation: string): string =>
  encapsulation === 'none' ? 'without encapsulation' : `encapsulated in ${encapsulation}`;

function observe(report: ReachReport): string {
  const how = report.delivered ? `delivered, ${encapsulated(report.encapsulation)}` : `not delivered: ${report.reason}`;
  const source = report.sourceSeen === undefined ? '' : `, source seen ${report.sourceSeen}`;
  const outer = report.outer ? `, outer header ${report.outer.source} > ${report.outer.destination}` : '';
  return `${how}${outer}${source}`;
}

function compare(check: ReachCheck, report: ReachReport, source: string | undefined): Finding {
  const arrives = check.expect === 'delivered';
  const expected = [
    check.expect,
    ...(check.encapsulation === undefined ? [] : [encapsulated(check.encapsulation)]),
    ...(source === undefined ? [] : [`source seen ${source}`]),
  ].join(', ');
  const faults = [
    report.delivered === arrives
      ? undefined
      : report.delivered
        ? 'The flow arrived although it should not.'
        : `The flow ended on its way: ${report.reason}`,
    report.delivered && check.encapsulation !== undefined && report.encapsulation !== check.encapsulation
      ? `Between the nodes the packet travelled ${encapsulated(report.encapsulation)}.`
      : undefined,
    report.delivered && source !== undefined && report.sourceSeen !== source
      ? `The destination saw ${report.sourceSeen ?? 'no address'} as the source.`
      : undefined,
  ].filter((fault) => fault !== undefined);
  const why = faults.length > 0 ? faults.join(' ') : 'The packet took the way that was asked for.';
  return { passed: faults.length === 0, expected, observed: observe(report), why };
}

export const reach: CheckDefinition<ReachCheck> = {
  kind: 'reach',
  title: ({ from, to, port, expect }) =>
    `${formatPlace(from)} ${expect === 'delivered' ? 'reaches' : 'does not reach'} ${formatTarget(to)}` +
    (port === undefined ? '' : ` on port ${port}`),
  async evaluate(check, probe: Probe, signal) {
    const source = check.source ? await addressOf(check.source, probe, signal) : ok(undefined);
    if (!source.ok) return source;
    const report = await probe.reach(flowOf(check), signal);
    return report.ok ? ok(compare(check, report.value, source.value)) : report;
  },
};
