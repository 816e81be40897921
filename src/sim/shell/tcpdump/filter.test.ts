import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseIp } from '../../../model/ip-family.ts';
import { formatIpv4, type Ip, type Ipv4 } from '../../../model/ip.ts';
import type { Frame } from '../../../model/packet.ts';
import { encodeFrame } from '../../../model/wire.ts';
import type { Mac } from '../../../model/mac.ts';
import { readPacket } from './capture-file.ts';
import { parseFilter } from './filter-parse.ts';
import { passes } from './filter.ts';
import type { Captured } from './packet-view.ts';

/** Numbers only: no name is known. */
function resolve(text: string): readonly Ip[] {
  const address = parseIp(text);
  return address === undefined ? [] : [address];
}

const syntax = "can't parse filter expression: syntax error";

// Provenance: tcpdump 4.99.3 with libpcap 1.10.3, `tcpdump -d -y EN10MB <expression>`.
describe('what the real tool refuses, in its words', () => {
  test.each([
    ['foo', syntax],
    ['host', syntax],
    ['host foo', "unknown host 'foo'"],
    ['port abc', "unknown port 'abc'"],
    ['port 70000', 'illegal port number 70000 > 65535'],
    ['net 10.1.0.0/8', 'non-network bits set in "10.1.0.0/8"'],
    ['( icmp', syntax],
    ['icmp )', syntax],
    ['icmp and', syntax],
    ['not', syntax],
    ['and icmp', syntax],
    ['icmp foo', syntax],
    ['src host', syntax],
    ['tcp port 80 or', syntax],
    ['host 1.2.3.4.5', "unknown host '1.2.3.4.5'"],
    ['host 300.1.1.1', "invalid IPv4 address '300.1.1.1'"],
    ['proto icmp', syntax],
    ['ip proto tcp', syntax],
    ['proto', syntax],
    ['proto foo', "unknown ip proto 'foo'"],
    ['1.2.3.4', syntax],
    ['udp port http', "port 'http' is tcp"],
    ['icmp port 5', "illegal qualifier of 'port'"],
    ['vxlan', syntax],
    ['dst net 10/8', syntax],
    ['tcp host 1.1.1.1', "'tcp' modifier applied to host"],
    ['host 10.0.0.0/8', 'Mask syntax for networks only'],
    ['tcp dst 1.1.1.1', "'tcp' modifier applied to host"],
    ['port', syntax],
    ['src', syntax],
    ['10.0.0.0/8', syntax],
    ['net', syntax],
  ])('%s', (text, message) => {
    expect(parseFilter(text, resolve)).toEqual({ ok: false, error: message });
  });
});

// Provenance: as above.
test.each([
  'net 10.0.0.0/8',
  'net 10',
  'ip proto 1',
  'proto 4',
  'proto ipip or proto \\icmp',
  'ether host 01:02:03:04:05:06',
  'greater 100',
  'icmp[0] = 8',
  'tcp[tcpflags] & tcp-syn != 0',
  'src 1.2.3.4 and dst 5.6.7.8',
  'src or dst port 53',
  'port 80 and 90',
  'port 80 or 443',
  'host 1.1.1.1 or 2.2.2.2',
  'port http',
  'portrange 1-5',
  'ip6',
  'net 1.2.3.4',
  'net 10.0.0.0 mask 255.0.0.0',
  'arp host 1.1.1.1',
  '!icmp',
  'not port 22',
  'ip host 1.1.1.1',
  'ether proto 0x800',
  'multicast',
  'broadcast',
  'icmp && udp || tcp',
  'udp and (port 53 or port 67)',
  'tcp src port 80',
  'less 64',
  'src net 10.0.0.0/8 and not dst net 10.0.0.0/8',
  '',
])('the real tool takes %s, and so do we', (text) => {
  expect(parseFilter(text, resolve).ok).toBe(true);
});

const address = fc.integer({ min: 0, max: 0xffffffff }).map((value) => value as Ipv4);
const port = fc.integer({ min: 0, max: 65535 });

function udpPacket([source, destination, sourcePort, destinationPort]: readonly [
  Ipv4,
  Ipv4,
  number,
  number,
]): Captured {
  const frame: Frame = {
    source: '02:00:0a:00:00:0b' as Mac,
    destination: '02:00:0a:00:00:01' as Mac,
    payload: {
      kind: 'ipv4',
      source,
      destination,
      ttl: 64,
      tos: 0,
      id: 1,
      dontFragment: false,
      payload: {
        kind: 'udp',
        sourcePort,
        destinationPort,
        payload: { kind: 'data', bytes: new Uint8Array(4) },
      },
    },
  };
  return readPacket(encodeFrame(frame), 1, { time: 0, deviceName: () => 'eth0' });
}

const packet = fc.tuple(address, address, port, port);

function lets(text: string, captured: Captured): boolean {
  const filter = parseFilter(text, resolve);
  if (!filter.ok) throw new Error(`${text}: ${filter.error}`);
  return passes(filter.value, captured);
}

const primitive = fc.oneof(
  fc.constantFrom(
    'icmp',
    'udp',
    'tcp',
    'arp',
    'ip',
    'src port 53',
    'greater 40',
    'net 10.0.0.0/8',
    'udp[0:2] < 1024',
  ),
  address.map((value) => `host ${formatIpv4(value)}`),
  port.map((value) => `port ${value}`),
);

describe('laws', () => {
  test('and, or, not are those of logic, and a bracket changes nothing by itself', () => {
    fc.assert(
      fc.property(primitive, primitive, packet, (a, b, ends) => {
        const captured = udpPacket(ends);
        const [first, second] = [lets(a, captured), lets(b, captured)];
        expect(lets(`${a} and ${b}`, captured)).toBe(first && second);
        expect(lets(`${a} or ${b}`, captured)).toBe(first || second);
        expect(lets(`not ${a}`, captured)).toBe(!first);
        expect(lets(`((${a}))`, captured)).toBe(first);
        expect(lets(`not (${a} && ${b})`, captured)).toBe(lets(`! (${a}) || ! (${b})`, captured));
      }),
    );
  });

  test('host means source or destination', () => {
    fc.assert(
      fc.property(packet, fc.boolean(), (ends, bySource) => {
        const wanted = formatIpv4(bySource ? ends[0] : ends[1]);
        const captured = udpPacket(ends);
        expect(lets(`host ${wanted}`, captured)).toBe(true);
        expect(lets(`src ${wanted} or dst ${wanted}`, captured)).toBe(true);
        expect(lets(`${bySource ? 'src' : 'dst'} host ${wanted}`, captured)).toBe(true);
        expect(lets(`arp host ${wanted}`, captured)).toBe(false);
      }),
    );
  });

  test('any text gives a filter or a complaint, never an exception', () => {
    const word = fc.constantFrom(
      'host',
      'port',
      'and',
      'or',
      'not',
      '(',
      ')',
      'src',
      'dst',
      'tcp',
      '[',
      ']',
      '&',
      '=',
      '10.0.0.1',
      '80',
      'net',
      'ether',
      'proto',
      '/',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string({ maxLength: 5 })), { maxLength: 8 }), (words) => {
        const filter = parseFilter(words.join(' '), resolve);
        expect(typeof (filter.ok ? filter.value.kind : filter.error)).toBe('string');
      }),
    );
  });
});

test('`and` and `or` bind alike, from the left; a bare value takes the qualifiers before it', () => {
  const dns = udpPacket([1 as Ipv4, 2 as Ipv4, 4000, 53]);
  expect(lets('tcp and udp or port 53', dns)).toBe(true);
  expect(lets('port 53 or udp and tcp', dns)).toBe(false);
  expect(lets('dst port 80 or 53', dns)).toBe(true);
  expect(lets('src port 80 or 53', dns)).toBe(false);
});
