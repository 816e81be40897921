/**
 * From a next hop's address to its MAC: the permanent entry, the cached one, or ARP (RFC 826) on the cable. An address that
 * nobody answers for is INCOMPLETE for three requests a second apart, then FAILED (Linux net/core/neighbour.c defaults).
 * Left out: unicast probes of stale entries (they are verified silently), gratuitous ARP, proxy_delay.
 */
import type { Ipv4 } from '../../model/ip.ts';
import { UNSPECIFIED } from '../../model/ip.ts';
import type { Mac } from '../../model/mac.ts';
import { BROADCAST_MAC, ZERO_MAC } from '../../model/mac.ts';
import type { ArpPacket, Frame } from '../../model/packet.ts';
import type { CableEnd } from './cable.ts';
import { broadcast, carry } from './bridge.ts';
import { hasCarrier, receiverOf } from './cable.ts';
import type { Journey } from './journey.ts';
import type { Device, LearntNeighbour } from './netns.ts';
import { selectAddress } from './source-address.ts';
import { forwards, ignoresArp, proxiesArp } from './sysctl.ts';
import { floodList } from './vxlan-segment.ts';

/** base_reachable_time: a confirmed entry counts as REACHABLE this long. */
const REACHABLE_TIME = 30_000;
/** mcast_solicit requests, retrans_time apart. */
const REQUESTS = 3;
const RETRANSMIT_TIME = 1_000;

/** As `ip neigh` names the state of a learnt entry. */
export function neighbourState(
  neighbour: LearntNeighbour,
  now: number,
): 'REACHABLE' | 'STALE' | 'INCOMPLETE' | 'FAILED' {
  const age = now - neighbour.at;
  if (neighbour.mac !== undefined) return age < REACHABLE_TIME ? 'REACHABLE' : 'STALE';
  return age < REQUESTS * RETRANSMIT_TIME ? 'INCOMPLETE' : 'FAILED';
}

/**
 * The MAC to send to, noted in the trace; undefined when nobody answered, and then the journey's clock stands where the
 * kernel gave up.
 * @param source the packet's source: the request tells it when it is the stack's own address (arp_announce 0)
 */
export function resolveNeighbour(
  journey: Journey,
  from: CableEnd,
  { address, source }: { readonly address: Ipv4; readonly source: Ipv4 },
): Mac | undefined {
  const { stack, device } = from;
  const permanent = stack.neighbours.get(device.name)?.get(address) ?? withoutArp(device);
  const found = permanent === undefined ? learntOrAsked(journey, from, { address, source }) : permanent;
  const { mac, how } = typeof found === 'string' ? { mac: found, how: 'permanent' as const } : found;
  journey.step({ kind: 'neighbour', at: stack.id, device: device.name, address, mac, how });
  return mac;
}

/** A device that does not ask (IFF_NOARP) sends to its own address (arp_constructor). */
const withoutArp = ({ arpOff, kind, mac }: Device): Mac | undefined =>
  arpOff || kind.type === 'dummy' ? mac : undefined;

interface Question {
  readonly address: Ipv4;
  readonly source: Ipv4;
}

function learntOrAsked(
  journey: Journey,
  from: CableEnd,
  question: Question,
): { readonly mac: Mac | undefined; readonly how: 'cached' | 'resolved' | 'failed' } {
  const { stack, device } = from;
  const memory = journey.memory(stack.id);
  const learnt = memory.neighbour(device.name, question.address);
  if (learnt?.mac !== undefined && hasCarrier(journey, from)) {
    if (neighbourState(learnt, journey.now) === 'REACHABLE') return { mac: learnt.mac, how: 'cached' };
    const known = receiverOf(journey, from, learnt.mac);
    if (known && answersFor(known, question.address)) {
      memory.learn({ ...learnt, at: journey.now });
      return { mac: learnt.mac, how: 'cached' };
    }
  }
  const mac = ask(journey, from, question);
  if (mac !== undefined) return { mac, how: 'resolved' };
  giveUp(journey, from, question);
  return { mac: undefined, how: 'failed' };
}

/** Broadcasts one request; the answer, if any, is learnt on both sides. */
function ask(journey: Journey, from: CableEnd, question: Question): Mac | undefined {
  const request = arpRequest(from, question);
  sendRequest(journey, from, request);
  const ends = broadcast(journey, from, request);
  const answerer = ends.find((end) => answersFor(end, question.address));
  if (answerer) journey.crossCable();
  for (const end of ends) if (end !== answerer) journey.overhear(end.stack, end.device, 'in', request);
  if (!answerer) return undefined;
  journey.frame(answerer.stack, answerer.device, 'in', request);
  return answer(journey, from, { answerer, question, request }) ? answerer.device.mac : undefined;
}

/** A tunnel device may have nowhere to send a broadcast: no FDB entry is made for it. */
function sendRequest(journey: Journey, { stack, device }: CableEnd, request: Frame): void {
  const { type } = device.kind;
  const leads =
    device.link || type === 'bridge' || (type === 'vxlan' && floodList(stack, device.name).length > 0);
  if (leads) journey.frame(stack, device, 'out', request);
  else journey.dropped(stack, device, request);
}

interface Answer {
  readonly answerer: CableEnd;
  readonly question: Question;
  readonly request: Frame & { readonly payload: ArpPacket };
}

/** False when the answer gets lost. */
function answer(journey: Journey, from: CableEnd, { answerer, question, request }: Answer): boolean {
  const asker = request.payload.senderIp;
  const reply = arpReply(answerer, request);
  if (!answerer.stack.neighbours.get(answerer.device.name)?.has(asker)) {
    journey
      .memory(answerer.stack.id)
      .learn({ address: asker, device: answerer.device.name, mac: from.device.mac, at: journey.now });
  }
  journey.frame(answerer.stack, answerer.device, 'out', reply);
  if (!carry(journey, answerer, [reply])) return false;
  journey.frame(from.stack, from.device, 'in', reply);
  journey.memory(from.stack.id).learn({
    address: question.address,
    device: from.device.name,
    mac: answerer.device.mac,
    at: journey.now,
  });
  return true;
}

/** Packets wait in the queue until the last request has gone unanswered; the first one started the wait. */
function giveUp(journey: Journey, from: CableEnd, question: Question): void {
  const { stack, device } = from;
  const memory = journey.memory(stack.id);
  const waiting = memory.neighbour(device.name, question.address);
  const asking = waiting !== undefined && neighbourState(waiting, journey.now) === 'INCOMPLETE';
  const since = asking ? waiting.at : journey.now;
  if (!asking) {
    memory.learn({ address: question.address, device: device.name, mac: undefined, at: since });
    const request = arpRequest(from, question);
    for (let repeat = 1; repeat < REQUESTS; repeat += 1) {
      journey.offset = since + repeat * RETRANSMIT_TIME - journey.network.now;
      sendRequest(journey, from, request);
    }
  }
  journey.offset = since + REQUESTS * RETRANSMIT_TIME - journey.network.now;
}

/** Its owner, or a proxy that routes it elsewhere (169.254.1.1 on cali devices). */
function answersFor({ stack, device }: CableEnd, address: Ipv4): boolean {
  if (device.arpOff) return false;
  if (device.proxied?.includes(address)) return true;
  if (stack.routes.isLocal(address)) {
    return ignoresArp(stack.netns, device) === 0 || device.addresses.some((own) => own.address === address);
  }
  if (!proxiesArp(stack.netns, device) || !forwards(stack.netns, device)) return false;
  const route = stack.routes.lookup(address);
  return route?.type === 'unicast' && route.device?.name !== device.name;
}

function arpRequest({ stack, device }: CableEnd, { address, source }: Question): Answer['request'] {
  const own = stack.routes.isLocal(source);
  const senderIp = own ? source : selectAddress(stack, device, { toward: address, scope: 'link' });
  return {
    source: device.mac,
    destination: BROADCAST_MAC,
    payload: {
      kind: 'arp',
      operation: 'request',
      senderMac: device.mac,
      senderIp: senderIp ?? UNSPECIFIED,
      targetMac: ZERO_MAC,
      targetIp: address,
    },
  };
}

function arpReply({ device }: CableEnd, request: Answer['request']): Frame {
  const { senderMac, senderIp, targetIp } = request.payload;
  return {
    source: device.mac,
    destination: senderMac,
    payload: {
      kind: 'arp',
      operation: 'reply',
      senderMac: device.mac,
      senderIp: targetIp,
      targetMac: senderMac,
      targetIp: senderIp,
    },
  };
}
