/** BGP messages as the real tcpdump prints them. `RECORD=1` as root, with tcpdump installed, records the golden anew. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hex } from '../../../base/bytes.ts';
import { END_OF_RIB, END_OF_RIB_6, type BgpMessage } from '../../../model/bgp.ts';
import { encodeBgp } from '../../../model/bgp-encode.ts';
import { cidr, ipv4 } from '../../../model/ip.ts';
import { cidr6, ipv6 } from '../../../model/ipv6.ts';
import { bgpText } from './print-bgp.ts';

interface Golden {
  readonly provenance: string;
  /** The text by the message's bytes in hex. */
  readonly texts: Readonly<Record<string, string>>;
}

const FILE = new URL('print-bgp.golden.json', import.meta.url);
const WITHOUT_DATA = new Uint8Array(0);

const notification = (code: number, subcode: number): BgpMessage => ({
  kind: 'notification',
  code,
  subcode,
  data: WITHOUT_DATA,
});

const MESSAGES: readonly BgpMessage[] = [
  { kind: 'keepalive' },
  { kind: 'route-refresh', afi: 1, safi: 1, subtype: 'request' },
  { kind: 'route-refresh', afi: 1, safi: 1, subtype: 'begin' },
  {
    kind: 'update',
    withdrawn: [],
    attributes: {
      origin: 'IGP',
      asPath: [{ type: 'sequence', numbers: [65101, 4200000000] }],
      nextHop: ipv4('10.0.0.1'),
      med: 5,
      localPref: 100,
      communities: [
        [65000, 100],
        [65000, 200],
        [65535, 65281],
        [65535, 65282],
        [65535, 65283],
      ],
      originatorId: ipv4('10.0.0.11'),
      clusterList: [ipv4('1.2.3.4'), ipv4('244.0.0.1')],
      largeCommunities: [
        [65000, 1, 2],
        [65000, 3, 4],
      ],
    },
    announced: [{ prefix: cidr('10.244.0.0/26') }],
  },
  {
    kind: 'update',
    withdrawn: [],
    attributes: {
      origin: 'Incomplete',
      asPath: [],
      nextHop: ipv4('10.0.0.1'),
      communities: [[65000, 100]],
      largeCommunities: [[4200000000, 1, 2]],
    },
    announced: [{ prefix: cidr('10.244.0.0/26'), pathId: 7 }],
  },
  END_OF_RIB,
  END_OF_RIB_6,
  { kind: 'route-refresh', afi: 2, safi: 1, subtype: 'request' },
  {
    kind: 'open',
    asNumber: 64512,
    holdTime: 240,
    routerId: ipv4('10.0.0.11'),
    capabilities: [
      { kind: 'multiprotocol', afi: 2, safi: 1 },
      {
        kind: 'graceful-restart',
        restarting: true,
        time: 120,
        families: [{ afi: 2, safi: 1, forwarding: true }],
      },
      { kind: 'add-path', families: [{ afi: 2, safi: 1, mode: 3 }] },
    ],
  },
  {
    kind: 'update',
    family: 6,
    withdrawn: [],
    attributes: { origin: 'IGP', asPath: [], nextHop: ipv6('fd00:a::11'), localPref: 2147482623 },
    announced: [{ prefix: cidr6('fd00:10:244:83::/122') }, { prefix: cidr6('fd00::/16') }],
  },
  {
    kind: 'update',
    family: 6,
    withdrawn: [],
    attributes: {
      origin: 'IGP',
      asPath: [{ type: 'sequence', numbers: [65101] }],
      nextHop: ipv6('fd00:a::1'),
      linkLocal: ipv6('fe80::aff:fe00:1'),
    },
    announced: [{ prefix: cidr6('2001:db8:113::/64'), pathId: 3 }],
  },
  { kind: 'update', family: 6, withdrawn: [{ prefix: cidr6('fd00:10:244:83::/122') }], announced: [] },
  {
    kind: 'update',
    family: 6,
    withdrawn: [{ prefix: cidr6('fd00:10:244:83::/122'), pathId: 1 }],
    announced: [],
  },
  ...[1, 2, 3, 4, 5, 6, 7].map((subcode) => notification(2, subcode)),
  ...[1, 2, 3, 5, 6, 8, 9, 10, 11].map((subcode) => notification(3, subcode)),
  notification(4, 0),
  ...[1, 2, 3].map((subcode) => notification(5, subcode)),
  ...[1, 2, 3, 4, 5, 6, 7, 8].map((subcode) => notification(6, subcode)),
];

if (process.env['RECORD']) writeFileSync(FILE, `${JSON.stringify(recorded(), undefined, 1)}\n`);

test('every message as tcpdump -v prints it', () => {
  const { texts } = JSON.parse(readFileSync(FILE, 'utf8')) as Golden;
  const ours = MESSAGES.map((message) => encodeBgp(message)).map((bytes) => [hex(bytes), bgpText(bytes, 1)]);
  expect(Object.fromEntries(ours)).toEqual(texts);
});

function recorded(): Golden {
  const folder = mkdtempSync(join(tmpdir(), 'underlay-bgp-'));
  const file = join(folder, 'one.pcap');
  const texts = MESSAGES.map((message) => {
    const bytes = encodeBgp(message);
    writeFileSync(file, capture(bytes));
    const args = ['-nvr', file];
    const out = execFileSync('tcpdump', args, { stdio: ['ignore', 'pipe', 'ignore'] }).toString();
    return [hex(bytes), `: BGP${out.slice(out.indexOf(': BGP') + 5).replace(/\n$/, '')}`];
  });
  rmSync(folder, { recursive: true });
  const provenance = 'tcpdump 4.99.3 (Debian 12), each message in a TCP segment of its own, -v.';
  return { provenance, texts: Object.fromEntries(texts) };
}

/** A capture file with one raw IPv4 packet that carries the bytes to port 179. */
function capture(bytes: Uint8Array): Uint8Array {
  const packet = new DataView(new ArrayBuffer(40 + bytes.length));
  const file = new DataView(new ArrayBuffer(40));
  packet.setUint8(0, 0x45);
  packet.setUint16(2, packet.byteLength);
  packet.setUint8(8, 64);
  packet.setUint8(9, 6);
  packet.setUint32(12, ipv4('10.0.0.11'));
  packet.setUint32(16, ipv4('10.0.0.12'));
  packet.setUint16(20, 40_000);
  packet.setUint16(22, 179);
  packet.setUint8(32, 0x50);
  file.setUint32(0, 0xa1b2c3d4);
  file.setUint16(4, 2);
  file.setUint16(6, 4);
  file.setUint32(16, 65_535);
  file.setUint32(20, 101);
  file.setUint32(32, packet.byteLength);
  file.setUint32(36, packet.byteLength);
  return Buffer.concat([new Uint8Array(file.buffer), new Uint8Array(packet.buffer, 0, 40), bytes]);
}
