/**
 * Criteria that do not fit into one iptables rule: more than 15 ports, several nets of one side, numbers beside named ports.
 * Each becomes a block of rules that agree on two mark bits, and the rule itself then asks for the first:
 *
 *     clear both bits                 first block only; a negated first block sets the "all hold" bit instead
 *     any of the block -> set a bit   the first positive block writes "all hold" at once, later ones "this holds"
 *     not "this holds" -> clear "all hold"                  at the end of each later positive block
 *     any of a negated block -> clear "all hold"
 *
 * The second bit is never cleared between blocks: a third positive block holds as soon as the second did. That is Felix's
 * own slip, and its chains are written here as it writes them.
 * Source: felix/rules/policy.go matchBlockBuilder, Calico v3.32.1.
 */
import type { IpFamily } from '../../../../../model/ip-family.ts';
import type { PortRange } from '../../../../net/netfilter-rules.ts';
import type { Rule, RuleSide } from '../../policy/active.ts';
import { act, on, rule, type Criterion, type FelixRule, type Side } from './felix-rule.ts';
import { MARK, setName } from './sets.ts';

const ALL_HOLD = MARK.scratch;
const THIS_HOLDS = MARK.scratch1;

export interface Blocks {
  readonly rules: readonly FelixRule[];
  /** What is left for the rule itself. */
  readonly rest: Rule;
}

type Write = (rules: FelixRule[], bit: number) => void;

/** Every criterion of `wanted` that needs more than one rule. Its nets must be of the family. */
export function matchBlocks(wanted: Rule, family: IpFamily): Blocks {
  const rules: FelixRule[] = [];
  let { src, dst } = wanted;
  let positive = 0;
  const begin = (bits: number): void => {
    if (rules.length === 0) rules.push(rule([], act.setMaskedMark(bits, ALL_HOLD | THIS_HOLDS)));
  };
  const anyOf = (write: Write): void => {
    begin(0);
    write(rules, positive === 0 ? ALL_HOLD : THIS_HOLDS);
    if (positive > 0) rules.push(rule([on.markClear(THIS_HOLDS)], act.clearMark(ALL_HOLD)));
    positive += 1;
  };
  const noneOf = (side: Side, nets: readonly string[]): void => {
    begin(ALL_HOLD);
    for (const net of nets) rules.push(rule([on.net(side, net)], act.clearMark(ALL_HOLD)));
  };
  if (spillsPorts(src)) {
    anyOf(portRules('source', { protocol: wanted.protocol, family }, src));
    src = withoutPorts(src);
  }
  if (spillsPorts(dst)) {
    anyOf(portRules('destination', { protocol: wanted.protocol, family }, dst));
    dst = withoutPorts(dst);
  }
  if (src.nets.length > 1) {
    anyOf(netRules('source', src.nets));
    src = { ...src, nets: [] };
  }
  if (dst.nets.length > 1) {
    anyOf(netRules('destination', dst.nets));
    dst = { ...dst, nets: [] };
  }
  if (src.nets.length + src.notNets.length > 1) {
    noneOf('source', src.notNets);
    src = { ...src, notNets: [] };
  }
  if (dst.nets.length + dst.notNets.length > 1) {
    noneOf('destination', dst.notNets);
    dst = { ...dst, notNets: [] };
  }
  return { rules, rest: { ...wanted, src, dst } };
}

/** What the rule asks for when it has blocks. */
export const blocksHold = (): Criterion => on.markSet(ALL_HOLD);

const spillsPorts = ({ ports, namedPortIpSetIds }: RuleSide): boolean =>
  splitPorts(ports).length + namedPortIpSetIds.length > 1;

const withoutPorts = (side: RuleSide): RuleSide => ({ ...side, ports: [], namedPortIpSetIds: [] });

interface Transport {
  readonly protocol: Rule['protocol'];
  readonly family: IpFamily;
}

function portRules(
  side: Side,
  { protocol, family }: Transport,
  { ports, namedPortIpSetIds }: RuleSide,
): Write {
  const transport = protocol === undefined ? [] : [on.protocol(protocol)];
  const direction = side === 'source' ? 'src,src' : 'dst,dst';
  return (rules, bit) => {
    for (const split of splitPorts(ports))
      rules.push(rule([...transport, on.multiport(side, split)], act.setMark(bit)));
    for (const id of namedPortIpSetIds)
      rules.push(rule([on.set(setName(id, family), direction)], act.setMark(bit)));
  };
}

function netRules(side: Side, nets: readonly string[]): Write {
  return (rules, bit) => {
    for (const net of nets) rules.push(rule([on.net(side, net)], act.setMark(bit)));
  };
}

/** Slots of one multiport match; a range takes two. */
const SLOTS = 15;

export function splitPorts(ports: readonly PortRange[]): readonly (readonly PortRange[])[] {
  const splits: PortRange[][] = [];
  let free = 0;
  for (const range of ports) {
    const slots = range.first === range.last ? 1 : 2;
    if (free < slots) {
      splits.push([]);
      free = SLOTS;
    }
    splits.at(-1)?.push(range);
    free -= slots;
  }
  return splits;
}
