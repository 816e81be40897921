/**
 * What the kernel makes of a change typed with `ip` or `bridge`: the changed stack, or the complaint that the tool prints.
 * Texts compared with iproute2 6.1 on Linux 6.18. What the tools refuse by themselves (syntax) is theirs.
 */
import { assertNever, err, ok } from '../../base/result.ts';
import type { Result } from '../../base/result.ts';
import type { FamilyEdit, NetnsEdit, SocketEdit } from './edit.ts';
import { addAddress, deleteAddress, setLink } from './edit-devices.ts';
import { isInet6Edit } from './edit-family.ts';
import { editInet6 } from './edit-inet6.ts';
import { addDevice, removeDevice } from './edit-links.ts';
import { addFdb, addNeighbour, deleteFdb, deleteNeighbour, proxyNeighbour } from './edit-neighbours.ts';
import { addRoute, deleteRoute } from './edit-routes.ts';
import { editRules } from './edit-rules.ts';
import { setSysctl } from './edit-sysctl.ts';
import type { Listener, Netns } from './netns.ts';

export function applyEdit(netns: Netns, edit: NetnsEdit): Result<Netns, string> {
  const name = deviceOf(edit);
  if (name !== undefined && !netns.devices.some((device) => device.name === name)) {
    return err(`Cannot find device "${name}"`);
  }
  switch (edit.kind) {
    case 'add-route':
    case 'delete-route':
    case 'add-neighbour':
    case 'delete-neighbour':
    case 'proxy-neighbour':
    case 'add-address':
    case 'delete-address':
      return isInet6Edit(edit) ? editInet6(netns, edit) : editInet(netns, edit);
    case 'add-fdb':
      return addFdb(netns, edit);
    case 'delete-fdb':
      return deleteFdb(netns, edit);
    case 'set-link':
      return setLink(netns, edit);
    case 'add-device':
      return addDevice(netns, edit);
    case 'remove-device':
      return removeDevice(netns, edit);
    case 'netfilter':
    case 'ipset':
      return editRules(netns, edit);
    case 'add-namespace':
    case 'remove-namespace':
      return editNamespaces(netns, edit);
    case 'set-sysctl':
      return setSysctl(netns, edit);
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

function editInet(netns: Netns, edit: FamilyEdit): Result<Netns, string> {
  switch (edit.kind) {
    case 'add-route':
      return addRoute(netns, edit);
    case 'delete-route':
      return deleteRoute(netns, edit);
    case 'add-neighbour': {
      const neighbours = addNeighbour(netns.neighbours, edit);
      return neighbours.ok ? ok({ ...netns, neighbours: neighbours.value }) : neighbours;
    }
    case 'delete-neighbour': {
      const neighbours = deleteNeighbour(netns.neighbours, edit);
      return neighbours.ok ? ok({ ...netns, neighbours: neighbours.value }) : neighbours;
    }
    case 'proxy-neighbour':
      return proxyNeighbour(netns, edit);
    case 'add-address':
      return addAddress(netns, edit);
    case 'delete-address':
      return deleteAddress(netns, edit);
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
