/**
 * A subnet for a cluster's own Docker network that nothing else on this machine uses: not another network of the engine, not
 * an interface or a route of the host (VPNs), and none of the lab's own addresses, which live on that network too.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { formatCidr6, cidr6 } from '../../../model/ipv6.ts';
import { addressAt, cidr, cidrOf, cidrsOverlap, parseCidr } from '../../../model/ip.ts';
import type { Cidr, Ipv4 } from '../../../model/ip.ts';
import type { Topology } from '../../../model/topology.ts';

/** Private (RFC 1918), and away from what home routers, Docker's own pools and most companies begin with. */
const RANGES = ['172.31.0.0/16', '172.27.0.0/16', '10.253.0.0/16', '192.168.224.0/19'].map((text) =>
  cidr(text),
);
/** A network of 254 containers: labs are far smaller. */
const LENGTH = 24;

/** The candidates in order, without those that overlap what is taken. */
export function* freeSubnets(taken: readonly Cidr[]): Generator<Cidr> {
  for (const range of RANGES) {
    const count = 2 ** (LENGTH - range.length);
    for (let index = 0; index < count; index += 1) {
      const candidate = cidrOf(addressAt(range, index * 2 ** (32 - LENGTH)), LENGTH);
      if (!taken.some((other) => cidrsOverlap(candidate, other))) yield candidate;
    }
  }
}

/** Everything that the lab calls its own. */
export const subnetsOf = ({ segments, podCidr, serviceCidr }: Topology): readonly Cidr[] => [
  ...segments.map(({ subnet }) => subnet),
  podCidr,
  serviceCidr,
];

/** Shorter prefixes are ways to everywhere, also when a VPN cuts them in two: nothing could be chosen beside them. */
const SHORTEST = 8;

/** What this machine's interfaces and, on Linux, its routes cover. */
export async function subnetsOfHost(): Promise<readonly Cidr[]> {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const interfaces = own.flatMap(({ family, cidr: text }) =>
    family === 'IPv4' && text !== null ? [parseCidr(text)] : [],
  );
  const table = await readFile('/proc/net/route', 'utf8').catch(() => '');
  return [...interfaces, ...routesIn(table)].filter((subnet) => subnet !== undefined);
}

/** The kernel's table (Documentation/networking: fib_trie's `route`): addresses in hexadecimal, little end first. */
export function routesIn(table: string): readonly Cidr[] {
  return table.split('\n').flatMap((line) => {
    const [, destination = '', , , , , , mask = ''] = line.split('\t');
    if (!/^[0-9A-F]{8}$/.test(destination) || !/^[0-9A-F]{8}$/.test(mask)) return [];
    const length = bits(turned(mask));
    return length < SHORTEST ? [] : [cidrOf(turned(destination) as Ipv4, length)];
  });
}

const turned = (hex: string): number => Number.parseInt(hex.match(/../g)?.reverse().join('') ?? '0', 16);

const bits = (mask: number): number => mask.toString(2).replaceAll('0', '').length;

/** A /64 of the cluster's own (RFC 4193), from its name: two clusters never have the same. */
export function ownSubnet6(cluster: string): string {
  const digits = createHash('sha256').update(cluster).digest('hex');
  const groups = [`fd${digits.slice(0, 2)}`, digits.slice(2, 6), digits.slice(6, 10), digits.slice(10, 14)];
  return formatCidr6(cidr6(`${groups.join(':')}::/64`));
}
