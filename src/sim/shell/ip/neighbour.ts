/**
 * `ip neigh show`. Formats and complaints: iproute2 6.1 ip/ipneigh.c, compared with the real
 * tool. Entries come in the order of our tables (the kernel's is that of its hash).
 */
import { ok } from '../../../base/result.ts';
import type { Cidr, Ipv4 } from '../../../model/ip.ts';
import { cidrContains, cidrOf, formatIpv4 } from '../../../model/ip.ts';
import type { Mac } from '../../../model/mac.ts';
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
import { readInterfaceAddress } from './address.ts';
import { jsonText } from './device-list.ts';
import type { Subject } from './subject.ts';

export interface NeighbourLine {
  readonly address: Ipv4;
  readonly device: string;
  readonly mac: Mac | undefined;
  readonly state: string;
  /** Whole seconds since it was confirmed. */
  readonly age: number;
}

interface ShowWords {
  readonly device?: string;
  readonly to?: Cidr;
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

const SHOW: Grammar<ShowWords> = {
  keywords: [
    { names: ['dev'], exact: true, read: (words, device) => ok({ ...words, device }) },
    {
      names: ['nud'],
      exact: true,
      read: (words, value) => readState(value, [...STATES, 'all'], (state) => ({ ...words, state })),
    },
    { names: ['proxy'], exact: true, flag: true, read: (words) => ok({ ...words, proxy: true }) },
    { names: ['to'], exact: true, read: readTo },
  ],
  bare: readTo,
};

function readTo(words: ShowWords, value: string): Parsed<ShowWords> {
  if (words.to) return duplicateOrGarbage('to', value);
  const to = readInterfaceAddress(value);
  return to ? ok({ ...words, to: cidrOf(to.address, to.length) }) : expected('any valid prefix', value);
}

export function showNeighbours({ io, here, options }: Subject, words: readonly string[]): Parsed<string> {
  const wanted = parseKeywords(words, SHOW, {});
  if (!wanted.ok) return wanted;
  const { device, to, state } = wanted.value;
  if (device !== undefined && !deviceNamed(here.netns, device))
    return complain(1, `Cannot find device "${device}"`);
  if (wanted.value.proxy) return ok(proxyText(here, wanted.value));
  if (options.family === 'inet6') return ok(options.json ? jsonText([], options) : '');
  const lines = neighbourLines(here, io.clock.now()).filter(
    (line) =>
      (device === undefined || line.device === device) &&
      (to === undefined || cidrContains(to, line.address)) &&
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
  const permanent = netns.neighbours.map((entry) => ({ ...entry, state: 'PERMANENT', age: 0 }));
  const isPermanent = (address: Ipv4, device: string): boolean =>
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
  { address, device, mac, state }: NeighbourLine,
  filter: string | undefined,
  statistics = '',
): string {
  const on = filter === undefined ? ` dev ${device}` : '';
  const at = mac === undefined ? '' : ` lladdr ${mac}`;
  return `${formatIpv4(address)}${on}${at} ${statistics}${state} \n`;
}

/** Seconds since it was used, confirmed and changed: the simulator knows the second alone. */
const statisticsOf = ({ age }: NeighbourLine): string => ` used 0/${age}/0probes 0 `;

function proxyText({ netns }: Here, { device: wanted }: ShowWords): string {
  return netns.devices
    .filter(({ name }) => wanted === undefined || name === wanted)
    .flatMap(({ name, proxied = [] }) =>
      proxied.map(
        (address) => `${formatIpv4(address)}${wanted === undefined ? ` dev ${name}` : ''} proxy \n`,
      ),
    )
    .join('');
}

function neighbourJson(
  line: NeighbourLine,
  filter: string | undefined,
): Readonly<Record<string, string | readonly string[]>> {
  return {
    dst: formatIpv4(line.address),
    ...(filter === undefined ? { dev: line.device } : {}),
    ...(line.mac === undefined ? {} : { lladdr: line.mac }),
    state: [line.state],
  };
}
