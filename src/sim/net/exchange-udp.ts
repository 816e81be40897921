/**
 * One UDP datagram as traceroute sends it: the answer is an ICMP error from a hop on the way or from the closed port at its
 * end; an echo server sends the datagram back (RFC 768, RFC 862).
 */
import { UNSPECIFIED } from '../../model/ip.ts';
import type { Ipv4Packet, UdpDatagram } from '../../model/packet.ts';
import type { Exchange, UdpProbeOutcome, UdpProbeRequest } from './exchange.ts';
import type { Sent } from './exchange-send.ts';
import { errorReply, finished, localError, send, stackAt } from './exchange-send.ts';
import { packetId } from './flow.ts';
import { Journey } from './journey.ts';
import type { Network } from './netns.ts';
import { routeOutput } from './output-route.ts';
import { listens } from './stack.ts';

export function udpProbe(network: Network, request: UdpProbeRequest): Exchange<UdpProbeOutcome> {
  const { from: at, to, sourcePort } = request;
  const journey = new Journey(network, [{ at, protocol: 'udp', port: sourcePort }]);
  const route = routeOutput(stackAt(journey, at), to);
  if (!route.ok) {
    const reply = { kind: 'local-error', error: localError(route.error) } as const;
    return finished(journey, { reply, traces: [] });
  }
  const source = route.value.source ?? UNSPECIFIED;
  const datagram: UdpDatagram = {
    kind: 'udp',
    sourcePort,
    destinationPort: request.destinationPort,
    payload: { kind: 'data', bytes: probeData(request.dataLength) },
  };
  const packet = udpPacket({ source, destination: to, ttl: request.ttl, datagram }, journey.now);
  return finished(journey, answered(journey, request, send(journey, { at, packet })));
}

/** traceroute fills its probes with `@ABC...`. */
function probeData(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => 0x40 + (at & 0x3f));
}

interface UdpParts extends Pick<Ipv4Packet, 'source' | 'destination' | 'ttl'> {
  readonly datagram: UdpDatagram;
}

function udpPacket({ source, destination, ttl, datagram }: UdpParts, now: number): Ipv4Packet {
  const id = packetId(source, destination, now);
  return { kind: 'ipv4', source, destination, ttl, tos: 0, id, dontFragment: false, payload: datagram };
}

function answered(journey: Journey, request: UdpProbeRequest, there: Sent): UdpProbeOutcome {
  const { delivered, traces } = there;
  const datagram = delivered?.packet.payload;
  const server = delivered && datagram?.kind === 'udp' && journey.stack(delivered.at);
  if (!server || listens(server, 'udp', datagram.destinationPort)?.serves.kind !== 'echo') {
    return { reply: errorReply(journey, there), traces };
  }
  const { source: destination, destination: source } = delivered.packet;
  const returned: UdpDatagram = {
    ...datagram,
    sourcePort: datagram.destinationPort,
    destinationPort: datagram.sourcePort,
  };
  const packet = udpPacket({ source, destination, ttl: 64, datagram: returned }, journey.now);
  const back = send(journey, { at: delivered.at, packet });
  const received = back.delivered?.at === request.from ? back.delivered.packet : undefined;
  return {
    traces: [...traces, ...back.traces],
    reply: received
      ? {
          kind: 'reply',
          from: received.source,
          ttl: received.ttl,
          rtt: journey.offset,
          bytes: request.dataLength,
        }
      : { kind: 'silence' },
  };
}
