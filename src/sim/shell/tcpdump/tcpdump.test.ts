import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ping } from '../ping/ping.ts';
import { curl } from '../curl/curl.ts';
import { stage, type Stage } from '../network/stage.contract.ts';
import { tcpdump } from './tcpdump.ts';

interface Golden {
  readonly files: Readonly<Record<string, string>>;
  readonly outputs: readonly { readonly file: string; readonly line: string; readonly text: string }[];
}

const goldenOf = (file: string): Golden =>
  JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as Golden;

const golden = goldenOf('tcpdump.golden.json');
/** Neighbour discovery, errors, fragments, TCP, UDP and VXLAN over IPv6, written by this tcpdump's -w. */
const golden6 = goldenOf('tcpdump-inet6.golden.json');

const at = (): Stage => stage([tcpdump, ping, curl]);

// Provenance: the real tcpdump 4.99.3 read the same bytes (tcpdump.golden.json, tcpdump-inet6.golden.json).
describe('the bytes of a capture file print as the real tool prints them', () => {
  const files = { ...golden.files, ...golden6.files };
  const outputs = [...golden.outputs, ...golden6.outputs];

  test.each(outputs.map(({ file, line, text }) => [file, line, text] as const))(
    '%s: tcpdump %s',
    async (file, line, text) => {
      const lab = at();
      lab.files.set('/root/x.pcap', Uint8Array.from(Buffer.from(files[file] ?? '', 'base64')));
      const { stdout, status } = await lab.type('node/node1', `tcpdump ${line} -r x.pcap`);
      expect(stdout).toBe(text);
      expect(status).toBe(0);
    },
  );

  test('and what it says about the file', async () => {
    const lab = at();
    lab.files.set('/root/x.pcap', Uint8Array.from(Buffer.from(golden.files['any'] ?? '', 'base64')));
    expect((await lab.type('node/node1', 'tcpdump -nn --count -r x.pcap udp')).screen).toBe(
      'reading from file x.pcap, link-type LINUX_SLL2 (Linux cooked v2), snapshot length 262144\n' +
        'Warning: interface names might be incorrect\n4 packets\n',
    );
  });
});

/** Times, identifiers and the kernel's flow hash differ from run to run. */
const timeless = (text: string): string =>
  text
    .replaceAll(/\d\d:\d\d:\d\d\.\d{6}/g, 'TIME')
    .replaceAll(/\bid \d+/g, 'id N')
    .replaceAll(/(10\.0\.\d\.1\d)\.\d{5} >/g, '$1.PORT >');

/** Pings first, then lets tcpdump see what crossed the device. */
async function captured(
  line: string,
  { place, before }: { readonly place: string; readonly before: string },
): Promise<string> {
  const lab = at();
  await lab.type('pod/web-0', before);
  return timeless((await lab.type(place, line)).screen);
}

const VERBOSE = 'tcpdump: verbose output suppressed, use -v[v]... for full protocol decode\n';
const counted = (count: number): string =>
  `${count} packets captured\n${count} packets received by filter\n0 packets dropped by kernel\n`;

// Provenance: real transcripts, tcpdump 4.99.3 (facts, section 4 a).
describe('in the reference lab tcpdump shows what the real one showed', () => {
  test('a cross-rack ping on node1 eth0', async () => {
    const out =
      'TIME 02:00:0a:00:00:0b > 02:00:0a:00:00:01, ethertype IPv4 (0x0800), length 148: 10.0.0.11.PORT > 10.0.1.13.4789: VXLAN, flags [I] (0x08), vni 4096\n66:f9:37:c3:7e:94 > 66:a4:6f:e0:c4:da, ethertype IPv4 (0x0800), length 98: 10.244.166.129 > 10.244.135.1: ICMP echo request, id N, seq 1, length 64\n';
    const back =
      'TIME 02:00:0a:00:00:01 > 02:00:0a:00:00:0b, ethertype IPv4 (0x0800), length 148: 10.0.1.13.PORT > 10.0.0.11.4789: VXLAN, flags [I] (0x08), vni 4096\n66:a4:6f:e0:c4:da > 66:f9:37:c3:7e:94, ethertype IPv4 (0x0800), length 98: 10.244.135.1 > 10.244.166.129: ICMP echo reply, id N, seq 1, length 64\n';
    const second = (text: string): string => text.replace('seq 1', 'seq 2');
    expect(
      await captured('tcpdump -nn -e -i eth0 -c 4 udp port 4789', {
        place: 'node/node1',
        before: 'ping -c 2 10.244.135.1',
      }),
    ).toBe(
      `${VERBOSE}listening on eth0, link-type EN10MB (Ethernet), snapshot length 262144 bytes\n${out}${back}${second(out)}${second(back)}${counted(4)}`,
    );
  });

  test('-v of one request and reply', async () => {
    expect(
      await captured('tcpdump -nn -e -i eth0 -v -c 2 udp port 4789', {
        place: 'node/node1',
        before: 'ping -c 1 10.244.135.1',
      }),
    ).toBe(
      `tcpdump: listening on eth0, link-type EN10MB (Ethernet), snapshot length 262144 bytes
TIME 02:00:0a:00:00:0b > 02:00:0a:00:00:01, ethertype IPv4 (0x0800), length 148: (tos 0x0, ttl 64, id N, offset 0, flags [none], proto UDP (17), length 134)
    10.0.0.11.PORT > 10.0.1.13.4789: VXLAN, flags [I] (0x08), vni 4096
66:f9:37:c3:7e:94 > 66:a4:6f:e0:c4:da, ethertype IPv4 (0x0800), length 98: (tos 0x0, ttl 63, id N, offset 0, flags [DF], proto ICMP (1), length 84)
    10.244.166.129 > 10.244.135.1: ICMP echo request, id N, seq 1, length 64
TIME 02:00:0a:00:00:01 > 02:00:0a:00:00:0b, ethertype IPv4 (0x0800), length 148: (tos 0x0, ttl 63, id N, offset 0, flags [none], proto UDP (17), length 134)
    10.0.1.13.PORT > 10.0.0.11.4789: VXLAN, flags [I] (0x08), vni 4096
66:a4:6f:e0:c4:da > 66:f9:37:c3:7e:94, ethertype IPv4 (0x0800), length 98: (tos 0x0, ttl 63, id N, offset 0, flags [none], proto ICMP (1), length 84)
    10.244.135.1 > 10.244.166.129: ICMP echo reply, id N, seq 1, length 64
${counted(2)}`,
    );
  });

  test('both ports of the router with -i any', async () => {
    expect(
      await captured('tcpdump -nn -e -i any -c 2 udp port 4789 or icmp', {
        place: 'router/router',
        before: 'ping -c 1 10.244.135.1',
      }),
    ).toBe(
      `tcpdump: data link type LINUX_SLL2
${VERBOSE}listening on any, link-type LINUX_SLL2 (Linux cooked v2), snapshot length 262144 bytes
TIME eth0  In  ifindex 2 02:00:0a:00:00:0b ethertype IPv4 (0x0800), length 154: 10.0.0.11.PORT > 10.0.1.13.4789: VXLAN, flags [I] (0x08), vni 4096
66:f9:37:c3:7e:94 > 66:a4:6f:e0:c4:da, ethertype IPv4 (0x0800), length 98: 10.244.166.129 > 10.244.135.1: ICMP echo request, id N, seq 1, length 64
TIME eth1  Out ifindex 3 02:00:0a:00:01:01 ethertype IPv4 (0x0800), length 154: 10.0.0.11.PORT > 10.0.1.13.4789: VXLAN, flags [I] (0x08), vni 4096
66:f9:37:c3:7e:94 > 66:a4:6f:e0:c4:da, ethertype IPv4 (0x0800), length 98: 10.244.166.129 > 10.244.135.1: ICMP echo request, id N, seq 1, length 64
${counted(2)}`,
    );
  });

  test('the first packet of a cold pod', async () => {
    expect(
      await captured('tcpdump -nn -e -i eth0 -c 4', { place: 'pod/web-0', before: 'ping -c 1 10.244.135.1' }),
    ).toBe(
      `${VERBOSE}listening on eth0, link-type EN10MB (Ethernet), snapshot length 262144 bytes
TIME 7a:00:0a:f4:a6:81 > ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), length 42: Request who-has 169.254.1.1 tell 10.244.166.129, length 28
TIME ee:ee:ee:ee:ee:ee > 7a:00:0a:f4:a6:81, ethertype ARP (0x0806), length 42: Reply 169.254.1.1 is-at ee:ee:ee:ee:ee:ee, length 28
TIME 7a:00:0a:f4:a6:81 > ee:ee:ee:ee:ee:ee, ethertype IPv4 (0x0800), length 98: 10.244.166.129 > 10.244.135.1: ICMP echo request, id N, seq 1, length 64
TIME ee:ee:ee:ee:ee:ee > 7a:00:0a:f4:a6:81, ethertype IPv4 (0x0800), length 98: 10.244.135.1 > 10.244.166.129: ICMP echo reply, id N, seq 1, length 64
${counted(4)}`,
    );
  });
});

// Provenance: tcpdump 4.99.3 run on Debian 12.
describe('complaints are those of the real tool', () => {
  test.each([
    ['tcpdump -c abc', 'tcpdump: invalid packet count abc'],
    ['tcpdump -c 0', 'tcpdump: invalid packet count 0'],
    ['tcpdump -i foo', 'tcpdump: foo: No such device exists\n(No such device exists)'],
    ['tcpdump -r nofile', 'tcpdump: nofile: No such file or directory'],
    ['tcpdump -i eth0 foo', "tcpdump: can't parse filter expression: syntax error"],
  ])('%s', async (line, message) => {
    expect(await at().type('node/node1', line)).toMatchObject({
      stdout: '',
      stderr: `${message}\n`,
      status: 1,
    });
  });

  test('an unknown flag', async () => {
    const { stderr, status } = await at().type('node/node1', 'tcpdump -9');
    expect(stderr.split('\n').slice(0, 2)).toEqual([
      "tcpdump: invalid option -- '9'",
      'tcpdump version 4.99.3',
    ]);
    expect(status).toBe(1);
  });

  test('a file that is no capture', async () => {
    const lab = at();
    lab.files.set('/root/x', new Uint8Array(40));
    expect((await lab.type('node/node1', 'tcpdump -r x')).stderr).toBe('tcpdump: unknown file format\n');
  });
});

test('-w keeps the packets, -r shows them again', async () => {
  const lab = at();
  await lab.type('pod/web-0', 'curl -s 10.244.104.1');
  const live = await lab.type('node/node1', 'tcpdump -nn -i eth0 tcp');
  expect((await lab.type('node/node1', 'tcpdump -i eth0 -w /tmp/web.pcap tcp')).screen).toBe(
    'tcpdump: listening on eth0, link-type EN10MB (Ethernet), snapshot length 262144 bytes\n' + counted(10),
  );
  expect((await lab.type('node/node1', 'tcpdump -nn -r /tmp/web.pcap')).stdout).toBe(live.stdout);
  expect(live.stdout).toContain('length 76: HTTP: GET / HTTP/1.1\n');
});

test('-Q keeps one direction; one packet is counted in the singular', async () => {
  const lab = at();
  await lab.type('pod/web-0', 'ping -c 1 10.244.166.130');
  const { stdout, stderr } = await lab.type('pod/web-0', 'tcpdump -nn -Q in icmp');
  expect(timeless(stdout)).toBe(
    'TIME IP 10.244.166.130 > 10.244.166.129: ICMP echo reply, id N, seq 1, length 64\n',
  );
  expect(stderr).toContain('1 packet captured\n1 packet received by filter\n0 packets dropped by kernel\n');
});
