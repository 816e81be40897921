/**
 * One ping: an ICMP echo request, and the reply of whoever got it (RFC 792; iputils ping for Don't Fragment, Linux
 * net/ipv4/icmp.c icmp_echo for the reply, which never sets it).
 */
import { UNSPECIFIED } from '../../model/ip.ts';
import type { IcmpEcho, Ipv4Packet } from '../../model/packet.ts';
import { ICMP_HEADER, IPV4_HEADER } from '../../model/wire-length.ts';
import type { EchoOutcome, EchoRequest, Exchange, ProbeReply } from './exchange.ts';
import type { Sent } from './exchange-send.ts';
import { errorReply, finished, localError, send, stackAt } from './exchange-send.ts';
import { packetId } from './flow.ts';
import { Journey } from './journey.ts';
import type { Network } from './netns.ts';
import { pathMtu, routeOutput } from './output-route.ts';

export function echo(network: Network, request: EchoRequest): Exchange<EchoOutcome> {
  const journey = new Journey(network);
  const stack = stackAt(journey, request.from);
  const { source: wanted, device } = request;
  const refused = (reply: ProbeReply): Exchange<EchoOutcome> =>
    finished(journey, { reply, source: undefined, traces: [] });
  if (wanted !== undefined && !stack.routes.isLocal(wanted)) {
    return refused({ kind: 'local-error', error: 'invalid' });
  }
  const route = routeOutput(stack, request.to, {
    ...(wanted === undefined ? {} : { source: wanted }),
    ...(device === undefined ? {} : { device }),
  });
  if (!route.ok) return refused({ kind: 'local-error', error: localError(route.error) });
  const source = route.value.source ?? UNSPECIFIED;
  const mtu = pathMtu(route.value, journey.memory(request.from).pathMtu(request.to), journey.now);
  const fits = IPV4_HEADER + ICMP_HEADER + request.dataLength <= mtu;
  if (request.pmtuDiscovery === 'do' && !fits) {
    return finished(journey, { reply: { kind: 'local-error', error: 'too-big', mtu }, source, traces: [] });
  }
  const dontFragment = request.pmtuDiscovery !== 'dont' && fits;
  const packet = requestPacket(request, { source, dontFragment, now: journey.now });
  const there = send(journey, { at: request.from, packet, ...(device === undefined ? {} : { device }) });
  return finished(journey, { source, ...answered(journey, request, there) });
}

interface RequestHeader {
  readonly source: Ipv4Packet['source'];
  readonly dontFragment: boolean;
  readonly now: number;
}

function requestPacket(request: EchoRequest, { source, dontFragment, now }: RequestHeader): Ipv4Packet {
  const { identifier, sequence, dataLength } = request;
  return {
    kind: 'ipv4',
    source,
    destination: request.to,
    ttl: request.ttl,
    tos: 0,
    // The kernel leaves the identification 0 where it could never be needed (`-M do`).
    id: request.pmtuDiscovery === 'do' ? 0 : packetId(source, request.to, now),
    dontFragment,
    payload: { kind: 'icmp-echo', reply: false, identifier, sequence, dataLength },
  };
}

function answered(
  journey: Journey,
  request: EchoRequest,
  there: Sent,
): Pick<EchoOutcome, 'reply' | 'traces'> {
  const { delivered } = there;
  if (delivered?.packet.payload.kind !== 'icmp-echo') {
    return { reply: errorReply(journey, there), traces: there.traces };
  }
  const reply = replyPacket(delivered.packet, delivered.packet.payload, journey.now);
  const back = send(journey, { at: delivered.at, packet: reply });
  const traces = [...there.traces, ...back.traces];
  const received = back.delivered?.at === request.from ? back.delivered.packet : undefined;
  if (!received || !isReplyTo(request, received)) return { reply: { kind: 'silence' }, traces };
  const { source: from, ttl } = received;
  return {
    reply: { kind: 'reply', from, ttl, rtt: journey.offset, bytes: ICMP_HEADER + request.dataLength },
    traces,
  };
}

function replyPacket(request: Ipv4Packet, message: IcmpEcho, now: number): Ipv4Packet {
  const { source: destination, destination: source, tos } = request;
  return {
    kind: 'ipv4',
    source,
    destination,
    ttl: 64,
    tos,
    id: packetId(source, destination, now),
    dontFragment: false,
    payload: { ...message, reply: true },
  };
}

function isReplyTo({ identifier, sequence }: EchoRequest, { payload }: Ipv4Packet): boolean {
  return (
    payload.kind === 'icmp-echo' &&
    payload.reply &&
    payload.identifier === identifier &&
    payload.sequence === sequence
  );
}
