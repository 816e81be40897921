/**
 * `bridge fdb`: show, add, append, replace, del. Wordings: iproute2 6.1 bridge/fdb.c, compared with the real tool. Only
 * entries of VXLAN devices exist in a lab; the multicast addresses that Linux lists for Ethernet devices are left out.
 */
import { ok } from '../../../base/result.ts';
import type { Ipv4 } from '../../../model/ip.ts';
import { parseIpv4 } from '../../../model/ip.ts';
import type { Mac } from '../../../model/mac.ts';
import { parseMac } from '../../../model/mac.ts';
import type { NetnsEdit } from '../../net/edit.ts';
import type { CommandIo } from '../command.ts';
import { complain, type Parsed } from '../network/complaint.ts';
import { deviceNamed, type Here } from '../network/here.ts';
import { duplicateOrGarbage, expected, parseKeywords, type Grammar } from '../network/keywords.ts';
import { fdbJson, fdbLine } from './fdb-print.ts';

export interface FdbSubject {
  readonly io: CommandIo;
  readonly here: Here;
  readonly json: boolean;
}

interface ShowWords {
  readonly device?: string;
  readonly dynamic?: boolean;
  readonly none?: boolean;
}

const SHOW: Grammar<ShowWords> = {
  keywords: [
    { names: ['brport', 'dev'], exact: true, read: (words, device) => ok({ ...words, device }) },
    { names: ['br'], exact: true, read: (words) => ok({ ...words, none: true }) },
    { names: ['vlan', 'state'], exact: true, read: (words) => ok(words) },
    { names: ['dynamic'], exact: true, flag: true, read: (words) => ok({ ...words, dynamic: true }) },
  ],
  bare: (words) => ok(words),
};

export function showFdb({ here, json }: FdbSubject, words: readonly string[]): Parsed<string> {
  const wanted = parseKeywords(words, SHOW, {});
  if (!wanted.ok) return wanted;
  const { device, dynamic, none } = wanted.value;
  if (device !== undefined && !deviceNamed(here.netns, device))
    return complain(255, `Cannot find device "${device}"`);
  const hidden = dynamic === true || none === true;
  const entries = here.netns.fdb.filter(
    (entry) => !hidden && (device === undefined || entry.device === device),
  );
  const onDevice = device !== undefined;
  return ok(
    json
      ? `${JSON.stringify(entries.map((entry) => fdbJson(entry, onDevice)))}\n`
      : entries.map((entry) => fdbLine(entry, onDevice)).join(''),
  );
}

interface EditWords {
  readonly mac?: string;
  readonly device?: string;
  readonly destination?: Ipv4;
  readonly master?: boolean;
  readonly missing?: string;
}

const FLAGS = [
  'self',
  'permanent',
  'local',
  'static',
  'dynamic',
  'temp',
  'use',
  'extern_learn',
  'sticky',
  'router',
];

const EDIT: Grammar<EditWords> = {
  keywords: [
    { names: ['dev'], exact: true, read: (words, device) => ok({ ...words, device }) },
    { names: ['dst'], exact: true, read: readDestination },
    { names: ['master'], exact: true, flag: true, read: (words) => ok({ ...words, master: true }) },
    { names: FLAGS, exact: true, flag: true, read: (words) => ok(words) },
    {
      names: ['port', 'vni', 'via', 'src_vni', 'vlan', 'nhid'],
      exact: true,
      read: (words, value) => ok({ ...words, missing: value }),
    },
    { names: ['to'], exact: true, read: readMac },
  ],
  bare: readMac,
};

function readDestination(words: EditWords, value: string): Parsed<EditWords> {
  const destination = parseIpv4(value);
  return destination === undefined ? expected('any valid address', value) : ok({ ...words, destination });
}

function readMac(words: EditWords, mac: string): Parsed<EditWords> {
  return words.mac === undefined ? ok({ ...words, mac }) : duplicateOrGarbage('to', mac);
}

interface Target {
  readonly mac: Mac;
  readonly device: string;
  readonly destination: Ipv4 | undefined;
}

function readTarget({ here }: FdbSubject, words: readonly string[]): Parsed<Target> {
  const wanted = parseKeywords(words, EDIT, {});
  if (!wanted.ok) return wanted;
  const { mac, device, destination, master, missing } = wanted.value;
  if (mac === undefined || device === undefined)
    return complain(255, 'Device and address are required arguments.');
  if (missing !== undefined)
    return complain(255, 'bridge: entries have only a destination address in the simulator.');
  const address = parseMac(mac);
  if (!address) return complain(255, `Invalid mac address ${mac}`);
  const target = deviceNamed(here.netns, device);
  if (!target) return complain(255, `Cannot find device "${device}"`);
  if (master || target.kind.type !== 'vxlan')
    return complain(255, 'RTNETLINK answers: Operation not supported');
  return ok({ mac: address, device, destination });
}

/** `append` keeps what is there: a MAC may have several destinations only if it is multicast or all zeros. */
export function setFdb(mode: 'add' | 'append' | 'replace') {
  return (subject: FdbSubject, words: readonly string[]): Parsed<string> => {
    const target = readTarget(subject, words);
    if (!target.ok) return target;
    const { mac, device, destination } = target.value;
    if (destination === undefined) return complain(255, 'RTNETLINK answers: Invalid argument');
    const entry = { mac, device, destination };
    return edit(subject, { kind: 'add-fdb', entry, replace: mode === 'replace', append: mode === 'append' });
  };
}

export function deleteFdb(subject: FdbSubject, words: readonly string[]): Parsed<string> {
  const target = readTarget(subject, words);
  if (!target.ok) return target;
  const { mac, device, destination } = target.value;
  return edit(subject, {
    kind: 'delete-fdb',
    mac,
    device,
    ...(destination === undefined ? {} : { destination }),
  });
}

function edit({ io, here }: FdbSubject, change: NetnsEdit): Parsed<string> {
  const done = io.network.edit(here.id, change);
  return done.ok ? ok('') : complain(255, done.message);
}
