/**
 * The chains of policies and profiles: each of their rules becomes one that matches and sets a mark bit (accept, pass, drop),
 * and one that acts on the bit. What the chain returns with tells the endpoint's chain how it ended.
 * Source: felix/rules/policy.go, Calico v3.32.1. Left out: staged policies (never rendered), flow logs (NFLOG rules, off in
 * a manifest install), a rate limit for Log.
 */
import type { IpFamily } from '../../../../../model/ip-family.ts';
import type { PolicyDecision, PolicyDirection } from '../../../../../model/policy-decision.ts';
import { memoize } from '../../../../core/memo.ts';
import { chainName } from '../../names.ts';
import { isStaged, type Policy, type PolicyId, type Profile, type Rule } from '../../policy/active.ts';
import {
  act,
  felixChain,
  on,
  rule,
  type Action,
  type Criterion,
  type FelixChain,
  type FelixRule,
} from './felix-rule.ts';
import { blocksHold, matchBlocks, splitPorts } from './match-blocks.ts';
import { MARK, setName } from './sets.ts';

const SHORT_KIND: Readonly<Record<PolicyId['kind'], string>> = {
  NetworkPolicy: 'np',
  GlobalNetworkPolicy: 'gnp',
  KubernetesNetworkPolicy: 'knp',
  StagedNetworkPolicy: 'snp',
  StagedGlobalNetworkPolicy: 'sgnp',
  StagedKubernetesNetworkPolicy: 'sknp',
};

/** `knp/default/web`, `gnp/deny` */
const shortId = ({ kind, namespace, name }: PolicyId): string =>
  [SHORT_KIND[kind], ...(namespace === '' ? [] : [namespace]), name].join('/');

const POLICY_PREFIX: Readonly<Record<PolicyDirection, string>> = {
  ingress: 'cali-pi-',
  egress: 'cali-po-',
};
const PROFILE_PREFIX: Readonly<Record<PolicyDirection, string>> = {
  ingress: 'cali-pri-',
  egress: 'cali-pro-',
};

export const policyChain = (id: PolicyId, direction: PolicyDirection): string =>
  chainName(POLICY_PREFIX[direction], shortId(id));

export const profileChain = (profile: string, direction: PolicyDirection): string =>
  chainName(PROFILE_PREFIX[direction], profile);

export function policyChains(policy: Policy, logPrefix: string, family: IpFamily = 4): readonly FelixChain[] {
  const { id, tier } = policy;
  if (isStaged(id)) return [];
  const full = id.namespace === '' ? id.name : `${id.namespace}/${id.name}`;
  const prefix = logPrefixOf(logPrefix, { kind: SHORT_KIND[id.kind], id, tier });
  const chain = (direction: PolicyDirection, rules: readonly Rule[]): FelixChain =>
    felixChain(
      policyChain(id, direction),
      rulesChain(rules, {
        comment: `${id.kind} ${full} ${direction}`,
        logPrefix: prefix,
        family,
        decide: (at, action) => ({ by: 'policy', policy: id, direction, rule: at, action }),
      }),
    );
  return [chain('ingress', policy.inboundRules), chain('egress', policy.outboundRules)];
}

export const profileChains = (
  { name, inboundRules, outboundRules }: Profile,
  logPrefix: string,
): readonly FelixChain[] => [
  rulesOfProfile(name, 'ingress', inboundRules, logPrefix),
  rulesOfProfile(name, 'egress', outboundRules, logPrefix),
];

/** Every node has those of the namespaces and service accounts of its pods. */
const PROFILES_KEPT = 64;

const rulesOfProfile = memoize(
  (name: string, direction: PolicyDirection, rules: readonly Rule[], logPrefix: string): FelixChain =>
    felixChain(
      profileChain(name, direction),
      rulesChain(rules, {
        comment: `Profile ${name} ${direction}`,
        logPrefix: logPrefixOf(logPrefix, { kind: 'pro', id: { namespace: '', name }, tier: '' }),
        family: 4,
        decide: (at, action) => ({ by: 'profile', profile: name, direction, rule: at, action }),
      }),
    ),
  PROFILES_KEPT,
);

interface LogOrigin {
  readonly kind: string;
  readonly id: { readonly namespace: string; readonly name: string };
  readonly tier: string;
}

/** FelixConfiguration's logPrefix may name %t tier, %k kind, %p policy with its namespace, %n its bare name. */
function logPrefixOf(pattern: string, { kind, id, tier }: LogOrigin): string {
  const path = id.namespace === '' ? id.name : `${id.namespace}/${id.name}`;
  const words: Readonly<Record<string, string>> = { '%t': tier, '%k': kind, '%p': path, '%n': id.name };
  return pattern.replace(/%[tknp]/g, (word) => words[word] ?? word);
}

interface ChainFacts {
  readonly family: IpFamily;
  readonly comment: string;
  readonly logPrefix: string;
  readonly decide: (rule: number, action: Rule['action']) => PolicyDecision;
}

/** Rules that return at the end of a chain do nothing and are left off; the first rule carries the chain's comment. */
export function rulesChain(rules: readonly Rule[], facts: ChainFacts): readonly FelixRule[] {
  const written = rules.flatMap((each, at) => ruleRules(each, at + 1, facts));
  while (written.at(-1)?.do.target.kind === 'return') written.pop();
  const [first = rule([], act.nothing()), ...others] = written;
  return [{ ...first, comments: [...first.comments, facts.comment] }, ...others];
}

function ruleRules(wanted: Rule, number: number, facts: ChainFacts): readonly FelixRule[] {
  const { family } = facts;
  const own = ofFamily(wanted, family);
  if (!own) return [];
  const blocks = matchBlocks(own, family);
  const spilled = blocks.rules.length > 0 ? [blocksHold()] : [];
  const last = actionRules([...criteria(blocks.rest, family), ...spilled], {
    action: wanted.action,
    decision: facts.decide(number, wanted.action),
    logPrefix: facts.logPrefix,
  });
  const annotations = wanted.annotations.map(([key, value]) => `${key}=${value}`);
  return [...blocks.rules, ...last].map((each) => ({
    ...each,
    comments: [...each.comments, ...annotations],
  }));
}

/** Undefined for a rule of the other address family, or whose nets leave nothing of this one. */
function ofFamily(wanted: Rule, family: IpFamily): Rule | undefined {
  if (wanted.ipVersion !== undefined && wanted.ipVersion !== family) return undefined;
  const own = (nets: readonly string[]): readonly string[] =>
    nets.filter((net) => net.includes(':') === (family === 6));
  const src = { ...wanted.src, nets: own(wanted.src.nets), notNets: own(wanted.src.notNets) };
  const dst = { ...wanted.dst, nets: own(wanted.dst.nets), notNets: own(wanted.dst.notNets) };
  const vanished = [
    [wanted.src.nets, src.nets],
    [wanted.src.notNets, src.notNets],
    [wanted.dst.nets, dst.nets],
    [wanted.dst.notNets, dst.notNets],
  ].some(([before = [], after = []]) => before.length > 0 && after.length === 0);
  const contradicts = [...src.notNets, ...dst.notNets].includes(EVERYWHERE[family]);
  return vanished || contradicts ? undefined : { ...wanted, src, dst };
}

const EVERYWHERE = { 4: '0.0.0.0/0', 6: '::/0' } as const;

/** Everything that fits into one rule, in Felix's order. */
function criteria(wanted: Rule, family: IpFamily): readonly Criterion[] {
  const named = (id: string): string => setName(id, family);
  const { protocol, notProtocol, icmp, notIcmp, src, dst } = wanted;
  return [
    ...(protocol === undefined ? [] : [on.protocol(protocol)]),
    ...src.nets.map((net) => on.net('source', net)),
    ...src.ipSetIds.map((id) => on.set(named(id), 'src')),
    ...(src.ports.length > 0 ? [on.multiport('source', src.ports)] : []),
    ...src.namedPortIpSetIds.map((id) => on.set(named(id), 'src,src')),
    ...dst.nets.map((net) => on.net('destination', net)),
    ...dst.ipSetIds.map((id) => on.set(named(id), 'dst')),
    ...wanted.dstIpPortSetIds.map((id) => on.set(named(id), 'dst,dst')),
    ...(dst.ports.length > 0 ? [on.multiport('destination', dst.ports)] : []),
    ...dst.namedPortIpSetIds.map((id) => on.set(named(id), 'dst,dst')),
    ...(icmp ? [on.icmp(icmp, family)] : []),
    ...(notProtocol === undefined ? [] : [on.notProtocol(notProtocol)]),
    ...src.notNets.map((net) => on.notNet('source', net)),
    ...src.notIpSetIds.map((id) => on.notSet(named(id), 'src')),
    ...splitPorts(src.notPorts).map((split) => on.notMultiport('source', split)),
    ...src.notNamedPortIpSetIds.map((id) => on.notSet(named(id), 'src,src')),
    ...dst.notNets.map((net) => on.notNet('destination', net)),
    ...dst.notIpSetIds.map((id) => on.notSet(named(id), 'dst')),
    ...splitPorts(dst.notPorts).map((split) => on.notMultiport('destination', split)),
    ...dst.notNamedPortIpSetIds.map((id) => on.notSet(named(id), 'dst,dst')),
    ...(notIcmp ? [on.notIcmp(notIcmp, family)] : []),
  ];
}

interface ActionWish {
  readonly action: Rule['action'];
  readonly decision: PolicyDecision;
  readonly logPrefix: string;
}

const VERDICT: Readonly<
  Record<Exclude<Rule['action'], 'log'>, { readonly bit: number; readonly then: () => Action }>
> = {
  allow: { bit: MARK.accept, then: act.return },
  pass: { bit: MARK.pass, then: act.return },
  deny: { bit: MARK.drop, then: act.drop },
};

function actionRules(
  when: readonly Criterion[],
  { action, decision, logPrefix }: ActionWish,
): readonly FelixRule[] {
  if (action === 'log') return [rule(when, act.log(logPrefix), undefined, decision)];
  const { bit, then } = VERDICT[action];
  const [marks, acts] = action === 'deny' ? [undefined, decision] : [decision, undefined];
  return [rule(when, act.setMark(bit), undefined, marks), rule([on.markSet(bit)], then(), undefined, acts)];
}
