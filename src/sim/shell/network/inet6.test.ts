/** What tools do with both families where no transcript says it: names by DNS, sockets, settings. */
import { describe, expect, test } from 'vitest';
import { utf8 } from '../../../base/bytes.ts';
import { ipv4, type Ip } from '../../../model/ip.ts';
import { ipv6 } from '../../../model/ipv6.ts';
import type { DnsServer, Listener } from '../../net/netns.ts';
import { networkCommands } from '../network-commands.ts';
import { dualStage } from './dual-stage.contract.ts';
import type { Stage } from './stage.contract.ts';

const NAMES: ReadonlyMap<string, readonly Ip[]> = new Map([
  ['near.lab.', [ipv4('203.0.113.10'), ipv6('fd00:a::1')]],
  ['far.lab.', [ipv4('203.0.113.10'), ipv6('2001:db8:113::10')]],
  ['six.lab.', [ipv6('2001:db8:113::10')]],
]);
const SERVER: DnsServer = {
  kind: 'dns',
  zone: 'lab.',
  names: NAMES,
  reverse: new Map([[`${[...ipv6('2001:db8:113::10')].reverse().join('.')}.ip6.arpa.`, ['six.lab.']]]),
};
const LISTENERS: readonly Listener[] = [
  { protocol: 'udp', port: 53, serves: SERVER },
  { protocol: 'tcp', port: 80, serves: { kind: 'http', body: 'hello\n' } },
  { protocol: 'tcp', port: 9, address: ipv6('2001:db8:113::10'), serves: { kind: 'echo' } },
  { protocol: 'tcp', port: 7, address: ipv4('203.0.113.10'), serves: { kind: 'echo' } },
];

function lab(): Stage {
  const made = dualStage(networkCommands, LISTENERS);
  made.files.set('/etc/resolv.conf', utf8('search lab\nnameserver 2001:db8:113::10\n'));
  return made;
}

const first = async (line: string): Promise<string> =>
  (await lab().type('host/a', line)).screen.split('\n')[0] ?? '';

// Provenance: RFC 6724 and real sessions (inet6.golden.json, with the same addresses in /etc/hosts).
describe('names with addresses of both families', () => {
  test('an address with the own label is tried before IPv4, one with another after it', async () => {
    expect(await first('ping -c 1 near')).toBe('PING near(fd00:a::1 (fd00:a::1)) 56 data bytes');
    expect(await first('ping -c 1 far')).toBe('PING far (203.0.113.10) 56(84) bytes of data.');
    expect(await first('ping -6 -c 1 far')).toBe(
      'PING far(2001:db8:113::10 (2001:db8:113::10)) 56 data bytes',
    );
    expect(await first('traceroute -n near')).toContain(
      'traceroute to near (203.0.113.10), 30 hops max, 60 byte',
    );
  });

  test('a name with AAAA only', async () => {
    expect((await lab().type('host/a', 'curl -s http://six/')).stdout).toBe('hello\n');
    expect((await lab().type('host/a', 'curl -s -4 http://six/')).status).toBe(6);
  });

  test('the tools of DNS', async () => {
    expect((await lab().type('host/a', 'dig +short six.lab AAAA')).stdout).toBe('2001:db8:113::10\n');
    expect((await lab().type('host/a', 'dig +short -x 2001:db8:113::10')).stdout).toBe('six.lab.\n');
    expect((await lab().type('host/a', 'getent hosts near')).stdout).toBe('fd00:a::1       near.lab\n');
    expect((await lab().type('host/a', 'host far')).stdout).toBe(
      'far.lab has address 203.0.113.10\nfar.lab has IPv6 address 2001:db8:113::10\n',
    );
    expect((await lab().type('host/a', 'host 2001:db8:113::10')).stdout).toBe(
      '0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.3.1.1.0.8.b.d.0.1.0.0.2.ip6.arpa domain name pointer six.lab.\n',
    );
    expect((await lab().type('host/a', 'nslookup far')).stdout.match(/^(Name|Address).*$/gm)).toEqual([
      'Address:\t2001:db8:113::10#53',
      'Name:\tfar.lab',
      'Address: 203.0.113.10',
      'Name:\tfar.lab',
      'Address: 2001:db8:113::10',
    ]);
  });

  test('the question goes out for both, over IPv6', async () => {
    const at = lab();
    await at.type('host/a', 'ping -c 1 near');
    const { stdout } = await at.type('host/a', 'tcpdump -nn -t udp dst port 53');
    expect(stdout.replaceAll(/\.\d+ >/g, ' >').replaceAll(/: \d+\+/g, ': N+')).toBe(
      'IP6 fd00:a::11 > 2001:db8:113::10.53: N+ A? near.lab. (26)\n' +
        'IP6 fd00:a::11 > 2001:db8:113::10.53: N+ AAAA? near.lab. (26)\n',
    );
  });
});

// Provenance: iproute2 6.1 with sockets of these kinds.
test('sockets of each family', async () => {
  const of = async (flags: string): Promise<readonly string[]> =>
    (await lab().type('host/b', `ss -lntuH ${flags}`.trim())).stdout
      .trimEnd()
      .split('\n')
      .map((row) => row.split(/\s+/)[4] ?? '');
  expect(await of('')).toEqual(['*:53', '203.0.113.10:7', '*:80', '[2001:db8:113::10]:9']);
  expect(await of('-6')).toEqual(['*:53', '*:80', '[2001:db8:113::10]:9']);
  expect(await of('-4')).toEqual(['203.0.113.10:7']);
});

test('forwarding that is switched off stops what passes', async () => {
  const at = lab();
  expect((await at.type('host/a', 'ping -c 1 -W 1 2001:db8:113::10')).status).toBe(0);
  expect((await at.type('router/r', 'sysctl -w net.ipv6.conf.all.forwarding=0')).stdout).toBe(
    'net.ipv6.conf.all.forwarding = 0\n',
  );
  expect((await at.type('host/a', 'ping -c 1 -W 1 2001:db8:113::10')).status).toBe(1);
});

test('a rule of ip6tables stops IPv6; IPv4 passes', async () => {
  const at = lab();
  await at.type('router/r', 'ip6tables -A FORWARD -p icmpv6 --icmpv6-type echo-request -j DROP');
  expect((await at.type('host/a', 'ping -c 1 -W 1 2001:db8:113::10')).status).toBe(1);
  expect((await at.type('host/a', 'ping -c 1 -W 1 203.0.113.10')).status).toBe(0);
});
