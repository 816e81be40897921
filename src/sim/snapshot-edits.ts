/** What hand-made changes of a network stack look like in a snapshot, and the connections that they speak of. */
import type { NetnsEdit, SocketEdit } from './net/edit.ts';
import type { ConntrackEntry, Neighbour, Route, RouteHop, Tuple } from './net/netns.ts';
import { address, cidr, mac } from './snapshot-addresses.ts';
import { fdbEntry, deviceAddress, linkEdits } from './snapshot-links.ts';
import { ipsetEdit, netfilterEdit } from './snapshot-netfilter.ts';
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

const routeType = oneOf<Route['type']>('unicast', 'blackhole', 'unreachable', 'prohibit');
const route = object<Route>({
  prefix: cidr,
  type: routeType,
  via: optional(address),
  device: optional(text),
  protocol: oneOf('kernel', 'boot', 'static', 'bird', '80'),
  scope: oneOf('global', 'link', 'host'),
  source: optional(address),
  metric: optional(count),
  onlink: optional(flag),
  mtu: optional(count),
  hops: optional(list(object<RouteHop>({ via: address, device: text, onlink: optional(flag) }))),
});
const neighbour = object<Neighbour>({ address, device: text, mac });
/** Bound to a program that runs: no snapshot has one (`partsOf`). */
const socketEdit = (_: unknown): _ is SocketEdit => false;
const never = (_: unknown): _ is never => false;

type Edit<K extends NetnsEdit['kind']> = Extract<NetnsEdit, { readonly kind: K }>;

export const netnsEdit: Shape<NetnsEdit> = union<NetnsEdit>({
  'add-route': object<Edit<'add-route'>>({
    kind: oneOf('add-route'),
    route,
    replace: flag,
    append: optional(flag),
  }),
  'delete-route': object<Edit<'delete-route'>>({
    kind: oneOf('delete-route'),
    prefix: cidr,
    device: optional(text),
    via: optional(address),
    metric: optional(count),
    type: optional(routeType),
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
    bridge: optional(text),
  }),
  ...linkEdits,
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
  'proxy-neighbour': object<Edit<'proxy-neighbour'>>({
    kind: oneOf('proxy-neighbour'),
    device: text,
    address,
    on: flag,
  }),
  'add-namespace': object<Edit<'add-namespace'>>({
    kind: oneOf('add-namespace'),
    name: text,
    ipForward: flag,
  }),
  'remove-namespace': object<Edit<'remove-namespace'>>({ kind: oneOf('remove-namespace'), name: text }),
  'set-sysctl': object<Edit<'set-sysctl'>>({ kind: oneOf('set-sysctl'), key: text, value: text }),
  netfilter: netfilterEdit,
  ipset: ipsetEdit,
  // Over in the moment they are made: no world has one.
  'learn-neighbour': never,
  'zero-counters': never,
  'open-socket': socketEdit,
  'close-socket': socketEdit,
  'forget-connections': object<Edit<'forget-connections'>>({
    kind: oneOf('forget-connections'),
    connections: list(connection),
  }),
});
