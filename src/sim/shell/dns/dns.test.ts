import { describe, expect, test } from 'vitest';
import { utf8 } from '../../../base/bytes.ts';
import { ipv4 } from '../../../model/ip.ts';
import type { DnsServer } from '../../net/netns.ts';
import { networkCommands } from '../network-commands.ts';
import { stage, type Stage } from '../network/stage.contract.ts';

const SERVER = '10.244.135.2';
const WEB = 'web.default.svc.cluster.local.';
const server: DnsServer = {
  kind: 'dns',
  zone: 'cluster.local.',
  names: new Map([[WEB, [ipv4('10.96.5.5')]]]),
  aliases: new Map([['ext.default.svc.cluster.local.', 'example.com.']]),
  services: new Map([[WEB, [{ target: WEB, port: 80 }]]]),
  reverse: new Map([['5.5.96.10.in-addr.arpa.', [WEB]]]),
  podNames: true,
};

/** The reference lab, where web-5 on node3 serves DNS and every pod knows of it. */
function lab(): Stage {
  const made = stage(networkCommands);
  const web5 = made.network.stacks.get('pod/default/web-5');
  if (!web5) throw new Error('no web-5');
  made.network.stacks.set(web5.id, { ...web5, listeners: [{ protocol: 'udp', port: 53, serves: server }] });
  made.files.set(
    '/etc/resolv.conf',
    utf8(
      `search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver ${SERVER}\noptions ndots:5\n`,
    ),
  );
  return made;
}

/** Without what differs from run to run. */
async function typed(line: string, at = lab(), place = 'pod/web-0'): Promise<string> {
  const { screen, status } = await at.type(place, line);
  const text = screen
    .replaceAll(/id: \d+/g, 'id: *')
    .replaceAll(/COOKIE: \w{16}/g, 'COOKIE: *')
    .replaceAll(/Query time: \d+/g, 'Query time: *')
    .replaceAll(/WHEN: .*/g, 'WHEN: *')
    .replaceAll(/in \d+ ms/g, 'in * ms')
    .replaceAll(SERVER, '127.0.0.1');
  return status === 0 ? text : `${text}[exit ${status}]`;
}

// Provenance: dig 9.18.49 before a server that gives CoreDNS's answers.
describe('dig', () => {
  const answer = (type: string, sections: string, size: number, additional = 1): string => `
; <<>> DiG 9.18.49-1~deb12u3-Debian <<>> ${type}
;; global options: +cmd
;; Got answer:
;; WARNING: .local is reserved for Multicast DNS
;; You are currently testing what happens when an mDNS query is leaked to DNS
;; ->>HEADER<<- opcode: QUERY, ${sections.startsWith('!') ? 'status: NXDOMAIN' : 'status: NOERROR'}, id: *
;; flags: qr aa rd; QUERY: 1, ANSWER: ${sections.startsWith('!') ? '0, AUTHORITY: 1' : '1, AUTHORITY: 0'}, ADDITIONAL: ${additional}
;; WARNING: recursion requested but not available

;; OPT PSEUDOSECTION:
; EDNS: version: 0, flags:; udp: 1232
; COOKIE: * (echoed)
;; QUESTION SECTION:
${sections.replace(/^!/, '')}
;; Query time: * msec
;; SERVER: 127.0.0.1#53(127.0.0.1) (UDP)
;; WHEN: *
;; MSG SIZE  rcvd: ${size}

`;

  test('an address', async () => {
    expect(await typed('dig web.default.svc.cluster.local')).toBe(
      answer(
        'web.default.svc.cluster.local',
        ';web.default.svc.cluster.local.\tIN\tA\n\n;; ANSWER SECTION:\nweb.default.svc.cluster.local. 30 IN\tA\t10.96.5.5\n',
        115,
      ),
    );
  });

  test('a service, with the address of its target', async () => {
    expect(await typed('dig web.default.svc.cluster.local SRV')).toBe(
      answer(
        'web.default.svc.cluster.local SRV',
        ';web.default.svc.cluster.local.\tIN\tSRV\n\n;; ANSWER SECTION:\nweb.default.svc.cluster.local. 30 IN\tSRV\t0 100 80 web.default.svc.cluster.local.\n\n;; ADDITIONAL SECTION:\nweb.default.svc.cluster.local. 30 IN\tA\t10.96.5.5\n',
        193,
        2,
      ),
    );
  });

  test('a name that does not exist', async () => {
    // The zone's serial number is the date, which the stage does not have.
    expect(await typed('dig nope.cluster.local')).toBe(
      answer(
        'nope.cluster.local',
        '!;nope.cluster.local.\t\tIN\tA\n\n;; AUTHORITY SECTION:\ncluster.local.\t\t30\tIN\tSOA\tns.dns.cluster.local. hostmaster.cluster.local. 0 7200 1800 86400 30\n',
        152,
      ),
    );
  });

  test.each([
    ['dig +short web.default.svc.cluster.local SRV', '0 100 80 web.default.svc.cluster.local.\n'],
    ['dig +short -x 10.96.5.5', 'web.default.svc.cluster.local.\n'],
    ['dig web +search +short', '10.96.5.5\n'],
    ['dig web +short', ''],
    ['dig example.com +short', ''],
    ['dig 10-244-0-5.default.pod.cluster.local +short', '10.244.0.5\n'],
    [
      'dig +noall +answer web.default.svc.cluster.local',
      'web.default.svc.cluster.local. 30 IN\tA\t10.96.5.5\n',
    ],
    [
      'dig +noall +answer -x 10.96.5.5',
      '5.5.96.10.in-addr.arpa.\t30\tIN\tPTR\tweb.default.svc.cluster.local.\n',
    ],
    [
      'dig +noall +answer ext.default.svc.cluster.local',
      'ext.default.svc.cluster.local. 30 IN\tCNAME\texample.com.\n',
    ],
    ['dig @nosuch web', "dig: couldn't get address for 'nosuch': not found\n[exit 1]"],
  ])('%s', async (line, screen) => {
    expect(await typed(line)).toBe(screen);
  });

  test('the internet is not there', async () => {
    expect(await typed('dig example.com')).toContain('status: SERVFAIL, id: *\n;; flags: qr rd ra; QUERY: 1');
  });

  test('without the FDB entry on the way there: three attempts of five seconds', async () => {
    const at = lab();
    await at.type('node/node1', 'bridge fdb del 66:a4:6f:e0:c4:da dev vxlan.calico dst 10.0.1.13');
    const before = at.clock.now;
    expect(await typed('dig +nocmd web.default.svc.cluster.local', at)).toBe(
      `${';; communications error to 127.0.0.1#53: timed out\n'.repeat(3)};; no servers could be reached\n[exit 9]`,
    );
    expect(at.clock.now - before).toBeCloseTo(15_000, -1);
  });
});

/** The tools without a route to the server; provenance: BIND 9.18.49. */
test.each([
  ['dig @192.0.2.1 web', 3, 9],
  ['nslookup web 192.0.2.1', 3, 1],
  ['host web 192.0.2.1', 2, 1],
  ['host -R 2 web 192.0.2.1', 3, 1],
])('%s without a route', async (line, attempts, status) => {
  const at = lab();
  await at.type('node/node1', 'ip route del default');
  const said =
    ';; UDP setup with 192.0.2.1#53(192.0.2.1) for web failed: network unreachable.\n;; no servers could be reached\n';
  expect(await typed(line, at, 'node/node1')).toBe(
    `${said.repeat(attempts)}${line.startsWith('nslookup') ? '\n' : ''}[exit ${status}]`,
  );
});

test('host asks again every five seconds, twice, and says how it is used', async () => {
  const at = lab();
  await at.type('node/node1', 'bridge fdb del 66:a4:6f:e0:c4:da dev vxlan.calico dst 10.0.1.13');
  const before = at.clock.now;
  expect(await typed('host web', at)).toBe(
    `${';; communications error to 127.0.0.1#53: timed out\n'.repeat(2)};; no servers could be reached\n[exit 1]`,
  );
  expect(at.clock.now - before).toBeCloseTo(10_000, -1);
  for (const [line, first] of [
    ['host', 'Usage: host '],
    ['host -z', 'host: illegal option -- z\nUsage: host '],
    ['host --help', 'host: illegal option -- -\nUsage: host '],
    ['host -t', 'host: option requires an argument -- t\nUsage: host '],
  ] as const) {
    const said = await typed(line);
    expect(said.startsWith(first)).toBe(true);
    expect(said).toMatch(/\[exit 1\]$/);
  }
});

// Provenance: nslookup 9.18.49 before the same server.
test.each([
  [
    'nslookup web',
    ';; Got recursion not available from 127.0.0.1\nServer:\t\t127.0.0.1\nAddress:\t127.0.0.1#53\n\nName:\tweb.default.svc.cluster.local\nAddress: 10.96.5.5\n;; Got recursion not available from 127.0.0.1\n\n',
  ],
  [
    'nslookup nope',
    `${';; Got recursion not available from 127.0.0.1\n'.repeat(3)}Server:\t\t127.0.0.1\nAddress:\t127.0.0.1#53\n\n** server can't find nope: NXDOMAIN\n\n[exit 1]`,
  ],
  [
    'nslookup example.com',
    `${';; Got recursion not available from 127.0.0.1\n'.repeat(3)};; Got SERVFAIL reply from 127.0.0.1\nServer:\t\t127.0.0.1\nAddress:\t127.0.0.1#53\n\n** server can't find example.com: SERVFAIL\n\n[exit 1]`,
  ],
  [
    'nslookup 10.96.5.5',
    ';; Got recursion not available from 127.0.0.1\n5.5.96.10.in-addr.arpa\tname = web.default.svc.cluster.local.\n\n',
  ],
  [
    'nslookup 10.1.1.1',
    ";; Got SERVFAIL reply from 127.0.0.1\n** server can't find 1.1.1.10.in-addr.arpa: SERVFAIL\n\n[exit 1]",
  ],
  [
    'nslookup -type=aaaa web',
    ";; Got recursion not available from 127.0.0.1\nServer:\t\t127.0.0.1\nAddress:\t127.0.0.1#53\n\n*** Can't find web: No answer\n\n",
  ],
  [
    'nslookup ext',
    ";; Got recursion not available from 127.0.0.1\nServer:\t\t127.0.0.1\nAddress:\t127.0.0.1#53\n\next.default.svc.cluster.local\tcanonical name = example.com.\n;; Got SERVFAIL reply from 127.0.0.1\n** server can't find example.com: SERVFAIL\n\n[exit 1]",
  ],
  [
    'nslookup web.default.svc.cluster.local. 10.244.135.2',
    'Server:\t\t127.0.0.1\nAddress:\t127.0.0.1#53\n\nName:\tweb.default.svc.cluster.local\nAddress: 10.96.5.5\n\n',
  ],
  // Provenance: host 9.18.49 before the same server.
  ['host web', 'web.default.svc.cluster.local has address 10.96.5.5\n'],
  ['host web.default.svc.cluster.local', 'web.default.svc.cluster.local has address 10.96.5.5\n'],
  ['host nope.cluster.local', 'Host nope.cluster.local not found: 3(NXDOMAIN)\n[exit 1]'],
  ['host example.com', 'Host example.com not found: 2(SERVFAIL)\n[exit 1]'],
  ['host 10.96.5.5', '5.5.96.10.in-addr.arpa domain name pointer web.default.svc.cluster.local.\n'],
  ['host 10.1.1.1', 'Host 1.1.1.10.in-addr.arpa not found: 2(SERVFAIL)\n[exit 1]'],
  ['host -t A 10.96.5.5', '5.5.96.10.in-addr.arpa domain name pointer web.default.svc.cluster.local.\n'],
  [
    'host ext',
    `ext.default.svc.cluster.local is an alias for example.com.\n${'Host example.com not found: 2(SERVFAIL)\n'.repeat(2)}[exit 1]`,
  ],
  ['host -t aaaa web', 'web.default.svc.cluster.local has no AAAA record\n'],
  ['host -tPTR web', 'web.default.svc.cluster.local has no PTR record\n'],
  [
    'host -t SRV web',
    'web.default.svc.cluster.local has SRV record 0 100 80 web.default.svc.cluster.local.\n',
  ],
  [
    'host web 10.244.135.2',
    'Using domain server:\nName: 127.0.0.1\nAddress: 127.0.0.1#53\nAliases: \n\nweb.default.svc.cluster.local has address 10.96.5.5\n',
  ],
  [
    'host -v nope.cluster.local.',
    'Trying "nope.cluster.local"\nHost nope.cluster.local. not found: 3(NXDOMAIN)\nReceived 129 bytes from 127.0.0.1#53 in * ms\n[exit 1]',
  ],
  [
    'host -vr -t A web',
    'Trying "web.default.svc.cluster.local"\n;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: *\n;; flags: qr aa; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 0\n\n;; QUESTION SECTION:\n;web.default.svc.cluster.local.\tIN\tA\n\n;; ANSWER SECTION:\nweb.default.svc.cluster.local. 30 IN\tA\t10.96.5.5\n\nReceived 92 bytes from 127.0.0.1#53 in * ms\n',
  ],
  ['host web nosuch', "host: couldn't get address for 'nosuch': failure\n[exit 1]"],
  ['host -t foo web', 'host: invalid type: foo\n\n[exit 2]'],
  ['host -4 -6 web', 'host: only one of -4 and -6 allowed\n[exit 1]'],
  ['host -V', 'host 9.18.49-1~deb12u3-Debian\n'],
  ['host -T web', 'host: -T is an option of the real tool that the simulator does not have.\n[exit 1]'],
  [
    'host -p 54 web',
    ';; communications error to 127.0.0.1#54: connection refused\n;; communications error to 127.0.0.1#54: connection refused\n;; no servers could be reached\n[exit 1]',
  ],
  // Provenance: getent of glibc 2.36.
  ['getent hosts web', '10.96.5.5       web.default.svc.cluster.local\n'],
  ['getent hosts 10.96.5.5', '10.96.5.5       web.default.svc.cluster.local\n'],
  [
    'getent ahosts web',
    '10.96.5.5       STREAM web.default.svc.cluster.local\n10.96.5.5       DGRAM  \n10.96.5.5       RAW    \n',
  ],
  ['getent hosts nope', '[exit 2]'],
  [
    'getent foo',
    "Unknown database: foo\nTry `getent --help' or `getent --usage' for more information.\n[exit 1]",
  ],
])('%s', async (line, screen) => {
  expect(await typed(line)).toBe(screen);
});
