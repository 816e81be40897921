/**
 * One UDP datagram and what comes back: an ICMP error from a hop on the way or from the closed port at its end, the datagram
 * itself from an echo server, an answer from a name server (RFC 768, RFC 862, RFC 1035).
 */
import { unspecifiedLike } from '../../model/ip-family.ts';
import type { IpPacket, UdpDatagram } from '../../model/packet.ts';
import type { NetnsId } from '../../model/trace.ts';
import { payloadLength } from '../../model/wire-length.ts';
import { answerDns } from './dns-server.ts';
import type { Exchange, UdpProbeOutcome, UdpProbeRequest } from './exchange.ts';
import type { Sent } from './exchange-send.ts';
import { errorReply, finished, localError, send, stackAt } from './exchange-send.ts';
import { ipHeader, ownPacket, ttlOf, type OwnHeader } from './flow.ts';
import { Journey } from './journey.ts';
import type { Network } from './netns.ts';
import { pathMtu, routeConnected, routeOutput } from './output-route.ts';
import { listens } from './stack.ts';

export function udpProbe(network: Network, request: UdpProbeRequest): Exchange<UdpProbeOutcome> {
  const { from: at, to, sourcePort } = request;
  const journey = new Journey(network, [{ at, protocol: 'udp', port: sourcePort }]);
  const route = routeConnected(stackAt(journey, at), to);
  if (!route.ok) {
    const reply = { kind: 'local-error', error: localError(route.error) } as const;
    return finished(journey, { reply, traces: [] });
  }
  const source = route.value.source ?? unspecifiedLike(to);
  const datagram: UdpDatagram = {
    kind: 'udp',
    sourcePort,
    destinationPort: request.destinationPort,
    payload: { kind: 'data', bytes: request.data ?? probeData(request.dataLength) },
  };
  const header = { source, destination: to, ttl: request.ttl, datagram };
  // traceroute switches path MTU discovery off.
  const dontFragment = request.data !== undefined && fits(journey, at, header);
  const packet = udpPacket({ ...header, dontFragment, now: journey.now });
  return finished(journey, answered(journey, request, send(journey, { at, packet })));
}

/** A socket that nobody touched sends with DF what fits the path as it knows it, and the rest in fragments. */
function fits(
  journey: Journey,
  at: NetnsId,
  { destination, datagram }: Pick<UdpParts, 'destination' | 'datagram'>,
): boolean {
  const route = routeOutput(stackAt(journey, at), destination);
  if (!route.ok) return true;
  const limit = pathMtu(route.value, journey.memory(at).pathMtu(destination), journey.now);
  return ipHeader(destination) + payloadLength(datagram) <= limit;
}

/** traceroute fills its probes with `@ABC...`. */
function probeData(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => 0x40 + (at & 0x3f));
}

interface UdpParts extends OwnHeader {
  readonly datagram: UdpDatagram;
}

const udpPacket = ({ datagram, ...header }: UdpParts): IpPacket => ownPacket(header, datagram);

function answered(journey: Journey, request: UdpProbeRequest, there: Sent): UdpProbeOutcome {
  const { delivered, traces } = there;
  const datagram = delivered?.packet.payload;
  const bytes = delivered && datagram?.kind === 'udp' ? served(journey, delivered.at, datagram) : undefined;
  if (delivered === undefined || datagram?.kind !== 'udp' || bytes === undefined) {
    return { reply: errorReply(journey, there), traces };
  }
  const { source: destination, destination: source } = delivered.packet;
  const returned: UdpDatagram = {
    kind: 'udp',
    sourcePort: datagram.destinationPort,
    destinationPort: datagram.sourcePort,
    payload: { kind: 'data', bytes },
  };
  const header = { source, destination, ttl: 64, datagram: returned };
  const dontFragment = fits(journey, delivered.at, header);
  const packet = udpPacket({ ...header, dontFragment, now: journey.now });
  const back = send(journey, { ...delivered, packet });
  const received = back.delivered?.at === request.from ? back.delivered.packet : undefined;
  return {
    traces: [...traces, ...back.traces],
    reply: received
      ? {
          kind: 'reply',
          from: received.source,
          ttl: ttlOf(received),
          rtt: journey.offset,
          bytes: bytes.length,
          data: bytes,
        }
      : { kind: 'silence' },
  };
}

/** What the process behind the socket sends back; undefined when it keeps silent. */
function served(
  journey: Journey,
  at: NetnsId,
  { destinationPort, payload }: UdpDatagram,
): Uint8Array | undefined {
  const stack = journey.stack(at);
  const server = stack && listens(stack, 'udp', destinationPort)?.serves;
  if (payload.kind !== 'data') return undefined;
  switch (server?.kind) {
    case 'echo':
      return payload.bytes;
    case 'dns':
      return answerDns(server, payload.bytes, (journey.network.epoch ?? 0) + journey.now);
    default:
      return undefined;
  }
}
