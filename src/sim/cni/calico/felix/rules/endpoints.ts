/**
 * Felix's chains for workloads: dispatch by interface (a shallow tree), then one chain a direction, then profiles. Without
 * policies the profile of the pod's namespace decides, and it allows.
 * Source: felix/rules/{dispatch,endpoints,policy}.go, Calico v3.32.1. Tiers and policies are left out.
 */
import type { Chain } from '../../../../net/netfilter-rules.ts';
import { chainName } from '../../names.ts';
import { act, felixChain, on, rule, type Criterion, type FelixRule } from './felix-rule.ts';
import { MARK } from './sets.ts';

export interface WorkloadEndpoint {
  readonly interface: string;
  /** In order: `kns.<namespace>`, `ksa.<namespace>.<service account>`. */
  readonly profiles: readonly string[];
}

export interface EndpointOptions {
  readonly vxlanPort: number;
  readonly allowVxlan: boolean;
  readonly allowIpip: boolean;
}

type Direction = 'from' | 'to';

export function endpointChains(
  endpoints: readonly WorkloadEndpoint[],
  options: EndpointOptions,
): readonly Chain[] {
  const names = endpoints.map((endpoint) => endpoint.interface).sort();
  const profiles = [...new Set(endpoints.flatMap((endpoint) => endpoint.profiles))];
  return [
    ...dispatchChains('from', names),
    ...dispatchChains('to', names),
    ...endpoints.flatMap((endpoint) => [fromWorkload(endpoint, options), toWorkload(endpoint)]),
    ...profiles.flatMap(profileChains),
  ];
}

const unknown = rule([], act.drop(), 'Unknown interface');

function dispatchChains(direction: Direction, names: readonly string[]): readonly Chain[] {
  const root = `cali-${direction}-wl-dispatch`;
  const onInterface = direction === 'from' ? on.inInterface : on.outInterface;
  const toEndpoint = (name: string): FelixRule =>
    rule([onInterface(name)], act.goto(chainName(direction === 'from' ? 'cali-fw-' : 'cali-tw-', name)));
  const common = commonPrefix(names);
  const groups = groupBy(names, (name) => name.slice(0, common.length + 1));
  const rootRules: FelixRule[] = [];
  const children: Chain[] = [];
  for (const [prefix, members] of groups) {
    const [only] = members;
    if (members.length === 1 && only !== undefined) {
      rootRules.push(toEndpoint(only));
      continue;
    }
    const child = `${root}-${prefix.slice(common.length)}`;
    rootRules.push(rule([onInterface(`${prefix}+`)], act.goto(child)));
    children.push(felixChain(child, [...members.map(toEndpoint), unknown]));
  }
  return [...children, felixChain(root, [...rootRules, unknown])];
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, readonly T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

function commonPrefix(names: readonly string[]): string {
  const [first = '', ...others] = names;
  let length = first.length;
  for (const name of others) while (!name.startsWith(first.slice(0, length))) length -= 1;
  return first.slice(0, length);
}

const conntrack: readonly FelixRule[] = [
  rule([on.established()], act.accept()),
  rule([on.invalid()], act.drop()),
  rule([], act.clearMark(MARK.accept | MARK.pass)),
];

function fromWorkload(endpoint: WorkloadEndpoint, options: EndpointOptions): Chain {
  const vxlan: readonly Criterion[] = [on.protocol(17), on.ports(options.vxlanPort)];
  return felixChain(chainName('cali-fw-', endpoint.interface), [
    ...conntrack,
    ...(options.allowVxlan
      ? []
      : [rule(vxlan, act.drop(), 'DROP VXLAN encapped packets originating in workloads')]),
    ...(options.allowIpip
      ? []
      : [rule([on.protocol(4)], act.drop(), 'DROP IPinIP encapped packets originating in workloads')]),
    ...throughProfiles('cali-pro-', endpoint.profiles),
  ]);
}

const toWorkload = (endpoint: WorkloadEndpoint): Chain =>
  felixChain(chainName('cali-tw-', endpoint.interface), [
    ...conntrack,
    ...throughProfiles('cali-pri-', endpoint.profiles),
  ]);

const throughProfiles = (prefix: string, profiles: readonly string[]): readonly FelixRule[] => [
  ...profiles.flatMap((profile) => [
    rule([], act.jump(chainName(prefix, profile))),
    rule([on.markSet(MARK.accept)], act.return(), 'Return if profile accepted'),
  ]),
  rule([], act.drop(), 'DROP if no profiles matched'),
];

/** A namespace's profile allows both ways; a service account's only carries labels. */
function profileChains(profile: string): readonly Chain[] {
  const chain = (prefix: string, direction: string): Chain => {
    const comment = `Profile ${profile} ${direction}`;
    const rules = profile.startsWith('kns.') ? [rule([], act.setMark(MARK.accept), comment)] : [];
    return felixChain(chainName(prefix, profile), rules);
  };
  return [chain('cali-pri-', 'ingress'), chain('cali-pro-', 'egress')];
}
