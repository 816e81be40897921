/** Asks the simulator how a flow goes, of stacks that have not learnt anything yet. */
import { encodePacket } from '../../src/model/wire.ts';
import type { TimedFrame } from '../../src/sim/net/exchange.ts';
import { echo, http, udpProbe } from '../../src/sim/net/exchange.ts';
import { networkOf } from '../../src/sim/net/journey.ts';
import type { Netns, Network, SegmentPort } from '../../src/sim/net/netns.ts';
import { courseOf } from './course.ts';
import { headersTo, type Course, type Flow, type Outcome } from './flow.ts';
import { formatIp, isIpv6 } from '../../src/model/ip-family.ts';
import { readPacket, TCP, type Crossing } from './wire.ts';

const SOURCE_PORT = 40_000;
const HTTP_TIMEOUT = 'timeout';

/** A network of nothing but these stacks. */
export function networkFrom(stacks: readonly Netns[]): Network {
  const segments = new Map<string, SegmentPort[]>();
  for (const { id, devices } of stacks) {
    for (const { name, link } of devices) {
      if (link?.kind !== 'segment') continue;
      segments.set(link.segment, [...(segments.get(link.segment) ?? []), { netns: id, device: name }]);
    }
  }
  return networkOf({
    stacks: new Map(stacks.map((stack) => [stack.id, stack])),
    memories: new Map(),
    segments,
    now: 0,
  });
}

export const simulatedOutcome = (network: Network, flow: Flow): Outcome => exchanged(network, flow).outcome;

export function simulatedCourse(network: Network, flow: Flow): Course {
  const { outcome, frames } = exchanged(network, flow);
  return courseOf(outcome, frames.flatMap(crossingOf).filter(isAskedFor(flow)), flow.from);
}

function exchanged(
  network: Network,
  flow: Flow,
): { readonly outcome: Outcome; readonly frames: readonly TimedFrame[] } {
  const { from, to, port, bytes } = flow;
  switch (flow.protocol) {
    case 'icmp': {
      const { outcome, frames } = echo(network, {
        from,
        to,
        identifier: 1,
        sequence: 1,
        ttl: 64,
        dataLength: bytes - headersTo(to),
        pmtuDiscovery: flow.size === 'jumbo' ? 'want' : 'do',
      });
      return { outcome: probeOutcome(outcome.reply), frames };
    }
    case 'udp': {
      const dataLength = bytes - headersTo(to);
      const { outcome, frames } = udpProbe(network, {
        from,
        to,
        sourcePort: SOURCE_PORT,
        destinationPort: port,
        ttl: 64,
        dataLength,
        data: new Uint8Array(dataLength),
      });
      return { outcome: datagramOutcome(outcome.reply), frames };
    }
    case 'tcp': {
      const { outcome, frames } = http(network, {
        from,
        to,
        port,
        sourcePort: SOURCE_PORT,
        host: formatIp(to),
        path: '/',
        method: 'GET',
      });
      return { outcome: httpOutcome(outcome), frames };
    }
  }
}

type Reply = ReturnType<typeof echo>['outcome']['reply'];

/**
 * A connected socket is told of a closed port and of a path that was too narrow (udp_err), one of IPv6 also of a prohibited one
 * (icmpv6_err_convert), and of no other error.
 */
function datagramOutcome(reply: Reply): Outcome {
  if (reply.kind !== 'icmp-error') return probeOutcome(reply);
  if (reply.error === 'port-unreachable') return 'refused';
  if (reply.error === 'admin-prohibited' && isIpv6(reply.from)) return 'error admin-prohibited';
  return reply.error === 'too-big' ? 'error too-big' : 'nothing';
}

function probeOutcome(reply: Reply): Outcome {
  switch (reply.kind) {
    case 'reply':
      return 'answered';
    case 'local-error':
      return `error ${reply.error}`;
    default:
      return 'nothing';
  }
}

function httpOutcome(outcome: ReturnType<typeof http>['outcome']): Outcome {
  switch (outcome.kind) {
    case 'response':
    case 'empty':
      return 'answered';
    case 'refused':
      return 'refused';
    case 'unreachable':
      return `error ${outcome.error}`;
    case HTTP_TIMEOUT:
      return 'nothing';
  }
}

/** A packet at a device, by way of its bytes. */
function crossingOf({ netns, device, direction, frame }: TimedFrame): readonly Crossing[] {
  if (frame.payload.kind === 'arp') return [];
  const packet = readPacket(encodePacket(frame.payload));
  return packet ? [{ netns, device, direction, packet }] : [];
}

/** Of a TCP connection only the handshake is compared, and what ends it before it is one. */
function isAskedFor({ protocol }: Flow): (crossing: Crossing) => boolean {
  return protocol === 'tcp' ? ({ packet }) => isHandshake(packet) : () => true;
}

export function isHandshake(packet: Crossing['packet']): boolean {
  const { content } = packet;
  if ('inner' in content) return isHandshake(content.inner);
  return content.kind === 'tcp' ? (content.flags & (TCP.syn | TCP.rst)) !== 0 : content.kind === 'icmp';
}
