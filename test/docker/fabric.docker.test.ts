/** A lab's machines on a real Docker Engine: racks, routers, outside hosts, and what a learner does to them. */
import { beforeAll, describe, expect, test } from 'vitest';
import { keepFabric, lowerFabric, resetFabric } from '../../src/engines/kind/fabric/fabric.ts';
import { OpenLab } from '../support/labs.ts';
import { must, onEngine, type EngineInTest } from './support/engine.ts';
import { LabInTest, topologyNamed } from './support/lab-in-test.ts';
import { toolImageInTest } from './support/tool-image.ts';

const { signal } = new AbortController();

/** The first build fetches Debian packages. */
const BUILDING = 900_000;

onEngine('the fabric', (engine) => {
  let image: string;
  beforeAll(async () => {
    image = await toolImageInTest(engine);
  }, BUILDING);

  const raised = async (topology: string, run?: string): Promise<LabInTest> =>
    LabInTest.raised(await engine.docker(), image, topologyNamed(topology), run);

  describe('two racks', () => {
    twoRacks(() => raised('two-racks'));
  });

  describe('routers that speak BGP', () => {
    torBgp(() => raised('tor-bgp'));
  });

  describe('IPv6 beside IPv4', () => {
    dualStack(() => raised('dual-stack'));
  });

  test('labs on one engine do not see each other', { timeout: 240_000 }, async () => {
    const first = await raised('two-racks', 'first');
    const second = await raised('two-racks', 'second');
    await second.out('host/outside', 'ip address replace 203.0.113.20/24 dev eth0');
    expect(await second.ping('node/node1', '203.0.113.20')).toBe(63);
    expect(await first.ping('node/node1', '203.0.113.20')).toBeUndefined();
    await second.out('host/outside', 'ip link set eth0 down');
    expect(await first.ping('node/node1', '203.0.113.10')).toBe(63);
    await lowered(engine, first, second);
  });
});

async function lowered(engine: EngineInTest, ...labs: readonly LabInTest[]): Promise<void> {
  for (const { cluster } of labs) {
    must(await lowerFabric(cluster, signal));
    await engine.cli('rm', '--force', ...cluster.nodes.values());
    await engine.cli('network', 'rm', cluster.name);
  }
  expect(await engine.cli('ps', '--all', '--quiet', '--filter', `name=${labs[0]?.cluster.name ?? ''}`)).toBe(
    '',
  );
}

function twoRacks(raise: () => Promise<LabInTest>): void {
  let lab: LabInTest;
  beforeAll(async () => {
    lab = await raise();
  }, 240_000);

  test('a rack is one hop away from the other, and none from itself', async () => {
    expect([
      await lab.ping('node/node1', '10.0.0.12'),
      await lab.ping('node/node1', '10.0.1.13'),
      await lab.ping('node/node3', '203.0.113.10'),
      await lab.ping('host/outside', '10.0.1.13'),
    ]).toEqual([64, 63, 63, 63]);
  });

  test('machines have the addresses and routes that the simulator shows', async () => {
    expect(await lab.out('router/router', 'ip -brief address show type vxlan; ip route')).toBe(
      [
        'eth0             UNKNOWN        10.0.0.1/24 ',
        'eth1             UNKNOWN        10.0.1.1/24 ',
        'eth2             UNKNOWN        203.0.113.1/24 ',
        '10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1 ',
        '10.0.1.0/24 dev eth1 proto kernel scope link src 10.0.1.1 ',
        '203.0.113.0/24 dev eth2 proto kernel scope link src 203.0.113.1 ',
        '',
      ].join('\n'),
    );
    expect(await lab.out('host/outside', 'hostname; ip route; iptables-save; cat /etc/hosts')).toBe(
      [
        'outside',
        'default via 203.0.113.1 dev eth0 ',
        '203.0.113.0/24 dev eth0 proto kernel scope link src 203.0.113.10 ',
        '127.0.0.1\tlocalhost',
        '10.0.0.10\tcontrol-plane',
        '10.0.0.11\tnode1',
        '10.0.0.12\tnode2',
        '10.0.1.13\tnode3',
        '',
      ].join('\n'),
    );
    expect(
      await lab.out('node/node1', 'hostname; cat /sys/class/net/eth0/address; ip route show dev eth0'),
    ).toBe(
      [
        'node1',
        '02:00:0a:00:00:0b',
        'default via 10.0.0.1 ',
        '10.0.0.0/24 proto kernel scope link src 10.0.0.11 ',
        '',
      ].join('\n'),
    );
  });

  test('a rack does not hear what is broadcast in another', async () => {
    const heard = lab.out('node/node3', 'timeout 4 tcpdump -lnn -i eth0 arp 2> /dev/null || true');
    const asked = await lab.at(
      'node/node1',
      'sleep 1; ip route add 10.0.1.13/32 dev eth0; ping -c 1 -W 1 10.0.1.13',
    );
    await lab.out('node/node1', 'ip route delete 10.0.1.13/32');
    expect(asked.exitCode).toBe(1);
    expect((await heard).split('\n').filter((line) => line.includes('tell 10.0.0.11'))).toEqual([]);
  });

  test('no machine is taught a shortcut', async () => {
    await lab.out('router/router', 'ip route add 10.244.0.0/24 via 10.0.0.12');
    const heard = lab.out('node/node1', 'timeout 3 tcpdump -lnn -i eth0 icmp 2> /dev/null || true');
    await lab.at('node/node1', 'sleep 1; ip route add 10.244.0.0/24 via 10.0.0.1; ping -c 2 -W 1 10.244.0.1');
    expect(await heard).not.toContain('redirect');
    must(await resetFabric(lab.cluster, { signal, image: lab.image }));
    expect(await lab.out('node/node1', 'ip route show 10.244.0.0/24')).toBe('');
  });

  test('the whole MTU of a segment fits, and no more', async () => {
    const refused = await lab.at('node/node1', 'ping -n -c 1 -W 1 -M do -s 1473 10.0.1.13');
    expect(await lab.ping('node/node1', '10.0.1.13', '-M do -s 1472')).toBe(63);
    expect(refused.stderr + refused.stdout).toContain('message too long, mtu=1500');
  });

  test('an answer has no way but the router', async () => {
    await lab.out('router/router', 'ip link set eth2 down');
    expect(await lab.ping('node/node1', '203.0.113.10')).toBeUndefined();
    expect(await lab.ping('host/outside', '10.0.0.11')).toBeUndefined();
    must(await resetFabric(lab.cluster, { signal, image: lab.image }));
    expect(await lab.ping('host/outside', '10.0.0.11')).toBe(63);
  });

  test('the outside host tells whom it saw, to many at once', async () => {
    expect(await lab.out('node/node3', 'curl -si http://203.0.113.10/any?thing')).toBe(
      'HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 22\r\n\r\noutside saw 10.0.1.13\n',
    );
    expect(await lab.out('node/node3', 'curl -sI http://203.0.113.10/')).toBe(
      'HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 22\r\n\r\n',
    );
    const many = await lab.out(
      'node/node1',
      'exec 7<>/dev/tcp/203.0.113.10/80; printf "GET / HTTP/1.1\\r\\n" >&7; seq 60 | xargs -P 20 -I{} curl -s --max-time 20 http://203.0.113.10/ | sort | uniq -c; printf "\\r\\n" >&7; head -n 5 <&7 | tail -n 1',
    );
    expect(many).toBe('     60 outside saw 10.0.0.11\noutside saw 10.0.0.11\n');
    expect(await lab.out('node/node1', 'printf hello | socat -t 5 - UDP:203.0.113.10:7')).toBe('hello');
  });

  test('what a node sends to another rack in a VXLAN of its own is seen on the way', async () => {
    const device = (own: string, other: string, address: string): string =>
      `ip link add vx9 type vxlan id 9 dstport 4789 local ${own} remote ${other} dev eth0; ip address add ${address}/24 dev vx9; ip link set vx9 up`;
    await lab.out('node/node1', device('10.0.0.11', '10.0.1.13', '10.9.0.1'));
    await lab.out('node/node3', device('10.0.1.13', '10.0.0.11', '10.9.0.3'));
    const seen = lab.out('router/router', 'timeout 20 tcpdump -lnn -c 2 -i eth1 udp port 4789 2> /dev/null');
    await lab.eventually(async () => expect(await lab.ping('node/node1', '10.9.0.3')).toBe(64));
    expect(await seen).toMatch(/10\.0\.0\.11\.\d+ > 10\.0\.1\.13\.4789: VXLAN, flags \[I\] \(0x08\), vni 9/);
    expect(await lab.out('node/node1', 'cat /sys/class/net/vx9/mtu')).toBe('1450\n');
    for (const node of ['node/node1', 'node/node3']) await lab.out(node, 'ip link delete vx9');
  });

  test('whatever a learner breaks is mended, and nothing is left to mend', async () => {
    const before = await state(lab);
    await lab.out(
      'router/router',
      [
        'sysctl -qw net.ipv4.ip_forward=0',
        'ip link delete eth1',
        'ip link set eth0 mtu 1300',
        'ip address add 10.0.0.99/24 dev eth0',
        'ip route add blackhole 10.0.1.0/24 metric 5',
        'ip route add 1.2.3.0/24 via 10.0.0.11 table 77',
        'ip rule add from 10.0.0.0/8 table 77',
        'ip link add dummy7 type dummy',
        'iptables -P FORWARD DROP; iptables -t nat -A POSTROUTING -j MASQUERADE',
        'tc qdisc add dev eth2 root netem delay 100ms || tc qdisc add dev eth2 root tbf rate 1mbit burst 10k limit 10k',
        'ip neighbour replace 10.0.0.11 lladdr 02:00:00:00:00:01 nud permanent dev eth0',
        'ip link set docker0 down',
      ].join('; '),
    );
    await lab.out(
      'host/outside',
      'killall answer; ip link set eth0 name uplink || { ip link set eth0 down; ip link set eth0 name uplink; }; ip address flush dev docker0; echo nameserver 1.1.1.1 > /etc/resolv.conf',
    );
    await lab.out('node/node2', 'hostname mine; ip route delete default; ip link set eth0 down');
    expect(await lab.ping('node/node1', '203.0.113.10')).toBeUndefined();
    must(await resetFabric(lab.cluster, { signal, image: lab.image }));
    expect(await state(lab)).toEqual(before);
    expect(await lab.ping('node/node2', '10.0.1.13')).toBe(63);
    expect(await lab.out('node/node1', 'curl -s http://203.0.113.10/')).toBe('outside saw 10.0.0.11\n');
  });

  test('places come back when their containers are restarted', async () => {
    const before = await state(lab);
    const watching = new AbortController();
    const troubles: unknown[] = [];
    keepFabric(lab.cluster, {
      signal: watching.signal,
      image: lab.image,
      onTrouble: (container, error) => troubles.push([container, error]),
    });
    const { containers } = lab.cluster.docker;
    const node3 = lab.cluster.nodes.get('node3') ?? '';
    must(await containers.restart(node3, signal));
    must(await containers.restart(lab.container('router/router'), signal));
    await lab.out('host/outside', 'kill -9 -1').catch(() => undefined);
    await lab.eventually(async () => {
      expect(await state(lab)).toEqual(before);
      expect(await lab.ping('node/node1', '10.0.1.13')).toBe(63);
      expect(await lab.ping('node/node3', '203.0.113.10')).toBe(63);
    });
    watching.abort();
    expect(troubles).toEqual([]);
  });

  test("a node's init system sets its own values, and the lab's hold", async () => {
    const { containers } = lab.cluster.docker;
    const node2 = lab.cluster.nodes.get('node2') ?? '';
    // What kind's image has (images/base/files of kind v0.32.0).
    const path = '/etc/sysctl.d/10-network-security.conf';
    const content = Buffer.from('net.ipv4.conf.default.rp_filter=1\nnet.ipv4.conf.all.rp_filter=1\n');
    must(await containers.writeFiles(node2, [{ path, content }], signal));
    const filters = (): Promise<string> =>
      lab.out(
        'node/node2',
        'ip link add later0 type veth peer name later1; cd /proc/sys/net/ipv4/conf; grep . {all,default,eth0,docker0,later0}/rp_filter; ip link delete later0',
      );
    const none = 'all,default,eth0,docker0,later0,'.replaceAll(',', '/rp_filter:0\n');
    expect(await filters()).toBe(none);
    await lab.out('node/node2', `sysctl -q -p /proc/1/root${path}`);
    expect(await filters()).toContain('later0/rp_filter:1\n');
    // A restart's init system comes to it after the fabric, at worst.
    await containers.exec(node2, ['sysctl', '--system'], { signal, seconds: 60 });
    expect(await filters()).toBe(none);
    expect(await lab.ping('node/node2', '10.0.1.13')).toBe(63);
  });

  test("a node's terminal has the node's network and processes, and a prompt that says so", async () => {
    const { containers } = lab.cluster.docker;
    const stream = must(
      await containers.terminal(lab.container('node/node1'), ['bash', '-l'], {
        size: { columns: 100, rows: 30 },
        workingDir: '/root',
        environment: { HOME: '/root' },
      }),
    );
    let shown = '';
    stream.onData((bytes) => (shown += Buffer.from(bytes).toString()));
    const type = (line: string): void => stream.write(Buffer.from(`${line}\r`));
    await lab.eventually(async () => expect(await Promise.resolve(shown)).toContain('root@node1:~# '));
    type('tcpdump -lnn -c 1 -i eth0 icmp[0] = 8 and src 10.0.0.12');
    await lab.eventually(async () => expect(await Promise.resolve(shown)).toContain('listening on eth0'));
    await lab.ping('node/node2', '10.0.0.11');
    await lab.eventually(async () =>
      expect(await Promise.resolve(shown)).toMatch(/IP 10\.0\.0\.12 > 10\.0\.0\.11: ICMP echo request/),
    );
    // The node's own and the sidecar's.
    type('pgrep -c sleep');
    await lab.eventually(async () => expect(await Promise.resolve(shown)).toMatch(/[\r\n]2\r\n/));
    stream.close();
  });
}

/** What a place's network is, without what counts and what ages. */
async function state(lab: LabInTest): Promise<readonly string[]> {
  const { routers, hosts, nodes } = lab.cluster.topology;
  const places = [
    ...routers.map(({ name }) => `router/${name}`),
    ...hosts.map(({ name }) => `host/${name}`),
    ...nodes.map(({ name }) => `node/${name}`),
  ];
  return Promise.all(
    places.map(async (place) => {
      const text = await lab.out(
        place,
        [
          'hostname; ip -brief link show type vxlan | sort; ip -brief address show dev eth0; ip route show table all type unicast',
          'ip rule; sysctl net.ipv4.ip_forward; iptables-save | grep -v -e "^#" -e 127.0.0.11 -e DOCKER; tc qdisc show dev eth0; cat /etc/resolv.conf /etc/hosts | grep -v worker | grep -v control-plane$',
        ].join('; '),
      );
      // Docker gives a restarted container another device number, and its name server there other ports.
      return text.replaceAll(/@if\d+/g, '').replaceAll(/^172\..*\n/gm, '');
    }),
  );
}

function torBgp(raise: () => Promise<LabInTest>): void {
  let lab: LabInTest;
  beforeAll(async () => {
    lab = await raise();
  }, 240_000);

  const ROUTERS = ['tor-a', 'tor-b', 'spine'];

  test('routers learn of each other what the simulated ones learn', { timeout: 240_000 }, async () => {
    const simulated = await OpenLab.over({
      id: 'tor-bgp',
      topology: topologyNamed('tor-bgp'),
      calico: { install: 'manifest', pools: 'user' },
      start: [],
      files: [],
    });
    await simulated.at('workstation', 'sleep 30');
    for (const router of ROUTERS) {
      const place = `router/${router}`;
      const expected = await simulated.out(place, 'ip route show proto bird');
      expect(expected).toContain('via');
      await lab.eventually(async () =>
        expect(await lab.out(place, 'ip route show proto bird')).toBe(expected),
      );
      const protocols = (text: string): readonly string[] =>
        text.split('\n').flatMap((line) => {
          const [name = '', kind = '', , state = ''] = line.split(/\s+/);
          return kind === 'BGP' ? [`${name} ${state}`] : [];
        });
      expect(protocols(await lab.out(place, 'birdc show protocols'))).toEqual(
        protocols(await simulated.out(place, 'birdc show protocols')),
      );
    }
    await simulated.session.dispose();
    expect(await lab.ping('node/node1', '10.0.1.13')).toBe(61);
  });

  test('a node that calls is answered, and hears nothing of the segments', { timeout: 240_000 }, async () => {
    const conf = [
      'router id 10.0.0.11; protocol device {} protocol static { ipv4; route 10.244.9.0/26 blackhole; }',
      'protocol bgp tor { local 10.0.0.11 as 64512; neighbor 10.0.0.1 as 65101; connect delay time 1; ipv4 { import all; export all; }; }',
    ].join('\n');
    await lab.out(
      'node/node1',
      `cat > /tmp/node.conf <<'CONF'\n${conf}\nCONF\nbird -c /tmp/node.conf -s /tmp/node.ctl`,
    );
    await lab.eventually(async () =>
      expect(await lab.out('router/spine', 'ip route show 10.244.9.0/26')).toBe(
        '10.244.9.0/26 via 172.16.1.2 dev eth0 proto bird metric 32 \n',
      ),
    );
    expect(await lab.out('node/node1', 'birdc -s /tmp/node.ctl show route protocol tor')).not.toContain(
      'via',
    );
    await lab.out('node/node1', 'birdc -s /tmp/node.ctl down');
  });

  test('a daemon that was stopped, changed or switched off is as it was', { timeout: 240_000 }, async () => {
    await lab.out('router/tor-a', 'birdc disable spine');
    await lab.out('router/tor-b', 'killall bird');
    await lab.out('router/spine', 'sed -i "s/65101/65111/" /etc/bird/bird.conf; birdc configure');
    must(await resetFabric(lab.cluster, { signal, image: lab.image }));
    await lab.eventually(async () => {
      expect(await lab.out('router/spine', 'birdc show protocols | grep -c Established')).toBe('2\n');
      expect(await lab.ping('node/node1', '10.0.1.13')).toBe(61);
    });
  });
}

function dualStack(raise: () => Promise<LabInTest>): void {
  let lab: LabInTest;
  beforeAll(async () => {
    lab = await raise();
  }, 240_000);

  test('both families reach across racks and out', async () => {
    await lab.eventually(async () => expect(await lab.ping('node/node1', 'fd00:b::13')).toBe(63));
    expect([await lab.ping('node/node1', 'fd00:a::12'), await lab.ping('node/node1', '10.0.1.13')]).toEqual([
      64, 63,
    ]);
    expect(await lab.out('node/node3', 'curl -s http://[2001:db8:113::10]/')).toBe(
      'outside saw fd00:b::13\n',
    );
    expect(await lab.out('node/node3', 'curl -s http://203.0.113.10/')).toBe('outside saw 10.0.1.13\n');
  });

  test('is mended in both', async () => {
    await lab.out('router/router', 'ip -6 address flush dev eth0; sysctl -qw net.ipv6.conf.all.forwarding=0');
    await lab.out('node/node1', 'ip -6 route delete default; ip -6 address delete fd00:a::11/64 dev eth0');
    must(await resetFabric(lab.cluster, { signal, image: lab.image }));
    await lab.out('router/router', 'ip -6 neighbour flush all');
    await lab.eventually(async () => expect(await lab.ping('node/node1', 'fd00:b::13')).toBe(63));
  });

  test("a node's own programs find the Internet behind Docker, and what they forward does not", async () => {
    expect(await lab.out('node/node1', 'ip -o route get 8.8.8.8; ip -o -6 route get 2600::1')).toMatch(
      /8\.8\.8\.8 via \S+ dev docker0 .*\n2600::1 .*via \S+ dev docker0 /,
    );
    expect(await lab.out('node/node1', 'ip -o route get 8.8.8.8 from 10.244.1.1 iif docker0')).toContain(
      'via 10.0.0.1 dev eth0',
    );
  });
}
