/**
 * What netfilter does with a packet at one hook: it walks the chains, notes every rule that matched, and answers with a
 * verdict. Connections meet the nat table once, with their first packet (Linux net/ipv4/netfilter, net/ipv6/netfilter,
 * net/netfilter). Each family has tables of its own.
 */
import type { Ip } from '../../model/ip.ts';
import type { FlowTuple } from '../../model/trace.ts';
import type { Manip, Tracked } from './conntrack.ts';
import { bindNat, confirm, track, translate } from './conntrack.ts';
import { flowTuple } from './flow.ts';
import { changed } from './fragment.ts';
import type { Hop } from './hop.ts';
import type { Outcome, RulePlan, RuleVerdict } from './netfilter-plan.ts';
import { planOf } from './netfilter-plan.ts';
import type { NetfilterProgram, ProgramChain, ProgramRule } from './netfilter-program.ts';
import type { Hook } from './netfilter-rules.ts';
import type { Device } from './netns.ts';
import { ruleStep } from './rule-step.ts';
import { tablesOf } from './stack.ts';

export type Verdict = 'accept' | 'drop' | 'reject';

/** Where the packet is going, as far as the hook knows. */
export interface HookPlace {
  readonly hook: Hook;
  readonly out?: Device;
  /** The next hop, whose subnet MASQUERADE prefers for the new source. */
  readonly toward?: Ip;
}

/** Runs all tables of one hook; the hop's packet, mark and connection may change. */
export function runHook(hop: Hop, place: HookPlace): Verdict {
  const { program } = tablesOf(hop.stack, hop.packet);
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
  if (second === 'accept' && isLast(place.hook)) confirmConnection(hop);
  return second;
}

/** A packet that passed one of these leaves the stack or reaches a socket. */
const isLast = (hook: Hook): boolean => hook === 'INPUT' || hook === 'POSTROUTING';

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
  if (hop.pieces) hop.pieces = changed(hop.pieces, packet, (piece) => translate(piece, connection, manip));
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

function traverse(hop: Hop, place: HookPlace, chain: ProgramChain): Outcome {
  for (const each of chain.rules) {
    const { tests, verdict, kind, act } = (each.plan ??= planOf(each.rule, each.salt));
    if (!agree(tests, hop, place)) continue;
    note(hop, chain, each, verdict);
    if (kind === 'return') return undefined;
    if (kind === 'goto') return each.jump && traverse(hop, place, each.jump);
    const outcome = each.jump ? traverse(hop, place, each.jump) : act(hop, place);
    if (outcome !== undefined) return outcome;
  }
  return undefined;
}

function agree(tests: RulePlan['tests'], hop: Hop, place: HookPlace): boolean {
  for (const test of tests) if (!test(hop, place)) return false;
  return true;
}

/** A match says the same of every packet that meets the rule in one stack: its step is made once. */
function note({ journey, stack }: Hop, chain: ProgramChain, each: ProgramRule, verdict: RuleVerdict): void {
  if (each.noted?.at !== stack.id) each.noted = ruleStep(stack.id, { chain, rule: each, verdict });
  journey.step(each.noted);
}
