import { describe, expect, test } from 'vitest';
import { hasTcpdump, tcpdump } from '../../test/support/tcpdump.ts';
import { hex, utf8 } from '../base/bytes.ts';
import { ipv4 } from './ip.ts';
import type { Mac } from './mac.ts';
import type { Frame, Ipv4Packet, Ipv4Payload } from './packet.ts';
import { anyDevicePcapFile, pcapFile } from './pcap.ts';

const NODE1 = '02:00:0a:00:00:0b' as Mac;
const ROUTER = '02:00:0a:00:00:01' as Mac;
const VTEP1 = '66:f9:37:c3:7e:94' as Mac;
const VTEP3 = '66:a4:6f:e0:c4:da' as Mac;

function packet(source: string, destination: string, payload: Ipv4Payload): Ipv4Packet {
  return {
    kind: 'ipv4',
    source: ipv4(source),
    destination: ipv4(destination),
    ttl: 64,
    tos: 0,
    id: 63435,
    dontFragment: false,
    payload,
  };
}

const request = packet('10.244.166.129', '10.244.135.1', {
  kind: 'icmp-echo',
  reply: false,
  identifier: 30196,
  sequence: 1,
  dataLength: 56,
});

const tunnelled: Frame = {
  source: NODE1,
  destination: ROUTER,
  payload: packet('10.0.0.11', '10.0.1.13', {
    kind: 'udp',
    sourcePort: 47517,
    destinationPort: 4789,
    payload: {
      kind: 'vxlan',
      vni: 4096,
      inner: { source: VTEP1, destination: VTEP3, payload: { ...request, ttl: 63, dontFragment: true } },
    },
  }),
};

const arp: Frame = {
  source: NODE1,
  destination: 'ff:ff:ff:ff:ff:ff' as Mac,
  payload: {
    kind: 'arp',
    operation: 'request',
    senderMac: NODE1,
    senderIp: ipv4('10.0.0.11'),
    targetMac: '00:00:00:00:00:00' as Mac,
    targetIp: ipv4('10.0.0.1'),
  },
};

const unreachable: Frame = {
  source: ROUTER,
  destination: NODE1,
  payload: packet('10.0.0.1', '10.0.0.11', {
    kind: 'icmp-error',
    error: 'net-unreachable',
    original: packet('10.0.0.11', '198.51.100.9', {
      kind: 'udp',
      sourcePort: 40000,
      destinationPort: 33434,
      payload: { kind: 'data', bytes: new Uint8Array(32) },
    }),
  }),
};

const syn: Frame = {
  source: NODE1,
  destination: ROUTER,
  payload: packet('10.0.0.11', '203.0.113.10', {
    kind: 'tcp',
    sourcePort: 12111,
    destinationPort: 8080,
    sequence: 1190115349,
    acknowledgement: 0,
    flags: { syn: true },
    window: 64860,
    options: [
      { kind: 'mss', value: 1410 },
      { kind: 'sack-permitted' },
      { kind: 'timestamps', value: 3554003755, echo: 0 },
      { kind: 'nop' },
      { kind: 'window-scale', shift: 10 },
    ],
    payload: utf8(''),
  }),
};

const TIME = Date.parse('2026-11-20T15:52:10.011Z') + 0.774;

describe('capture files', () => {
  test('the file header and one record header, byte by byte', () => {
    const file = pcapFile([{ time: TIME, frame: arp }]);
    expect(hex(file.subarray(0, 24))).toBe('d4c3b2a1020004000000000000000000' + '0000040001000000');
    expect(file.length).toBe(24 + 16 + 42);
  });

  describe.skipIf(!hasTcpdump())('read by the real tcpdump (skipped where it is not installed)', () => {
    test('Ethernet: the lines of the reference transcript of a cross-rack ping', () => {
      const file = pcapFile([tunnelled, arp, unreachable, syn].map((frame) => ({ time: TIME, frame })));
      expect(tcpdump(file, '-e').split('\n')).toEqual([
        '15:52:10.011774 02:00:0a:00:00:0b > 02:00:0a:00:00:01, ethertype IPv4 (0x0800), length 148: 10.0.0.11.47517 > 10.0.1.13.4789: VXLAN, flags [I] (0x08), vni 4096',
        '66:f9:37:c3:7e:94 > 66:a4:6f:e0:c4:da, ethertype IPv4 (0x0800), length 98: 10.244.166.129 > 10.244.135.1: ICMP echo request, id 30196, seq 1, length 64',
        '15:52:10.011774 02:00:0a:00:00:0b > ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), length 42: Request who-has 10.0.0.1 tell 10.0.0.11, length 28',
        '15:52:10.011774 02:00:0a:00:00:01 > 02:00:0a:00:00:0b, ethertype IPv4 (0x0800), length 102: 10.0.0.1 > 10.0.0.11: ICMP net 198.51.100.9 unreachable, length 68',
        '15:52:10.011774 02:00:0a:00:00:0b > 02:00:0a:00:00:01, ethertype IPv4 (0x0800), length 74: 10.0.0.11.12111 > 203.0.113.10.8080: Flags [S], seq 1190115349, win 64860, options [mss 1410,sackOK,TS val 3554003755 ecr 0,nop,wscale 10], length 0',
        '',
      ]);
    });

    test('every checksum satisfies it', () => {
      const file = pcapFile([tunnelled, unreachable, syn].map((frame) => ({ time: TIME, frame })));
      const verbose = tcpdump(file, '-vv');
      expect(verbose).not.toMatch(/bad|incorrect|wrong|no cksum/);
      expect(verbose).toContain('(correct)');
    });

    test('any device: the lines of the reference transcript on the router', () => {
      const file = anyDevicePcapFile([
        { time: TIME, frame: tunnelled, interfaceIndex: 2, direction: 'in' },
        { time: TIME, frame: tunnelled, interfaceIndex: 3, direction: 'out' },
      ]);
      const inner =
        '66:f9:37:c3:7e:94 > 66:a4:6f:e0:c4:da, ethertype IPv4 (0x0800), length 98: 10.244.166.129 > 10.244.135.1: ICMP echo request, id 30196, seq 1, length 64';
      // Without -e and without live interface names: a file holds only the index.
      expect(
        tcpdump(file, '-e')
          .split('\n')
          .map((line) => line.replace(/^(\S+ )\S+\s+/, '$1')),
      ).toEqual([
        '15:52:10.011774 In  ifindex 2 02:00:0a:00:00:0b ethertype IPv4 (0x0800), length 154: 10.0.0.11.47517 > 10.0.1.13.4789: VXLAN, flags [I] (0x08), vni 4096',
        inner.replace(/^(\S+ )\S+\s+/, '$1'),
        '15:52:10.011774 Out ifindex 3 02:00:0a:00:00:0b ethertype IPv4 (0x0800), length 154: 10.0.0.11.47517 > 10.0.1.13.4789: VXLAN, flags [I] (0x08), vni 4096',
        inner.replace(/^(\S+ )\S+\s+/, '$1'),
        '',
      ]);
    });
  });
});
