import { describe, expect, test } from 'vitest';
import { utf8 } from '../../../base/bytes.ts';
import { ipv4, type Ipv4 } from '../../../model/ip.ts';
import type { DnsServer } from '../../net/netns.ts';
import { curl } from '../curl/curl.ts';
import { ping } from '../ping/ping.ts';
import { tcpdump } from '../tcpdump/tcpdump.ts';
import { traceroute } from '../traceroute/traceroute.ts';
import { stage, type Stage } from './stage.contract.ts';

const WEB5 = 'pod/default/web-5';
const RESOLV_CONF = `search default.svc.cluster.local svc.cluster.local cluster.local
nameserver 10.244.135.2
options ndots:5
`;

const names: ReadonlyMap<string, readonly Ipv4[]> = new Map([
  ['web.default.svc.cluster.local.', [ipv4('10.244.104.1')]],
  ['node1.', [ipv4('10.0.0.11')]],
]);
const server: DnsServer = { kind: 'dns', zone: 'cluster.local.', names };

/** The reference lab, where web-5 serves DNS and the asking pod knows of it. */
function lab(serves: DnsServer | undefined = server): Stage {
  const made = stage([ping, traceroute, curl, tcpdump]);
  const web5 = made.network.stacks.get(WEB5);
  if (!web5) throw new Error(`no ${WEB5}`);
  const listeners = serves ? [{ protocol: 'udp', port: 53, serves } as const] : [];
  made.network.stacks.set(WEB5, { ...web5, listeners });
  made.files.set('/etc/resolv.conf', utf8(RESOLV_CONF));
  return made;
}

test('a service answers to its short name, and the look-up crosses the wire as DNS', async () => {
  const at = lab();
  expect((await at.type('pod/web-0', 'curl -s web')).stdout).toBe('web-2 on node2 saw 10.244.166.129\n');
  const { stdout } = await at.type('pod/web-0', 'tcpdump -nn -q -c 2 udp port 53');
  expect(stdout.replaceAll(/^\S+ |\.\d{5}\b/gm, '')).toBe(
    'IP 10.244.166.129 > 10.244.135.2.53: UDP, length 47\nIP 10.244.135.2.53 > 10.244.166.129: UDP, length 92\n',
  );
});

/** The names that were asked for, in order. */
async function asked(at: Stage): Promise<readonly string[]> {
  const { stdout } = await at.type('pod/web-0', 'tcpdump -nn udp dst port 53');
  return [...stdout.matchAll(/A\? (\S+)/g)].map(([, name]) => name ?? '');
}

describe('the search list (resolv.conf(5))', () => {
  test('a name of few dots is tried in every domain before it is taken as it is', async () => {
    const at = lab();
    expect((await at.type('pod/web-0', 'ping -c 1 node1')).stdout).toContain('PING node1 (10.0.0.11)');
    expect(await asked(at)).toEqual([
      'node1.default.svc.cluster.local.',
      'node1.svc.cluster.local.',
      'node1.cluster.local.',
      'node1.',
    ]);
  });

  test('a name that ends in a dot is taken as it is', async () => {
    const at = lab();
    await at.type('pod/web-0', 'ping -c 1 web.default.svc.cluster.local.');
    expect(await asked(at)).toEqual(['web.default.svc.cluster.local.']);
  });
});

// Provenance: wordings of iputils 20221126, traceroute 2.1.2 and curl 7.88.1.
describe('what the tools say when a look-up fails', () => {
  test.each([
    ['ping -c 1 nope', 'ping: nope: Name or service not known\n', 2],
    [
      'traceroute nope',
      'nope: Name or service not known\nCannot handle "host" cmdline arg `nope\' on position 1 (argc 1)\n',
      2,
    ],
    ['curl -sS nope', 'curl: (6) Could not resolve host: nope\n', 6],
  ])('no such name: %s', async (line, stderr, status) => {
    expect(await lab().type('pod/web-0', line)).toMatchObject({ stderr, status });
  });

  test('a closed port answers at once', async () => {
    const at = lab();
    at.network.stacks.set(WEB5, { ...(at.network.stacks.get(WEB5) ?? never()), listeners: [] });
    expect((await at.type('pod/web-0', 'ping -c 1 web')).stderr).toBe(
      'ping: web: Temporary failure in name resolution\n',
    );
    expect(at.clock.now).toBeLessThan(100);
  });

  test('a silent server is asked twice, five seconds each', async () => {
    const at = lab();
    at.network.udpProbe = () => ({ reply: { kind: 'silence' }, traces: [] });
    expect((await at.type('pod/web-0', 'ping -c 1 web')).stderr).toBe(
      'ping: web: Temporary failure in name resolution\n',
    );
    expect(at.clock.now).toBe(10_000);
    expect(await at.type('pod/web-0', 'curl -sS -m 2 web')).toMatchObject({
      stderr: 'curl: (28) Resolving timed out after 2000 milliseconds\n',
      status: 28,
    });
  });
});

function never(): never {
  throw new Error('unreachable');
}
