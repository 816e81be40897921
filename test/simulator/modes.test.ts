/**
 * A pool's encapsulation changes while traffic flows. What happens when: felix/daemon/daemon.go, confd and allocateip of Calico
 * v3.32.1; which second a node's Felix is back is the simulator's own.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonObject } from '../../src/base/json.ts';
import type { Ipv4 } from '../../src/model/ip.ts';
import type { Trace } from '../../src/model/trace.ts';
import type { Simulator } from '../../src/sim/index.ts';
import { addressOf, perform, ping, run, settled, shared, simulator } from './cluster.ts';
import { violations } from './invariants.ts';
import { story } from './story.ts';

const POOL = '/apis/crd.projectcalico.org/v1/ippools/default-ipv4-ippool';

const MODES = {
  'VXLAN Always': { vxlanMode: 'Always', ipipMode: 'Never' },
  'VXLAN CrossSubnet': { vxlanMode: 'CrossSubnet', ipipMode: 'Never' },
  'IPIP Always': { vxlanMode: 'Never', ipipMode: 'Always' },
  'IPIP CrossSubnet': { vxlanMode: 'Never', ipipMode: 'CrossSubnet' },
  None: { vxlanMode: 'Never', ipipMode: 'Never' },
} as const;
type Mode = keyof typeof MODES;
const NAMES = Object.keys(MODES) as readonly Mode[];

const isVxlan = (mode: Mode): boolean => MODES[mode].vxlanMode !== 'Never';
const family = (mode: Mode): string => mode.split(' ')[0] ?? '';

function patch(cluster: Simulator, path: string, body: JsonObject): void {
  const contentType = 'application/merge-patch+json';
  const { code } = cluster.cluster.request({ method: 'PATCH', path, contentType, body });
  expect(code).toBe(200);
}

const change = (cluster: Simulator, mode: Mode): void => patch(cluster, POOL, { spec: MODES[mode] });

interface Lab {
  readonly cluster: Simulator;
  readonly near: Ipv4;
  readonly far: Ipv4;
}

const clusterIn = shared((mode: Mode) => {
  const cluster = settled();
  change(cluster, mode);
  cluster.settle(30_000);
  run(cluster, 'a', 'node1');
  run(cluster, 'near', 'node2');
  run(cluster, 'far', 'node3');
  return cluster;
});

/** A pod on node1 pings one on node2, in its rack, and one on node3, in the other. */
function labIn(mode: Mode): Lab {
  const cluster = clusterIn(mode);
  return { cluster, near: addressOf(cluster, 'near'), far: addressOf(cluster, 'far') };
}

const STEP = 20;

interface Observed {
  /** Milliseconds after the change: from the first loss to the first reply after the last one. */
  readonly lost: { readonly from: number; readonly to: number } | undefined;
  /** When each node's Felix was back; undefined where it did not go. */
  readonly back: (node: string) => number | undefined;
}

function observe({ cluster, near }: Lab, mode: Mode): Observed {
  const began = cluster.now;
  change(cluster, mode);
  const back = new Map<string, number>();
  const losses: number[] = [];
  for (let after = STEP; after <= 5_000; after += STEP) {
    cluster.advanceTo(began + after);
    const frozen = cluster.world.cluster.frozen;
    for (const node of ['node1', 'node2']) if (frozen?.has(`felix/${node}`)) back.set(node, after + STEP);
    if (ping(cluster, 'pod/default/a', near).reply.kind !== 'reply') losses.push(after);
  }
  const [first] = losses;
  const lost = first === undefined ? undefined : { from: first, to: (losses.at(-1) ?? 0) + STEP };
  if (lost) expect(losses).toHaveLength((lost.to - lost.from) / STEP);
  return { lost, back: (node) => back.get(node) };
}

/** Into VXLAN: BIRD withdraws at once, Felix comes later. Out of it: those who are back no longer decapsulate. */
function expectedLoss(from: Mode, to: Mode, { back }: Observed): Observed['lost'] {
  const times = ['node1', 'node2'].map((node) => back(node) ?? 0);
  const [first, last] = [Math.min(...times), Math.max(...times)];
  if (family(from) === family(to)) return undefined;
  if (isVxlan(to)) return { from: STEP, to: last };
  return from === 'VXLAN Always' ? { from: first, to: last } : undefined;
}

test.each(NAMES.flatMap((from) => NAMES.filter((to) => to !== from).map((to) => [from, to] as const)))(
  'from %s to %s: who loses what for how long, and the cluster is sound afterwards',
  (from, to) => {
    const lab = labIn(from);
    expect(violations(lab.cluster)).toEqual([]);
    const observed = observe(lab, to);
    const restarts = family(from) !== family(to);
    for (const node of ['node1', 'node2']) expect(observed.back(node) !== undefined).toBe(restarts);
    if (restarts) {
      expect(observed.back('node1')).not.toBe(observed.back('node2'));
      expect(observed.back('node1')).toBeGreaterThanOrEqual(2_500);
      expect(observed.back('node1')).toBeLessThan(3_600);
    }
    expect(observed.lost).toEqual(expectedLoss(from, to, observed));
    lab.cluster.settle(30_000);
    expect(violations(lab.cluster)).toEqual([]);
    expect(ping(lab.cluster, 'pod/default/a', lab.near).reply.kind).toBe('reply');
    // The router between the racks knows no pods.
    expect(ping(lab.cluster, 'pod/default/a', lab.far).reply.kind).toBe(to === 'None' ? 'silence' : 'reply');
  },
);

const firstWalk = (cluster: Simulator, to: Ipv4): Trace => {
  const [trace] = ping(cluster, 'pod/default/a', to).traces;
  if (!trace) throw new Error('nothing was sent');
  return trace;
};

test('the trace says why: the block has no route yet, and the default route leads to a router that knows no pods', () => {
  const { cluster, far } = labIn('IPIP Always');
  change(cluster, 'VXLAN Always');
  cluster.advanceTo(cluster.now + 1_000);
  const trace = firstWalk(cluster, far);
  expect(trace).toMatchObject({ disposition: 'no-route', at: 'router/router' });
  expect(trace.steps.find((step) => step.kind === 'route' && step.at === 'node/node1')).toMatchObject({
    entry: { prefix: { base: 0, length: 0 }, device: 'eth0' },
  });
});

test('the trace says why: the other node has no VXLAN device any more', () => {
  const { cluster, far } = labIn('VXLAN Always');
  const began = cluster.now;
  change(cluster, 'IPIP Always');
  const walkAt = (after: number): Trace => {
    cluster.advanceTo(began + after);
    return firstWalk(cluster, far);
  };
  let trace = walkAt(STEP);
  for (let after = 2 * STEP; trace.disposition === 'delivered'; after += STEP) trace = walkAt(after);
  expect(trace).toMatchObject({ disposition: 'port-closed', at: 'node/node3' });
  expect(trace.steps.at(-1)).toMatchObject({ reason: 'no VXLAN device here receives on UDP port 4789' });
});

test('pods keep their MTU; those made afterwards get the new one', () => {
  const { cluster } = labIn('None');
  const mtu = (pod: string): number | undefined =>
    cluster.network.netns(`pod/default/${pod}`)?.devices.find(({ name }) => name === 'eth0')?.mtu;
  expect(mtu('a')).toBe(1500);
  change(cluster, 'VXLAN CrossSubnet');
  cluster.settle(30_000);
  run(cluster, 'later', 'node1');
  expect([mtu('a'), mtu('later')]).toEqual([1500, 1450]);
});

test('a parameter of FelixConfiguration is read at the start: the device has its new MTU when Felix is back', () => {
  const { cluster } = labIn('VXLAN Always');
  const mtu = (): number | undefined =>
    cluster.network.netns('node/node1')?.devices.find(({ name }) => name === 'vxlan.calico')?.mtu;
  const path = '/apis/crd.projectcalico.org/v1/felixconfigurations/default';
  patch(cluster, path, { spec: { vxlanMTU: 1400 } });
  cluster.advanceTo(cluster.now + 2_000);
  expect(mtu()).toBe(1450);
  cluster.advanceTo(cluster.now + 2_000);
  expect(mtu()).toBe(1400);
});

test('a cluster in the middle of a change goes on from a snapshot as it would have gone', () => {
  const { cluster } = labIn('VXLAN Always');
  change(cluster, 'IPIP Always');
  cluster.advanceTo(cluster.now + 1_000);
  const snapshot = cluster.encode();
  const other = simulator();
  const world = other.decode(JSON.parse(JSON.stringify(snapshot)));
  if (!world.ok) throw new Error(JSON.stringify(world.error));
  other.restore(world.value);
  for (const each of [cluster, other]) each.advanceTo(cluster.world.cluster.now + 4_000);
  expect(violations(other)).toEqual([]);
});

test('whatever people do, the cluster is sound when it has come to rest', () => {
  fc.assert(
    fc.property(story, (steps) => {
      const cluster = settled();
      for (const step of steps) perform(cluster, step);
      cluster.advanceTo(cluster.now + 200_000);
      expect(violations(cluster)).toEqual([]);
    }),
    { numRuns: 15 },
  );
});

/** A connection from `a` to a server in another pod, held open; the server says again what it hears. */
function connected({ cluster }: Lab, to: Ipv4, name: string) {
  const listener = { protocol: 'tcp', port: 9000, serves: { kind: 'echo' } } as const;
  perform(cluster, { kind: 'edit', netns: netnsOf(cluster, name), edit: { kind: 'open-socket', listener } });
  const request = { from: netnsOf(cluster, 'a'), to, port: 9000, sourcePort: 40_000 };
  let outcome = cluster.network.tcp({ ...request, data: new Uint8Array(0), stays: true });
  return {
    /** Whether all of it was heard and acknowledged; what was lost is not sent again. */
    say: (length: number): boolean => {
      if (outcome.kind !== 'connected' || !outcome.held) throw new Error(outcome.kind);
      outcome = cluster.network.tcp({
        ...request,
        held: outcome.held,
        data: new Uint8Array(length),
        stays: true,
      });
      return outcome.kind === 'connected' && outcome.delivered && outcome.received.length === length;
    },
    /** The packet of the last exchange that did not arrive. */
    lost: (): Trace | undefined =>
      outcome.kind === 'connected'
        ? outcome.traces.find(({ disposition }) => disposition !== 'delivered')
        : undefined,
  };
}

function netnsOf(cluster: Simulator, pod: string): string {
  const id = cluster.netnsOf({ kind: 'pod', namespace: 'default', name: pod });
  if (id === undefined) throw new Error(`no pod ${pod}`);
  return id;
}

test.each([
  ['VXLAN Always', 'IPIP Always'],
  ['IPIP Always', 'VXLAN Always'],
  ['IPIP Always', 'None'],
  ['VXLAN CrossSubnet', 'IPIP CrossSubnet'],
] as const)('a connection held open from %s to %s loses what a ping loses, and lives on', (from, to) => {
  const lab = labIn(from);
  const { cluster, near, far } = lab;
  const [rack, across] = [connected(lab, near, 'near'), connected(lab, far, 'far')];
  expect([rack.say(10), across.say(10)]).toEqual([true, true]);
  const began = cluster.now;
  change(cluster, to);
  for (let after = STEP; after <= 5_000; after += STEP) {
    cluster.advanceTo(began + after);
    for (const [held, address] of [
      [rack, near],
      [across, far],
    ] as const) {
      const isHeard = held.say(10);
      expect([after, isHeard]).toEqual([
        after,
        ping(cluster, 'pod/default/a', address).reply.kind === 'reply',
      ]);
      expect(held.lost() === undefined).toBe(isHeard);
    }
  }
  cluster.settle(30_000);
  // The same connection, with what it was before: no new handshake, nobody reset it.
  expect([rack.say(10), across.say(10)]).toEqual([true, to !== 'None']);
  if (to === 'None') expect(across.lost()).toMatchObject({ disposition: 'no-route', at: 'router/router' });
});

test('a connection that began without a tunnel goes on in smaller segments: the node says what fits', () => {
  const lab = labIn('None');
  const rack = connected(lab, lab.near, 'near');
  expect(rack.say(3_000)).toBe(true);
  change(lab.cluster, 'VXLAN Always');
  lab.cluster.settle(30_000);
  expect(rack.say(3_000)).toBe(true);
  const { pathMtu } = lab.cluster.network.memory(netnsOf(lab.cluster, 'a'));
  expect(pathMtu.get(lab.near)?.mtu).toBe(1450);
});
