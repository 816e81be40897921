/**
 * `ip neigh` add, replace, change, del, flush, get. Complaints: iproute2 6.1 ip/ipneigh.c, compared with the real tool. Entries
 * made by hand are permanent, or as if learnt now (`nud reachable`) or long ago (`nud stale`).
 */
import { ok } from '../../../base/result.ts';
import type { Ipv4 } from '../../../model/ip.ts';
import { cidrContains, cidrOf, parseIpv4, type Cidr } from '../../../model/ip.ts';
import { parseMac, type Mac } from '../../../model/mac.ts';
import { complain, type Parsed } from '../network/complaint.ts';
import { deviceNamed } from '../network/here.ts';
import { duplicateOrGarbage, expected, parseKeywords, type Grammar } from '../network/keywords.ts';
import { readInterfaceAddress } from './address.ts';
import { neighbourLines, neighbourText, readState, STATES } from './neighbour.ts';
import type { Subject } from './subject.ts';

interface EditWords {
  readonly address?: Ipv4;
  readonly device?: string;
  readonly mac?: string;
  readonly state?: string;
  readonly proxy?: boolean;
}

const EDIT: Grammar<EditWords> = {
  keywords: [
    { names: ['lladdr'], exact: true, read: (words, mac) => ok({ ...words, mac }) },
    {
      names: ['nud'],
      exact: true,
      read: (words, value) => readState(value, STATES, (state) => ({ ...words, state })),
    },
    { names: ['proxy'], exact: true, flag: true, read: (words) => ok({ ...words, proxy: true }) },
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

type Mode = 'add' | 'replace' | 'change';

/** `mode` decides what an existing or a missing entry means, as NLM_F_* flags do. */
export function setNeighbour(mode: Mode) {
  return (subject: Subject, words: readonly string[]): Parsed<string> => {
    const target = readTarget(subject, words);
    if (!target.ok) return target;
    const { address, device, words: given } = target.value;
    if (given.proxy) return subject.edit({ kind: 'proxy-neighbour', device, address, on: true }, 2);
    const mac = given.mac === undefined ? undefined : parseMac(given.mac);
    const lines = neighbourLines(subject.here, subject.io.clock.now());
    const exists = lines.some((line) => line.address === address && line.device === device);
    if (mode === 'change' && !exists) return complain(2, NO_SUCH_FILE);
    if (mac === undefined) return complain(2, 'Error: No link layer address given.');
    if (mode === 'add' && exists) return complain(2, 'RTNETLINK answers: File exists');
    return keep(subject, { address, device, mac, state: given.state ?? 'permanent', mode });
  };
}

interface Entry {
  readonly address: Ipv4;
  readonly device: string;
  readonly mac: Mac;
  readonly state: string;
  readonly mode: Mode;
}

/** Long enough ago to be no longer REACHABLE. */
const STALE_AGE = 30_000;

function keep(subject: Subject, { address, device, mac, state, mode }: Entry): Parsed<string> {
  const { io, here, edit } = subject;
  if (state === 'permanent') {
    return edit({ kind: 'add-neighbour', neighbour: { address, device, mac }, replace: mode !== 'add' }, 2);
  }
  if (state !== 'reachable' && state !== 'stale') {
    return complain(
      255,
      `ip: the simulator makes entries by hand as permanent, reachable or stale, not ${state}.`,
    );
  }
  const isPermanent = here.netns.neighbours.some(
    (entry) => entry.address === address && entry.device === device,
  );
  const freed = isPermanent ? edit({ kind: 'delete-neighbour', address, device }, 2) : ok('');
  if (!freed.ok) return freed;
  const at = Math.max(0, io.clock.now() - (state === 'stale' ? STALE_AGE : 0));
  return edit({ kind: 'learn-neighbour', neighbour: { address, device, mac, at } }, 2);
}

export function deleteNeighbour(subject: Subject, words: readonly string[]): Parsed<string> {
  const target = readTarget(subject, words);
  if (!target.ok) return target;
  const { address, device, words: given } = target.value;
  return given.proxy
    ? subject.edit({ kind: 'proxy-neighbour', device, address, on: false }, 2)
    : subject.edit({ kind: 'delete-neighbour', address, device }, 2);
}

export function getNeighbour(subject: Subject, words: readonly string[]): Parsed<string> {
  const target = readTarget(subject, words);
  if (!target.ok) return target;
  const { address, device } = target.value;
  const line = neighbourLines(subject.here, subject.io.clock.now()).find(
    (each) => each.address === address && each.device === device,
  );
  return line ? ok(neighbourText(line, undefined)) : complain(2, NO_SUCH_FILE);
}

interface FlushWords {
  readonly device?: string;
  readonly to?: Cidr;
  readonly state?: string;
}

const FLUSH: Grammar<FlushWords> = {
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

function readTo(words: FlushWords, value: string): Parsed<FlushWords> {
  if (words.to) return duplicateOrGarbage('to', value);
  if (value === 'all' || value === 'any' || value === 'default')
    return ok({ ...words, to: cidrOf(0 as Ipv4, 0) });
  const to = readInterfaceAddress(value);
  return to ? ok({ ...words, to: cidrOf(to.address, to.length) }) : expected('any valid prefix', value);
}

/** Permanent entries stay unless they are asked for. */
export function flushNeighbours({ io, here, edit }: Subject, words: readonly string[]): Parsed<string> {
  if (words.length === 0) return complain(1, 'Flush requires arguments.');
  const wanted = parseKeywords(words, FLUSH, {});
  if (!wanted.ok) return wanted;
  const { device, to, state } = wanted.value;
  if (device !== undefined && !deviceNamed(here.netns, device))
    return complain(1, `Cannot find device "${device}"`);
  const gone = neighbourLines(here, io.clock.now()).filter(
    (line) =>
      (device === undefined || line.device === device) &&
      (to === undefined || cidrContains(to, line.address)) &&
      (state === undefined
        ? line.state !== 'PERMANENT'
        : state === 'all' || line.state.toLowerCase() === state),
  );
  for (const line of gone) {
    const done = edit({ kind: 'delete-neighbour', address: line.address, device: line.device }, 2);
    if (!done.ok) return done;
  }
  return ok('');
}
