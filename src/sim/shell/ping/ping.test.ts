import { describe, expect, test } from 'vitest';
import { ipv4 } from '../../../model/ip.ts';
import type { ProbeReply } from '../../net/exchange.ts';
import { dualStage } from '../network/dual-stage.contract.ts';
import { stage, type Stage } from '../network/stage.contract.ts';
import { ping } from './ping.ts';
import { roundTrip, summary } from './print.ts';

/** Round-trip and total times differ from machine to machine; everything else must be the same. */
const timeless = (text: string): string =>
  text
    .replaceAll(/time=[\d.]+ ms/g, 'time=* ms')
    .replaceAll(/, time \d+ms/g, ', time *ms')
    .replaceAll(/= [\d./]+ ms$/gm, '= * ms');

async function transcript(lab: Stage, place: string, line: string): Promise<string> {
  const { screen, status } = await lab.type(place, line);
  return `${timeless(screen).trimEnd()}\n[exit ${status}]`;
}

// Provenance: real transcripts, iputils 20221126 (facts, section 4 a, VXLAN CrossSubnet; "Terminal order" for stderr).
describe('in the reference lab ping says what the real one said', () => {
  test.each([
    ['pod/web-0', '10.244.166.130', 63],
    ['pod/web-0', '10.244.104.1', 62],
    ['pod/web-0', '10.244.135.1', 62],
    ['pod/web-0', '10.0.1.13', 63],
    ['node/node1', '10.244.135.1', 63],
    ['node/node1', '10.244.104.1', 63],
  ])('%s# ping -c 2 %s', async (place, to, ttl) => {
    expect(await transcript(stage([ping]), place, `ping -c 2 ${to}`))
      .toBe(`PING ${to} (${to}) 56(84) bytes of data.
64 bytes from ${to}: icmp_seq=1 ttl=${ttl} time=* ms
64 bytes from ${to}: icmp_seq=2 ttl=${ttl} time=* ms

--- ${to} ping statistics ---
2 packets transmitted, 2 received, 0% packet loss, time *ms
rtt min/avg/max/mdev = * ms
[exit 0]`);
  });

  test.each(['10.244.135.40', '10.244.166.168', '10.244.250.9', '198.51.100.9'])(
    'silence from %s',
    async (to) => {
      expect(await transcript(stage([ping]), 'pod/web-0', `ping -c 2 -W 1 ${to}`))
        .toBe(`PING ${to} (${to}) 56(84) bytes of data.

--- ${to} ping statistics ---
2 packets transmitted, 0 received, 100% packet loss, time *ms
[exit 1]`);
    },
  );

  // Provenance: real iputils 20221126 over veth with an MTU of 1500; these are the first sizes that are refused.
  test.each([
    ['203.0.113.10', 65_508, 'ping: local error: message too long, mtu=1500'],
    ['203.0.113.10', 65_528, ''],
    ['2001:db8:113::10', 65_528, 'ping: local error: message too long, mtu: 1500'],
    ['2001:db8:113::10', 200_020_000, 'ping: local error: message too long, mtu: 1500'],
  ])('no header tells of a packet to %s with %i bytes', async (to, size, complaint) => {
    const said = await transcript(dualStage([ping]), 'host/a', `ping -c 1 -W 1 -s ${size} ${to}`);
    const errors = complaint === '' ? '' : ', +1 errors';
    expect(said.split('\n').slice(1).join('\n')).toBe(`${complaint}${complaint === '' ? '' : '\n'}
--- ${to} ping statistics ---
1 packets transmitted, 0 received${errors}, 100% packet loss, time *ms
[exit 1]`);
  });

  test('with natOutgoing the error of the router finds its way back', async () => {
    expect(await transcript(stage([ping], { natOutgoing: true }), 'pod/web-0', 'ping -c 2 -W 1 198.51.100.9'))
      .toBe(`PING 198.51.100.9 (198.51.100.9) 56(84) bytes of data.
From 10.0.0.1 icmp_seq=1 Destination Net Unreachable
From 10.0.0.1 icmp_seq=2 Destination Net Unreachable

--- 198.51.100.9 ping statistics ---
2 packets transmitted, 0 received, +2 errors, 100% packet loss, time *ms
[exit 1]`);
  });

  test('a blackhole on the node itself', async () => {
    expect(await transcript(stage([ping]), 'node/node1', 'ping -c 1 -W 1 10.244.166.168')).toBe(
      'ping: connect: Invalid argument\n[exit 2]',
    );
  });

  test('over the MTU of the pod, in the order of a terminal', async () => {
    expect(await transcript(stage([ping]), 'pod/web-0', 'ping -c 2 -M do -s 1423 10.244.135.1'))
      .toBe(`PING 10.244.135.1 (10.244.135.1) 1423(1451) bytes of data.
ping: local error: message too long, mtu=1450
ping: local error: message too long, mtu=1450

--- 10.244.135.1 ping statistics ---
2 packets transmitted, 0 received, +2 errors, 100% packet loss, time *ms
[exit 1]`);
  });

  test('pods left at 1500: the first packet is answered, later ones never leave', async () => {
    expect(
      await transcript(stage([ping], { podMtu: 1500 }), 'pod/web-0', 'ping -c 3 -M do -s 1472 10.244.135.1'),
    ).toBe(`PING 10.244.135.1 (10.244.135.1) 1472(1500) bytes of data.
From 10.0.0.11 icmp_seq=1 Frag needed and DF set (mtu = 1450)
ping: local error: message too long, mtu=1450
ping: local error: message too long, mtu=1450

--- 10.244.135.1 ping statistics ---
3 packets transmitted, 0 received, +3 errors, 100% packet loss, time *ms
[exit 1]`);
  });

  test('a large packet that may be fragmented', async () => {
    expect(await transcript(stage([ping]), 'pod/web-0', 'ping -c 1 -W 1 -s 3000 10.244.135.1'))
      .toBe(`PING 10.244.135.1 (10.244.135.1) 3000(3028) bytes of data.
3008 bytes from 10.244.135.1: icmp_seq=1 ttl=62 time=* ms

--- 10.244.135.1 ping statistics ---
1 packets transmitted, 1 received, 0% packet loss, time *ms
rtt min/avg/max/mdev = * ms
[exit 0]`);
  });

  test('without the neighbour of the tunnel: three errors at once after three seconds', async () => {
    const lab = stage([ping]);
    const node1 = lab.network.stacks.get('node/node1');
    if (!node1) throw new Error('no node1');
    const neighbours = node1.neighbours.filter(({ address }) => address !== ipv4('10.244.135.0'));
    lab.network.stacks.set(node1.id, { ...node1, neighbours });
    expect(await transcript(lab, 'pod/web-0', 'ping -c 4 -W 1 -w 5 10.244.135.1'))
      .toBe(`PING 10.244.135.1 (10.244.135.1) 56(84) bytes of data.
From 10.0.0.11 icmp_seq=1 Destination Host Unreachable
From 10.0.0.11 icmp_seq=2 Destination Host Unreachable
From 10.0.0.11 icmp_seq=3 Destination Host Unreachable

--- 10.244.135.1 ping statistics ---
3 packets transmitted, 0 received, +3 errors, 100% packet loss, time *ms
pipe 3
[exit 1]`);
  });
});

// Provenance: iputils 20221126 run in a network namespace.
describe('complaints and forms are those of the real tool', () => {
  test.each([
    ['ping', 'ping: usage error: Destination address required', 1],
    ['ping -c 0 10.0.0.1', "ping: invalid argument: '0': out of range: 1 <= value <= 9223372036854775807", 1],
    ['ping -c abc 10.0.0.1', "ping: invalid argument: 'abc'", 1],
    ['ping -c 1x 10.0.0.1', "ping: invalid argument: '1x'", 1],
    ['ping -s -1 10.0.0.1', "ping: invalid argument: '-1': out of range: 0 <= value <= 2147483647", 1],
    ['ping -t 256 10.0.0.1', "ping: invalid argument: '256': out of range: 0 <= value <= 255", 1],
    ['ping -t 0 10.0.0.1', 'ping: cannot set unicast time-to-live: Invalid argument', 2],
    ['ping -W -1 10.0.0.1', 'ping: bad linger time: -1', 2],
    ['ping -w abc 10.0.0.1', "ping: invalid argument: 'abc'", 1],
    ['ping -M foo 10.0.0.1', 'ping: invalid -M argument: foo', 2],
    ['ping -I foo 10.0.0.1', 'ping: SO_BINDTODEVICE foo: No such device', 2],
    ['ping -I 10.9.0.77 10.0.0.1', 'ping: bind: Cannot assign requested address', 2],
    ['ping -c 1 foo', 'ping: foo: Name or service not known', 2],
    [
      'ping -c 1 10.0.0.255',
      'ping: Do you want to ping broadcast? Then -b. If not, check your local firewall rules',
      2,
    ],
  ])('%s', async (line, message, status) => {
    expect(await stage([ping]).type('node/node1', line)).toMatchObject({
      stdout: '',
      stderr: `${message}\n`,
      status,
    });
  });

  test('an unknown flag shows the help', async () => {
    const { stderr, status } = await stage([ping]).type('node/node1', 'ping -Z 10.0.0.1');
    expect(stderr.split('\n').slice(0, 3)).toEqual([
      "ping: invalid option -- 'Z'",
      '',
      'Usage: ping [options] <destination>',
    ]);
    expect(status).toBe(2);
  });

  test('no route and no network', async () => {
    expect((await stage([ping]).type('router/router', 'ping -c 1 8.8.8.8')).stderr).toBe(
      'ping: connect: Network is unreachable\n',
    );
    expect((await stage([ping]).type('workstation', 'ping -c 1 10.0.0.1')).stderr).toBe(
      'ping: connect: Network is unreachable\n',
    );
  });

  test('-I names the source and the device', async () => {
    const lab = stage([ping]);
    expect((await lab.type('node/node1', 'ping -I eth0 -c 1 10.0.0.1')).stdout.split('\n')[0]).toBe(
      'PING 10.0.0.1 (10.0.0.1) from 10.0.0.11 eth0: 56(84) bytes of data.',
    );
    expect((await lab.type('node/node1', 'ping -I 10.0.0.11 -c 1 10.0.0.1')).stdout.split('\n')[0]).toBe(
      'PING 10.0.0.1 (10.0.0.1) from 10.0.0.11 : 56(84) bytes of data.',
    );
  });

  test('names: localhost, a node, and -n', async () => {
    const lab = stage([ping]);
    expect((await lab.type('node/node1', 'ping -c 1 localhost')).stdout).toContain(
      'PING localhost (127.0.0.1) 56(84) bytes of data.\n64 bytes from localhost (127.0.0.1): icmp_seq=1 ttl=64',
    );
    expect((await lab.type('node/node1', 'ping -c 1 -n node2')).stdout).toContain(
      'PING node2 (10.0.0.12) 56(84) bytes of data.\n64 bytes from 10.0.0.12: icmp_seq=1 ttl=64',
    );
    expect((await lab.type('node/node1', 'ping -c 1 node2')).stdout).toContain(
      '64 bytes from 10.0.0.12 (10.0.0.12): icmp_seq=1',
    );
  });

  test('a payload too short for a time stamp has no times', async () => {
    expect((await stage([ping]).type('node/node1', 'ping -s 15 -c 1 10.0.0.1')).stdout)
      .toBe(`PING 10.0.0.1 (10.0.0.1) 15(43) bytes of data.
23 bytes from 10.0.0.1: icmp_seq=1 ttl=64

--- 10.0.0.1 ping statistics ---
1 packets transmitted, 1 received, 0% packet loss, time 0ms

`);
  });

  test('-q keeps the summary only', async () => {
    expect(timeless((await stage([ping]).type('node/node1', 'ping -q -c2 -i0.2 10.0.0.1')).stdout))
      .toBe(`PING 10.0.0.1 (10.0.0.1) 56(84) bytes of data.

--- 10.0.0.1 ping statistics ---
2 packets transmitted, 2 received, 0% packet loss, time *ms
rtt min/avg/max/mdev = * ms
`);
  });
});

describe('time', () => {
  test('one packet a second, until Ctrl-C', async () => {
    const { stdout, status } = await stage([ping]).type('pod/web-0', 'ping 10.244.135.40', { abortAt: 3500 });
    expect(stdout).toBe(`PING 10.244.135.40 (10.244.135.40) 56(84) bytes of data.

--- 10.244.135.40 ping statistics ---
4 packets transmitted, 0 received, 100% packet loss, time 3000ms

`);
    expect(status).toBe(1);
  });

  test('-w ends a silent ping, -W its last wait, and by default it waits ten seconds', async () => {
    const lab = stage([ping]);
    await lab.type('pod/web-0', 'ping -w 2 10.244.135.40');
    expect(lab.clock.now).toBe(2000);
    await lab.type('pod/web-0', 'ping -c 1 -W 3 10.244.135.40');
    expect(lab.clock.now).toBe(5000);
    await lab.type('pod/web-0', 'ping -c 1 10.244.135.40');
    expect(lab.clock.now).toBe(15_000);
  });

  test('an answer that comes after the next packet makes a pipe', async () => {
    const lab = stage([ping]);
    const replies: readonly ProbeReply[] = [1500, 600].map((rtt) => ({
      kind: 'reply',
      from: ipv4('10.0.0.1'),
      ttl: 64,
      rtt,
      bytes: 64,
    }));
    lab.network.echo = ({ sequence }) => ({
      reply: replies[sequence - 1] ?? { kind: 'silence' },
      source: undefined,
      traces: [],
    });
    expect((await lab.type('node/node1', 'ping -c 2 10.0.0.1')).stdout)
      .toBe(`PING 10.0.0.1 (10.0.0.1) 56(84) bytes of data.
64 bytes from 10.0.0.1: icmp_seq=1 ttl=64 time=1500 ms
64 bytes from 10.0.0.1: icmp_seq=2 ttl=64 time=600 ms

--- 10.0.0.1 ping statistics ---
2 packets transmitted, 2 received, 0% packet loss, time 1000ms
rtt min/avg/max/mdev = 600.000/1050.000/1500.000/450.000 ms, pipe 2
`);
  });

  test('times keep three significant digits', () => {
    expect([31, 999, 1034, 9994, 10004, 99940, 100000, 1500000].map(roundTrip)).toEqual([
      '0.031',
      '0.999',
      '1.03',
      '9.99',
      '10.0',
      '99.9',
      '100',
      '1500',
    ]);
  });

  // Provenance: figures of the real transcripts (31 and 55 us give mdev 12 us).
  test('the figures of the summary are those of iputils', () => {
    const figures = { sent: 2, received: 2, errors: 0, elapsed: 1028, times: [31, 55], pipe: 1 };
    expect(summary('10.244.166.130', figures)).toBe(`
--- 10.244.166.130 ping statistics ---
2 packets transmitted, 2 received, 0% packet loss, time 1028ms
rtt min/avg/max/mdev = 0.031/0.043/0.055/0.012 ms
`);
    expect(summary('x', { ...figures, sent: 3, received: 1, times: [31] })).toContain('66.6667% packet loss');
  });
});
