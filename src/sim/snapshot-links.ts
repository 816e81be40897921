/** What devices made or changed by hand look like in a snapshot. */
import type { Ip } from '../model/ip.ts';
import type { LinkEdit } from './net/edit.ts';
import type { Device, DeviceAddress, DeviceKind, FdbEntry, Link, VxlanConfig } from './net/netns.ts';
import { address, inet, ipAddress, mac, type FamilyShapes } from './snapshot-addresses.ts';
import {
  count,
  flag,
  list,
  object,
  oneOf,
  optional,
  spelt,
  text,
  union,
  unsigned,
} from './snapshot-shape.ts';
import type { Shape } from './snapshot-shape.ts';

const yes: Shape<true> = (value): value is true => value === true;
/** IFNAMSIZ with its closing zero. */
const deviceName = spelt<string>(/^[^\s/]{1,15}$/);

export const deviceAddressOf = <Address extends Ip>({
  address: own,
  length,
}: FamilyShapes<Address>): Shape<DeviceAddress<Address>> =>
  object<DeviceAddress<Address>>({
    address: own,
    length,
    scope: oneOf('global', 'link', 'host'),
    broadcast: optional(own),
  });

const deviceAddress = deviceAddressOf(inet);

export const fdbEntry = object<FdbEntry>({
  mac,
  device: text,
  destination: optional(ipAddress),
  bridge: optional(text),
  state: optional(oneOf('static')),
  parent: optional(text),
});

type KindOf<K extends DeviceKind['type']> = Extract<DeviceKind, { readonly type: K }>;
type LinkOf<K extends Link['kind']> = Extract<Link, { readonly kind: K }>;

const vxlan = object<VxlanConfig>({
  vni: unsigned(32),
  port: unsigned(16),
  local: optional(ipAddress),
  parent: optional(text),
  learning: optional(yes),
});

const kind = union<DeviceKind, 'type'>(
  {
    loopback: object<KindOf<'loopback'>>({ type: oneOf('loopback') }),
    ether: object<KindOf<'ether'>>({ type: oneOf('ether') }),
    veth: object<KindOf<'veth'>>({ type: oneOf('veth') }),
    bridge: object<KindOf<'bridge'>>({ type: oneOf('bridge') }),
    dummy: object<KindOf<'dummy'>>({ type: oneOf('dummy') }),
    vxlan: object<KindOf<'vxlan'>>({ type: oneOf('vxlan'), vxlan }),
    ipip: object<KindOf<'ipip'>>({
      type: oneOf('ipip'),
      local: optional(address) as Shape<KindOf<'ipip'>['local']>,
    }),
  },
  'type',
);

const link = union<Link>({
  peer: object<LinkOf<'peer'>>({ kind: oneOf('peer'), netns: text, device: deviceName, index: count }),
  segment: object<LinkOf<'segment'>>({ kind: oneOf('segment'), segment: text }),
});

const device = object<Device>({
  index: count,
  name: deviceName,
  kind,
  mac,
  mtu: count,
  up: flag,
  addresses: list(deviceAddress),
  proxyArp: flag,
  link: optional(link),
  master: optional(text),
  fresh: optional(yes),
  macSet: optional(yes),
  arpOff: optional(yes),
  proxied: optional(list(address)),
});

type EditOf<K extends LinkEdit['kind']> = Extract<LinkEdit, { readonly kind: K }>;

export const linkEdits = {
  'set-link': object<EditOf<'set-link'>>({
    kind: oneOf('set-link'),
    device: text,
    up: optional(flag),
    mtu: optional(count),
    mac: optional(mac),
    name: optional(deviceName),
    master: optional(text),
    arp: optional(flag),
    link: optional(link),
  }),
  'add-device': object<EditOf<'add-device'>>({
    kind: oneOf('add-device'),
    added: device,
    fdb: optional(list(fdbEntry)),
  }),
  'remove-device': object<EditOf<'remove-device'>>({
    kind: oneOf('remove-device'),
    device: text,
    index: count,
  }),
};
