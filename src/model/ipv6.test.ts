import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ipv6 } from './ip.ts';
import { formatIp, ipCidrContains, ipCidrOf, parseIp, parseIpCidr } from './ip-family.ts';
import {
  addressAt6,
  cidr6,
  cidrContains6,
  cidrSize6,
  formatCidr6,
  formatIpv6,
  ipv6,
  ipv6FromBytes,
  ipv6ToBytes,
  masked6,
  offsetIn6,
  parseCidr6,
  parseIpv6,
} from './ipv6.ts';

const anAddress = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => ipv6FromBytes(bytes.map((byte, at) => (at % 3 === 0 ? 0 : byte))));

describe('IPv6 addresses', () => {
  // The examples of RFC 5952, sections 1 to 4.
  it.each([
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8::0:1', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:DB8::AAAA', '2001:db8::aaaa'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['::', '::'],
    ['::1', '::1'],
    ['fe80::', 'fe80::'],
  ])('%s is written %s', (text, canonical) => {
    expect(formatIpv6(ipv6(text))).toBe(canonical);
  });

  it.each([
    '',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '12345::',
    'g::',
    '1.2.3.4',
    '::1.2.3',
    '::1.2.3.256',
    'fe80::1%eth0',
  ])('refuses %j', (text) => {
    expect(parseIpv6(text)).toBeUndefined();
  });

  it('reads back what it writes, as text and as bytes', () => {
    fc.assert(
      fc.property(anAddress, (address) => {
        expect(parseIpv6(formatIpv6(address))).toBe(address);
        expect(ipv6FromBytes(ipv6ToBytes(address))).toBe(address);
      }),
    );
  });

  it('masks as a count of bits says', () => {
    fc.assert(
      fc.property(anAddress, fc.integer({ min: 0, max: 128 }), (address, length) => {
        const kept = length === 0 ? 0n : ((1n << BigInt(length)) - 1n) << BigInt(128 - length);
        const expected = (BigInt(`0x${address}`) & kept).toString(16).padStart(32, '0') as Ipv6;
        expect(masked6(address, length)).toBe(expected);
        expect(cidrContains6({ base: expected, length }, address)).toBe(true);
      }),
    );
  });

  it('counts through a prefix', () => {
    const block = cidr6('fd00:10:244::40/122');
    expect(formatCidr6(block)).toBe('fd00:10:244::40/122');
    expect(cidrSize6(block)).toBe(64n);
    expect(formatIpv6(addressAt6(block, 63))).toBe('fd00:10:244::7f');
    expect(offsetIn6(block, ipv6('fd00:10:244::7f'))).toBe(63n);
    expect(parseCidr6('fd00::/129')).toBeUndefined();
    expect(parseCidr6('fd00::')).toBeUndefined();
  });
});

describe('addresses of either family', () => {
  it('are told apart by what they are written with', () => {
    expect(['10.0.0.1', 'fd00::1', 'web'].map(parseIp)).toEqual([0x0a000001, ipv6('fd00::1'), undefined]);
  });

  it('are never in a prefix of the other family', () => {
    for (const [text, own, other] of [
      ['10.0.0.0/8', '10.1.2.3', '::ffff:10.1.2.3'],
      ['fd00::/8', 'fd12::1', '10.1.2.3'],
    ] as const) {
      const prefix = parseIpCidr(text);
      const [mine, theirs] = [parseIp(own), parseIp(other)];
      if (!prefix || mine === undefined || theirs === undefined) throw new Error('malformed example');
      expect([ipCidrContains(prefix, mine), ipCidrContains(prefix, theirs)]).toEqual([true, false]);
      expect(formatIp(ipCidrOf(mine, prefix.length).base)).toBe(formatIp(prefix.base));
    }
  });
});
