/** What iptables calls ICMP messages: a type, or a type and a code (extensions/libxt_icmp.h, iptables 1.8.9). */
import type { IpFamily } from '../../../model/ip-family.ts';

const ICMP_NAMES: ReadonlyMap<string, string> = new Map([
  ['255', 'any'],
  ['0', 'echo-reply'],
  ['3', 'destination-unreachable'],
  ['3/0', 'network-unreachable'],
  ['3/1', 'host-unreachable'],
  ['3/2', 'protocol-unreachable'],
  ['3/3', 'port-unreachable'],
  ['3/4', 'fragmentation-needed'],
  ['3/5', 'source-route-failed'],
  ['3/6', 'network-unknown'],
  ['3/7', 'host-unknown'],
  ['3/9', 'network-prohibited'],
  ['3/10', 'host-prohibited'],
  ['3/11', 'TOS-network-unreachable'],
  ['3/12', 'TOS-host-unreachable'],
  ['3/13', 'communication-prohibited'],
  ['3/14', 'host-precedence-violation'],
  ['3/15', 'precedence-cutoff'],
  ['4', 'source-quench'],
  ['5', 'redirect'],
  ['5/0', 'network-redirect'],
  ['5/1', 'host-redirect'],
  ['5/2', 'TOS-network-redirect'],
  ['5/3', 'TOS-host-redirect'],
  ['8', 'echo-request'],
  ['9', 'router-advertisement'],
  ['10', 'router-solicitation'],
  ['11', 'time-exceeded'],
  ['11/0', 'ttl-zero-during-transit'],
  ['11/1', 'ttl-zero-during-reassembly'],
  ['12', 'parameter-problem'],
  ['12/0', 'ip-header-bad'],
  ['12/1', 'required-option-missing'],
  ['13', 'timestamp-request'],
  ['14', 'timestamp-reply'],
  ['17', 'address-mask-request'],
  ['18', 'address-mask-reply'],
]);

/** Of ICMPv6 (extensions/libip6t_icmp6.c). */
const ICMP6_NAMES: ReadonlyMap<string, string> = new Map([
  ['1', 'destination-unreachable'],
  ['1/0', 'no-route'],
  ['1/1', 'communication-prohibited'],
  ['1/2', 'beyond-scope'],
  ['1/3', 'address-unreachable'],
  ['1/4', 'port-unreachable'],
  ['1/5', 'failed-policy'],
  ['1/6', 'reject-route'],
  ['2', 'packet-too-big'],
  ['3', 'time-exceeded'],
  ['3/0', 'ttl-zero-during-transit'],
  ['3/1', 'ttl-zero-during-reassembly'],
  ['4', 'parameter-problem'],
  ['4/0', 'bad-header'],
  ['4/1', 'unknown-header-type'],
  ['4/2', 'unknown-option'],
  ['128', 'echo-request'],
  ['129', 'echo-reply'],
  ['133', 'router-solicitation'],
  ['134', 'router-advertisement'],
  ['135', 'neighbour-solicitation'],
  ['136', 'neighbour-advertisement'],
  ['137', 'redirect'],
]);

const NAMES_OF = { 4: ICMP_NAMES, 6: ICMP6_NAMES } as const;

export const icmpName = (type: number, code: number | undefined, family: IpFamily): string | undefined =>
  NAMES_OF[family].get(code === undefined ? String(type) : `${type}/${code}`);

const ALIASES: Readonly<Record<IpFamily, ReadonlyMap<string, string>>> = {
  4: new Map([
    ['pong', '0'],
    ['ping', '8'],
    ['ttl-exceeded', '11'],
  ]),
  6: new Map([
    ['ping', '128'],
    ['pong', '129'],
    ['ttl-exceeded', '3'],
    ['neighbor-solicitation', '135'],
    ['neighbor-advertisement', '136'],
  ]),
};

/** Reads a name, `8` or `3/1`; undefined for what is none of them. */
export function parseIcmp(
  text: string,
  family: IpFamily,
): { readonly type: number; readonly code?: number } | undefined {
  const word = text.toLowerCase();
  const known = [...NAMES_OF[family]].find(([, name]) => name.toLowerCase() === word)?.[0];
  const named = known ?? ALIASES[family].get(word);
  const [, type, code] = /^(\d{1,3})(?:\/(\d{1,3}))?$/.exec(named ?? text) ?? [];
  if (type === undefined || Number(type) > 255 || Number(code ?? 0) > 255) return undefined;
  return { type: Number(type), ...(code !== undefined && { code: Number(code) }) };
}
