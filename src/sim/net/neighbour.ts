/**
 * From a next hop's address to its MAC: the permanent entry, the cached one, or a question on the cable (see
 * `neighbour-question.ts`). An address that nobody answers for is INCOMPLETE for three requests a second apart, then FAILED
 * (Linux net/core/neighbour.c defaults, the same for ARP and neighbour discovery).
 * Left out: the frames of unicast probes of stale entries, which are verified silently, unasked-for answers, proxy_delay.
 */
import type { Ip } from '../../model/ip.ts';
import type { Mac } from '../../model/mac.ts';
import type { Frame } from '../../model/packet.ts';
import type { CableEnd } from './cable.ts';
import { broadcast, carry } from './bridge.ts';
import { hasCarrier, receiverOf } from './cable.ts';
import type { Journey } from './journey.ts';
import type { Device, LearntNeighbour } from './netns.ts';
import type { Question } from './neighbour-question.ts';
import {
  answerFrame,
  answersFor,
  askerOf,
  canLeave,
  canReach,
  isOfRouter,
  questionFrame,
} from './neighbour-question.ts';
import { tablesFor } from './stack.ts';
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
  { address, source }: Question,
): Mac | undefined {
  const { stack, device } = from;
  const permanent = tablesFor(stack, address).neighbours.get(device.name)?.get(address) ?? withoutArp(device);
  const found = permanent === undefined ? learntOrAsked(journey, from, { address, source }) : permanent;
  const { mac, how } = typeof found === 'string' ? { mac: found, how: 'permanent' as const } : found;
  journey.step({ kind: 'neighbour', at: stack.id, device: device.name, address, mac, how });
  return mac;
}

/** A device that does not ask (IFF_NOARP) sends to its own address (arp_constructor). */
const withoutArp = ({ arpOff, kind, mac }: Device): Mac | undefined =>
  arpOff || kind.type === 'dummy' ? mac : undefined;

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
      noteProber(journey, from, known, question);
      return { mac: learnt.mac, how: 'cached' };
    }
  }
  const mac = ask(journey, from, question);
  if (mac !== undefined) return { mac, how: 'resolved' };
  giveUp(journey, from, question);
  return { mac: undefined, how: 'failed' };
}

/** Who is asked whether it is still there (a unicast probe) learns who asks. */
function noteProber(journey: Journey, from: CableEnd, answerer: CableEnd, question: Question): void {
  noteAsker(journey, { from, answerer, asker: askerOf(questionFrame(from, question)) });
}

/** What a question tells of its sender is taken, but not for confirmed: STALE (net/core/neighbour.c neigh_event_ns). */
function noteAsker(
  journey: Journey,
  { from, answerer, asker }: { readonly from: CableEnd; readonly answerer: CableEnd; readonly asker: Ip },
): void {
  const { stack, device } = answerer;
  const { mac } = from.device;
  const memory = journey.memory(stack.id);
  if (tablesFor(stack, asker).neighbours.get(device.name)?.has(asker)) return;
  if (memory.neighbour(device.name, asker)?.mac === mac) return;
  memory.learn({ address: asker, device: device.name, mac, at: Math.max(0, journey.now - REACHABLE_TIME) });
}

/** Sends one request to all; the answer, if any, is learnt on both sides. */
function ask(journey: Journey, from: CableEnd, question: Question): Mac | undefined {
  const request = questionFrame(from, question);
  if (!canLeave(journey, from, request)) return undefined;
  sendRequest(journey, from, request);
  const ends = broadcast(journey, from, request);
  const answerer = ends.find((end) => answersFor(end, question.address) && canReach(journey, end, request));
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
  readonly request: Frame;
}

/** False when the answer gets lost. */
function answer(journey: Journey, from: CableEnd, { answerer, question, request }: Answer): boolean {
  const asker = askerOf(request);
  const reply = answerFrame(answerer, request);
  noteAsker(journey, { from, answerer, asker });
  if (!canLeave(journey, answerer, reply)) return false;
  journey.frame(answerer.stack, answerer.device, 'out', reply);
  if (!carry(journey, answerer, [reply]) || !canReach(journey, from, reply)) return false;
  journey.frame(from.stack, from.device, 'in', reply);
  const learnt: LearntNeighbour = {
    address: question.address,
    device: from.device.name,
    mac: answerer.device.mac,
    at: journey.now,
  };
  journey.memory(from.stack.id).learn(isOfRouter(reply) ? { ...learnt, router: true } : learnt);
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
    const request = questionFrame(from, question);
    for (let repeat = 1; repeat < REQUESTS; repeat += 1) {
      journey.offset = since + repeat * RETRANSMIT_TIME - journey.network.now;
      sendRequest(journey, from, request);
    }
  }
  journey.offset = since + REQUESTS * RETRANSMIT_TIME - journey.network.now;
}
