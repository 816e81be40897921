/**
 * Host endpoints against the Linux kernel of this machine: the chains that Felix makes of one on a node's card are restored into
 * network namespaces, and flows to the node, from it and through it are asked of both, in both families of addresses. Only a full
 * run asks about every situation.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/base/json.ts';
import { clearStale } from '../../src/cli/kernel/namespaces.ts';
import { familyOf, parseIp } from '../../src/model/ip-family.ts';
import type { NetnsId } from '../../src/model/trace.ts';
import type { Listener, Netns } from '../../src/sim/net/netns.ts';
import { networkIn, UDP_PORT, withoutIdle } from './cluster.ts';
import { addressesIn, dualStackCluster, NODE_PORT, podOn, serviceAddresses } from './dual-stack-cluster.ts';
import { flowText, type Flow, type Locality, type Protocol } from './flow.ts';
import { KernelLab } from './kernel-lab.ts';
import { writePart } from './ledger.ts';
import { agrees, differenceText, type Compared } from './report.ts';
import { full, kernel, required } from './requirements.ts';
import { networkFrom } from './simulated.ts';
import { compareFlows } from './suite.ts';

const { lacking } = await kernel();

const GOVERNED = 'node/node1';
const HOST_ENDPOINT: JsonObject = {
  kind: 'HostEndpoint',
  metadata: { name: 'node1-eth0', labels: { host: 'node1' } },
  spec: { node: 'node1', interfaceName: 'eth0', expectedIPs: ['10.0.0.11', 'fd00:a::11'] },
};
const EVERY_DEVICE: JsonObject = {
  kind: 'HostEndpoint',
  metadata: { name: 'node1-all', labels: { host: 'node1' } },
  spec: { node: 'node1', interfaceName: '*', expectedIPs: ['10.0.0.11', 'fd00:a::11'] },
};

const policy = (name: string, spec: JsonObject): JsonObject => ({
  kind: 'GlobalNetworkPolicy',
  metadata: { name: `default.${name}` },
  spec: { tier: 'default', selector: "host == 'node1'", order: 10, ...spec },
});
const ALLOW: JsonObject = { action: 'Allow' };
const OPEN = policy('open', { order: 100, types: ['Ingress', 'Egress'], ingress: [ALLOW], egress: [ALLOW] });

const RACK_A = ['10.0.0.0/24', 'fd00:a::/64'];
const OUTSIDE = ['203.0.113.0/24', '2001:db8:113::/64'];
/** One rule for each family: a rule's networks are of one. */
const ofBoth = (
  nets: readonly string[],
  rule: (nets: readonly string[]) => JsonObject,
): readonly JsonObject[] => nets.map((net) => rule([net]));
const ECHO_REQUESTS: readonly JsonObject[] = [
  { action: 'Deny', protocol: 'ICMP', icmp: { type: 8 } },
  { action: 'Deny', protocol: 'ICMPv6', icmp: { type: 128 } },
];
/** Host endpoints hold back neighbour discovery too: who asks whom first would then decide what a flow meets. */
const DISCOVERY: readonly JsonObject[] = [135, 136].map((type) => ({
  action: 'Allow',
  protocol: 'ICMPv6',
  icmp: { type },
}));
const NODE_PORTS: JsonObject = { protocol: 'TCP', destination: { ports: [NODE_PORT] } };
const beforeDnat = (ingress: readonly JsonObject[]): JsonObject =>
  policy('before-dnat', { preDNAT: true, applyOnForward: true, types: ['Ingress'], ingress });
const untracked = (ingress: readonly JsonObject[], egress: readonly JsonObject[]): JsonObject =>
  policy('untracked', {
    doNotTrack: true,
    applyOnForward: true,
    types: ['Ingress', 'Egress'],
    ingress,
    egress,
  });
const forwarded = (ingress: readonly JsonObject[], egress: readonly JsonObject[]): JsonObject =>
  policy('forwarded', { applyOnForward: true, types: ['Ingress', 'Egress'], ingress, egress });

interface Situation {
  readonly objects: readonly JsonObject[];
  /** Its outcomes are what the policy is there for, by the text of the flow. */
  readonly expected: Readonly<Record<string, 'answered' | 'nothing'>>;
}

const SSH = 'host/outside > 10.0.0.11:22 tcp small (104)';
const HTTP = 'host/outside > 10.0.0.11:80 tcp small (104)';
const ECHO = 'host/outside > 10.0.0.11 icmp small (104)';
const AT_NODE_PORT = `host/outside > 10.0.0.11:${NODE_PORT} tcp small (104)`;

const SITUATIONS: Readonly<Record<string, Situation>> = {
  'no policy: only failsafe ports, and what is forwarded': {
    objects: [HOST_ENDPOINT],
    expected: { [SSH]: 'answered', [HTTP]: 'nothing', [ECHO]: 'nothing', [AT_NODE_PORT]: 'answered' },
  },
  'ingress denied': {
    objects: [
      HOST_ENDPOINT,
      policy('closed', {
        types: ['Ingress', 'Egress'],
        ingress: [...DISCOVERY, { action: 'Deny' }],
        egress: [ALLOW],
      }),
    ],
    expected: { [SSH]: 'answered', [HTTP]: 'nothing', [ECHO]: 'nothing', [AT_NODE_PORT]: 'answered' },
  },
  'ingress from one rack, egress to it': {
    objects: [
      HOST_ENDPOINT,
      policy('rack', {
        types: ['Ingress', 'Egress'],
        ingress: [...DISCOVERY, ...ofBoth(RACK_A, (nets) => ({ action: 'Allow', source: { nets } }))],
        egress: [
          ...DISCOVERY,
          ...ofBoth(RACK_A, (nets) => ({ action: 'Allow', destination: { nets } })),
          { action: 'Log', protocol: 'TCP' },
        ],
      }),
    ],
    expected: { [SSH]: 'answered', [HTTP]: 'nothing', [AT_NODE_PORT]: 'answered' },
  },
  'applyOnForward, in': {
    objects: [
      HOST_ENDPOINT,
      OPEN,
      forwarded(
        [...ofBoth(OUTSIDE, (nets) => ({ action: 'Deny', source: { nets } })), ...ECHO_REQUESTS, ALLOW],
        [ALLOW],
      ),
    ],
    expected: { [SSH]: 'answered', [HTTP]: 'nothing', [ECHO]: 'nothing', [AT_NODE_PORT]: 'nothing' },
  },
  'applyOnForward, out': {
    objects: [
      HOST_ENDPOINT,
      OPEN,
      forwarded(
        [ALLOW],
        [...ECHO_REQUESTS, { action: 'Deny', protocol: 'TCP', destination: { ports: [22] } }, ALLOW],
      ),
    ],
    expected: { [SSH]: 'answered', [HTTP]: 'answered', [ECHO]: 'answered', [AT_NODE_PORT]: 'answered' },
  },
  'preDNAT against a node port': {
    objects: [HOST_ENDPOINT, OPEN, beforeDnat([{ action: 'Deny', ...NODE_PORTS }])],
    expected: { [SSH]: 'answered', [HTTP]: 'answered', [AT_NODE_PORT]: 'nothing' },
  },
  'preDNAT with the port of the pod, which it does not see': {
    objects: [
      HOST_ENDPOINT,
      OPEN,
      beforeDnat([
        ...ofBoth(RACK_A, (nets) => ({ action: 'Allow', ...NODE_PORTS, source: { nets } })),
        { action: 'Deny', protocol: 'TCP', destination: { ports: [80] } },
      ]),
    ],
    expected: { [SSH]: 'answered', [HTTP]: 'nothing', [AT_NODE_PORT]: 'answered' },
  },
  'doNotTrack both ways': {
    objects: [
      HOST_ENDPOINT,
      untracked(
        [{ action: 'Allow', protocol: 'TCP', destination: { ports: [80] } }, ...ECHO_REQUESTS],
        [{ action: 'Allow', protocol: 'TCP', source: { ports: [80] } }],
      ),
    ],
    expected: { [SSH]: 'answered', [HTTP]: 'answered', [ECHO]: 'nothing', [AT_NODE_PORT]: 'answered' },
  },
  'doNotTrack one way: its answers are of no connection': {
    objects: [
      HOST_ENDPOINT,
      untracked([{ action: 'Allow', protocol: 'TCP', destination: { ports: [80] } }], []),
    ],
    expected: { [SSH]: 'answered', [HTTP]: 'nothing', [AT_NODE_PORT]: 'answered' },
  },
  'every device of the node': {
    objects: [
      EVERY_DEVICE,
      policy('all-devices', {
        types: ['Ingress', 'Egress'],
        ingress: [...DISCOVERY, { action: 'Allow', protocol: 'UDP' }],
        egress: [...ECHO_REQUESTS, ALLOW],
      }),
    ],
    expected: { [SSH]: 'answered', [HTTP]: 'nothing', [ECHO]: 'nothing', [AT_NODE_PORT]: 'answered' },
  },
};
/** What each run asks; the others are of the full one. */
const ALWAYS: ReadonlySet<string> = new Set([
  'ingress denied',
  'applyOnForward, in',
  'preDNAT against a node port',
  'doNotTrack both ways',
]);

const HTTP_SERVER: Listener = { protocol: 'tcp', port: 80, serves: { kind: 'http', body: 'node' } };
/** What runs on the nodes of life beside Kubernetes. */
const LISTENERS: readonly Listener[] = [
  HTTP_SERVER,
  { ...HTTP_SERVER, port: 22 },
  { protocol: 'udp', port: UDP_PORT, serves: { kind: 'echo' } },
];

const withServers = (stack: Netns): Netns =>
  stack.id.startsWith('node/') ? { ...stack, listeners: [...stack.listeners, ...LISTENERS] } : stack;

type Asked = readonly [from: NetnsId, to: string, Locality, ...(readonly (Protocol | number)[])];

const COLLECTIONS: Readonly<Record<string, string>> = {
  HostEndpoint: 'hostendpoints',
  GlobalNetworkPolicy: 'globalnetworkpolicies',
};

interface Scene {
  readonly stacks: readonly Netns[];
  readonly flows: readonly Flow[];
}

function sceneOf({ objects }: Situation): Scene {
  const simulator = dualStackCluster((ask) => {
    for (const pool of ['default-ipv4-ippool', 'default-ipv6-ippool']) {
      const spec = { ipipMode: 'Never', vxlanMode: 'CrossSubnet', natOutgoing: true };
      ask('PATCH', `/apis/crd.projectcalico.org/v1/ippools/${pool}`, { spec });
    }
    for (const object of objects) {
      const path = `/apis/crd.projectcalico.org/v1/${COLLECTIONS[String(object['kind'])] ?? ''}`;
      ask('POST', path, { apiVersion: 'crd.projectcalico.org/v1', ...object });
    }
  });
  const stacks = withoutIdle('ipip', networkIn(simulator)).stacks.map(withServers);
  const services = serviceAddresses(simulator);
  return { stacks, flows: ([0, 1] as const).flatMap((family) => flowsOf(stacks, services, family)) };
}

/** To the governed node, from it and through it, in one family. */
function flowsOf(stacks: readonly Netns[], services: readonly string[], family: 0 | 1): readonly Flow[] {
  const address = (id: NetnsId): string => addressesIn(stacks, id)[family];
  const [near, rack, far] = [podOn('node1'), podOn('node2'), podOn('node3')];
  const [other, outside] = ['node/node2', 'host/outside'];
  const asked: readonly Asked[] = [
    [outside, address(GOVERNED), 'outside to node', 'icmp', 22, 80, 'udp'],
    [other, address(GOVERNED), 'node to node', 'icmp', 22, 80, 'udp'],
    [GOVERNED, address(other), 'node to node', 'icmp', 22, 80],
    [GOVERNED, address(outside), 'node to outside', 'icmp', 80],
    [near, address(GOVERNED), 'pod to own node', 'icmp', 22],
    [GOVERNED, address(near), 'node to pod, same node', 'icmp', 80],
    [GOVERNED, address(far), 'node to pod, cross rack', 'icmp', 80],
    [near, address(other), 'pod to other node', 'icmp', 22],
    [near, address(outside), 'pod to outside', 'icmp', 80],
    [rack, address(near), 'pod to pod, same rack', 'icmp', 80, 'udp'],
    [near, address(rack), 'pod to pod, same rack', 'icmp', 80, 'udp'],
    [far, address(near), 'pod to pod, cross rack', 'icmp', 80],
    [outside, address(GOVERNED), 'to node port', NODE_PORT],
    [outside, address(other), 'to node port', NODE_PORT],
    [other, address(GOVERNED), 'to node port', NODE_PORT],
    [near, services[family] ?? '', 'pod to service', 80],
  ];
  return asked.flatMap(([from, to, locality, ...ways]) =>
    ways.map((way) => flowOf({ from, to, locality, way })),
  );
}

const BYTES = 104;

interface Wanted {
  readonly from: NetnsId;
  readonly to: string;
  readonly locality: Locality;
  /** A number is a port of TCP. */
  readonly way: Protocol | number;
}

function flowOf({ from, to, locality, way }: Wanted): Flow {
  const address = parseIp(to);
  if (address === undefined) throw new RangeError(`not an address: ${to}`);
  const protocol = typeof way === 'number' ? 'tcp' : way;
  const port = typeof way === 'number' ? way : UDP_PORT;
  return { from, to: address, locality, protocol, size: 'small', bytes: BYTES, port };
}

test.runIf(required)('this machine can compare the simulator with its kernel', () => {
  expect(lacking).toBeUndefined();
});

describe.skipIf(lacking !== undefined)(
  `host endpoints in the Linux kernel${lacking === undefined ? '' : ` (${lacking})`}`,
  () => {
    const all: Compared[] = [];
    beforeAll(clearStale);
    afterAll(() => {
      writePart('host-endpoint', all);
    });

    const situations = Object.entries(SITUATIONS).filter(([name]) => full || ALWAYS.has(name));
    test.concurrent.each(situations)('%s', async (name, situation) => {
      const { stacks, flows } = sceneOf(situation);
      const told = { network: name, mode: 'host endpoint', fault: 'none' };
      const lab = await KernelLab.build(stacks);
      try {
        const compared = await compareFlows(lab, told, { network: networkFrom(stacks), flows });
        all.push(...compared);
        const differing = compared.filter((one) => !agrees(one));
        expect(differing.map((one) => differenceText(one, flowText)).join('\n\n')).toBe('');
        const outcomes = new Map(compared.map(({ flow, observed }) => [flowText(flow), observed.outcome]));
        const expected = Object.keys(situation.expected).map((flow) => [flow, outcomes.get(flow)]);
        expect(Object.fromEntries(expected)).toEqual(situation.expected);
      } finally {
        await lab.dispose();
      }
    });

    test('both families were let through and refused', () => {
      const kinds = all.map(({ flow, observed }) => `${familyOf(flow.to)} ${observed.outcome}`);
      expect(kinds).toEqual(expect.arrayContaining(['4 answered', '4 nothing', '6 answered', '6 nothing']));
    });
  },
);
