/**
 * `calicoctl ipam check`: are all addresses that IPAM has given out in use, and all that are in use given out?
 * Source: calicoctl/calicoctl/commands/ipam/check.go, Calico v3.32.1. LoadBalancer addresses and reports (-o) are left out.
 */
import { formatCidr, formatIpv4, parseIpv4, type Ipv4 } from '../../../model/ip.ts';
import { addressOf, attributesOf, type Attributes, type Block } from '../../cni/calico/ipam/block.ts';
import { IpamStore } from '../../cni/calico/ipam/ipam-store.ts';
import { poolHolding } from '../../cni/calico/ipam/pools.ts';
import { readPools, type IpPool } from '../../cni/calico/ippool.ts';
import { IPAM_HANDLES, IP_POOLS, NODES, NODE_ANNOTATION, PODS } from '../../cni/calico/kinds.ts';
import { workloadEndpointName } from '../../cni/calico/names.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Client } from './client.ts';
import type { Line } from './options.ts';
import type { Report } from './report.ts';

interface Allocation {
  readonly address: Ipv4;
  readonly attributes: Attributes;
}

/** Address -> who uses it. */
type Users = Map<Ipv4, string[]>;

export function ipamCheck(client: Client, line: Line): Report {
  const { objects } = client;
  const blocks = new IpamStore(objects).blocks();
  const allocations = blocks.flatMap(allocationsOf);
  const pools = readPools(objects.list(IP_POOLS)).filter(({ disabled }) => !disabled);
  const nodes: Users = new Map();
  const workloads: Users = new Map();
  for (const node of objects.list(NODES)) addNode(nodes, node);
  for (const pod of client.list('/api/v1/pods', PODS).ok ? podsOf(client) : []) addPod(workloads, pod);
  const users: Users = new Map([...nodes, ...workloads]);
  const handles = new Set(objects.list(IPAM_HANDLES).map(({ spec }) => String(spec?.['handleID'] ?? '')));
  const problems = problemsOf({ allocations, users, pools, handles });
  const show = line.has('--show-problem-ips') || line.has('--show-all-ips');
  return {
    stdout: [
      ...blockSection(blocks, allocations.length),
      ...poolSection(pools),
      'Loading all nodes.',
      `Found ${nodes.size} node tunnel IPs.`,
      '',
      'Loading all service load balancer IPs.',
      'No configuration for LoadBalancer kubecontroller found, skipping service check',
      '',
      'Loading all workload endpoints.',
      `Found ${workloads.size} workload IPs.`,
      `Workloads and nodes are using ${users.size} IPs.`,
      '',
      'Loading all handles',
      ...nodeSection(allocations),
      ...problemSection(problems, show),
      '',
    ].join('\n'),
  };
}

function podsOf(client: Client): readonly KubeObject[] {
  const pods = client.list('/api/v1/pods', PODS);
  return pods.ok ? pods.value.items : [];
}

const allocationsOf = (block: Block): readonly Allocation[] =>
  block.allocations.flatMap((_, ordinal) => {
    const attributes = attributesOf(block, ordinal);
    return attributes ? [{ address: addressOf(block, ordinal), attributes }] : [];
  });

function use(users: Users, address: string, owner: string): void {
  const parsed = parseIpv4(address.replace(/\/32$/, ''));
  if (parsed !== undefined) users.set(parsed, [...(users.get(parsed) ?? []), owner]);
}

function addNode(users: Users, { metadata }: KubeObject): void {
  for (const key of [NODE_ANNOTATION.ipipTunnel, NODE_ANNOTATION.vxlanTunnel]) {
    use(users, metadata.annotations?.[key] ?? '', `Node(${metadata.name})`);
  }
}

function addPod(users: Users, { metadata, spec }: KubeObject): void {
  if (spec?.['hostNetwork'] === true) return;
  const endpoint = workloadEndpointName(String(spec?.['nodeName'] ?? ''), metadata.name);
  const address = metadata.annotations?.['cni.projectcalico.org/podIP'] ?? '';
  use(users, address, `Workload(${metadata.namespace ?? 'default'}/${endpoint})`);
}

interface Problems {
  readonly leaked: readonly string[];
  readonly outsidePools: readonly string[];
  readonly unallocated: readonly string[];
  readonly strayHandles: number;
  readonly usedHandles: number;
  readonly missingHandles: number;
}

interface Evidence {
  readonly allocations: readonly Allocation[];
  readonly users: Users;
  readonly pools: readonly IpPool[];
  readonly handles: ReadonlySet<string>;
}

function problemsOf({ allocations, users, pools, handles }: Evidence): Problems {
  const allocated = new Set(allocations.map(({ address }) => address));
  const mentioned = new Set(allocations.flatMap(({ attributes }) => attributes.handle ?? []));
  const loose = [...users].filter(([address]) => !allocated.has(address));
  const inUseBy = ([address, owners]: readonly [Ipv4, readonly string[]]): string =>
    `  ${formatIpv4(address)} in use by [${owners.join(' ')}]`;
  return {
    leaked: allocations.filter(({ address }) => !users.has(address)).map(leakText),
    outsidePools: loose
      .filter(([address]) => !poolHolding(pools, address))
      .map((entry) => `${inUseBy(entry)} is not in any active IP pool.`),
    unallocated: loose
      .filter(([address]) => poolHolding(pools, address))
      .map((entry) => `${inUseBy(entry)} and in active IPAM pool but has no IPAM allocation.`),
    strayHandles: [...handles].filter((handle) => !mentioned.has(handle)).length,
    usedHandles: [...handles].filter((handle) => mentioned.has(handle)).length,
    missingHandles: [...mentioned].filter((handle) => !handles.has(handle)).length,
  };
}

function leakText({ address, attributes }: Allocation): string {
  const extra = Object.entries(attributes.secondary)
    .map(([key, value]) => `${key}=${value}`)
    .sort();
  return `  ${formatIpv4(address)} leaked; attrs Main:${attributes.handle ?? '<unset>'} Extra:${extra.join(',')}`;
}

const blockSection = (blocks: readonly Block[], count: number): readonly string[] => [
  'Checking IPAM for inconsistencies...',
  '',
  'Loading all IPAM blocks...',
  `Found ${blocks.length} IPAM blocks.`,
  ...blocks.map((block) => ` IPAM block ${formatCidr(block.cidr)} affinity=${block.affinity ?? '<none>'}:`),
  `IPAM blocks record ${count} allocations.`,
  '',
];

const poolSection = (pools: readonly IpPool[]): readonly string[] => [
  'Loading all IPAM pools...',
  ...pools.map((pool) => `  ${formatCidr(pool.cidr)}`),
  `Found ${pools.length} active IP pools.`,
  '',
];

function nodeSection(allocations: readonly Allocation[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { attributes } of allocations) {
    const { node } = attributes.secondary;
    if (node !== undefined) counts.set(node, (counts.get(node) ?? 0) + 1);
  }
  const top = [...counts].sort(([a, first], [b, second]) => second - first || (a < b ? -1 : 1));
  const median = top[Math.floor(top.length / 2)]?.[1] ?? 0;
  return [
    'Looking for top (up to 20) nodes by allocations...',
    ...top.slice(0, 20).map(([node, count]) => `  ${node} has ${count} allocations`),
    `Node with most allocations has ${top[0]?.[1] ?? 0}; median is ${median}`,
    '',
  ];
}

function problemSection(problems: Problems, show: boolean): readonly string[] {
  const shown = (lines: readonly string[]): readonly string[] => (show ? lines : []);
  const { leaked, outsidePools, unallocated, strayHandles, usedHandles, missingHandles } = problems;
  const total = leaked.length + outsidePools.length + unallocated.length + strayHandles;
  return [
    'Scanning for IPs that are allocated but not actually in use...',
    ...shown(leaked),
    `Found ${leaked.length} IPs that are allocated in IPAM but not actually in use.`,
    '',
    'Scanning for IPs that are in use by a workload or node but not allocated in IPAM...',
    ...shown([...outsidePools, ...unallocated]),
    `Found ${outsidePools.length} in-use IPs that are not in active IP pools.`,
    `Found ${unallocated.length} in-use IPs that are in active IP pools but have no corresponding IPAM allocation.`,
    '',
    'Scanning for IPAM handles with no matching IPs...',
    `Found ${strayHandles} handles with no matching IPs (and ${usedHandles} handles with matches).`,
    'Scanning for IPs with missing handle...',
    `Found ${missingHandles} handles mentioned in blocks with no matching handle resource.`,
    `Check complete; found ${total} problems.`,
  ];
}
