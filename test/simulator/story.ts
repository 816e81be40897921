/** Random things that people do to a simulated cluster, for laws that hold whatever they do. */
import fc from 'fast-check';
import { ipv4 } from '../../src/model/ip.ts';
import type { Transaction } from '../../src/sim/apply.ts';
import { podBody } from './cluster.ts';

const NODES = ['node1', 'node2', 'node3'];
const PODS = ['a', 'b', 'c'];
/** The first addresses of the blocks that nodes take, and one outside. */
const TARGETS = ['10.244.166.128', '10.244.166.129', '10.244.104.1', '10.0.1.13', '203.0.113.10'].map(ipv4);

const pods = '/api/v1/namespaces/default/pods';
const pool = '/apis/crd.projectcalico.org/v1/ippools/default-ipv4-ippool';
const pod = fc.constantFrom(...PODS);
const node = fc.constantFrom(...NODES);
const from = fc.oneof(
  node.map((name) => `node/${name}`),
  fc.constant('host/outside'),
);
const to = fc.constantFrom(...TARGETS);

/** What people do to a cluster, some of it refused: pods come and go, pools change, tables are edited, packets are sent. */
const step: fc.Arbitrary<Transaction> = fc.oneof(
  fc.tuple(pod, node).map(([name, on]): Transaction => ({
    kind: 'request',
    request: { method: 'POST', path: pods, body: podBody(name, on) },
  })),
  pod.map((name): Transaction => ({
    kind: 'request',
    request: { method: 'DELETE', path: `${pods}/${name}` },
  })),
  fc.constantFrom('Always', 'CrossSubnet', 'Never').map((vxlanMode): Transaction => ({
    kind: 'request',
    request: {
      method: 'PATCH',
      path: pool,
      contentType: 'application/merge-patch+json',
      body: { spec: { vxlanMode, ipipMode: 'Never' } },
    },
  })),
  node.map((name): Transaction => ({
    kind: 'edit',
    netns: `node/${name}`,
    edit: { kind: 'set-link', device: 'vxlan.calico', up: false },
  })),
  fc.tuple(from, to).map(([sender, target]): Transaction => ({
    kind: 'echo',
    request: {
      from: sender,
      to: target,
      identifier: 7,
      sequence: 1,
      ttl: 64,
      dataLength: 56,
      pmtuDiscovery: 'want',
    },
  })),
  fc.tuple(from, to).map(([sender, target]): Transaction => ({
    kind: 'http',
    request: { from: sender, to: target, port: 80, sourcePort: 40_000, host: 'x', path: '/', method: 'GET' },
  })),
);

/** Steps with the time that passes before each. */
export const story = fc
  .array(fc.tuple(fc.constantFrom(0, 1, 1_500, 100_000), step), { minLength: 1, maxLength: 12 })
  .map((steps) => {
    let at = 60_000;
    return steps.flatMap(([pause, what]): readonly Transaction[] => {
      at += pause;
      return [{ kind: 'advance', to: at }, what];
    });
  });
