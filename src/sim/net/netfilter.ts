/**
 * What netfilter does with a packet at one hook: it walks the chains, notes every rule that matched, and answers with a
 * verdict. Connections meet the nat table once, with their first packet (Linux net/ipv4/netfilter, net/netfilter).
 */
import { assertNever } from '../../base/result.ts';
import { cidrContains } from '../../model/ip.ts';
import type { Ipv4 } from '../../model/ip.ts';
import type { Ipv4Packet } from '../../model/packet.ts';
import { protocolNumber } from '../../model/packet.ts';
import type { FlowTuple, Step } from '../../model/trace.ts';
import { packetLength } from '../../model/wire-length.ts';
import type { Manip, NatRequest, Tracked } from './conntrack.ts';
import { bindNat, confirm, track, translate } from './conntrack.ts';
import { flowTuple } from './flow.ts';
import { mix } from './flow-hash.ts';
import { fragmentPacket } from './fragment.ts';
import type { Hop } from './hop.ts';
import type { CtState, Hook, Match, Target } from './netfilter-rules.ts';
import type { NetfilterProgram, ProgramChain, ProgramRule } from './netfilter-program.ts';
import { programOf } from './netfilter-program.ts';
import type { Device } from './netns.ts';
import { selectAddress } from './source-address.ts';
import type { Stack } from './stack.ts';

export type Verdict = 'accept' | 'drop' | 'reject';

/** Where the packet is going, as far as the hook knows. */
export interface HookPlace {
  readonly hook: Hook;
  readonly out?: Device;
  /** The next hop, whose subnet MASQUERADE prefers for the new source. */
  readonly toward?: Ipv4;
}

/** Runs all tables of one hook; the hop's packet, mark and connection may change. */
export function runHook(hop: Hop, place: HookPlace): Verdict {
  const program = programOf(hop.stack.netns.netfilter);
  const { raw, mangle, nat, filter } = program.hooks[place.hook];
  const early = runTable(hop, place, raw);
  if (early !== 'accept') return early;
  if (place.hook === 'PREROUTING' || place.hook === 'OUTPUT') beginTracking(hop, program);
  const mangled = runTable(hop, place, mangle);
  if (mangled !== 'accept') return mangled;
  const natFirst = place.hook !== 'INPUT';
  const first = natFirst ? runNat(hop, place, nat) : runTable(hop, place, filter);
  if (first !== 'accept') return first;
  const second = natFirst ? runTable(hop, place, filter) : runNat(hop, place, nat);
  if (second === 'accept' && LAST_HOOK.has(place.hook)) confirmConnection(hop);
  return second;
}

/** A packet that passed one of these leaves the stack or reaches a socket. */
const LAST_HOOK: ReadonlySet<Hook> = new Set(['INPUT', 'POSTROUTING']);

function beginTracking(hop: Hop, program: NetfilterProgram): void {
  if (!program.tracks || hop.state !== 'INVALID') return;
  hop.connection = track(hop.journey.memory(hop.stack.id), hop.packet, hop.journey.now);
  hop.state = hop.connection?.state ?? 'INVALID';
}

function confirmConnection({ journey, stack, connection, packet }: Hop): void {
  if (connection) confirm(journey.memory(stack.id), connection, packet, journey.now);
}

function runTable(hop: Hop, place: HookPlace, chain: ProgramChain | undefined): Verdict {
  if (!chain) return 'accept';
  const verdict = traverse(hop, place, chain);
  if (verdict === 'drop' || verdict === 'reject') return verdict;
  return verdict === undefined && chain.policy === 'DROP' ? 'drop' : 'accept';
}

const MANIP: Readonly<Record<Hook, Manip | undefined>> = {
  PREROUTING: 'destination',
  OUTPUT: 'destination',
  INPUT: 'source',
  POSTROUTING: 'source',
  FORWARD: undefined,
};

function runNat(hop: Hop, place: HookPlace, chain: ProgramChain | undefined): Verdict {
  const { connection } = hop;
  const manip = MANIP[place.hook];
  if (!connection || !manip) return 'accept';
  if (connection.unconfirmed && chain) {
    const request = traverse(hop, place, chain);
    if (request === 'drop') return 'drop';
    if (typeof request === 'object') {
      bindNat(hop.journey.memory(hop.stack.id), connection, request, hop.journey.now);
    }
  }
  applyTranslation(hop, connection, manip);
  return 'accept';
}

function applyTranslation(hop: Hop, connection: Tracked, manip: Manip): void {
  const packet = translate(hop.packet, connection, manip);
  if (packet === hop.packet) return;
  const before = flowTuple(hop.packet);
  const after = flowTuple(packet);
  hop.packet = packet;
  if (hop.pieces) hop.pieces = fragmentPacket(packet, Math.max(...hop.pieces.map(packetLength)));
  if (sameFlow(before, after)) return;
  const forward = manip === 'source' ? 'snat' : 'dnat';
  const type = connection.direction === 'original' ? forward : 'reverse';
  hop.journey.step({ kind: 'nat', at: hop.stack.id, type, before, after });
}

function sameFlow(a: FlowTuple, b: FlowTuple): boolean {
  return (
    a.source === b.source &&
    a.destination === b.destination &&
    a.sourcePort === b.sourcePort &&
    a.destinationPort === b.destinationPort
  );
}

/** Undefined when the chain ends without a verdict or returns. */
type Outcome = Verdict | NatRequest | undefined;

function traverse(hop: Hop, place: HookPlace, chain: ProgramChain): Outcome {
  for (const each of chain.rules) {
    if (!matchesAll(hop, place, each)) continue;
    const { target } = each.rule;
    note(hop, chain, each);
    if (target.kind === 'return') return undefined;
    if (target.kind === 'jump' && target.goto) return each.jump && traverse(hop, place, each.jump);
    const outcome = each.jump ? traverse(hop, place, each.jump) : perform(hop, place, target);
    if (outcome !== undefined) return outcome;
  }
  return undefined;
}

type RuleVerdict = Extract<Step, { kind: 'rule' }>['verdict'];

const RULE_VERDICT: Readonly<Record<Target['kind'], RuleVerdict>> = {
  accept: 'accept',
  drop: 'drop',
  reject: 'reject',
  return: 'return',
  notrack: 'notrack',
  jump: 'jump',
  mark: 'mark',
  dnat: 'nat',
  snat: 'nat',
  masquerade: 'nat',
};

function note(hop: Hop, chain: ProgramChain, each: ProgramRule): void {
  hop.journey.step({
    kind: 'rule',
    at: hop.stack.id,
    table: chain.table,
    chain: chain.name,
    rule: each.text,
    verdict: RULE_VERDICT[each.rule.target.kind],
  });
}

function perform(hop: Hop, place: HookPlace, target: Target): Outcome {
  switch (target.kind) {
    case 'accept':
    case 'drop':
    case 'reject':
      return target.kind;
    case 'mark':
      hop.mark = ((hop.mark & ~target.mask) ^ target.value) >>> 0;
      return undefined;
    case 'notrack':
      hop.state = 'UNTRACKED';
      return undefined;
    case 'dnat':
      return target;
    case 'snat':
      return { kind: 'snat', to: target.to, randomPort: target.randomFully ?? false };
    case 'masquerade':
      return masquerade(hop.stack, place, target.randomFully ?? false);
    case 'jump':
    case 'return':
      return undefined;
    default:
      return assertNever(target);
  }
}

/** The new source is the outgoing device's address on the next hop's subnet, else its first one. */
function masquerade(stack: Stack, { out, toward }: HookPlace, randomPort: boolean): Outcome {
  const to = out && selectAddress(stack, out, { toward, scope: 'global' });
  return to === undefined ? 'drop' : { kind: 'snat', to, randomPort };
}

function matchesAll(hop: Hop, place: HookPlace, each: ProgramRule): boolean {
  for (const { match, negated } of each.matches) {
    if (matches(hop, place, match, each.salt) === negated) return false;
  }
  return true;
}

function matches(hop: Hop, place: HookPlace, match: Match, salt: number): boolean {
  const { packet } = hop;
  switch (match.kind) {
    case 'source':
      return cidrContains(match.cidr, packet.source);
    case 'destination':
      return cidrContains(match.cidr, packet.destination);
    case 'in-interface':
      return namesDevice(match.name, hop.input?.name);
    case 'out-interface':
      return namesDevice(match.name, place.out?.name);
    case 'protocol':
      return protocolNumber(packet.payload) === match.protocol;
    case 'destination-port':
      return destinationPort(packet) === match.port;
    case 'source-port':
      return sourcePort(packet) === match.port;
    case 'ipset': {
      const set = programOf(hop.stack.netns.netfilter).sets.get(match.set);
      return set?.has(match.direction === 'src' ? packet.source : packet.destination) ?? false;
    }
    case 'addrtype':
      return isLocal(hop, place, match);
    case 'mark':
      return (hop.mark & match.mask) >>> 0 === match.value >>> 0;
    case 'ctstate':
      return match.states.some((state) => hasState(hop, state));
    case 'rpfilter':
      return hasWayBack(hop);
    case 'probability':
      return chance(packet, salt) < match.probability;
    default:
      return assertNever(match);
  }
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

function destinationPort({ payload }: Ipv4Packet): number | undefined {
  return payload.kind === 'udp' || payload.kind === 'tcp' ? payload.destinationPort : undefined;
}

function sourcePort({ payload }: Ipv4Packet): number | undefined {
  return payload.kind === 'udp' || payload.kind === 'tcp' ? payload.sourcePort : undefined;
}

function isLocal(
  { stack, packet }: Hop,
  { out }: HookPlace,
  match: Extract<Match, { kind: 'addrtype' }>,
): boolean {
  const address = match.side === 'src' ? packet.source : packet.destination;
  if (!match.limitIfaceOut) return stack.routes.isLocal(address);
  return out?.addresses.some((own) => own.address === address) ?? false;
}

function hasState({ state, connection }: Hop, wanted: CtState): boolean {
  if (wanted !== 'DNAT' && wanted !== 'SNAT') return state === wanted;
  if (!connection) return false;
  const { original, reply, protocol } = connection.entry;
  return wanted === 'DNAT'
    ? original.destination !== reply.source ||
        (protocol !== 'icmp' && original.destinationPort !== reply.sourcePort)
    : original.source !== reply.destination ||
        (protocol !== 'icmp' && original.sourcePort !== reply.destinationPort);
}

/** net/ipv4/netfilter/ipt_rpfilter.c: loopback passes, an own address or no unicast route does not. */
function hasWayBack({ stack, packet, input }: Hop): boolean {
  if (input === undefined || input.kind.type === 'loopback') return true;
  const back = stack.routes.lookup(packet.source);
  return back?.type === 'unicast' && back.device?.name === input.name;
}

/** Between 0 and 1, the same for every packet of a flow that meets this rule. */
function chance(packet: Ipv4Packet, salt: number): number {
  const { source, destination, sourcePort, destinationPort: port } = flowTuple(packet);
  return mix(source, destination, sourcePort, port, salt) / 0x100000000;
}
