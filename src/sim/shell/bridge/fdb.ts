/**
 * `bridge fdb`: show, add, append, replace, del. Wordings: iproute2 6.1 bridge/fdb.c, compared with the real tool. The kernel
 * lists a bridge's entries in hash order, here they come device by device. Of multicast
 * groups those that the kernel joins by itself are listed.
 */
import { ok } from '../../../base/result.ts';
import type { Ip } from '../../../model/ip.ts';
import { parseIp } from '../../../model/ip-family.ts';
import { ipv6 } from '../../../model/ipv6.ts';
import { parseMac, type Mac } from '../../../model/mac.ts';
import type { NetnsEdit } from '../../net/edit.ts';
import { addresses6 } from '../../net/inet6.ts';
import { STATION_AGEING } from '../../net/memory.ts';
import { multicastMac, solicitedNode } from '../../net/neighbour-question.ts';
import type { Device, FdbEntry, Netns } from '../../net/netns.ts';
import type { CommandIo } from '../command.ts';
import { complain, type Parsed } from '../network/complaint.ts';
import { deviceNamed, type Here } from '../network/here.ts';
import {
  duplicateOrGarbage,
  expected,
  parseKeywords,
  type Grammar,
  type Keyword,
} from '../network/keywords.ts';
import { present } from '../network/present.ts';
import { fdbJson, fdbLine, type ListedEntry } from './fdb-print.ts';

export interface FdbSubject {
  readonly io: CommandIo;
  readonly here: Here;
  readonly json: boolean;
  readonly details: boolean;
  readonly statistics: boolean;
}

interface ShowWords {
  readonly device?: string;
  readonly bridge?: string;
  readonly dynamic?: boolean;
}

const SHOW: Grammar<ShowWords> = {
  keywords: [
    { names: ['brport', 'dev'], exact: true, read: (words, device) => ok({ ...words, device }) },
    { names: ['br'], exact: true, read: (words, bridge) => ok({ ...words, bridge }) },
    { names: ['vlan', 'state'], exact: true, read: (words) => ok(words) },
    { names: ['dynamic'], exact: true, flag: true, read: (words) => ok({ ...words, dynamic: true }) },
  ],
  bare: (words) => ok(words),
};

export function showFdb(subject: FdbSubject, words: readonly string[]): Parsed<string> {
  const { here, json, statistics } = subject;
  const wanted = parseKeywords(words, SHOW, {});
  if (!wanted.ok) return wanted;
  const { device, bridge, dynamic } = wanted.value;
  for (const name of [device, bridge]) {
    if (name !== undefined && !deviceNamed(here.netns, name))
      return complain(255, `Cannot find device "${name}"`);
  }
  const entries = listedEntries(subject).filter(
    (entry) =>
      (device === undefined || entry.device === device) &&
      (bridge === undefined || isOf(here, entry, bridge)) &&
      (!dynamic || entry.state !== 'permanent'),
  );
  const format = { onDevice: device !== undefined, statistics };
  return ok(
    json
      ? `${JSON.stringify(entries.map((entry) => fdbJson(entry, format)))}\n`
      : entries.map((entry) => fdbLine(entry, format)).join(''),
  );
}

const isOf = ({ netns }: Here, { device, bridge }: ListedEntry, name: string): boolean =>
  bridge === name || device === name || deviceNamed(netns, device)?.master === name;

/** Device by device: what was learnt there, what somebody added, the port's own address. */
function listedEntries({ io, here: { netns, memory } }: FdbSubject): readonly ListedEntry[] {
  const now = io.clock.now();
  return netns.devices.flatMap((device) => {
    const { name, master, mac } = device;
    const learnt = (memory.stations ?? [])
      .filter((station) => station.device === name && now - station.at < STATION_AGEING)
      .map((station): ListedEntry => ({ ...station, state: '', age: Math.floor((now - station.at) / 1000) }));
    const added = netns.fdb
      .filter((entry) => entry.device === name)
      .map((entry): ListedEntry => ({ ...entry, state: entry.state ?? 'permanent', age: 0 }));
    const own: readonly ListedEntry[] =
      master === undefined ? [] : [{ mac, device: name, bridge: master, state: 'permanent', age: 0 }];
    return [
      ...learnt,
      ...added.filter(({ bridge }) => bridge !== undefined),
      ...own,
      ...added.filter(({ bridge }) => bridge === undefined),
      ...groupsOf(netns, device).map((group): ListedEntry => ({
        mac: group,
        device: name,
        state: 'permanent',
        age: 0,
      })),
    ];
  });
}

/**
 * The groups that an Ethernet device listens to, of which the kernel lists its filter (ndo_dflt_fdb_dump); a VXLAN device lists
 * its own table alone. A bridge also hears who routes multicast. Compared with the real tool.
 */
function groupsOf(netns: Netns, device: Device): readonly Mac[] {
  const { kind, up } = device;
  if (!up || kind.type === 'loopback' || kind.type === 'vxlan' || kind.type === 'ipip') return [];
  const own = addresses6(netns, device).map(({ address }) => multicastMac(solicitedNode(address)));
  const routers = own.length > 0 && netns.inet6?.forwarding ? [ALL_ROUTERS] : [];
  const snooping = kind.type === 'bridge' ? [SNOOPERS, SNOOPERS6] : [];
  return [ALL_NODES, ...routers, ...snooping, ALL_HOSTS, ...new Set(own)];
}

/** ff02::1, which a device joins whether it has an address of IPv6 or not, and ff02::2. */
const ALL_NODES = multicastMac(ipv6('ff02::1'));
const ALL_ROUTERS = multicastMac(ipv6('ff02::2'));
/** 224.0.0.1 (RFC 1112 6.4) */
const ALL_HOSTS = '01:00:5e:00:00:01' as Mac;
/** 224.0.0.106 and ff02::6a (RFC 4286) */
const SNOOPERS = '01:00:5e:00:00:6a' as Mac;
const SNOOPERS6 = multicastMac(ipv6('ff02::6a'));

interface EditWords {
  readonly mac?: string;
  readonly device?: string;
  readonly destination?: Ip;
  readonly master?: boolean;
  readonly state?: 'static' | 'dynamic';
  readonly missing?: string;
}

const FLAGS = ['self', 'permanent', 'local', 'temp', 'use', 'extern_learn', 'sticky', 'router'];

const EDIT: Grammar<EditWords> = {
  keywords: [
    { names: ['dev'], exact: true, read: (words, device) => ok({ ...words, device }) },
    { names: ['dst'], exact: true, read: readDestination },
    { names: ['master'], exact: true, flag: true, read: (words) => ok({ ...words, master: true }) },
    { names: FLAGS, exact: true, flag: true, read: (words) => ok(words) },
    ...(['static', 'dynamic'] as const).map((state): Keyword<EditWords> => ({
      names: [state],
      exact: true,
      flag: true,
      read: (words) => ok({ ...words, state }),
    })),
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
  const destination = parseIp(value);
  return destination === undefined ? expected('any valid address', value) : ok({ ...words, destination });
}

function readMac(words: EditWords, mac: string): Parsed<EditWords> {
  return words.mac === undefined ? ok({ ...words, mac }) : duplicateOrGarbage('to', mac);
}

interface Target {
  readonly device: Device;
  readonly entry: FdbEntry;
}

function readTarget({ here }: FdbSubject, words: readonly string[]): Parsed<Target> {
  const wanted = parseKeywords(words, EDIT, {});
  if (!wanted.ok) return wanted;
  const { mac: typed, device: name, destination, master, missing, state } = wanted.value;
  if (typed === undefined || name === undefined)
    return complain(255, 'Device and address are required arguments.');
  if (missing !== undefined)
    return complain(255, 'bridge: entries have only a destination address in the simulator.');
  const mac = parseMac(typed);
  if (!mac) return complain(255, `Invalid mac address ${typed}`);
  const device = deviceNamed(here.netns, name);
  if (!device) return complain(255, `Cannot find device "${name}"`);
  if (state === 'dynamic')
    return complain(255, 'bridge: entries made by hand are permanent or static in the simulator.');
  return ownerOf(device, master, (bridge) => {
    const kept = bridge !== undefined && state === 'static' ? { state } : {};
    return { device, entry: { mac, device: name, ...present({ destination, bridge }), ...kept } };
  });
}

/** Whose table is meant: that of the device, or of its bridge. A bridge's own entries are asked for by `self`. */
function ownerOf<T>(
  { kind, name, master: bridge }: Device,
  wantsMaster: boolean | undefined,
  use: (bridge: string | undefined) => T,
): Parsed<T> {
  if (kind.type === 'bridge') return ok(use(name));
  if (!wantsMaster) return ok(use(undefined));
  return bridge === undefined ? complain(255, 'RTNETLINK answers: Operation not supported') : ok(use(bridge));
}

/** `append` keeps what is there: a MAC may have several destinations only if it is multicast or all zeros. */
export function setFdb(mode: 'add' | 'append' | 'replace') {
  return (subject: FdbSubject, words: readonly string[]): Parsed<string> => {
    const target = readTarget(subject, words);
    if (!target.ok) return target;
    const { device, entry } = target.value;
    const isTunnel = device.kind.type === 'vxlan' && entry.bridge === undefined;
    if (isTunnel && entry.destination === undefined)
      return complain(255, 'RTNETLINK answers: Invalid argument');
    return edit(subject, { kind: 'add-fdb', entry, replace: mode === 'replace', append: mode === 'append' });
  };
}

export function deleteFdb(subject: FdbSubject, words: readonly string[]): Parsed<string> {
  const target = readTarget(subject, words);
  if (!target.ok) return target;
  const { mac, device, destination, bridge } = target.value.entry;
  return edit(subject, { kind: 'delete-fdb', mac, device, ...present({ destination, bridge }) });
}

function edit({ io, here }: FdbSubject, change: NetnsEdit): Parsed<string> {
  const done = io.network.edit(here.id, change);
  return done.ok ? ok('') : complain(255, done.message);
}
