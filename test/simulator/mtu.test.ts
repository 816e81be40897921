/**
 * Where MTUs come from and what becomes of packets that do not fit. Figures: Felix's overheads and findHostMTU of Calico v3.32.1;
 * what ping prints is as a real kernel and iputils printed it for pods whose MTU was too large.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/base/json.ts';
import type { Simulator } from '../../src/sim/index.ts';
import { OpenLab } from '../support/labs.ts';
import { create, run, settled } from './cluster.ts';
import { violations } from './invariants.ts';

const GROUP = '/apis/crd.projectcalico.org/v1';
const POOL = `${GROUP}/ippools/default-ipv4-ippool`;
const FELIX = `${GROUP}/felixconfigurations/default`;

function patch(cluster: Simulator, path: string, spec: JsonObject): void {
  const contentType = 'application/merge-patch+json';
  const { code } = cluster.cluster.request({ method: 'PATCH', path, contentType, body: { spec } });
  expect(code).toBe(200);
  cluster.settle(30_000);
}

const mtuOf = (cluster: Simulator, netns: string, device: string): number | undefined =>
  cluster.network.netns(netns)?.devices.find(({ name }) => name === device)?.mtu;

const newPod = (cluster: Simulator, name: string): number | undefined => {
  run(cluster, name, 'node1');
  return mtuOf(cluster, `pod/default/${name}`, 'eth0');
};

describe('a new pod gets', () => {
  test.each([
    ['without encapsulation, what the host has', { ipipMode: 'Never' }, {}, 1500],
    ['20 bytes less for IPIP', { ipipMode: 'Always' }, {}, 1480],
    ['the same when only packets between subnets are wrapped', { ipipMode: 'CrossSubnet' }, {}, 1480],
    ['50 bytes less for VXLAN', { ipipMode: 'Never', vxlanMode: 'Always' }, {}, 1450],
    ['what vxlanMTU says', { ipipMode: 'Never', vxlanMode: 'CrossSubnet' }, { vxlanMTU: 1400 }, 1400],
    ['what ipipMTU says', { ipipMode: 'Always' }, { ipipMTU: 1440 }, 1440],
    ['nothing of vxlanMTU while no VXLAN is enabled', { ipipMode: 'Never' }, { vxlanMTU: 1400 }, 1500],
    [
      'the least of those that are enabled, by hand too',
      { ipipMode: 'Always' },
      { vxlanEnabled: true },
      1450,
    ],
    ['of 1460 where no interface matches', { ipipMode: 'Always' }, { mtuIfacePattern: '^ens.*' }, 1440],
  ])('%s', (_, pool, felix, expected) => {
    const cluster = settled();
    patch(cluster, POOL, pool);
    patch(cluster, FELIX, felix);
    expect(newPod(cluster, 'p')).toBe(expected);
  });

  test('the least over all pools, disabled ones included, wherever its own address comes from', () => {
    const cluster = settled();
    const spec = { cidr: '10.50.0.0/16', vxlanMode: 'Always', ipipMode: 'Never', disabled: true };
    const body = {
      apiVersion: 'crd.projectcalico.org/v1',
      kind: 'IPPool',
      metadata: { name: 'other' },
      spec,
    };
    expect(create(cluster, `${GROUP}/ippools`, body).code).toBe(201);
    cluster.settle(30_000);
    expect(newPod(cluster, 'p')).toBe(1450);
  });
});

describe('an interface of the host that changes', () => {
  const change = (cluster: Simulator, mtu: number): void => {
    expect(cluster.network.edit('node/node1', { kind: 'set-link', device: 'eth0', mtu })).toEqual({
      ok: true,
    });
  };

  test('is found at the next look, every 30 s: Felix starts anew with it', () => {
    const cluster = settled();
    patch(cluster, POOL, { ipipMode: 'Never', vxlanMode: 'Always' });
    run(cluster, 'before', 'node1');
    cluster.advanceTo(Math.ceil(cluster.now / 30_000) * 30_000 + 1_000);
    const began = cluster.now - 1_000;
    change(cluster, 1400);
    const seen: [number, number | undefined][] = [];
    for (const after of [29_999, 32_499, 33_501]) {
      cluster.advanceTo(began + after);
      seen.push([after, mtuOf(cluster, 'node/node1', 'vxlan.calico')]);
    }
    expect(seen).toEqual([
      [29_999, 1450],
      [32_499, 1450],
      [33_501, 1350],
    ]);
    expect(mtuOf(cluster, 'node/node2', 'vxlan.calico')).toBe(1450);
    const tunnelled = cluster.network
      .netns('node/node1')
      ?.routes.filter(({ device }) => device === 'vxlan.calico');
    expect(new Set(tunnelled?.map(({ mtu }) => mtu))).toEqual(new Set([1350]));
    expect(newPod(cluster, 'after')).toBe(1350);
    expect(mtuOf(cluster, 'pod/default/before', 'eth0')).toBe(1450);
    expect(violations(cluster)).toEqual([]);
  });

  test('and changes back before the look changes nothing', () => {
    const cluster = settled();
    change(cluster, 1400);
    change(cluster, 1500);
    cluster.advanceTo(cluster.now + 31_000);
    expect(cluster.world.cluster.frozen?.has('felix/node1') ?? false).toBe(false);
    expect(newPod(cluster, 'p')).toBe(1480);
  });
});

describe('a packet larger than the tunnel', () => {
  let lab: OpenLab;
  let far: string;
  const body = 'x'.repeat(1_600);
  const curl = (): ReturnType<OpenLab['at']> =>
    lab.at('pod/client', `curl -s -S -m 3 'http://${far}/echo?msg=${body}'`);

  beforeEach(async () => {
    lab = await OpenLab.open('first-overlay');
    far = await lab.out('workstation', "kubectl get pod far -o jsonpath='{.status.podIP}'");
  });
  afterEach(() => lab.session.dispose());

  const narrow = async (): Promise<void> => {
    await lab.out(
      'workstation',
      `kubectl patch felixconfigurations.crd.projectcalico.org default --type merge -p '{"spec":{"vxlanMTU":1350}}'; sleep 5`,
    );
  };

  test('is refused by the node, which says how much fits, and then by the pod itself', async () => {
    expect(await lab.out('pod/client', `ping -c 1 -W 1 -M do -s 1422 ${far}`)).toContain(' 0% packet loss');
    await narrow();
    const { stdout, stderr, exitCode } = await lab.at('pod/client', `ping -c 2 -W 1 -M do -s 1422 ${far}`);
    expect(stdout).toContain('From 10.0.0.11 icmp_seq=1 Frag needed and DF set (mtu = 1350)\n');
    expect(stderr).toBe('ping: local error: message too long, mtu=1350\n');
    expect(exitCode).toBe(1);
    expect(await lab.out('pod/client', `ping -c 1 -W 1 -M do -s 1322 ${far}`)).toContain(' 0% packet loss');
    expect(await lab.out('pod/client', `ip route get ${far}`)).toMatch(/cache expires \d+sec mtu 1350/);
  });

  test('goes in fragments without Don’t Fragment', async () => {
    await narrow();
    expect(await lab.out('pod/client', `ping -c 1 -W 1 -M dont -s 1422 ${far}`)).toContain(' 0% packet loss');
  });

  test('of TCP is cut smaller once the sender was told', async () => {
    await narrow();
    expect((await curl()).exitCode).toBe(0);
  });

  test('of TCP is never heard of again where the ICMP error is dropped: a black hole, until the rule goes', async () => {
    await narrow();
    const rule = 'OUTPUT -p icmp --icmp-type fragmentation-needed -j DROP';
    for (const node of ['node1', 'node3']) await lab.out(`node/${node}`, `iptables -I ${rule}`);
    expect((await lab.at('pod/client', `curl -s -m 3 http://${far}/hostname`)).stdout).toBe('far');
    expect((await curl()).exitCode).toBe(28);
    expect((await lab.at('pod/client', `ping -c 1 -W 1 -M do -s 1422 ${far}`)).stdout).toContain(
      '100% packet loss',
    );
    for (const node of ['node1', 'node3']) await lab.out(`node/${node}`, `iptables -D ${rule}`);
    expect((await curl()).exitCode).toBe(0);
  });
});

describe('a ping every second while a pool changes', () => {
  test('loses the answers of those seconds in which the nodes have no way to each other', async () => {
    const lab = await OpenLab.open('first-overlay');
    const far = await lab.out('workstation', "kubectl get pod far -o jsonpath='{.status.podIP}'");
    const pinging = lab.at('pod/client', `ping -c 10 -W 1 ${far}`);
    await lab.out(
      'workstation',
      `sleep 2; calicoctl patch ippool default-ipv4-ippool -p '{"spec":{"ipipMode":"Always","vxlanMode":"Never"}}'`,
    );
    const { stdout } = await pinging;
    const heard = [...stdout.matchAll(/icmp_seq=(\d+) ttl/g)].map(([, sequence]) => Number(sequence));
    expect(heard.slice(0, 3)).toEqual([1, 2, 3]);
    expect(heard.slice(-3)).toEqual([8, 9, 10]);
    await lab.session.dispose();
  });
});
