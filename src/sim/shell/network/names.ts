/**
 * Host names that need no question on the wire: numbers, /etc/hosts and, outside pods, the node names (as Docker's resolver
 * answers them on a kind cluster). Pods ask the cluster's DNS: see `resolver.ts`. Number forms: inet_aton(3).
 */
import type { Ipv4 } from '../../../model/ip.ts';
import { parseIpv4 } from '../../../model/ip.ts';
import { utf8Text } from '../../../base/bytes.ts';
import type { CompletionIo } from '../command.ts';

interface HostsLine {
  readonly address: Ipv4;
  readonly names: readonly string[];
}

const LOCALHOST: HostsLine = { address: 0x7f000001 as Ipv4, names: ['localhost'] };

/** Undefined when the name is not known here. */
export function knownHost(io: CompletionIo, name: string): Ipv4 | undefined {
  const numeric = parseNumber(name);
  if (numeric !== undefined) return numeric;
  const line = hostsOf(io).find(({ names }) => names.includes(name));
  return line?.address ?? (io.place.kind === 'pod' ? undefined : nodeAddress(io, name));
}

/** The name that /etc/hosts gives an address; undefined when it has none. */
export function hostName(io: CompletionIo, address: Ipv4): string | undefined {
  return hostsOf(io).find((line) => line.address === address)?.names[0];
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

/** A prefix length as text: 0 to 32. */
export function cidrLengthValid(text: string): boolean {
  return /^\d{1,2}$/.test(text) && Number(text) <= 32;
}

function hostsOf(io: CompletionIo): readonly HostsLine[] {
  const bytes = io.files.read('/etc/hosts');
  const lines = bytes === undefined ? [] : utf8Text(bytes).split('\n').flatMap(parseLine);
  return [...lines, LOCALHOST];
}

function parseLine(text: string): readonly HostsLine[] {
  const [first = '', ...names] = (text.split('#')[0] ?? '').trim().split(/\s+/);
  const address = parseIpv4(first);
  return address === undefined || names.length === 0 ? [] : [{ address, names }];
}

function nodeAddress(io: CompletionIo, name: string): Ipv4 | undefined {
  const node = io.network.netns(`node/${name}`);
  const addresses = node?.devices.flatMap((device) =>
    device.link?.kind === 'segment' ? device.addresses : [],
  );
  return addresses?.[0]?.address;
}
