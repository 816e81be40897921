/**
 * Prefixes of both address families, as far as validating a pool needs them; the simulator forwards IPv4 only.
 * Source: Go net.ParseCIDR (RFC 4632, RFC 4291); canonical IPv6 text after RFC 5952.
 */
import { formatIpv4, parseIpv4, type Ipv4 } from '../../../model/ip.ts';

export interface IpNetwork {
  readonly version: 4 | 6;
  /** The address as typed, host bits kept. */
  readonly address: bigint;
  /** Host bits cleared. */
  readonly base: bigint;
  readonly length: number;
}

/** Undefined when malformed; a bare address is not a network. */
export function parseNetwork(text: string): IpNetwork | undefined {
  const match = /^([0-9a-fA-F.:]+)\/(0|[1-9]\d{0,2})$/.exec(text);
  if (!match) return undefined;
  const parsed = parseAddress(match[1] ?? '');
  const length = Number(match[2]);
  if (!parsed || length > bitsOf(parsed.version)) return undefined;
  const shift = BigInt(bitsOf(parsed.version) - length);
  return { ...parsed, base: (parsed.address >> shift) << shift, length };
}

export interface IpAddress {
  readonly version: 4 | 6;
  readonly address: bigint;
}

export function parseAddress(text: string): IpAddress | undefined {
  if (!text.includes(':')) {
    const address = parseIpv4(text);
    return address === undefined ? undefined : { version: 4, address: BigInt(address) };
  }
  const groups = groupsOf(text);
  if (!groups) return undefined;
  return { version: 6, address: groups.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n) };
}

/** The eight 16-bit groups of an IPv6 address. */
function groupsOf(text: string): readonly number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const parsed = halves.map((half) => (half === '' ? [] : half.split(':').map(group)));
  const [head = [], tail = []] = parsed;
  const all = [...head, ...tail];
  if (all.some((value) => value === undefined)) return undefined;
  const missing = 8 - all.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail].map((value) => value ?? 0);
}

const group = (text: string): number | undefined =>
  /^[0-9a-fA-F]{1,4}$/.test(text) ? Number.parseInt(text, 16) : undefined;

export const bitsOf = (version: 4 | 6): number => (version === 4 ? 32 : 128);

export const formatNetwork = (network: IpNetwork): string =>
  `${formatAddress({ version: network.version, address: network.base })}/${network.length}`;

export function formatAddress({ version, address }: IpAddress): string {
  if (version === 4) return formatIpv4(Number(address) as Ipv4);
  const groups = Array.from({ length: 8 }, (_, at) => Number((address >> BigInt(112 - 16 * at)) & 0xffffn));
  const run = longestZeroRun(groups);
  const spell = (part: readonly number[]): string => part.map((value) => value.toString(16)).join(':');
  if (run.length < 2) return spell(groups);
  return `${spell(groups.slice(0, run.start))}::${spell(groups.slice(run.start + run.length))}`;
}

function longestZeroRun(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  groups.forEach((value, at) => {
    length = value === 0 ? length + 1 : 0;
    if (length > best.length) best = { start: at - length + 1, length };
  });
  return best;
}

export function networksOverlap(a: IpNetwork, b: IpNetwork): boolean {
  if (a.version !== b.version) return false;
  const shift = BigInt(bitsOf(a.version) - Math.min(a.length, b.length));
  return a.base >> shift === b.base >> shift;
}

/** How many addresses the network holds. */
export const networkSize = (network: IpNetwork): bigint =>
  1n << BigInt(bitsOf(network.version) - network.length);
