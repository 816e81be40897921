/**
 * A dual-stack cluster as a whole: pods with an address of each family reach each other over IPv6 in every mode that a pool of
 * IPv6 can have, and the world outside by NAT66. What each hop does is Calico v3.32.1's; the walk is the kernel's.
 */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/base/json.ts';
import { parseTopology } from '../../src/lab/topology.ts';
import type { Ip } from '../../src/model/ip.ts';
import { formatIp, parseIp } from '../../src/model/ip-family.ts';
import { parseInterfaceAddress6 } from '../../src/model/ipv6.ts';
import type { Trace } from '../../src/model/trace.ts';
import { Simulator } from '../../src/sim/index.ts';
import type { NetnsEdit } from '../../src/sim/net/edit.ts';
import type { Netns } from '../../src/sim/net/netns.ts';
import { create, podBody } from './cluster.ts';
import { violations } from './invariants.ts';

const FILE = 'labs/topologies/dual-stack.yaml';
const POOL = '/apis/crd.projectcalico.org/v1/ippools/default-ipv6-ippool';
const OUTSIDE = '2001:db8:113::10';
const REST = 30_000;

function dualStack(): Simulator {
  const topology = parseTopology(FILE, readFileSync(FILE, 'utf8'));
  if (!topology.ok) throw new Error(JSON.stringify(topology.error));
  const epoch = Date.parse('2026-05-01T10:00:00Z');
  const cluster = new Simulator({ topology: topology.value, seed: 1, epoch, defaultPool: true });
  cluster.settle(REST);
  return cluster;
}

function change(cluster: Simulator, spec: JsonObject): void {
  const contentType = 'application/merge-patch+json';
  const { code } = cluster.cluster.request({ method: 'PATCH', path: POOL, contentType, body: { spec } });
  expect(code).toBe(200);
  cluster.settle(REST);
}

/** One pod on each worker. */
function withPods(cluster: Simulator): Simulator {
  for (const node of ['node1', 'node2', 'node3'])
    expect(create(cluster, '/api/v1/namespaces/default/pods', podBody(`on-${node}`, node)).code).toBe(201);
  cluster.settle(REST);
  return cluster;
}

const podOf = (cluster: Simulator, node: string) =>
  cluster.world.cluster.store.get('pods', 'default', `on-${node}`);

const shown = (cluster: Simulator, node: string): readonly string[] =>
  (podOf(cluster, node)?.status?.['podIPs'] as readonly { readonly ip: string }[]).map(({ ip }) => ip);

function addressOf(cluster: Simulator, node: string): Ip {
  const address = parseIp(shown(cluster, node)[1] ?? '');
  if (address === undefined) throw new Error(`no IPv6 address on ${node}`);
  return address;
}

let echoes = 0;

function ping(cluster: Simulator, from: string, to: Ip) {
  echoes += 1;
  return cluster.network.echo({
    from,
    to,
    identifier: echoes,
    sequence: 1,
    ttl: 64,
    dataLength: 56,
    pmtuDiscovery: 'want',
  });
}

/** Nodes that put the packet into a tunnel on its way. */
const encapsulating = ({ steps }: Trace): readonly string[] =>
  steps.flatMap((step) => (step.kind === 'encapsulate' ? [`${step.at} ${step.device}`] : []));

interface Reached {
  readonly answer: string;
  readonly tunnels: readonly string[];
}

function reached(cluster: Simulator, from: string, to: string): Reached {
  const { reply, traces } = ping(cluster, `pod/default/on-${from}`, addressOf(cluster, to));
  const answer = reply.kind === 'reply' ? `ttl ${reply.ttl}` : reply.kind;
  return { answer, tunnels: traces[0] ? encapsulating(traces[0]) : [] };
}

const TUNNEL = ['node/node1 vxlan-v6.calico'];

describe('a cluster that has just come up', () => {
  let cluster: Simulator;
  beforeAll(() => {
    cluster = withPods(dualStack());
  });

  test('has pods with two addresses, which the plugin has noted too', () => {
    expect(['node1', 'node2', 'node3'].map((node) => shown(cluster, node))).toEqual([
      ['10.244.166.130', 'fd00:10:244:83:318a:6059:3e82:d1c1'],
      ['10.244.104.2', 'fd00:10:244:74:d03b:4785:4379:9541'],
      ['10.244.135.2', 'fd00:10:244:82:7bf3:bb28:910a:8701'],
    ]);
    expect(podOf(cluster, 'node1')?.metadata.annotations).toMatchObject({
      'cni.projectcalico.org/podIP': '10.244.166.130/32',
      'cni.projectcalico.org/podIPs': '10.244.166.130/32,fd00:10:244:83:318a:6059:3e82:d1c1/128',
    });
  });

  test('has nodes that know their addresses of both families', () => {
    const { store } = cluster.world.cluster;
    expect(store.get('nodes', undefined, 'node3')?.metadata.annotations).toMatchObject({
      'projectcalico.org/IPv4Address': '10.0.1.13/24',
      'projectcalico.org/IPv6Address': 'fd00:b::13/64',
    });
  });

  test('reaches over IPv6 what BIRD announced, in the rack, and does not translate what leaves', () => {
    expect(reached(cluster, 'node1', 'node2').answer).toBe('ttl 62');
    const { reply } = ping(cluster, 'pod/default/on-node1', parseIp(OUTSIDE) as Ip);
    // The way back is unknown outside.
    expect(reply.kind).not.toBe('reply');
  });
});

describe.each([
  ['Always', TUNNEL],
  ['CrossSubnet', []],
] as const)('VXLAN %s', (vxlanMode, near) => {
  let cluster: Simulator;
  beforeAll(() => {
    cluster = dualStack();
    change(cluster, { vxlanMode, natOutgoing: true });
    withPods(cluster);
  });

  test('reaches pods in both racks, each by its way', () => {
    expect(reached(cluster, 'node1', 'node2')).toEqual({ answer: 'ttl 62', tunnels: near });
    expect(reached(cluster, 'node1', 'node3')).toEqual({ answer: 'ttl 62', tunnels: TUNNEL });
  });

  test('leaves room for the longer header in new pods', () => {
    const eth0 = cluster.network.netns('pod/default/on-node1')?.devices.find(({ name }) => name === 'eth0');
    expect(eth0?.mtu).toBe(1430);
  });

  test('translates what leaves the pools: outside sees the node', () => {
    const answer = cluster.network.http({
      from: 'pod/default/on-node1',
      to: parseIp(OUTSIDE) as Ip,
      port: 80,
      sourcePort: 40_000,
      host: 'outside',
      path: '/',
      method: 'GET',
    });
    expect(answer).toMatchObject({ kind: 'response', body: 'outside saw fd00:a::11\n' });
  });

  test('pods do not see addresses of nodes where nothing is translated', () => {
    const { reply } = ping(cluster, 'pod/default/on-node3', addressOf(cluster, 'node1'));
    expect(reply.kind === 'reply' && formatIp(reply.from)).toBe(shown(cluster, 'node1')[1]);
  });
});

test('a mode changes live, and back again', () => {
  const cluster = withPods(dualStack());
  for (const vxlanMode of ['Always', 'CrossSubnet', 'Never', 'Always', 'Never']) {
    change(cluster, { vxlanMode });
    const devices = cluster.network.netns('node/node1')?.devices.map(({ name }) => name) ?? [];
    expect(devices.includes('vxlan-v6.calico')).toBe(vxlanMode !== 'Never');
    expect(violations(cluster)).toEqual([]);
    expect(reached(cluster, 'node1', 'node2').answer).toBe('ttl 62');
    expect(reached(cluster, 'node2', 'node1').answer).toBe('ttl 62');
  }
});

describe('policy', () => {
  const POLICIES = '/apis/networking.k8s.io/v1/namespaces/default/networkpolicies';
  let cluster: Simulator;
  beforeAll(() => {
    cluster = dualStack();
    change(cluster, { vxlanMode: 'Always' });
    withPods(cluster);
  });

  function allowing(cidr: string): void {
    const made = create(cluster, POLICIES, {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'from-one' },
      spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ ipBlock: { cidr } }] }] },
    });
    expect(made.code).toBe(201);
    cluster.settle(REST);
  }

  const forget = (): void => {
    cluster.cluster.request({ method: 'DELETE', path: `${POLICIES}/from-one` });
    cluster.settle(REST);
  };

  test('of IPv4 nets closes IPv6, and nets of IPv6 open it', () => {
    allowing('10.244.0.0/16');
    expect(reached(cluster, 'node1', 'node2').answer).toBe('silence');
    forget();
    allowing(`${formatIp(addressOf(cluster, 'node1'))}/128`);
    expect(reached(cluster, 'node1', 'node2').answer).toBe('ttl 62');
    expect(reached(cluster, 'node3', 'node2').answer).toBe('silence');
    forget();
  });

  test('neighbours of a pod are found whatever its egress policy says', () => {
    const made = create(cluster, POLICIES, {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'from-one' },
      spec: {
        podSelector: {},
        policyTypes: ['Egress'],
        egress: [{ to: [{ ipBlock: { cidr: 'fd00::/16' } }] }],
      },
    });
    expect(made.code).toBe(201);
    cluster.settle(REST);
    expect(reached(cluster, 'node1', 'node2').answer).toBe('ttl 62');
    forget();
  });
});

describe('what people break by hand', () => {
  const broken = (edit: NetnsEdit, after: number): Netns => {
    const cluster = dualStack();
    change(cluster, { vxlanMode: 'Always' });
    withPods(cluster);
    cluster.network.edit('node/node1', edit);
    cluster.advanceTo(cluster.now + after);
    const stack = cluster.network.netns('node/node1');
    if (!stack) throw new Error('no such node');
    expect(reached(cluster, 'node1', 'node2')).toEqual({ answer: 'ttl 62', tunnels: TUNNEL });
    return stack;
  };

  test('a tunnel that is down comes up again with its address and its routes', () => {
    const stack = broken({ kind: 'set-link', device: 'vxlan-v6.calico', up: false }, 12_000);
    expect(addressesOf(stack)).toEqual(['fd00:10:244:83:318a:6059:3e82:d1c1']);
  });

  test('another address on the tunnel is taken away', () => {
    const address = parseInterfaceAddress6('fd00::1/128');
    if (!address) throw new Error('no address');
    const edit = {
      kind: 'add-address',
      device: 'vxlan-v6.calico',
      address: { ...address, scope: 'global' },
    } as const;
    expect(addressesOf(broken(edit, 12_000))).toEqual(['fd00:10:244:83:318a:6059:3e82:d1c1']);
  });
});

const addressesOf = ({ inet6 }: Netns): readonly string[] =>
  (inet6?.addresses.get('vxlan-v6.calico') ?? []).map(({ address }) => formatIp(address));
