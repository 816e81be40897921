import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextRandom, seeded } from '../../../core/random.ts';
import { Terminal } from '../../../shell/calicoctl/terminal.contract.ts';
import { IPAM_BLOCKS, IPAM_HANDLES } from '../kinds.ts';
import { oneRack, TestCluster } from '../two-racks.contract.ts';
import { audit } from './ipam-audit.contract.ts';
import { History, KINDS, type Operation } from './ipam-history.contract.ts';

const operation: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constantFrom(...KINDS),
  pick: fc.nat(10_000),
});

test.each([[[4]], [[4, 6]]] as const)(
  'no address of IPv%j is given twice and none is lost, whatever happens',
  (families) => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 100 }), (operations) => {
        const history = new History(families);
        for (const each of operations) {
          history.do(each);
          expect(audit(history.cluster.state)).toEqual([]);
        }
      }),
      { numRuns: 40 },
    );
  },
);

describe.each([[[4]], [[4, 6]]] as const)('after 10,000 random operations with IPv%j', (families) => {
  const history = new History(families);
  const found: string[] = [];
  let most = 0;
  let random = seeded(2026);
  const below = (limit: number): number => {
    const { value, state } = nextRandom(random);
    random = state;
    return Math.floor(value * limit);
  };
  for (let step = 0; step < 10_000; step += 1) {
    history.do({ kind: KINDS[below(KINDS.length)] ?? 'wait', pick: below(10_000) });
    most = Math.max(most, history.running.length);
    if (step % 20 === 0) found.push(...audit(history.cluster.state));
  }
  history.settle();

  test('it was a busy cluster', () => {
    expect(most).toBeGreaterThan(30);
  });

  test('all objects agree with each other, and did on the way', () => {
    expect([...found, ...audit(history.cluster.state)]).toEqual([]);
  });

  test('only what runs holds an address', () => {
    const pods = [...history.cluster.state.sandboxes.values()].map(
      ({ containerId }) => `k8s-pod-network.${containerId}`,
    );
    const tunnels = history.cluster.names(IPAM_HANDLES).filter((name) => name.includes('tunnel-addr'));
    expect([...history.cluster.names(IPAM_HANDLES)].sort()).toEqual([...pods, ...tunnels].sort());
  });

  test('calicoctl finds no problem but the tunnels of IPv6, which it does not know', async () => {
    const { stdout } = await new Terminal(history.cluster).type('calicoctl ipam check --show-problem-ips');
    const unknown = history.cluster.names(IPAM_HANDLES).filter((name) => name.startsWith('vxlan-v6-tunnel-'));
    expect(stdout).toContain(`Check complete; found ${unknown.length} problems.\n`);
  });
});

test('5,000 pods on 500 nodes', () => {
  const cluster = new TestCluster(oneRack(500))
    .withCalico('none')
    .withPool('pool', { cidr: '10.244.0.0/16', vxlanMode: 'Always' });
  for (let at = 0; at < 5000; at += 1)
    cluster.addPod(`p-${at}`, cluster.topology.nodes[at % 500]?.name ?? '');
  expect(cluster.names(IPAM_BLOCKS)).toHaveLength(500);
  expect(cluster.names(IPAM_HANDLES)).toHaveLength(5500);
  expect(audit(cluster.state)).toEqual([]);
});
