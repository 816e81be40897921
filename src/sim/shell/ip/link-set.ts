/** `ip link set`. What the words alone decide is refused here, the rest by the stack; compared with iproute2 6.1 on Linux 6.18. */
import { ok } from '../../../base/result.ts';
import type { NetnsId } from '../../../model/trace.ts';
import { parseMac, type Mac } from '../../../model/mac.ts';
import type { NetnsEdit } from '../../net/edit.ts';
import { complain, type Parsed } from '../network/complaint.ts';
import type { CommandIo } from '../command.ts';
import { deviceNamed, type Here } from '../network/here.ts';
import { duplicateOrGarbage, parseKeywords, type Grammar, wrongArgument } from '../network/keywords.ts';
import { present } from '../network/present.ts';
import { namespaceNamed } from './netns.ts';
import type { Subject } from './subject.ts';

export interface LinkWords {
  readonly device?: string;
  readonly up?: boolean;
  readonly mtu?: number;
  readonly name?: string;
  readonly address?: string;
  /** Empty for `nomaster`. */
  readonly master?: string;
  readonly netns?: string;
  readonly arp?: string;
  /** A real setting that no lab can change. */
  readonly missing?: string;
}

const NOT_SIMULATED = [
  'promisc',
  'txqueuelen',
  'txqlen',
  'qlen',
  'alias',
  'group',
  'type',
  'multicast',
  'allmulticast',
  'vrf',
  'link-netns',
  'addrgenmode',
  'state',
];

/** One table of words, of which `ip link add` takes most too. */
export const LINK_KEYWORDS: Grammar<LinkWords>['keywords'] = [
  { names: ['up'], exact: true, flag: true, read: (words) => ok({ ...words, up: true }) },
  { names: ['down'], exact: true, flag: true, read: (words) => ok({ ...words, up: false }) },
  { names: ['name'], exact: true, read: (words, name) => ok({ ...words, name }) },
  { names: ['mtu'], exact: true, read: readMtu },
  { names: ['address'], exact: true, read: (words, address) => ok({ ...words, address }) },
  { names: ['master'], exact: true, read: (words, master) => ok({ ...words, master }) },
  { names: ['nomaster'], exact: true, flag: true, read: (words) => ok({ ...words, master: '' }) },
  { names: ['netns'], exact: true, read: (words, netns) => ok({ ...words, netns }) },
  { names: ['arp'], exact: true, read: (words, arp) => ok({ ...words, arp }) },
];

const SET: Grammar<LinkWords> = {
  keywords: [
    ...LINK_KEYWORDS,
    ...NOT_SIMULATED.map((name): Grammar<LinkWords>['keywords'][number] => ({
      names: [name],
      exact: true,
      read: (words) => ok({ ...words, missing: name }),
    })),
    { names: ['dev'], exact: true, read: setDevice },
  ],
  bare: setDevice,
};

function setDevice(words: LinkWords, device: string): Parsed<LinkWords> {
  return words.device === undefined ? ok({ ...words, device }) : duplicateOrGarbage('dev', device);
}

function readMtu(words: LinkWords, value: string): Parsed<LinkWords> {
  if (!/^\d+$/.test(value)) return wrongArgument(value, 'Invalid "mtu" value\n');
  return ok({ ...words, mtu: Number(value) });
}

export function setLink(subject: Subject, words: readonly string[]): Parsed<string> {
  const wanted = parseKeywords(words, SET, {});
  if (!wanted.ok) return wanted;
  const { device, missing } = wanted.value;
  if (device === undefined) return complain(255, 'Not enough information: "dev" argument is required.');
  const checked = checkWords(subject, wanted.value);
  if (!checked.ok) return checked;
  const target = deviceNamed(subject.here.netns, device);
  if (!target) return complain(1, `Cannot find device "${device}"`);
  if (missing !== undefined) return complain(255, `ip: link set ${missing} is not simulated.`);
  const refusal = wanted.value.mtu === undefined ? undefined : mtuRefusal(target.kind.type, wanted.value.mtu);
  if (refusal !== undefined) return complain(2, refusal);
  return changed(subject, device, { ...wanted.value, ...checked.value });
}

/** Words with what they name. */
export interface CheckedWords {
  readonly mac?: Mac;
  readonly to?: NetnsId;
}

export function checkWords(subject: Subject, words: LinkWords): Parsed<CheckedWords> {
  const { io, here } = subject;
  const { master, netns, arp, name } = words;
  const mac = checkedMac(words);
  if (!mac.ok) return mac;
  if (arp !== undefined && arp !== 'on' && arp !== 'off')
    return complain(255, `Error: argument of "arp" must be "on" or "off", not "${arp}"`);
  if (master !== undefined && master !== '' && !deviceNamed(here.netns, master))
    return wrongArgument(master, 'Device does not exist\n');
  const to = namespaceOf(io, here, netns);
  if (!to.ok) return to;
  if (name !== undefined && name.length > 15) return wrongArgument(name, '"name" not a valid ifname');
  return ok(present({ mac: mac.value, to: to.value }));
}

function namespaceOf(io: CommandIo, here: Here, name: string | undefined): Parsed<NetnsId | undefined> {
  if (name === undefined) return ok(undefined);
  const id = namespaceNamed(io, here.id, name);
  return id === undefined ? wrongArgument(name, 'Invalid "netns" value\n') : ok(id);
}

/** A multicast address is nobody's own. */
function checkedMac({ address }: LinkWords): Parsed<Mac | undefined> {
  if (address === undefined) return ok(undefined);
  const mac = parseMac(address);
  if (mac === undefined) return complain(1, `"${address}" is invalid lladdr.`);
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1
    ? complain(2, 'RTNETLINK answers: Cannot assign requested address')
    : ok(mac);
}

/** In the order of the kernel's do_setlink: the namespace first, then what the device is, at last its state. */
function changed(subject: Subject, device: string, words: LinkWords & CheckedWords): Parsed<string> {
  const { to, name, mac, mtu, master, arp, up } = words;
  const { io } = subject;
  let known = device;
  if (to !== undefined) {
    const moved = subject.links({ kind: 'move', device, to, ...(name === undefined ? {} : { name }) });
    if (!moved.ok) return moved;
    known = name ?? device;
  } else if (name !== undefined && name !== device) {
    const renamed = subject.links({ kind: 'rename', device, name });
    if (!renamed.ok) return renamed;
    known = name;
  }
  const rest = present({ mac, mtu, master, up, arp: arp === undefined ? undefined : arp === 'on' });
  if (Object.keys(rest).length === 0) return ok('');
  const change: NetnsEdit = { kind: 'set-link', device: known, ...rest };
  if (to === undefined) return subject.edit(change, 2);
  const done = io.network.edit(to, change);
  return done.ok ? ok('') : complain(2, done.message);
}

/** Linux net/core/dev.c dev_validate_mtu; loopback and IPIP devices have no bounds. */
function mtuRefusal(type: string, mtu: number): string | undefined {
  if (type === 'loopback' || type === 'ipip') return undefined;
  if (mtu < 68) return 'Error: mtu less than device minimum.';
  return mtu > 65535 ? 'Error: mtu greater than device maximum.' : undefined;
}
