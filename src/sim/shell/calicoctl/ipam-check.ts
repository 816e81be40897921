/**
 * `calicoctl ipam check`: are all addresses that IPAM has given out in use, and all that are in use given out?
 * Source: calicoctl/calicoctl/commands/ipam/check.go, Calico v3.32.1. Where Go takes a map in any order, this one takes
 * that of the blocks.
 */
import { utf8 } from '../../../base/bytes.ts';
import { formatIp, formatIpCidr } from '../../../model/ip-family.ts';
import type { Attributes } from '../../cni/calico/ipam/block.ts';
import type { CommandIo } from '../command.ts';
import { resolvePath } from '../kubectl/manifest.ts';
import type { Client } from './client.ts';
import { judged, reportOf, surveyOf, type Findings, type Survey, type Use } from './ipam-survey.ts';
import type { Line } from './options.ts';
import type { Report } from './report.ts';

interface Show {
  readonly all: boolean;
  readonly problems: boolean;
}

export function ipamCheck(io: CommandIo, client: Client, line: Line): Report {
  const all = line.has('--show-all-ips');
  const show = { all, problems: all || line.has('--show-problem-ips') };
  const survey = surveyOf(client);
  const findings = judged(survey);
  const file = line.value('--output');
  if (file !== undefined) {
    // Like the real tool, it does not say when the file cannot be written.
    const text = JSON.stringify(reportOf(survey, findings), undefined, 2);
    io.files.write(resolvePath(io, file), utf8(text));
  }
  return {
    stdout: [
      'Checking IPAM for inconsistencies...',
      '',
      ...blockSection(survey, show),
      ...poolSection(survey),
      ...useSection(survey, findings, show),
      'Loading all handles',
      ...nodeSection(findings),
      ...addressSection(findings, show),
      ...handleSection(survey, findings, show),
      `Check complete; found ${problemCount(findings)} problems.`,
      '',
    ].join('\n'),
  };
}

function attributesText({ handle_id: handle, secondary }: Attributes): string {
  const extra = Object.entries(secondary)
    .map(([key, value]) => `${key}=${value}`)
    .sort();
  return `Main:${handle ?? '<none>'} Extra:${extra.join(',')}`;
}

function blockSection({ blocks }: Survey, { all }: Show): readonly string[] {
  const count = blocks.reduce((sum, { allocations }) => sum + allocations.length, 0);
  return [
    'Loading all IPAM blocks...',
    `Found ${blocks.length} IPAM blocks.`,
    ...blocks.flatMap(({ block, allocations }) => [
      ` IPAM block ${formatIpCidr(block.cidr)} affinity=${block.affinity ?? '<none>'}:`,
      ...(all ? allocations : []).map(
        ({ address, attributes }) => `  ${formatIp(address)} allocated; attrs ${attributesText(attributes)}`,
      ),
    ]),
    `IPAM blocks record ${count} allocations.`,
    '',
  ];
}

const poolSection = ({ pools }: Survey): readonly string[] => [
  'Loading all IPAM pools...',
  ...pools.map((pool) => `  ${formatIpCidr(pool.cidr)}`),
  `Found ${pools.length} active IP pools.`,
  '',
];

function useSection(
  { nodes, services, workloads }: Survey,
  { users }: Findings,
  { all }: Show,
): readonly string[] {
  const belongs = (uses: readonly Use[]): readonly string[] =>
    all ? uses.map(({ address, owner }) => `  ${formatIp(address)} belongs to ${owner}`) : [];
  return [
    'Loading all nodes.',
    ...belongs(nodes),
    `Found ${nodes.length} node tunnel IPs.`,
    '',
    'Loading all service load balancer IPs.',
    ...(services
      ? [...belongs(services.uses), `Found ${services.count} service load balancer(s).`]
      : ['No configuration for LoadBalancer kubecontroller found, skipping service check']),
    '',
    'Loading all workload endpoints.',
    ...belongs(workloads),
    `Found ${workloads.length} workload IPs.`,
    `Workloads and nodes are using ${users.size} IPs.`,
    '',
  ];
}

const MOST_NODES = 20;

function nodeSection({ allocations }: Findings): readonly string[] {
  const counts = new Map<string, number>();
  for (const { node } of allocations) counts.set(node, (counts.get(node) ?? 0) + 1);
  const top = [...counts].sort(([a, first], [b, second]) => second - first || (a < b ? -1 : 1));
  const [most] = top;
  const median = top[Math.floor(top.length / 2)]?.[1] ?? 0;
  return [
    `Looking for top (up to ${MOST_NODES}) nodes by allocations...`,
    ...top.slice(0, MOST_NODES).map(([node, count]) => `  ${node} has ${count} allocations`),
    ...(most ? [`Node with most allocations has ${most[1]}; median is ${median}`] : []),
    '',
  ];
}

function addressSection(findings: Findings, { problems }: Show): readonly string[] {
  const { leaked, outsidePools, unallocated, users } = findings;
  const loose = new Map([
    ...outsidePools.map((address) => [address, 'is not in any active IP pool.'] as const),
    ...unallocated.map(
      (address) => [address, 'and in active IPAM pool but has no IPAM allocation.'] as const,
    ),
  ]);
  const shown = problems ? [...users] : [];
  return [
    'Scanning for IPs that are allocated but not actually in use...',
    ...(problems ? leaked : []).map(
      ({ address, attributes }) => `  ${formatIp(address)} leaked; attrs ${attributesText(attributes)}`,
    ),
    `Found ${leaked.length} IPs that are allocated in IPAM but not actually in use.`,
    'Scanning for IPs that are in use by a workload or node but not allocated in IPAM...',
    ...shown.flatMap(([address, owners]) => {
      const problem = loose.get(address);
      return [
        ...(owners.length > 1 ? [`  ${formatIp(address)} has multiple owners.`] : []),
        ...(problem === undefined
          ? []
          : owners.map((owner) => `  ${formatIp(address)} in use by ${owner} ${problem}`)),
      ];
    }),
    `Found ${outsidePools.length} in-use IPs that are not in active IP pools.`,
    `Found ${unallocated.length} in-use IPs that are in active IP pools but have no corresponding IPAM allocation.`,
    '',
  ];
}

function handleSection(
  { handles }: Survey,
  { strayHandles, missingHandles }: Findings,
  { all, problems }: Show,
): readonly string[] {
  const used = handles.length - strayHandles.length;
  return [
    'Scanning for IPAM handles with no matching IPs...',
    ...(all ? strayHandles : []).map(({ id }) => `  ${id} doesn't have any active IPs.`),
    `Found ${strayHandles.length} handles with no matching IPs (and ${used} handles with matches).`,
    'Scanning for IPs with missing handle...',
    ...(problems ? missingHandles : []).map((id) => `  ${id} is in use in a block but doesn't exist.`),
    `Found ${missingHandles.length} handles mentioned in blocks with no matching handle resource.`,
  ];
}

const problemCount = ({ leaked, outsidePools, unallocated, strayHandles }: Findings): number =>
  leaked.length + outsidePools.length + unallocated.length + strayHandles.length;
