/** What hand-made changes of a network stack look like in a snapshot, and the connections that they speak of. */
import type { NetnsEdit, SocketEdit } from './net/edit.ts';
import type { ConntrackEntry, DeviceAddress, FdbEntry, Neighbour, Route, Tuple } from './net/netns.ts';
import { address, cidr, mac, prefixLength } from './snapshot-addresses.ts';
import { netfilterEdit } from './snapshot-netfilter.ts';
import {
  count,
  flag,
  list,
  number,
  object,
  oneOf,
  optional,
  text,
  union,
  unsigned,
  type Shape,
} from './snapshot-shape.ts';

const tuple = object<Tuple>({
  source: address,
  destination: address,
  sourcePort: unsigned(16),
  destinationPort: unsigned(16),
});

export const connection = object<ConntrackEntry>({
  protocol: oneOf('tcp', 'udp', 'icmp'),
  original: tuple,
  reply: tuple,
  state: optional(
    oneOf('SYN_SENT', 'SYN_RECV', 'ESTABLISHED', 'FIN_WAIT', 'CLOSE_WAIT', 'LAST_ACK', 'TIME_WAIT', 'CLOSE'),
  ),
  assured: flag,
  replied: optional(flag),
  expires: number,
});

const route = object<Route>({
  prefix: cidr,
  type: oneOf('unicast', 'blackhole', 'unreachable', 'prohibit'),
  via: optional(address),
  device: optional(text),
  protocol: oneOf('kernel', 'boot', 'static', 'bird', '80'),
  scope: oneOf('global', 'link', 'host'),
  source: optional(address),
  metric: optional(count),
  onlink: optional(flag),
  mtu: optional(count),
});
const neighbour = object<Neighbour>({ address, device: text, mac });
const fdbEntry = object<FdbEntry>({ mac, device: text, destination: optional(address) });
const deviceAddress = object<DeviceAddress>({
  address,
  length: prefixLength,
  scope: oneOf('global', 'link', 'host'),
});
/** Bound to a program that runs: no snapshot has one (`partsOf`). */
const socketEdit = (_: unknown): _ is SocketEdit => false;

type Edit<K extends NetnsEdit['kind']> = Extract<NetnsEdit, { readonly kind: K }>;

export const netnsEdit: Shape<NetnsEdit> = union<NetnsEdit>({
  'add-route': object<Edit<'add-route'>>({ kind: oneOf('add-route'), route, replace: flag }),
  'delete-route': object<Edit<'delete-route'>>({
    kind: oneOf('delete-route'),
    prefix: cidr,
    device: optional(text),
    via: optional(address),
  }),
  'add-neighbour': object<Edit<'add-neighbour'>>({ kind: oneOf('add-neighbour'), neighbour, replace: flag }),
  'delete-neighbour': object<Edit<'delete-neighbour'>>({
    kind: oneOf('delete-neighbour'),
    address,
    device: text,
  }),
  'add-fdb': object<Edit<'add-fdb'>>({
    kind: oneOf('add-fdb'),
    entry: fdbEntry,
    replace: flag,
    append: flag,
  }),
  'delete-fdb': object<Edit<'delete-fdb'>>({
    kind: oneOf('delete-fdb'),
    mac: text,
    device: text,
    destination: optional(address),
  }),
  'set-link': object<Edit<'set-link'>>({
    kind: oneOf('set-link'),
    device: text,
    up: optional(flag),
    mtu: optional(count),
  }),
  'add-address': object<Edit<'add-address'>>({
    kind: oneOf('add-address'),
    device: text,
    address: deviceAddress,
  }),
  'delete-address': object<Edit<'delete-address'>>({
    kind: oneOf('delete-address'),
    device: text,
    address: deviceAddress,
  }),
  netfilter: netfilterEdit,
  'open-socket': socketEdit,
  'close-socket': socketEdit,
  'forget-connections': object<Edit<'forget-connections'>>({
    kind: oneOf('forget-connections'),
    connections: list(connection),
  }),
});
