/**
 * Felix's chains for the node's own interfaces: which host endpoint governs which device, its policies for the host's own
 * traffic (filter, and mangle where a DNAT made the route late), for forwarded packets (applyOnForward), for untracked ones
 * (raw) and for packets before DNAT (mangle).
 * Sources: felix/dataplane/linux/endpoint_mgr.go resolveHostEndpoints and updateHostEndpoints, felix/rules/endpoints.go and
 * dispatch.go, Calico v3.32.1.
 */
import type { Ip } from '../../../../../model/ip.ts';
import type { PolicyDirection } from '../../../../../model/policy-decision.ts';
import { chainName } from '../../names.ts';
import type { HostEndpoint, Policy, TierInfo } from '../../policy/active.ts';
import { dispatchChains } from './dispatch.ts';
import { endpointChain, type EndpointChain } from './endpoint-chain.ts';
import { FAILSAFE_CHAIN } from './failsafe.ts';
import { act, on, rule, type FelixChain } from './felix-rule.ts';
import { tierGroups } from './tiers.ts';

/** Device -> the host endpoint that governs it; `any-interface-at-all` for every other one. */
export type GovernedDevices = ReadonlyMap<string, HostEndpoint>;

const ALL_DEVICES = 'any-interface-at-all';

/** A device of the node that is no pod's, with its addresses. */
export interface HostDevice {
  readonly name: string;
  readonly addresses: readonly Ip[];
}

/** Of several host endpoints that fit a device, the one with the first name governs it. */
export function governedDevices(
  hosts: ReadonlyMap<string, HostEndpoint>,
  devices: readonly HostDevice[],
): GovernedDevices {
  const byName = [...hosts.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  const governed = new Map<string, HostEndpoint>();
  for (const device of devices) {
    const endpoint = byName.find((each) => fits(each, device));
    if (endpoint) governed.set(device.name, endpoint);
  }
  const everywhere = byName.find(({ interfaceName }) => interfaceName === '*');
  if (everywhere) governed.set(ALL_DEVICES, everywhere);
  return governed;
}

function fits({ interfaceName, expectedAddresses }: HostEndpoint, { name, addresses }: HostDevice): boolean {
  if (interfaceName !== '') return interfaceName === name;
  return expectedAddresses.some((address) => addresses.includes(address));
}

type Policies = ReadonlyMap<string, Policy>;

/** The host's own traffic and forwarded traffic. */
export function hostFilterChains(governed: GovernedDevices, policies: Policies): readonly FelixChain[] {
  const chains = [...governed].flatMap(([device, host]) =>
    (['own-out', 'own-in', 'forward-out', 'forward-in'] as const).map((use) =>
      hostChain({ use, device, host, policies }),
    ),
  );
  return [
    ...chains,
    ...hostDispatch('own-in', governed),
    ...hostDispatch('own-out', governed),
    ...hostDispatch('forward-in', governed),
    ...hostDispatch('forward-out', governed),
  ];
}

/** Devices whose host endpoint has doNotTrack policies; one for all devices cannot have them. */
export function hostRawChains(governed: GovernedDevices, policies: Policies): readonly FelixChain[] {
  const own = new Map(
    [...governed].filter(([device, host]) => device !== ALL_DEVICES && host.untrackedTiers.length > 0),
  );
  const chains = [...own].flatMap(([device, host]) => [
    hostChain({ use: 'untracked-out', device, host, policies }),
    hostChain({ use: 'untracked-in', device, host, policies }),
  ]);
  return [...chains, ...hostDispatch('untracked-in', own), ...hostDispatch('untracked-out', own)];
}

/** What comes in before DNAT, and what the host itself sends after one. */
export function hostMangleChains(governed: GovernedDevices, policies: Policies): readonly FelixChain[] {
  const preDnat = new Map([...governed].filter(([, host]) => host.preDnatTiers.length > 0));
  return [
    ...[...governed].map(([device, host]) => hostChain({ use: 'late-out', device, host, policies })),
    ...[...preDnat].map(([device, host]) => hostChain({ use: 'pre-dnat-in', device, host, policies })),
    ...hostDispatch('pre-dnat-in', preDnat),
    ...hostDispatch('late-out', governed),
  ];
}

/** One of the chains that a host endpoint has. */
interface Use {
  readonly prefix: string;
  readonly root: string;
  readonly direction: PolicyDirection;
  readonly kind: EndpointChain['kind'];
  readonly tiers: (host: HostEndpoint) => readonly TierInfo[];
  readonly failsafe: boolean;
  readonly allow: EndpointChain['allow'];
}

const IN = { prefix: 'cali-fh-', root: 'cali-from-host-endpoint', direction: 'ingress' } as const;
const OUT = { prefix: 'cali-th-', root: 'cali-to-host-endpoint', direction: 'egress' } as const;
const FORWARD_IN = { ...IN, prefix: 'cali-fhfw-', root: 'cali-from-hep-forward' } as const;
const FORWARD_OUT = { ...OUT, prefix: 'cali-thfw-', root: 'cali-to-hep-forward' } as const;

const NORMAL = {
  kind: 'normal',
  tiers: ({ tiers }: HostEndpoint) => tiers,
  failsafe: true,
  allow: 'accept',
} as const;
const FORWARD = {
  kind: 'forward',
  tiers: ({ forwardTiers }: HostEndpoint) => forwardTiers,
  failsafe: false,
  allow: 'accept',
} as const;
const UNTRACKED = {
  kind: 'untracked',
  tiers: ({ untrackedTiers }: HostEndpoint) => untrackedTiers,
  failsafe: true,
  allow: 'accept',
} as const;
const PRE_DNAT = {
  kind: 'pre-dnat',
  tiers: ({ preDnatTiers }: HostEndpoint) => preDnatTiers,
  failsafe: true,
  allow: 'accept',
} as const;

const USES = {
  'own-in': { ...IN, ...NORMAL },
  'own-out': { ...OUT, ...NORMAL },
  'late-out': { ...OUT, ...NORMAL, allow: 'return' },
  'forward-in': { ...FORWARD_IN, ...FORWARD },
  'forward-out': { ...FORWARD_OUT, ...FORWARD },
  'untracked-in': { ...IN, ...UNTRACKED },
  'untracked-out': { ...OUT, ...UNTRACKED },
  'pre-dnat-in': { ...IN, ...PRE_DNAT },
} as const satisfies Readonly<Record<string, Use>>;

interface HostChain {
  readonly use: keyof typeof USES;
  readonly device: string;
  readonly host: HostEndpoint;
  readonly policies: Policies;
}

function hostChain({ use, device, host, policies }: HostChain): FelixChain {
  const { prefix, direction, kind, tiers, failsafe, allow }: Use = USES[use];
  return endpointChain({
    name: chainName(prefix, device),
    endpoint: `host endpoint ${host.id}`,
    direction,
    kind,
    tiers: tierGroups(tiers(host), direction, policies),
    profiles: host.profileIds,
    allow,
    ...(failsafe && { failsafe: FAILSAFE_CHAIN[direction] }),
  });
}

/** By device; what no named device takes goes to the endpoint of all devices, if there is one. */
function hostDispatch(use: keyof typeof USES, governed: GovernedDevices): readonly FelixChain[] {
  const { prefix, root, direction }: Use = USES[use];
  const toAll = governed.has(ALL_DEVICES) ? [rule([], act.goto(chainName(prefix, ALL_DEVICES)))] : [];
  return dispatchChains({
    root,
    by: direction === 'ingress' ? 'in-interface' : 'out-interface',
    prefix,
    names: [...governed.keys()].filter((name) => name !== ALL_DEVICES),
    end: use === 'late-out' && toAll.length > 0 ? [SKIP_WORKLOADS, ...toAll] : toAll,
  });
}

const SKIP_WORKLOADS = rule(
  [on.outInterface('cali+')],
  act.return(),
  'Skip egress WHEP policy for traffic to local workload',
);
