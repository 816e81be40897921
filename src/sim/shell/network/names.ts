/**
 * Host names that need no question on the wire: numbers, /etc/hosts and, outside pods, the node names (as Docker's resolver
 * answers them on a kind cluster). Pods ask the cluster's DNS: see `resolver.ts`. Number forms: inet_aton(3).
 */
import { familyOf, isIpv4, parseIp, type IpFamily } from '../../../model/ip-family.ts';
import type { Ip, Ipv4 } from '../../../model/ip.ts';
import { parseIpv4 } from '../../../model/ip.ts';
import { LOOPBACK6 } from '../../../model/ipv6.ts';
import { utf8Text } from '../../../base/bytes.ts';
import { addresses6, isLinkLocal } from '../../net/inet6.ts';
import type { CompletionIo } from '../command.ts';
import { isGiven, type Flags } from './flags.ts';
import { hereOf } from './here.ts';

interface HostsLine {
  readonly address: Ip;
  readonly names: readonly string[];
}

/** The families a program asks for: -4, -6, or whatever the host has. */
export type WantedFamily = IpFamily | 'any';

/** What -4 and -6 say, or the tool's own name. */
export function familyGiven(flags: Flags, otherwise: WantedFamily = 'any'): WantedFamily {
  if (isGiven(flags, '4')) return 4;
  return isGiven(flags, '6') ? 6 : otherwise;
}

const LOCALHOST: readonly HostsLine[] = [
  { address: LOOPBACK6, names: ['localhost', 'ip6-localhost', 'ip6-loopback'] },
  { address: 0x7f000001 as Ipv4, names: ['localhost'] },
];

/** All addresses by which the name is known here, in the order of the files; none when it is not. */
export function knownHosts(io: CompletionIo, name: string, family: WantedFamily = 'any'): readonly Ip[] {
  const numeric = name.includes(':') ? parseIp(name) : parseNumber(name);
  if (numeric !== undefined) return isWanted(family, numeric) ? [numeric] : [];
  const written = hostsOf(io)
    .filter(({ names }) => names.includes(name))
    .map(({ address }) => address);
  const all = written.length > 0 || io.place.kind === 'pod' ? written : nodeAddresses(io, name);
  return [...new Set(all)].filter((address) => isWanted(family, address));
}

export const isWanted = (family: WantedFamily, address: Ip): boolean =>
  family === 'any' || familyOf(address) === family;

/** All names that /etc/hosts gives an address, the canonical one first. */
export const hostNames = (io: CompletionIo, address: Ip): readonly string[] =>
  hostsOf(io).find((line) => line.address === address)?.names ?? [];

/** The name that /etc/hosts gives an address; undefined when it has none. */
export function hostName(io: CompletionIo, address: Ip): string | undefined {
  return hostNames(io, address)[0];
}

/** `a.b.c.d`, and the shorter forms where the last number fills the rest (`10.1` is 10.0.0.1). */
export function parseNumber(text: string): Ipv4 | undefined {
  const full = parseIpv4(text);
  if (full !== undefined) return full;
  const parts = text.split('.');
  if (parts.length > 3 || !parts.every((part) => /^\d{1,10}$/.test(part))) return undefined;
  const last = Number(parts.pop());
  const room = 2 ** (8 * (4 - parts.length));
  if (last >= room || parts.some((part) => Number(part) > 255)) return undefined;
  const high = parts.reduce((sum, part, at) => sum + Number(part) * 2 ** (24 - 8 * at), 0);
  return (high + last) as Ipv4;
}

/** A prefix length as text: 0 to so many bits. */
export function cidrLengthValid(text: string, bits: number): boolean {
  return /^\d{1,3}$/.test(text) && Number(text) <= bits;
}

function hostsOf(io: CompletionIo): readonly HostsLine[] {
  const bytes = io.files.read('/etc/hosts');
  const lines = bytes === undefined ? [] : utf8Text(bytes).split('\n').flatMap(parseLine);
  const known = [...lines, ...LOCALHOST];
  return hereOf(io)?.netns.inet6 ? known : known.filter(({ address }) => isIpv4(address));
}

function parseLine(text: string): readonly HostsLine[] {
  const [first = '', ...names] = (text.split('#')[0] ?? '').trim().split(/\s+/);
  const address = parseIp(first);
  return address === undefined || names.length === 0 ? [] : [{ address, names }];
}

/** The first address of each family that the node has on a segment. */
function nodeAddresses(io: CompletionIo, name: string): readonly Ip[] {
  const node = io.network.netns(`node/${name}`);
  if (!node) return [];
  const ports = node.devices.filter(({ link }) => link?.kind === 'segment');
  const first = ports.flatMap(({ addresses }) => addresses)[0];
  const first6 = ports.flatMap((device) => addresses6(node, device)).find((address) => !isLinkLocal(address));
  const speaks6 = hereOf(io)?.netns.inet6 !== undefined;
  return [...(first ? [first.address] : []), ...(first6 && speaks6 ? [first6.address] : [])];
}
