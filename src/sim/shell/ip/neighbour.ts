/**
 * `ip neigh`: show, add, del, replace, change. Formats and complaints: iproute2 6.1 ip/ipneigh.c, compared with the real
 * tool. Entries come in the order of our tables (the kernel's is that of its hash).
 */
import { ok } from '../../../base/result.ts';
import type { Cidr, Ipv4 } from '../../../model/ip.ts';
import { cidrContains, cidrOf, formatIpv4, parseIpv4 } from '../../../model/ip.ts';
import type { Mac } from '../../../model/mac.ts';
import { parseMac } from '../../../model/mac.ts';
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

interface NeighbourLine {
  readonly address: Ipv4;
  readonly device: string;
  readonly mac: Mac | undefined;
  readonly state: string;
}

interface ShowWords {
  readonly device?: string;
  readonly to?: Cidr;
  readonly state?: string;
}

const STATES = ['delay', 'failed', 'incomplete', 'noarp', 'none', 'permanent', 'probe', 'reachable', 'stale'];

function readState<W>(value: string, states: readonly string[], use: (state: string) => W): Parsed<W> {
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
  if (options.family === 'inet6') return ok(options.json ? jsonText([], options) : '');
  const lines = neighbourLines(here, io.clock.now()).filter(
    (line) =>
      (device === undefined || line.device === device) &&
      (to === undefined || cidrContains(to, line.address)) &&
      (state === undefined || state === 'all' || line.state.toLowerCase() === state),
  );
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
  const permanent = netns.neighbours.map((entry) => ({ ...entry, state: 'PERMANENT' }));
  const isPermanent = (address: Ipv4, device: string): boolean =>
    permanent.some((entry) => entry.address === address && entry.device === device);
  const learnt = memory.neighbours
    .filter(({ address, device }) => !isPermanent(address, device) && deviceNamed(netns, device)?.up === true)
    .map((entry) => ({ ...entry, state: neighbourState(entry, now) }));
  return [...permanent, ...learnt];
}

function neighbourText({ address, device, mac, state }: NeighbourLine, filter: string | undefined): string {
  const on = filter === undefined ? ` dev ${device}` : '';
  const at = mac === undefined ? '' : ` lladdr ${mac}`;
  return `${formatIpv4(address)}${on}${at} ${state} \n`;
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

interface EditWords {
  readonly address?: Ipv4;
  readonly device?: string;
  readonly mac?: string;
  readonly state?: string;
}

const EDIT: Grammar<EditWords> = {
  keywords: [
    { names: ['lladdr'], exact: true, read: (words, mac) => ok({ ...words, mac }) },
    {
      names: ['nud'],
      exact: true,
      read: (words, value) => readState(value, STATES, (state) => ({ ...words, state })),
    },
    { names: ['dev'], exact: true, read: (words, device) => ok({ ...words, device }) },
    { names: ['to'], exact: true, read: readAddress },
  ],
  bare: readAddress,
};

function readAddress(words: EditWords, value: string): Parsed<EditWords> {
  if (words.address !== undefined) return duplicateOrGarbage('to', value);
  const address = parseIpv4(value);
  return address === undefined ? expected('any valid address', value) : ok({ ...words, address });
}

interface Target {
  readonly address: Ipv4;
  readonly device: string;
  readonly words: EditWords;
}

function readTarget({ here }: Subject, words: readonly string[]): Parsed<Target> {
  const wanted = parseKeywords(words, EDIT, {});
  if (!wanted.ok) return wanted;
  const { address, device } = wanted.value;
  if (address === undefined || device === undefined) {
    return complain(255, 'Device and destination are required arguments.');
  }
  const { mac } = wanted.value;
  if (mac !== undefined && !parseMac(mac)) return complain(1, `"${mac}" is invalid lladdr.`);
  if (!deviceNamed(here.netns, device)) return complain(1, `Cannot find device "${device}"`);
  return ok({ address, device, words: wanted.value });
}

const NO_SUCH_FILE = 'RTNETLINK answers: No such file or directory';

/** `mode` decides what an existing or a missing entry means, as NLM_F_* flags do. */
export function setNeighbour(mode: 'add' | 'replace' | 'change') {
  return (subject: Subject, words: readonly string[]): Parsed<string> => {
    const target = readTarget(subject, words);
    if (!target.ok) return target;
    const { address, device, words: given } = target.value;
    const mac = given.mac === undefined ? undefined : parseMac(given.mac);
    const lines = neighbourLines(subject.here, subject.io.clock.now());
    const exists = lines.some((line) => line.address === address && line.device === device);
    if (mode === 'change' && !exists) return complain(2, NO_SUCH_FILE);
    if (mac === undefined) return complain(2, 'Error: No link layer address given.');
    if (mode === 'add' && exists) return complain(2, 'RTNETLINK answers: File exists');
    if (given.state !== undefined && given.state !== 'permanent') {
      return complain(255, 'ip: the simulator keeps entries made by hand as "nud permanent" only.');
    }
    return subject.edit(
      { kind: 'add-neighbour', neighbour: { address, device, mac }, replace: mode !== 'add' },
      2,
    );
  };
}

export function deleteNeighbour(subject: Subject, words: readonly string[]): Parsed<string> {
  const target = readTarget(subject, words);
  if (!target.ok) return target;
  const { address, device } = target.value;
  return subject.edit({ kind: 'delete-neighbour', address, device }, 2);
}
