/**
 * One ping: an ICMP echo request, and the reply of whoever got it (RFC 792, RFC 4443; iputils ping for Don't Fragment, Linux
 * net/ipv4/icmp.c icmp_echo for the reply, which never sets it, net/ipv6/icmp.c icmpv6_echo_reply).
 */
import { isIpv4, unspecifiedLike } from '../../model/ip-family.ts';
import type { Ip } from '../../model/ip.ts';
import type { IcmpEcho, IpPacket } from '../../model/packet.ts';
import { ICMP_HEADER } from '../../model/wire-length.ts';
import type { EchoOutcome, EchoRequest, Exchange, ProbeReply } from './exchange.ts';
import type { Sent } from './exchange-send.ts';
import { errorReply, finished, localError, send, stackAt } from './exchange-send.ts';
import { ipHeader, ownPacket, ttlOf } from './flow.ts';
import { Journey } from './journey.ts';
import type { Network } from './netns.ts';
import { pathMtu, routeOutput } from './output-route.ts';
import { tablesFor } from './stack.ts';

export function echo(network: Network, request: EchoRequest): Exchange<EchoOutcome> {
  const journey = new Journey(network);
  const stack = stackAt(journey, request.from);
  const { source: wanted, device } = request;
  const refused = (reply: ProbeReply): Exchange<EchoOutcome> =>
    finished(journey, { reply, source: undefined, traces: [] });
  if (wanted !== undefined && !tablesFor(stack, wanted).routes.isLocal(wanted)) {
    return refused({ kind: 'local-error', error: 'invalid' });
  }
  const route = routeOutput<Ip>(stack, request.to, {
    ...(wanted === undefined ? {} : { source: wanted }),
    ...(device === undefined ? {} : { device }),
  });
  if (!route.ok) return refused({ kind: 'local-error', error: localError(route.error) });
  const source = route.value.source ?? unspecifiedLike(request.to);
  const mtu = pathMtu(route.value, journey.memory(request.from).pathMtu(request.to), journey.now);
  const fits = ipHeader(source) + ICMP_HEADER + request.dataLength <= mtu;
  const unsent = unsentBecause(request, { source, mtu, fits });
  if (unsent) return finished(journey, { reply: unsent, source, traces: [] });
  const dontFragment = request.pmtuDiscovery !== 'dont' && fits;
  const packet = requestPacket(request, { source, dontFragment, now: journey.now });
  const there = send(journey, { at: request.from, packet, ...(device === undefined ? {} : { device }) });
  return finished(journey, { source, ...answered(journey, request, there) });
}

/** Bytes that the length field of either header can tell: of IPv4 the whole packet, of IPv6 what follows the header. */
const LONGEST = 65_535;

interface Fit {
  readonly source: Ip;
  readonly mtu: number;
  readonly fits: boolean;
}

/** Of a message that alone is too long for IPv4 the socket's error queue hears nothing (net/ipv4/ping.c ping_common_sendmsg). */
function unsentBecause(
  { pmtuDiscovery, dataLength }: EchoRequest,
  { source, mtu, fits }: Fit,
): ProbeReply | undefined {
  const message = ICMP_HEADER + dataLength;
  const tooBig = {
    kind: 'local-error',
    error: 'too-big',
    mtu: isIpv4(source) ? Math.min(mtu, LONGEST) : mtu,
  } as const;
  if (isIpv4(source) && message > LONGEST) return { kind: 'silence' };
  if (message + (isIpv4(source) ? ipHeader(source) : 0) > LONGEST) return tooBig;
  return pmtuDiscovery === 'do' && !fits ? tooBig : undefined;
}

interface RequestHeader {
  readonly source: Ip;
  readonly dontFragment: boolean;
  readonly now: number;
}

function requestPacket(request: EchoRequest, { source, dontFragment, now }: RequestHeader): IpPacket {
  const { to: destination, ttl, identifier, sequence, dataLength } = request;
  // The kernel leaves the identification 0 where it could never be needed (`-M do`).
  const id = request.pmtuDiscovery === 'do' ? { id: 0 } : {};
  return ownPacket(
    { source, destination, ttl, ...id, dontFragment, now },
    { kind: 'icmp-echo', reply: false, identifier, sequence, dataLength },
  );
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
  const back = send(journey, { ...delivered, packet: reply });
  const traces = [...there.traces, ...back.traces];
  const received = back.delivered?.at === request.from ? back.delivered.packet : undefined;
  if (!received || !isReplyTo(request, received)) return { reply: { kind: 'silence' }, traces };
  const { source: from } = received;
  const ttl = ttlOf(received);
  return {
    reply: { kind: 'reply', from, ttl, rtt: journey.offset, bytes: ICMP_HEADER + request.dataLength },
    traces,
  };
}

function replyPacket(request: IpPacket, message: IcmpEcho, now: number): IpPacket {
  const { source: destination, destination: source } = request;
  const tos = request.kind === 'ipv4' ? request.tos : 0;
  return ownPacket({ source, destination, ttl: 64, tos, now }, { ...message, reply: true });
}

function isReplyTo({ identifier, sequence }: EchoRequest, { payload }: IpPacket): boolean {
  return (
    payload.kind === 'icmp-echo' &&
    payload.reply &&
    payload.identifier === identifier &&
    payload.sequence === sequence
  );
}
