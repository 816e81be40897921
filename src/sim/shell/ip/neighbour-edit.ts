/**
 * `ip neigh` add, replace, change, del, flush, get. Complaints: iproute2 6.1 ip/ipneigh.c, compared with the real tool. Entries
 * made by hand are permanent, or as if learnt now (`nud reachable`) or long ago (`nud stale`).
 */
import { ok } from '../../../base/result.ts';
import { ipCidrContains, parseIp, type IpCidr } from '../../../model/ip-family.ts';
import type { Ip, Ipv6 } from '../../../model/ip.ts';
import { parseMac, type Mac } from '../../../model/mac.ts';
import { complain, type Parsed } from '../network/complaint.ts';
import { deviceNamed } from '../network/here.ts';
import { duplicateOrGarbage, expected, parseKeywords, type Grammar } from '../network/keywords.ts';
import type { FamilyEdit, NetnsEdit } from '../../net/edit.ts';
import { isOf, spokenFamily } from './address.ts';
import { neighbourLines, neighbourText, readState, readTo, STATES } from './neighbour.ts';
import type { Family } from './options.ts';
import type { Subject } from './subject.ts';

interface EditWords {
  readonly address?: Ip;
  readonly device?: string;
  readonly mac?: string;
  readonly state?: string;
  readonly proxy?: boolean;
}

const EDIT = (family: Family): Grammar<EditWords> => ({
  keywords: [
    { names: ['lladdr'], exact: true, read: (words, mac) => ok({ ...words, mac }) },
    {
      names: ['nud'],
      exact: true,
      read: (words, value) => readState(value, STATES, (state) => ({ ...words, state })),
    },
    { names: ['proxy'], exact: true, flag: true, read: (words) => ok({ ...words, proxy: true }) },
    { names: ['dev'], exact: true, read: (words, device) => ok({ ...words, device }) },
    { names: ['to'], exact: true, read: readAddress(family) },
  ],
  bare: readAddress(family),
});

const readAddress =
  (family: Family) =>
  (words: EditWords, value: string): Parsed<EditWords> => {
    if (words.address !== undefined) return duplicateOrGarbage('to', value);
    const address = parseIp(value);
    return address !== undefined && isOf(family, address)
      ? ok({ ...words, address })
      : expected(`${spokenFamily(family)} address`, value);
  };

interface Target {
  readonly address: Ip;
  readonly device: string;
  readonly words: EditWords;
}

function readTarget({ here, options }: Subject, words: readonly string[]): Parsed<Target> {
  const wanted = parseKeywords(words, EDIT(options.family), {});
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
    if (given.proxy) return subject.edit(about({ kind: 'proxy-neighbour', device, address, on: true }), 2);
    const mac = given.mac === undefined ? undefined : parseMac(given.mac);
    const lines = neighbourLines(subject.here, subject.io.clock.now());
    const exists = lines.some((line) => line.address === address && line.device === device);
    if (mode === 'change' && !exists) return complain(2, NO_SUCH_FILE);
    if (mac === undefined) return complain(2, 'Error: No link layer address given.');
    if (mode === 'add' && exists) return complain(2, 'RTNETLINK answers: File exists');
    return keep(subject, { address, device, mac, state: given.state ?? 'permanent', mode });
  };
}

/** A change of either family: the compiler does not follow from the address to it. */
const about = (edit: FamilyEdit<Ip>): NetnsEdit => edit as FamilyEdit | FamilyEdit<Ipv6>;

interface Entry {
  readonly address: Ip;
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
    return edit(
      about({ kind: 'add-neighbour', neighbour: { address, device, mac }, replace: mode !== 'add' }),
      2,
    );
  }
  if (state !== 'reachable' && state !== 'stale') {
    return complain(
      255,
      `ip: the simulator makes entries by hand as permanent, reachable or stale, not ${state}.`,
    );
  }
  const { neighbours, inet6 } = here.netns;
  const isPermanent = [...neighbours, ...(inet6?.neighbours ?? [])].some(
    (entry) => entry.address === address && entry.device === device,
  );
  const freed = isPermanent ? edit(about({ kind: 'delete-neighbour', address, device }), 2) : ok('');
  if (!freed.ok) return freed;
  const at = Math.max(0, io.clock.now() - (state === 'stale' ? STALE_AGE : 0));
  return edit({ kind: 'learn-neighbour', neighbour: { address, device, mac, at } }, 2);
}

export function deleteNeighbour(subject: Subject, words: readonly string[]): Parsed<string> {
  const target = readTarget(subject, words);
  if (!target.ok) return target;
  const { address, device, words: given } = target.value;
  return given.proxy
    ? subject.edit(about({ kind: 'proxy-neighbour', device, address, on: false }), 2)
    : subject.edit(about({ kind: 'delete-neighbour', address, device }), 2);
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
  readonly to?: IpCidr;
  readonly state?: string;
}

const FLUSH = (family: Family): Grammar<FlushWords> => ({
  keywords: [
    { names: ['dev'], exact: true, read: (words, device) => ok({ ...words, device }) },
    {
      names: ['nud'],
      exact: true,
      read: (words, value) => readState(value, [...STATES, 'all'], (state) => ({ ...words, state })),
    },
    { names: ['to'], exact: true, read: readTo(family) },
  ],
  bare: readTo(family),
});

/** Permanent entries stay unless they are asked for. */
export function flushNeighbours(
  { io, here, edit, options }: Subject,
  words: readonly string[],
): Parsed<string> {
  if (words.length === 0) return complain(1, 'Flush requires arguments.');
  const wanted = parseKeywords(words, FLUSH(options.family), {});
  if (!wanted.ok) return wanted;
  const { device, to, state } = wanted.value;
  if (device !== undefined && !deviceNamed(here.netns, device))
    return complain(1, `Cannot find device "${device}"`);
  const gone = neighbourLines(here, io.clock.now()).filter(
    (line) =>
      isOf(options.family, line.address) &&
      (device === undefined || line.device === device) &&
      (to === undefined || ipCidrContains(to, line.address)) &&
      (state === undefined
        ? line.state !== 'PERMANENT'
        : state === 'all' || line.state.toLowerCase() === state),
  );
  for (const line of gone) {
    const done = edit(about({ kind: 'delete-neighbour', address: line.address, device: line.device }), 2);
    if (!done.ok) return done;
  }
  return ok('');
}
