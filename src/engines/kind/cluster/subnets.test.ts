import { expect, test } from 'vitest';
import { cidr, formatCidr } from '../../../model/ip.ts';
import { freeSubnets, ownSubnet6, routesIn } from './subnets.ts';

const first = (...taken: readonly string[]): string | undefined => {
  const [subnet] = freeSubnets(taken.map((text) => cidr(text)));
  return subnet && formatCidr(subnet);
};

test('the first that nothing overlaps, whichever is the larger', () => {
  expect(first()).toBe('172.31.0.0/24');
  expect(first('172.31.0.128/25')).toBe('172.31.1.0/24');
  expect(first('172.31.0.0/23', '172.31.2.7/32')).toBe('172.31.3.0/24');
  expect(first('172.31.0.0/16')).toBe('172.27.0.0/24');
  expect(first('172.16.0.0/12')).toBe('10.253.0.0/24');
  expect(first('172.16.0.0/12', '10.0.0.0/8')).toBe('192.168.224.0/24');
  expect(first('172.16.0.0/12', '10.0.0.0/8', '192.168.0.0/16')).toBeUndefined();
});

test('all candidates are different', () => {
  const all = [...freeSubnets([])].map(formatCidr);
  expect(new Set(all).size).toBe(all.length);
  expect(all.length).toBe(3 * 256 + 32);
});

// Constructed after a machine with a VPN by OpenVPN, which halves the default route, and Docker's own bridge.
const TABLE = `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
tun0	00000000	0100080A	0003	0	0	0	00000080	0	0	0
eth0	00000000	0101A8C0	0003	0	0	100	00000000	0	0	0
tun0	0000FD0A	0100080A	0003	0	0	0	0000FFFF	0	0	0
docker0	000011AC	00000000	0001	0	0	0	0000FFFF	0	0	0
`;

test('routes of the host are read, ways to everywhere are not', () => {
  expect(routesIn(TABLE).map(formatCidr)).toEqual(['10.253.0.0/16', '172.17.0.0/16']);
  expect(routesIn('')).toEqual([]);
});

test('a cluster has a /64 of its own', () => {
  const subnet = ownSubnet6('underlay-abc123-lab-0001');
  expect(subnet).toMatch(/^fd[0-9a-f]{2}(:[0-9a-f]{1,4}){1,3}::\/64$/);
  expect(ownSubnet6('underlay-abc123-lab-0001')).toBe(subnet);
  expect(ownSubnet6('underlay-abc123-lab-0002')).not.toBe(subnet);
});
