import { describe, expect, test } from 'vitest';
import { networkCommands } from '../network-commands.ts';
import { stage, type Stage } from './stage.contract.ts';

/** Times differ from run to run, and so does the order of the kernel's hash tables. */
const timeless = (text: string): string =>
  text
    .replaceAll(/time=[\d.]+ ms/g, 'time=* ms')
    .replaceAll(/, time \d+ms/g, ', time *ms')
    .replaceAll(/= [\d./]+ ms$/gm, '= * ms')
    .trimEnd();

async function typed(lab: Stage, place: string, line: string): Promise<string> {
  const { screen, status } = await lab.type(place, line);
  const text = timeless(screen);
  return status === 0 ? text : `${text === '' ? '' : `${text}\n`}[exit ${status}]`;
}

const TUNNEL_LOST = `PING 10.244.135.1 (10.244.135.1) 56(84) bytes of data.

--- 10.244.135.1 ping statistics ---
2 packets transmitted, 0 received, 100% packet loss, time *ms
[exit 1]`;

// Provenance: real transcript (facts, section 4 a, "the <=3.30 form of the tunnel route and what removing state does").
describe('one session in the reference lab, typed and answered as in the transcript', () => {
  const lab = stage(networkCommands);
  const node1 = (line: string): Promise<string> => typed(lab, 'node/node1', line);
  const web0 = (line: string): Promise<string> => typed(lab, 'pod/web-0', line);

  test('the tunnel route without mtu, and without onlink', async () => {
    expect(await node1('ip route replace 10.244.135.0/26 via 10.244.135.0 dev vxlan.calico onlink')).toBe('');
    expect(await node1('ip route show 10.244.135.0/26')).toBe(
      '10.244.135.0/26 via 10.244.135.0 dev vxlan.calico onlink',
    );
    expect(await node1('ip route replace 10.244.135.0/26 via 10.244.135.0 dev vxlan.calico')).toBe(
      'Error: Nexthop has invalid gateway.\n[exit 2]',
    );
  });

  test('without the FDB entry: silence, and drops at the tunnel device', async () => {
    expect(await node1('bridge fdb del 66:a4:6f:e0:c4:da dev vxlan.calico dst 10.0.1.13')).toBe('');
    expect(await web0('ping -c 2 -W 1 10.244.135.1')).toBe(TUNNEL_LOST);
    expect((await node1('ip -s link show vxlan.calico')).split('\n').slice(4).join('\n')).toMatch(
      /^ {4}TX: {2}bytes packets errors dropped carrier collsns +\n +\d+ +\d+ +0 +2 +0 +0$/,
    );
    expect(
      await node1('bridge fdb add 66:a4:6f:e0:c4:da dev vxlan.calico dst 10.0.1.13 self permanent'),
    ).toBe('');
  });

  test('without the neighbour: incomplete, failed, host unreachable', async () => {
    expect(await node1('ip neigh del 10.244.135.0 dev vxlan.calico')).toBe('');
    expect(await web0('ping -c 2 -W 1 10.244.135.1')).toBe(TUNNEL_LOST);
    expect(await node1('ip neigh show dev vxlan.calico')).toBe(
      '10.244.104.0 lladdr 66:2d:bf:44:a6:8b PERMANENT \n10.244.135.0 INCOMPLETE',
    );
    lab.clock.now += 3000;
    expect(await node1('ip neigh show dev vxlan.calico')).toBe(
      '10.244.104.0 lladdr 66:2d:bf:44:a6:8b PERMANENT \n10.244.135.0 FAILED',
    );
    expect(await web0('ping -c 4 -W 1 -w 5 10.244.135.1'))
      .toBe(`PING 10.244.135.1 (10.244.135.1) 56(84) bytes of data.
From 10.0.0.11 icmp_seq=1 Destination Host Unreachable
From 10.0.0.11 icmp_seq=2 Destination Host Unreachable
From 10.0.0.11 icmp_seq=3 Destination Host Unreachable

--- 10.244.135.1 ping statistics ---
3 packets transmitted, 0 received, +3 errors, 100% packet loss, time *ms
pipe 3
[exit 1]`);
    expect(
      await node1('ip neigh replace 10.244.135.0 lladdr 66:a4:6f:e0:c4:da dev vxlan.calico nud permanent'),
    ).toBe('');
    expect(await web0('ping -c 1 -W 1 10.244.135.1')).toContain(
      '64 bytes from 10.244.135.1: icmp_seq=1 ttl=62 time=* ms',
    );
  });

  test('without the route: the packet follows the default route to the router', async () => {
    expect(await node1('ip route del 10.244.135.0/26')).toBe('');
    expect(await web0('ping -c 2 -W 1 10.244.135.1')).toBe(TUNNEL_LOST);
    expect(await node1('ping -c 1 -W 1 10.244.135.1'))
      .toBe(`PING 10.244.135.1 (10.244.135.1) 56(84) bytes of data.
From 10.0.0.1 icmp_seq=1 Destination Net Unreachable

--- 10.244.135.1 ping statistics ---
1 packets transmitted, 0 received, +1 errors, 100% packet loss, time *ms
[exit 1]`);
  });

  const ROUTES = `default via 10.0.0.1 dev eth0 
10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.11 
10.244.104.0/26 via 10.0.0.12 dev eth0 proto 80 onlink 
blackhole 10.244.166.128/26 proto 80 
10.244.166.129 dev cali0d7763386da scope link 
10.244.166.130 dev cali0761ccbeace scope link`;

  test('the device down and up: routes and neighbours are gone, the FDB stays', async () => {
    expect(await node1('ip link set vxlan.calico down')).toBe('');
    expect(await node1('ip route')).toBe(ROUTES);
    expect(await node1('bridge fdb show dev vxlan.calico')).toBe(
      '66:2d:bf:44:a6:8b dst 10.0.0.12 self permanent\n66:a4:6f:e0:c4:da dst 10.0.1.13 self permanent',
    );
    expect(await node1('ip neigh show dev vxlan.calico')).toBe('');
    expect(await node1('ip link set vxlan.calico up')).toBe('');
    expect(await node1('ip route')).toBe(ROUTES);
  });
});

// Provenance: real transcripts (facts, section 4 a, "router port towards rack b lowered to MTU 1400").
test('a router port lowered to 1400 drops larger frames on receive too', async () => {
  const lab = stage(networkCommands);
  expect(await typed(lab, 'router/router', 'ip link set eth1 mtu 1400')).toBe('');
  expect(await typed(lab, 'pod/web-0', 'ping -c 2 -W 1 -M do -s 1422 10.244.135.1')).toContain(
    '2 packets transmitted, 0 received, 100% packet loss',
  );
  expect((await lab.type('router/router', 'ip -s link show eth1')).stdout).toMatch(
    /RX: .*\n +\d+ +\d+ +0 +2 +0 +0 \n/,
  );
});

test('each command has a place, a summary and its flags for completion', () => {
  expect(networkCommands.map(({ name }) => name)).toEqual([
    'ip',
    'bridge',
    'ping',
    'ping6',
    'traceroute',
    'traceroute6',
    'tcpdump',
    'curl',
    'iptables',
    'iptables-save',
    'iptables-restore',
    'ip6tables',
    'ip6tables-save',
    'ip6tables-restore',
    'ipset',
    'conntrack',
    'dmesg',
    'dig',
    'nslookup',
    'host',
    'getent',
    'nc',
    'ss',
    'sysctl',
  ]);
  for (const command of networkCommands) expect(command.summary).not.toBe('');
});
