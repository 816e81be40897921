/**
 * `ip link add` and `delete`: bridges, veth pairs, VXLAN and dummy devices. Words and complaints: iproute2 6.1 ip/iplink.c,
 * iplink_vxlan.c, link_veth.c, compared with the real tool on Linux 6.18; other types are refused in a sentence.
 */
import { ok } from '../../../base/result.ts';
import { isIpv6, parseIp } from '../../../model/ip-family.ts';
import { UNSPECIFIED, type Ip } from '../../../model/ip.ts';
import { ZERO_MAC } from '../../../model/mac.ts';
import type { LinkChange, NewDevice } from '../../net/link-change.ts';
import type { DeviceKind, FdbEntry, Netns } from '../../net/netns.ts';
import { complain, type Parsed } from '../network/complaint.ts';
import { deviceNamed } from '../network/here.ts';
import {
  duplicateOrGarbage,
  expected,
  parseKeywords,
  type Grammar,
  wrongArgument,
} from '../network/keywords.ts';
import { present } from '../network/present.ts';
import { isOf, spokenFamily } from './address.ts';
import { checkWords, LINK_KEYWORDS, type CheckedWords, type LinkWords } from './link-set.ts';
import type { Subject } from './subject.ts';

const ADD: Grammar<LinkWords> = {
  keywords: [...LINK_KEYWORDS, { names: ['dev'], exact: true, read: setDevice }],
  bare: setDevice,
};

function setDevice(words: LinkWords, device: string): Parsed<LinkWords> {
  return words.device === undefined ? ok({ ...words, device }) : duplicateOrGarbage('dev', device);
}

/** Real types that a lab has no use for. */
const NOT_SIMULATED = new Set(
  [
    'bareudp bond can geneve gre gretap gtp hsr ip6gre ip6gretap ip6tnl ipip ipoib ipvlan ipvtap macsec macvlan macvtap',
    'netdevsim nlmon rmnet sit team vcan vlan vrf vti vti6 vxcan wireguard xfrm ifb',
  ].flatMap((names) => names.split(' ')),
);

export function addLink(subject: Subject, words: readonly string[]): Parsed<string> {
  const at = words.indexOf('type');
  const type = at < 0 ? undefined : words[at + 1];
  // Their lines have words of their own (`link eth0` of a VLAN).
  if (type !== undefined && NOT_SIMULATED.has(type))
    return complain(2, `ip: devices of type ${type} are not simulated; bridge, dummy, veth and vxlan are.`);
  const read = parseKeywords(at < 0 ? words : words.slice(0, at), ADD, {});
  if (!read.ok) return read;
  return type === undefined
    ? complain(1, 'Not enough information: "type" argument is required')
    : addDevice(subject, { type, typed: read.value, rest: words.slice(at + 2) });
}

function addDevice(subject: Subject, words: TypeWords): Parsed<string> {
  const { type, typed } = words;
  const checked = checkWords(subject, typed);
  if (!checked.ok) return checked;
  const parts = partsOf(subject, words);
  if (!parts.ok) return parts;
  const { name = typed.device ?? freeName(subject.here.netns, type) } = typed;
  if (name.length > 15) return complain(2, 'Error: Attribute failed policy validation.');
  const created = subject.links(creation(name, parts.value, { ...typed, ...checked.value }));
  return created.ok ? settled(subject, name, typed) : created;
}

function creation(
  name: string,
  { kind, mtu, peer, fdb }: Parts,
  { mac, to, mtu: wanted = mtu }: LinkWords & CheckedWords,
): LinkChange {
  return {
    kind: 'create',
    device: { name, kind, mtu: wanted, ...present({ mac, at: to }) },
    ...(peer ? { peer: peer(name) } : {}),
    ...(fdb ? { fdb: { ...fdb, device: name } } : {}),
  };
}

/** What a line of `add` says besides the device's making. */
function settled({ io, here, edit }: Subject, device: string, words: LinkWords): Parsed<string> {
  const { master, up, arp } = words;
  const rest = present({ master, up, arp: arp === undefined ? undefined : arp === 'on' });
  if (Object.keys(rest).length === 0 || words.netns !== undefined) return ok('');
  const done = edit({ kind: 'set-link', device, ...rest }, 2);
  const made = io.network.netns(here.id)?.devices.find(({ name }) => name === device);
  if (!done.ok && made) io.network.changeLinks(here.id, { kind: 'delete', device });
  return done;
}

/** The kernel's own names: bridge0, veth0, vxlan0. */
function freeName(netns: Netns, type: string): string {
  for (let number = 0; ; number += 1) {
    if (!deviceNamed(netns, `${type}${number}`)) return `${type}${number}`;
  }
}

interface Parts {
  readonly kind: DeviceKind;
  readonly mtu: number;
  /** The other end of a pair, when this end is called so. */
  readonly peer?: (name: string) => NewDevice;
  readonly fdb?: Omit<FdbEntry, 'device'>;
}

interface TypeWords {
  readonly type: string;
  readonly typed: LinkWords;
  readonly rest: readonly string[];
}

const ETHERNET_MTU = 1500;

function partsOf(subject: Subject, { type, typed, rest }: TypeWords): Parsed<Parts> {
  switch (type) {
    case 'bridge':
    case 'dummy': {
      const [word] = rest;
      if (word !== undefined) return complain(255, `ip: ${type}: "${word}" is not simulated.`);
      return ok({ kind: { type }, mtu: ETHERNET_MTU });
    }
    case 'veth':
      return vethParts(subject, typed, rest);
    case 'vxlan':
      return vxlanParts(subject, rest);
    default:
      return complain(2, 'Error: Unknown device type.');
  }
}

/** `peer` begins a line of its own for the other end. */
function vethParts(subject: Subject, typed: LinkWords, [word, ...rest]: readonly string[]): Parsed<Parts> {
  if (word !== undefined && word !== 'peer') return complain(255, `veth: unknown option "${word}"?`);
  const read = parseKeywords(rest, ADD, {});
  if (!read.ok) return read;
  const checked = checkWords(subject, read.value);
  if (!checked.ok) return checked;
  const { device, name: wanted = device, mtu = typed.mtu ?? ETHERNET_MTU } = read.value;
  const { mac, to } = checked.value;
  const kind: DeviceKind = { type: 'veth' };
  const peer = (own: string): NewDevice => ({
    name: wanted ?? otherName(subject.here.netns, own),
    kind,
    mtu,
    ...present({ mac, at: to }),
  });
  return ok({ kind, mtu: ETHERNET_MTU, peer });
}

function otherName(netns: Netns, own: string): string {
  for (let number = 0; ; number += 1) {
    const name = `veth${number}`;
    if (name !== own && !deviceNamed(netns, name)) return name;
  }
}

interface VxlanWords {
  readonly vni?: number;
  readonly port?: number;
  readonly local?: Ip;
  readonly remote?: Ip;
  readonly parent?: string;
  readonly learning: boolean;
  readonly missing?: string;
}

const VXLAN: Grammar<VxlanWords> = {
  keywords: [
    { names: ['id', 'vni'], exact: true, read: readVni },
    { names: ['dstport'], exact: true, read: readPort },
    {
      names: ['local'],
      exact: true,
      read: (words, value) => readEnd(value, words.remote, (local) => ({ ...words, local })),
    },
    {
      names: ['remote'],
      exact: true,
      read: (words, value) => readEnd(value, words.local, (remote) => ({ ...words, remote })),
    },
    { names: ['dev'], exact: true, read: (words, parent) => ok({ ...words, parent }) },
    { names: ['learning'], exact: true, flag: true, read: (words) => ok({ ...words, learning: true }) },
    { names: ['nolearning'], exact: true, flag: true, read: (words) => ok({ ...words, learning: false }) },
  ],
  bare: (words, word) => ok({ ...words, missing: words.missing ?? word }),
};

function readVni(words: VxlanWords, value: string): Parsed<VxlanWords> {
  const vni = Number(value);
  return /^\d+$/.test(value) && vni < 2 ** 24 ? ok({ ...words, vni }) : wrongArgument(value, 'invalid id');
}

function readPort(words: VxlanWords, value: string): Parsed<VxlanWords> {
  const port = Number(value);
  return /^\d+$/.test(value) && port < 2 ** 16 ? ok({ ...words, port }) : wrongArgument(value, 'dst port');
}

/** Both ends are of one family. */
function readEnd<T>(value: string, other: Ip | undefined, use: (address: Ip) => T): Parsed<T> {
  const address = parseIp(value);
  const family = other === undefined ? 'any' : isIpv6(other) ? 'inet6' : 'inet';
  return address === undefined || !isOf(family, address)
    ? expected(`${spokenFamily(family)} address`, value)
    : ok(use(address));
}

/** The port that Linux takes when none is given: older than the one IANA assigned. */
const LINUX_PORT = 8472;
const PORT_WARNING =
  'vxlan: destination port not specified\n' +
  'Will use Linux kernel default (non-standard value)\n' +
  "Use 'dstport 4789' to get the IANA assigned value\n" +
  "Use 'dstport 0' to get default and quiet this message\n";

/** Outer Ethernet, IP, UDP and VXLAN headers. */
const OVERHEAD = { inet: 50, inet6: 70 } as const;

const overheadOf = ({ local, remote }: VxlanWords): number =>
  OVERHEAD[isIpv6(local ?? remote ?? UNSPECIFIED) ? 'inet6' : 'inet'];

function vxlanParts(subject: Subject, rest: readonly string[]): Parsed<Parts> {
  const { netns } = subject.here;
  const read = parseKeywords(rest, VXLAN, { learning: true });
  if (!read.ok) return read;
  const { vni, port: typed, remote, parent, missing } = read.value;
  if (missing !== undefined) return complain(255, `ip: vxlan: "${missing}" is not simulated.`);
  const under = parent === undefined ? undefined : deviceNamed(netns, parent);
  if (parent !== undefined && !under) return complain(255, `Cannot find device "${parent}"`);
  if (vni === undefined) return complain(1, 'vxlan: missing virtual network identifier');
  if (typed === undefined) subject.warn(PORT_WARNING);
  const kind = vxlanKind({ ...read.value, vni });
  if (isTaken(netns, kind))
    return complain(2, 'Error: A VXLAN device with the specified VNI already exists.');
  // What is unknown goes to the `remote`, listed by the device below when there is one.
  const fdb = remote === undefined ? {} : { fdb: unknownTo(remote, parent) };
  return ok({ kind, mtu: under ? under.mtu - overheadOf(read.value) : ETHERNET_MTU, ...fdb });
}

const unknownTo = (destination: Ip, parent = ''): Omit<FdbEntry, 'device'> => ({
  mac: ZERO_MAC,
  destination,
  parent,
});

type VxlanKind = Extract<DeviceKind, { readonly type: 'vxlan' }>;

function vxlanKind({ vni, port, local, parent, learning }: VxlanWords & { readonly vni: number }): VxlanKind {
  const learns = learning ? { learning: true as const } : {};
  // 0 asks for Linux's own port too.
  return {
    type: 'vxlan',
    vxlan: { vni, port: port || LINUX_PORT, ...present({ local, parent }), ...learns },
  };
}

const isTaken = ({ devices }: Netns, { vxlan }: VxlanKind): boolean =>
  devices.some(
    ({ kind }) => kind.type === 'vxlan' && kind.vxlan.vni === vxlan.vni && kind.vxlan.port === vxlan.port,
  );

const DELETE: Grammar<{ readonly device?: string }> = {
  keywords: [
    { names: ['dev'], exact: true, read: (words, device) => ok({ ...words, device }) },
    { names: ['type'], exact: true, read: (words) => ok(words) },
  ],
  bare: (words, device) =>
    words.device === undefined ? ok({ ...words, device }) : duplicateOrGarbage('dev', device),
};

export function deleteLink(subject: Subject, words: readonly string[]): Parsed<string> {
  const read = parseKeywords(words, DELETE, {});
  if (!read.ok) return read;
  const { device } = read.value;
  if (device === undefined) return complain(1, 'Not enough information: "dev" argument is required.');
  if (!deviceNamed(subject.here.netns, device)) return complain(1, `Cannot find device "${device}"`);
  const change: LinkChange = { kind: 'delete', device };
  return subject.links(change);
}
