/** How packets are to be printed, and what the printer remembers from one packet to the next. */
import { formatIp } from '../../../model/ip-family.ts';
import type { Ip } from '../../../model/ip.ts';
import { BROADCAST_MAC } from '../../../model/mac.ts';

export interface Style {
  /** -e */
  readonly linkHeader: boolean;
  /** Number of -v. */
  readonly verbose: number;
  /** -q */
  readonly quick: boolean;
  /** -S */
  readonly absoluteSequence: boolean;
  /** -n */
  readonly numeric: boolean;
  /** A name for an address, without -n. */
  nameOf(address: Ip): string | undefined;
  /** Where each TCP conversation began, by its two ends. */
  readonly conversations: Map<string, Conversation>;
}

export interface Conversation {
  readonly sequence: number;
  readonly acknowledgement: number;
}

export function addressText(style: Style, address: Ip): string {
  return (style.numeric ? undefined : style.nameOf(address)) ?? formatIp(address);
}

/** Without -n tcpdump names the maker of a network card; nobody made a lab's. */
export function macText({ numeric }: Style, mac: string): string {
  if (numeric) return mac;
  if (mac === BROADCAST_MAC) return 'Broadcast';
  return `${mac} (oui ${mac.startsWith('00:00:00') ? 'Ethernet' : 'Unknown'})`;
}

/** The lines of /etc/services that a lab meets. */
const SERVICES: Readonly<Record<string, string>> = {
  'tcp/22': 'ssh',
  'tcp/53': 'domain',
  'udp/53': 'domain',
  'tcp/80': 'http',
  'udp/123': 'ntp',
  'tcp/179': 'bgp',
  'tcp/443': 'https',
  'udp/443': 'https',
  'tcp/8080': 'http-alt',
};

export function portText(style: Style, protocol: 'tcp' | 'udp', port: number): string {
  return (style.numeric ? undefined : SERVICES[`${protocol}/${port}`]) ?? String(port);
}

export function portNumber(name: string): readonly (readonly ['tcp' | 'udp', number])[] {
  return Object.entries(SERVICES)
    .filter(([, service]) => service === name)
    .map(([key]) => [key.startsWith('tcp') ? 'tcp' : 'udp', Number(key.slice(4))] as const);
}
