/** What hand-made changes of a network stack look like in a snapshot, and the connections that they speak of. */
import type { Ip } from '../model/ip.ts';
import type {
  AddAddress,
  AddNeighbour,
  AddRoute,
  DeleteAddress,
  DeleteNeighbour,
  DeleteRoute,
  FamilyEdit,
  NetnsEdit,
  ProxyNeighbour,
  SocketEdit,
} from './net/edit.ts';
import type { ConntrackEntry, Neighbour, Route, RouteHop, Tuple } from './net/netns.ts';
import { either, inet, inet6, ipAddress, mac, type FamilyShapes } from './snapshot-addresses.ts';
import { deviceAddressOf, fdbEntry, linkEdits } from './snapshot-links.ts';
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
  source: ipAddress,
  destination: ipAddress,
  sourcePort: unsigned(16),
  destinationPort: unsigned(16),
});

export const connection = object<ConntrackEntry>({
  protocol: oneOf('tcp', 'udp', 'icmp', 'icmpv6'),
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

type FamilyEditOf<Address extends Ip, K extends FamilyEdit['kind']> = Extract<
  FamilyEdit<Address>,
  { readonly kind: K }
>;

const routeOf = <Address extends Ip>({ address, cidr }: FamilyShapes<Address>): Shape<Route<Address>> =>
  object<Route<Address>>({
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
    hops: optional(list(object<RouteHop<Address>>({ via: address, device: text, onlink: optional(flag) }))),
  });

/** Changes that both families know, as one of them writes them. */
function familyEdits<Address extends Ip>(
  family: FamilyShapes<Address>,
): {
  readonly [K in FamilyEdit['kind']]: Shape<FamilyEditOf<Address, K>>;
} {
  const { address, cidr } = family;
  const neighbour = object<Neighbour<Address>>({ address, device: text, mac });
  return {
    'add-route': object<AddRoute<Address>>({
      kind: oneOf('add-route'),
      route: routeOf(family),
      replace: flag,
      append: optional(flag),
    }),
    'delete-route': object<DeleteRoute<Address>>({
      kind: oneOf('delete-route'),
      prefix: cidr,
      device: optional(text),
      via: optional(address),
      metric: optional(count),
      type: optional(routeType),
    }),
    'add-neighbour': object<AddNeighbour<Address>>({
      kind: oneOf('add-neighbour'),
      neighbour,
      replace: flag,
    }),
    'delete-neighbour': object<DeleteNeighbour<Address>>({
      kind: oneOf('delete-neighbour'),
      address,
      device: text,
    }),
    'proxy-neighbour': object<ProxyNeighbour<Address>>({
      kind: oneOf('proxy-neighbour'),
      device: text,
      address,
      on: flag,
    }),
    'add-address': object<AddAddress<Address>>({
      kind: oneOf('add-address'),
      device: text,
      address: deviceAddressOf(family),
    }),
    'delete-address': object<DeleteAddress<Address>>({
      kind: oneOf('delete-address'),
      device: text,
      address: deviceAddressOf(family),
    }),
  };
}

const edits4 = familyEdits(inet);
const edits6 = familyEdits(inet6);

/** Bound to a program that runs: no snapshot has one (`partsOf`). */
const socketEdit = (_: unknown): _ is SocketEdit => false;
const never = (_: unknown): _ is never => false;

type Edit<K extends NetnsEdit['kind']> = Extract<NetnsEdit, { readonly kind: K }>;

export const netnsEdit: Shape<NetnsEdit> = union<NetnsEdit>({
  'add-route': either(edits4['add-route'], edits6['add-route']),
  'delete-route': either(edits4['delete-route'], edits6['delete-route']),
  'add-neighbour': either(edits4['add-neighbour'], edits6['add-neighbour']),
  'delete-neighbour': either(edits4['delete-neighbour'], edits6['delete-neighbour']),
  'proxy-neighbour': either(edits4['proxy-neighbour'], edits6['proxy-neighbour']),
  'add-address': either(edits4['add-address'], edits6['add-address']),
  'delete-address': either(edits4['delete-address'], edits6['delete-address']),
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
    destination: optional(ipAddress),
    bridge: optional(text),
  }),
  ...linkEdits,
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
