/** Flows measured on a stub cluster (stub Kubernetes, real Docker, real kernel packets): each way a packet can end. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { kubectlOf } from '../../src/engines/kind/cluster/cluster.ts';
import { kindProbe } from '../../src/engines/kind/probe/kind-probe.ts';
import { applyStart } from '../../src/engines/kind/session/start-objects.ts';
import { place, smallEnvironment } from '../../src/engines/small-lab.contract.ts';
import type { Probe, ReachFlow } from '../../src/lab/ports.ts';
import { stubCluster, type StubCluster } from './stub-cluster/stub-cluster.ts';
import { must, onEngine } from './support/engine.ts';

const { signal } = new AbortController();

/** Minutes, for a machine that does much else. */
const SLOW = 240_000;

onEngine('reach on a stub cluster', ({ docker }) => {
  let cluster: StubCluster;
  let probe: Probe;
  const undo: (readonly [where: string, line: string])[] = [];

  beforeAll(async () => {
    const environment = smallEnvironment();
    cluster = await stubCluster(await docker(), environment);
    const kubectl = kubectlOf(cluster);
    must(await applyStart(environment.start, { cluster, kubectl, signal }));
    const argv = ['wait', '--for=condition=Ready', 'pod/near', 'pod/far', '--timeout=120s'];
    expect(must(await kubectl(argv, { signal }))).toMatchObject({ exitCode: 0 });
    probe = kindProbe({ cluster, kubectl });
  }, SLOW);

  afterEach(async () => {
    for (const [where, line] of undo.splice(0)) await at(where, line);
  }, SLOW);

  afterAll(() => cluster.dispose(), SLOW);

  const at = async (where: string, line: string): Promise<string> => {
    const { exitCode, stdout, stderr } = must(await probe.exec(place(where), ['sh', '-c', line], signal));
    if (exitCode !== 0) throw new Error(`${where}: ${line}: ${stderr}`);
    return stdout.trim();
  };

  /** Done now, and undone after the test. */
  const breaking = async (where: string, line: string, mending: string): Promise<void> => {
    undo.unshift([where, mending]);
    await at(where, line);
  };

  const reach = async (from: string, flow: Omit<ReachFlow, 'from'>): Promise<unknown> =>
    must(await probe.reach({ from: place(from), ...flow }, signal));

  const web = { protocol: 'tcp', port: 80 } as const;
  const far = { ...web, to: place('pod/far') };
  const to = (address: string): Omit<ReachFlow, 'from'> => ({
    protocol: 'icmp',
    to: { kind: 'address', address },
  });

  describe('a flow that arrives', () => {
    test(
      'from rack to rack tells source, tunnel, hops and path MTU',
      async () => {
        expect(await reach('pod/near', far)).toMatchObject({
          ...{ delivered: true, disposition: 'delivered', encapsulation: 'vxlan', pathMtu: 1450 },
          outer: { source: '10.0.0.11', destination: '10.0.1.13' },
          hops: ['10.0.0.11', expect.stringMatching(/^10\.244\./) as string],
        });
      },
      SLOW,
    );

    test(
      'outside has the node as its source, and one inside a node’s subnet no tunnel',
      async () => {
        expect(await reach('pod/near', { to: place('host/outside'), protocol: 'icmp' })).toMatchObject({
          ...{ delivered: true, sourceSeen: '10.0.0.11', encapsulation: 'none' },
          hops: ['10.0.0.11', '10.0.0.1'],
        });
        expect(await reach('node/node1', { to: place('node/node2'), protocol: 'icmp' })).toMatchObject({
          ...{ delivered: true, sourceSeen: '10.0.0.11', hops: [], pathMtu: 1500 },
        });
      },
      SLOW,
    );

    test(
      'by a ClusterIP is seen by a backend',
      async () => {
        const service = { kind: 'service', namespace: 'default', name: 'web' } as const;
        expect(await reach('node/node2', { ...web, to: service })).toMatchObject({
          delivered: true,
          sourceSeen: expect.any(String) as string,
        });
      },
      SLOW,
    );

    test(
      'of a size that fits does, and of one that does not is too big',
      async () => {
        const sized = (size: number): Promise<unknown> =>
          reach('pod/near', { protocol: 'icmp', to: place('pod/far'), size, dontFragment: true });
        expect(await sized(1450)).toMatchObject({ delivered: true });
        expect(await sized(1480)).toMatchObject({
          disposition: 'too-big',
          reason: "It ended at pod/default/near: 1480 bytes with Don't Fragment do not fit the MTU of 1450",
        });
      },
      SLOW,
    );
  });

  describe('a flow that ends on its way', () => {
    test(
      'at a closed port',
      async () => {
        expect(await reach('pod/near', { ...far, port: 81 })).toMatchObject({
          ...{ delivered: false, disposition: 'port-closed' },
          reason: 'It ended at pod/default/far: nothing listens on tcp port 81',
        });
      },
      SLOW,
    );

    test(
      'at a blackhole',
      async () => {
        const block = await at('node/node1', "ip route show type blackhole | cut -d' ' -f2");
        const unused = block.replace(/\d+\/26$/, (last) => String(Number.parseInt(last, 10) + 60));
        expect(await reach('pod/near', to(unused))).toMatchObject({
          ...{ disposition: 'blackhole', reason: 'It ended at node/node1: the route is a blackhole' },
        });
      },
      SLOW,
    );

    test(
      'where nobody answers ARP',
      async () => {
        expect(await reach('pod/near', to('10.0.0.99'))).toMatchObject({
          ...{ disposition: 'neighbour-unreachable' },
          reason: 'It ended at node/node1: nobody on eth0 answers ARP for the next hop',
        });
      },
      SLOW,
    );

    test(
      'where no route is',
      async () => {
        expect(await reach('pod/near', to('198.51.100.7'))).toMatchObject({
          ...{ disposition: 'no-route', reason: 'It ended at router/router: no route to the destination' },
        });
      },
      SLOW,
    );

    test(
      'where a forwarding entry is missing',
      async () => {
        const mac = await at(
          'node/node1',
          "bridge fdb show dev vxlan.calico | grep 10.0.1.13 | cut -d' ' -f1",
        );
        const entry = `${mac} dev vxlan.calico dst 10.0.1.13`;
        await breaking('node/node1', `bridge fdb del ${entry}`, `bridge fdb replace ${entry}`);
        expect(await reach('pod/near', far)).toMatchObject({
          ...{ disposition: 'no-fdb-entry', encapsulation: 'none' },
          reason: `It ended at node/node1: vxlan.calico has no FDB entry for ${mac}`,
        });
      },
      SLOW,
    );

    test(
      'at a rule, whose words are told',
      async () => {
        const rule = 'FORWARD -p tcp --dport 80 -m comment --comment "not today" -j DROP';
        await breaking('node/node3', `iptables -I ${rule}`, `iptables -D ${rule}`);
        expect(await reach('pod/near', far)).toMatchObject({
          ...{ disposition: 'denied', encapsulation: 'vxlan' },
          reason: 'It ended at node/node3: netfilter dropped it: not today (chain FORWARD)',
        });
      },
      SLOW,
    );

    test(
      'at a rule that answers is no closed port',
      async () => {
        const rule = 'FORWARD -p tcp --dport 80 -j REJECT --reject-with tcp-reset';
        await breaking('node/node3', `iptables -I ${rule}`, `iptables -D ${rule}`);
        expect(await reach('pod/near', far)).toMatchObject({ disposition: 'denied' });
      },
      SLOW,
    );

    test(
      'at a device that is down, and where forwarding is off',
      async () => {
        await breaking('node/node1', 'sysctl -qw net.ipv4.ip_forward=0', 'sysctl -qw net.ipv4.ip_forward=1');
        expect(await reach('pod/near', far)).toMatchObject({
          ...{
            disposition: 'refused',
            reason: 'It ended at node/node1: the host does not forward (ip_forward=0)',
          },
        });
      },
      SLOW,
    );

    test(
      'on its way back',
      async () => {
        await breaking(
          'router/router',
          'ip route add blackhole 10.0.0.11/32',
          'ip route del blackhole 10.0.0.11/32',
        );
        expect(await reach('pod/near', { to: place('host/outside'), protocol: 'icmp' })).toMatchObject({
          ...{ delivered: false, disposition: 'reply-lost' },
          reason: 'The answer was lost at router/router: the route is a blackhole',
        });
      },
      SLOW,
    );
  });

  test(
    'what cannot be measured is an error',
    async () => {
      expect(await probe.reach({ ...far, from: place('pod/nobody') }, signal)).toMatchObject({
        error: { code: 'place-not-running' },
      });
      expect(await reach('pod/near', { ...web, to: place('pod/nobody') })).toMatchObject({
        disposition: 'no-route',
        reason: 'pod/nobody has no address.',
      });
      expect(await probe.reach({ ...far, from: place('pod/near') }, AbortSignal.abort())).toMatchObject({
        error: { code: 'interrupted' },
      });
    },
    SLOW,
  );
});
