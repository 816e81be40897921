/**
 * Rules made ready for packets, once for each rule: what it asks becomes a list of tests, what its target does one act. A
 * packet then meets functions that know their address, port or mark instead of rules that must be read again
 * (Linux net/netfilter/x_tables, net/ipv{4,6}/netfilter/ip{,6}t_rpfilter.c, net/netfilter/xt_{addrtype,conntrack,mark,set}.c).
 */
import { assertNever } from '../../base/result.ts';
import { isIpv4 } from '../../model/ip-family.ts';
import { cidrContains, type Cidr, type Ip } from '../../model/ip.ts';
import { masked6, UNSPECIFIED6 } from '../../model/ipv6.ts';
import type { IpPacket } from '../../model/packet.ts';
import { protocolNumber } from '../../model/packet.ts';
import type { Step } from '../../model/trace.ts';
import type { NatRequest } from './conntrack.ts';
import { isEcho } from './connection-table.ts';
import { flowTuple } from './flow.ts';
import { addressHash, mix } from './flow-hash.ts';
import type { Hop } from './hop.ts';
import type { HookPlace, Verdict } from './netfilter.ts';
import { logLine } from './netfilter-log.ts';
import { inSet, matchesIcmp, matchesPort, matchesPorts } from './netfilter-match.ts';
import type { CtState, Match, Rule, Target } from './netfilter-rules.ts';
import { isLinkLocalAddress } from './inet6.ts';
import { speakFrom } from './source-address.ts';
import { addressesOf, tablesOf } from './stack.ts';

export interface RulePlan {
  /** All must agree for the rule to match. */
  readonly tests: readonly Test[];
  /** How a trace tells of the match. */
  readonly verdict: RuleVerdict;
  /** What follows; `goto` is a jump that does not come back. */
  readonly kind: Target['kind'] | 'goto';
  readonly act: Act;
}

export type RuleVerdict = Extract<Step, { readonly kind: 'rule' }>['verdict'];

type Test = (hop: Hop, place: HookPlace) => boolean;
type Act = (hop: Hop, place: HookPlace) => Outcome;

/** Undefined when the packet goes on to the next rule, or a chain ends without a verdict. */
export type Outcome = Verdict | NatRequest | undefined;

/** @param salt tells rules with equal probabilities apart */
export function planOf({ matches, target }: Rule<Ip>, salt: number): RulePlan {
  return {
    tests: matches.map((match) => testOf(match, salt)),
    verdict: RULE_VERDICT[target.kind],
    kind: target.kind === 'jump' && target.goto ? 'goto' : target.kind,
    act: actOf(target),
  };
}

const RULE_VERDICT: Readonly<Record<Target['kind'], RuleVerdict>> = {
  none: 'none',
  accept: 'accept',
  drop: 'drop',
  reject: 'reject',
  return: 'return',
  notrack: 'notrack',
  log: 'log',
  jump: 'jump',
  mark: 'mark',
  dnat: 'nat',
  snat: 'nat',
  masquerade: 'nat',
};

function actOf(target: Target<Ip>): Act {
  switch (target.kind) {
    case 'accept':
    case 'drop':
    case 'reject':
      return () => target.kind;
    case 'mark':
      return (hop) => {
        hop.mark = ((hop.mark & ~target.mask) ^ target.value) >>> 0;
        return undefined;
      };
    case 'notrack':
      return (hop) => {
        hop.state = 'UNTRACKED';
        return undefined;
      };
    case 'log':
      return (hop, place) => {
        hop.journey.memory(hop.stack.id).log(hop.journey.now, logLine(hop, place, target));
        return undefined;
      };
    case 'dnat':
      return () => target;
    case 'snat':
      return () => ({ kind: 'snat', to: target.to, ...portWish(target) });
    case 'masquerade':
      return (hop, place) => masquerade(hop, place, portWish(target));
    case 'jump':
    case 'return':
    case 'none':
      return () => undefined;
    default:
      return assertNever(target);
  }
}

/** The new source is the outgoing device's address on the next hop's subnet, else its first one; in IPv6 its best for there. */
function masquerade({ stack, packet }: Hop, { out, toward }: HookPlace, wish: PortWish): Outcome {
  const { destination } = packet;
  const to = out && speakFrom<Ip>(stack, out, { destination, toward, scope: 'global' });
  return to === undefined ? 'drop' : { kind: 'snat', to, ...wish };
}

type PortWish = Pick<Extract<NatRequest, { kind: 'snat' }>, 'randomPort' | 'ports'>;

const portWish = ({
  ports,
  randomFully = false,
}: Extract<Target<Ip>, { kind: 'snat' | 'masquerade' }>): PortWish => ({
  randomPort: randomFully,
  ...(ports && { ports }),
});

function testOf(match: Match<Ip>, salt: number): Test {
  const test = unnegated(match, salt);
  const isNegated = 'not' in match && match.not === true;
  return isNegated ? (hop, place) => !test(hop, place) : test;
}

function unnegated(match: Match<Ip>, salt: number): Test {
  switch (match.kind) {
    case 'source':
    case 'destination':
      return addressTest(match.kind, match.cidr);
    case 'in-interface':
      return ({ input }) => namesDevice(match.name, input?.name);
    case 'out-interface':
      return (_, { out }) => namesDevice(match.name, out?.name);
    case 'protocol':
      return ({ packet }) => protocolNumber(packet) === match.protocol;
    case 'destination-port':
    case 'source-port':
      return ({ packet }) => matchesPort(packet, match);
    case 'ports':
      return ({ packet }) => matchesPorts(packet, match);
    case 'icmp-type':
      return ({ packet }) => matchesIcmp(packet, match);
    case 'ipset':
      return ({ packet, stack }) => {
        const set = tablesOf(stack, packet).program.sets.get(match.set);
        return set !== undefined && inSet(set, packet, match.direction);
      };
    case 'addrtype':
      return (hop, place) => isLocal(hop, place, match);
    case 'mark':
      return ({ mark }) => (mark & match.mask) >>> 0 === match.value >>> 0;
    case 'ctstate':
      return (hop) => match.states.some((state) => hasState(hop, state));
    case 'rpfilter':
      return hasWayBack;
    case 'nfacct':
      return () => true;
    case 'probability':
      return ({ packet }) => chance(packet, salt) < match.probability;
    case 'recent':
      return (hop) => isRecent(hop, match);
    default:
      return assertNever(match);
  }
}

/** A rule's prefix is of its table's family, and so are the packets that the table sees. */
function addressTest(side: 'source' | 'destination', { base, length }: Cidr<Ip>): Test {
  if (!isIpv4(base)) return ({ packet }) => packet.kind === 'ipv6' && masked6(packet[side], length) === base;
  const prefix = { base, length };
  return side === 'source'
    ? ({ packet }) => packet.kind === 'ipv4' && cidrContains(prefix, packet.source)
    : ({ packet }) => packet.kind === 'ipv4' && cidrContains(prefix, packet.destination);
}

/** A name ending in `+` stands for every device that begins so; a packet without a device matches no name. */
function namesDevice(name: string, device: string | undefined): boolean {
  if (device === undefined) return false;
  const stem = name.length - 1;
  if (name.charCodeAt(stem) !== PLUS) return device === name;
  for (let at = 0; at < stem; at += 1) if (name.charCodeAt(at) !== device.charCodeAt(at)) return false;
  return true;
}

const PLUS = '+'.charCodeAt(0);

function isLocal(
  { stack, packet }: Hop,
  { out }: HookPlace,
  match: Extract<Match, { kind: 'addrtype' }>,
): boolean {
  const address = match.side === 'src' ? packet.source : packet.destination;
  if (!match.limitIfaceOut) return tablesOf(stack, packet).routes.isLocal(address);
  return out !== undefined && addressesOf(stack, out, address).some((own) => own.address === address);
}

function hasState({ state, connection }: Hop, wanted: CtState): boolean {
  if (wanted !== 'DNAT' && wanted !== 'SNAT') return state === wanted;
  if (!connection) return false;
  const { original, reply, protocol } = connection.entry;
  return wanted === 'DNAT'
    ? original.destination !== reply.source ||
        (!isEcho(protocol) && original.destinationPort !== reply.sourcePort)
    : original.source !== reply.destination ||
        (!isEcho(protocol) && original.sourcePort !== reply.destinationPort);
}

/** Loopback passes and who has no address yet; an own address or no unicast route does not. */
function hasWayBack({ stack, packet, input }: Hop): boolean {
  if (input === undefined || input.kind.type === 'loopback' || packet.source === UNSPECIFIED6) return true;
  const { routes } = tablesOf(stack, packet);
  const back = isLinkLocalAddress(packet.source)
    ? routes.lookupOn(input.name, packet.source)
    : routes.lookup(packet.source);
  return back?.type === 'unicast' && back.device?.name === input.name;
}

/** net/netfilter/xt_recent.c recent_mt, for lists of sources. */
function isRecent({ journey, stack, packet }: Hop, match: Extract<Match, { kind: 'recent' }>): boolean {
  const memory = journey.memory(stack.id);
  const { now } = journey;
  if (match.check === 'set') {
    memory.noteRecent(match.list, packet.source, now);
    return true;
  }
  const seen = memory.recent(match.list, packet.source);
  return seen !== undefined && (match.seconds === undefined || now - seen <= match.seconds * 1000);
}

/** Between 0 and 1, the same for every packet of a flow that meets this rule. */
function chance(packet: IpPacket, salt: number): number {
  const { source, destination, sourcePort, destinationPort: port } = flowTuple(packet);
  return mix(addressHash(source), addressHash(destination), sourcePort, port, salt) / 0x100000000;
}
