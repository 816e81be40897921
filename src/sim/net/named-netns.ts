/**
 * Network namespaces that somebody made on a machine (`ip netns add`): how they are named among the stacks of a lab, and what
 * a new one holds. Its `lo` is down. With net.core.devconf_inherit_init_net 0 it has from the machine whether it forwards
 * IPv4, while its settings of IPv6 are the kernel's own.
 */
import type { NetnsId } from '../../model/trace.ts';
import { LOOPBACK } from './loopback.ts';
import { NO_NETFILTER } from './netfilter-rules.ts';
import type { Netns } from './netns.ts';
import { FRESH_INET6 } from './inet6.ts';

const MIDDLE = '/netns/';

/** `node/node1/netns/red` */
export const namedNetnsId = (machine: NetnsId, name: string): NetnsId => `${machine}${MIDDLE}${name}`;

export interface NamedNetns {
  readonly machine: NetnsId;
  readonly name: string;
}

/** Undefined for the stack of a machine, a pod or a router itself. */
export function namedNetnsOf(id: NetnsId): NamedNetns | undefined {
  const at = id.indexOf(MIDDLE);
  return at < 0 ? undefined : { machine: id.slice(0, at), name: id.slice(at + MIDDLE.length) };
}

/** The machine whose /run/netns a process of this stack sees. */
export const machineOf = (id: NetnsId): NetnsId => namedNetnsOf(id)?.machine ?? id;

/** As it is the moment it is made. */
export function newNetns(id: NetnsId, machine: Netns, ipForward: boolean): Netns {
  return {
    id,
    hostname: machine.hostname,
    devices: [{ ...LOOPBACK, up: false, fresh: true, addresses: [] }],
    routes: [],
    neighbours: [],
    fdb: [],
    netfilter: NO_NETFILTER,
    ipForward,
    listeners: [],
    ...(machine.inet6 && { inet6: FRESH_INET6 }),
  };
}
