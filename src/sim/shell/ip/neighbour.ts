/**
 * `ip neigh show`. Formats and complaints: iproute2 6.1 ip/ipneigh.c, compared with the real
 * tool. Entries come in the order of our tables (the kernel's is that of its hash).
 */
import type { Json } from '../../../base/json.ts';
import { ok } from '../../../base/result.ts';
import { formatIp, ipCidrContains, ipCidrOf, type IpCidr } from '../../../model/ip-family.ts';
import type { Ip, Ipv4 } from '../../../model/ip.ts';
import { cidrOf } from '../../../model/ip.ts';
import { UNSPECIFIED6 } from '../../../model/ipv6.ts';
import type { Mac } from '../../../model/mac.ts';
import type { Neighbour } from '../../net/netns.ts';
import { neighbourState } from '../../net/neighbour.ts';
import { complain, type Parsed } from '../network/complaint.ts';
import { deviceNamed, type Here } from '../network/here.ts';
import {
  duplicateOrGarbage,
  expected,
  parseKeywords,
  type Grammar,
  wrongArgument,
} from '../network/keywords.ts';
import { isOf, readInterfaceAddress, spokenFamily } from './address.ts';
import { jsonText } from './device-list.ts';
import type { Family } from './options.ts';
import type { Subject } from './subject.ts';

export interface NeighbourLine {
  readonly address: Ip;
  readonly device: string;
  readonly mac: Mac | undefined;
  readonly state: string;
  /** Whole seconds since it was confirmed. */
  readonly age: number;
  readonly router?: true;
}

interface ShowWords {
  readonly device?: string;
  readonly to?: IpCidr;
  readonly state?: string;
  readonly proxy?: boolean;
}

export const STATES: readonly string[] = [
  'delay',
  'failed',
  'incomplete',
  'noarp',
  'none',
  'permanent',
  'probe',
  'reachable',
  'stale',
];

export function readState<W>(value: string, states: readonly string[], use: (state: string) => W): Parsed<W> {
  return states.includes(value) ? ok(use(value)) : complainState(value);
}

const complainState = (value: string): Parsed<never> => wrongArgument(value, 'nud state is bad');

const SHOW = (family: Family): Grammar<ShowWords> => ({
  keywords: [
    { names: ['dev'], exact: true, read: (words, device) => ok({ ...words, device }) },
    {
      names: ['nud'],
      exact: true,
      read: (words, value) => readState(value, [...STATES, 'all'], (state) => ({ ...words, state })),
    },
    { names: ['proxy'], exact: true, flag: true, read: (words) => ok({ ...words, proxy: true }) },
    { names: ['to'], exact: true, read: readTo(family) },
  ],
  bare: readTo(family),
});

/** A prefix of the family, or of any. */
export const readTo =
  (family: Family) =>
  <Words extends { readonly to?: IpCidr }>(words: Words, value: string): Parsed<Words> => {
    if (words.to) return duplicateOrGarbage('to', value);
    if (value === 'all' || value === 'any' || value === 'default')
      return ok({ ...words, to: family === 'inet6' ? ipCidrOf(UNSPECIFIED6, 0) : cidrOf(0 as Ipv4, 0) });
    const to = readInterfaceAddress(value);
    return to && isOf(family, to.address)
      ? ok({ ...words, to: ipCidrOf(to.address, to.length) })
      : expected(`${spokenFamily(family)} prefix`, value);
  };

export function showNeighbours({ io, here, options }: Subject, words: readonly string[]): Parsed<string> {
  const wanted = parseKeywords(words, SHOW(options.family), {});
  if (!wanted.ok) return wanted;
  const { device, to, state } = wanted.value;
  if (device !== undefined && !deviceNamed(here.netns, device))
    return complain(1, `Cannot find device "${device}"`);
  if (wanted.value.proxy) return ok(proxyText(here, wanted.value, options.family));
  const lines = neighbourLines(here, io.clock.now()).filter(
    (line) =>
      isOf(options.family, line.address) &&
      (device === undefined || line.device === device) &&
      (to === undefined || ipCidrContains(to, line.address)) &&
      (state === undefined || state === 'all' || line.state.toLowerCase() === state),
  );
  if (options.statistics && !options.json)
    return ok(lines.map((line) => neighbourText(line, device, statisticsOf(line))).join(''));
  if (options.json)
    return ok(
      jsonText(
        lines.map((line) => neighbourJson(line, device)),
        options,
      ),
    );
  return ok(lines.map((line) => neighbourText(line, device)).join(''));
}

export function neighbourLines({ netns, memory }: Here, now: number): readonly NeighbourLine[] {
  const entries: readonly Neighbour<Ip>[] = [...netns.neighbours, ...(netns.inet6?.neighbours ?? [])];
  const permanent = entries.map((entry) => ({ ...entry, state: 'PERMANENT', age: 0 }));
  const isPermanent = (address: Ip, device: string): boolean =>
    permanent.some((entry) => entry.address === address && entry.device === device);
  const learnt = memory.neighbours
    .filter(({ address, device }) => !isPermanent(address, device) && deviceNamed(netns, device)?.up === true)
    .map((entry) => ({
      ...entry,
      state: neighbourState(entry, now),
      age: Math.floor((now - entry.at) / 1000),
    }));
  return [...permanent, ...learnt];
}

export function neighbourText(
  { address, device, mac, state, router }: NeighbourLine,
  filter: string | undefined,
  statistics = '',
): string {
  const on = filter === undefined ? ` dev ${device}` : '';
  const at = mac === undefined ? '' : ` lladdr ${mac}`;
  return `${formatIp(address)}${on}${at}${router ? ' router' : ''} ${statistics}${state} \n`;
}

/** Seconds since it was used, confirmed and changed: the simulator knows the second alone. */
const statisticsOf = ({ age }: NeighbourLine): string => ` used 0/${age}/0probes 0 `;

function proxyText({ netns }: Here, { device: wanted }: ShowWords, family: Family): string {
  return netns.devices
    .filter(({ name }) => wanted === undefined || name === wanted)
    .flatMap(({ name, proxied = [] }) =>
      [...proxied, ...(netns.inet6?.proxied?.get(name) ?? [])]
        .filter((address) => isOf(family, address))
        .map((address) => `${formatIp(address)}${wanted === undefined ? ` dev ${name}` : ''} proxy \n`),
    )
    .join('');
}

function neighbourJson(line: NeighbourLine, filter: string | undefined): Readonly<Record<string, Json>> {
  return {
    dst: formatIp(line.address),
    ...(filter === undefined ? { dev: line.device } : {}),
    ...(line.mac === undefined ? {} : { lladdr: line.mac }),
    ...(line.router ? { router: null } : {}),
    state: [line.state],
  };
}
