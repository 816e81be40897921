import { expect, test } from 'vitest';
import type { PacketLayer } from '../../course/blocks.ts';
import { layerShares, packetEncapsulation, totalBytes } from './packet.ts';

const layer = (name: string, bytes: number, role: PacketLayer['role']): PacketLayer => ({
  name,
  bytes,
  role,
  fields: [],
});
const INNER = [layer('IPv4', 20, 'inner'), layer('data', 1400, 'payload')];

test('a packet is named after what wraps it', () => {
  const vxlan = [layer('IPv4', 20, 'outer'), layer('UDP', 8, 'outer'), layer('VXLAN', 8, 'tunnel'), ...INNER];
  expect(packetEncapsulation(vxlan)).toBe('vxlan');
  expect(packetEncapsulation([layer('IPv4', 20, 'outer'), ...INNER])).toBe('ipip');
  expect(packetEncapsulation([layer('Ethernet', 14, 'outer'), ...INNER])).toBe('none');
  expect(packetEncapsulation([layer('Ethernet', 14, 'frame'), ...INNER])).toBe('none');
  expect(packetEncapsulation(INNER)).toBe('none');
});

test('widths keep the order of sizes and fill the strip', () => {
  const shares = layerShares([
    layer('VXLAN', 8, 'tunnel'),
    layer('IPv4', 20, 'inner'),
    layer('data', 1400, 'payload'),
  ]);
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(100);
  expect(totalBytes(INNER)).toBe(1420);
});
