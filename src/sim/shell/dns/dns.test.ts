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
async function typed(line: string, at = lab()): Promise<string> {
  const { screen, status } = await at.type('pod/web-0', line);
  const text = screen
    .replaceAll(/id: \d+/g, 'id: *')
    .replaceAll(/COOKIE: \w{16}/g, 'COOKIE: *')
    .replaceAll(/Query time: \d+/g, 'Query time: *')
    .replaceAll(/WHEN: .*/g, 'WHEN: *')
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
