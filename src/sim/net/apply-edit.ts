/**
 * What the kernel makes of a change typed with `ip` or `bridge`: the changed stack, or the complaint that the tool prints.
 * Texts compared with iproute2 6.1 on Linux 6.18. What the tools refuse by themselves (syntax) is theirs.
 */
import { assertNever, err, ok } from '../../base/result.ts';
import type { Result } from '../../base/result.ts';
import type { NetnsEdit } from './edit.ts';
import { addAddress, deleteAddress, setLink } from './edit-devices.ts';
import { editIpset } from './edit-ipset.ts';
import { addDevice, removeDevice } from './edit-links.ts';
import { addFdb, addNeighbour, deleteFdb, deleteNeighbour, proxyNeighbour } from './edit-neighbours.ts';
import { addRoute, deleteRoute } from './edit-routes.ts';
import { editNetfilter } from './edit-netfilter.ts';
import type { SocketEdit } from './edit.ts';
import type { Listener, Netns } from './netns.ts';
import { writeSysctl } from './sysctl.ts';

export function applyEdit(netns: Netns, edit: NetnsEdit): Result<Netns, string> {
  const name = deviceOf(edit);
  if (name !== undefined && !netns.devices.some((device) => device.name === name)) {
    return err(`Cannot find device "${name}"`);
  }
  switch (edit.kind) {
    case 'add-route':
      return addRoute(netns, edit);
    case 'delete-route':
      return deleteRoute(netns, edit);
    case 'add-neighbour':
      return addNeighbour(netns, edit);
    case 'delete-neighbour':
      return deleteNeighbour(netns, edit);
    case 'add-fdb':
      return addFdb(netns, edit);
    case 'delete-fdb':
      return deleteFdb(netns, edit);
    case 'proxy-neighbour':
      return proxyNeighbour(netns, edit);
    case 'set-link':
      return setLink(netns, edit);
    case 'add-device':
      return addDevice(netns, edit);
    case 'remove-device':
      return removeDevice(netns, edit);
    case 'add-address':
      return addAddress(netns, edit);
    case 'delete-address':
      return deleteAddress(netns, edit);
    case 'netfilter': {
      const edited = editNetfilter(netns.netfilter, edit);
      return edited.ok ? ok({ ...netns, netfilter: edited.value }) : edited;
    }
    case 'ipset': {
      const edited = editIpset(netns.netfilter, edit);
      return edited.ok ? ok({ ...netns, netfilter: edited.value }) : edited;
    }
    case 'add-namespace':
    case 'remove-namespace':
      return editNamespaces(netns, edit);
    case 'set-sysctl': {
      const written = writeSysctl(netns, edit.key, edit.value);
      return written ? ok(written) : err('No such file or directory');
    }
    case 'open-socket':
    case 'close-socket':
      return editSockets(netns, edit);
    // What was learnt and counted is no part of the configuration.
    case 'learn-neighbour':
    case 'zero-counters':
    case 'forget-connections':
      return ok(netns);
    default:
      return assertNever(edit);
  }
}

/** `ip netns add` and `del`: what the namespace holds is a stack of its own. */
function editNamespaces(
  netns: Netns,
  edit: Extract<NetnsEdit, { kind: 'add-namespace' | 'remove-namespace' }>,
): Result<Netns, string> {
  const { namespaces = [] } = netns;
  const known = namespaces.some(({ name }) => name === edit.name);
  if (edit.kind === 'add-namespace') {
    if (known) return err(`Cannot create namespace file "/run/netns/${edit.name}": File exists`);
    return ok({ ...netns, namespaces: [{ name: edit.name, ipForward: edit.ipForward }, ...namespaces] });
  }
  if (!known) return err(`Cannot remove namespace file "/run/netns/${edit.name}": No such file or directory`);
  return ok({ ...netns, namespaces: namespaces.filter(({ name }) => name !== edit.name) });
}

/** bind(2) and close(2). */
function editSockets(netns: Netns, { kind, listener }: SocketEdit): Result<Netns, string> {
  const isSame = ({ protocol, port, address = listener.address }: Listener): boolean =>
    protocol === listener.protocol &&
    port === listener.port &&
    (listener.address === undefined || address === listener.address);
  const others = netns.listeners.filter((each) => !isSame(each));
  if (kind === 'close-socket') return ok({ ...netns, listeners: others });
  return others.length < netns.listeners.length
    ? err('Address already in use')
    : ok({ ...netns, listeners: [...others, listener] });
}

function deviceOf(edit: NetnsEdit): string | undefined {
  switch (edit.kind) {
    case 'add-route':
      return edit.route.device;
    case 'add-neighbour':
      return edit.neighbour.device;
    case 'add-fdb':
      return edit.entry.device;
    case 'learn-neighbour':
      return edit.neighbour.device;
    case 'delete-neighbour':
    case 'proxy-neighbour':
    case 'delete-route':
    case 'delete-fdb':
    case 'set-link':
    case 'add-address':
    case 'delete-address':
      return edit.device;
    default:
      return undefined;
  }
}
