/**
 * `reach`: a flow arrives or not, what address the destination saw, and what it wore between nodes. The engine answers
 * by one packet's walk (simulator) or by measuring (kind); the check compares.
 */
import { z } from 'zod';
import { ok } from '../../base/result.ts';
import { ENCAPSULATIONS } from '../../model/encapsulation.ts';
import { formatPlace } from '../../model/place.ts';
import { place, remarks } from '../fields.ts';
import type { ReachFlow, ReachReport } from '../ports.ts';
import { addressedTarget, addressOf, formatTarget, targetField } from '../target.ts';
import type { CheckDefinition, Finding } from './kind.ts';

export const reachSchema = z
  .strictObject({
    from: place.describe('Where the packet starts.'),
    to: targetField.describe('pod/<name>, service/<name>, node/<name>, host/<name> or an address.'),
    port: z.number().int().min(1).max(65535).optional().describe('The TCP port asked.'),
    protocol: z.enum(['tcp', 'icmp']).optional().describe('tcp unless said; icmp is an echo.'),
    expect: z
      .enum(['delivered', 'blocked'])
      .describe('delivered: there and back. blocked: something on the way stops it.'),
    encapsulation: z.enum(ENCAPSULATIONS).optional().describe('What the packet must wear between nodes.'),
    source: addressedTarget
      .optional()
      .describe('The address the destination must see, or whose address it is.'),
    size: z
      .number()
      .int()
      .min(28)
      .max(65535)
      .optional()
      .describe("Bytes of the IP packet, which is then sent with Don't Fragment; icmp only."),
    ...remarks,
  })
  .refine(({ protocol, port }) => (protocol === 'icmp') === (port === undefined), {
    error: 'needs a port, or protocol: icmp without one',
  })
  .refine(({ protocol, size }) => size === undefined || protocol === 'icmp', {
    error: 'only an icmp packet has a size of its own',
    path: ['size'],
  })
  .refine(({ expect, encapsulation, source }) => expect === 'delivered' || !(encapsulation ?? source), {
    error: 'a blocked flow arrives with no encapsulation and no source',
    path: ['expect'],
  })
  .describe('A flow arrives, or is blocked, and how it travelled.');

export type ReachCheck = z.output<typeof reachSchema>;

export const reach: CheckDefinition<ReachCheck> = {
  kind: 'reach',
  title: ({ from, to, port, expect }) =>
    `${formatPlace(from)} ${expect === 'delivered' ? 'reaches' : 'does not reach'} ${formatTarget(to)}` +
    (port === undefined ? '' : ` on port ${port}`),
  async evaluate(check, probe, signal) {
    const source = check.source ? await addressOf(check.source, probe, signal) : ok(undefined);
    if (!source.ok) return source;
    if (check.source && source.value === undefined) return ok(notRunning(check, formatTarget(check.source)));
    if (check.to.kind === 'pod' || check.to.kind === 'service') {
      // What is not there is not blocked: without this a pod that never started would pass for a policy that works.
      const target = await addressOf(check.to, probe, signal);
      if (!target.ok) return target;
      if (target.value === undefined) return ok(notRunning(check, formatTarget(check.to)));
    }
    const report = await probe.reach(flowOf(check), signal);
    return report.ok ? ok(compare(check, report.value, source.value)) : report;
  },
};

function flowOf({ from, to, port, size }: ReachCheck): ReachFlow {
  return {
    from,
    to,
    ...(port === undefined ? { protocol: 'icmp' } : { protocol: 'tcp', port }),
    ...(size === undefined ? {} : { size, dontFragment: true }),
  };
}

function notRunning(check: ReachCheck, name: string): Finding {
  return {
    passed: false,
    expected: expectation(check, undefined),
    observed: `${name} has no address`,
    why: `${name} does not exist or is not running yet.`,
  };
}

function compare(check: ReachCheck, report: ReachReport, source: string | undefined): Finding {
  const faults = check.expect === 'delivered' ? travelFaults(check, report, source) : passageFaults(report);
  const good = check.expect === 'delivered' ? 'The packet took the way that was asked for.' : report.reason;
  return {
    passed: faults.length === 0,
    expected: expectation(check, source),
    observed: observation(report),
    why: faults.length > 0 ? faults.join(' ') : good,
  };
}

function travelFaults(check: ReachCheck, report: ReachReport, source: string | undefined): readonly string[] {
  if (!report.delivered) return [`The flow ended on its way: ${report.reason}`];
  const { encapsulation } = check;
  return [
    ...(encapsulation === undefined || report.encapsulation === encapsulation
      ? []
      : [`Between the nodes the packet travelled ${encapsulated(report.encapsulation)}.`]),
    ...(source === undefined || report.sourceSeen === source
      ? []
      : [`The destination saw ${report.sourceSeen ?? 'no address'} as the source.`]),
  ];
}

/** Why a flow that should be blocked was not. A closed port blocks nothing: the packet got there. */
function passageFaults({ delivered, disposition }: ReachReport): readonly string[] {
  if (delivered) return ['The flow arrived although it should not.'];
  if (disposition === 'port-closed')
    return ['Nothing listens on the port, but nothing on the way stops the packet.'];
  return [];
}

function expectation({ expect, encapsulation }: ReachCheck, source: string | undefined): string {
  return [
    expect,
    ...(encapsulation === undefined ? [] : [encapsulated(encapsulation)]),
    ...(source === undefined ? [] : [`source seen ${source}`]),
  ].join(', ');
}

function observation({ delivered, encapsulation, reason, outer, sourceSeen }: ReachReport): string {
  if (!delivered) return `not delivered: ${reason}`;
  return [
    'delivered',
    encapsulated(encapsulation),
    ...(outer ? [`outer header ${outer.source} > ${outer.destination}`] : []),
    ...(sourceSeen === undefined ? [] : [`source seen ${sourceSeen}`]),
  ].join(', ');
}

const encapsulated = (encapsulation: string): string =>
  encapsulation === 'none' ? 'without encapsulation' : `encapsulated in ${encapsulation}`;
