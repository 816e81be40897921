/**
 * What the kernel makes of a change typed with `ip` or `bridge`: the changed stack, or the complaint that the tool prints.
 * Texts compared with iproute2 6.1 on Linux 6.18. What the tools refuse by themselves (syntax) is theirs.
 */
import { assertNever, err, ok } from '../../base/result.ts';
import type { Result } from '../../base/result.ts';
import type { NetnsEdit } from './edit.ts';
import { addAddress, deleteAddress, setLink } from './edit-devices.ts';
import { addFdb, addNeighbour, deleteFdb, deleteNeighbour } from './edit-neighbours.ts';
import { addRoute, deleteRoute } from './edit-routes.ts';
import { editNetfilter } from './edit-netfilter.ts';
import type { SocketEdit } from './edit.ts';
import type { Listener, Netns } from './netns.ts';

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
    case 'set-link':
      return setLink(netns, edit);
    case 'add-address':
      return addAddress(netns, edit);
    case 'delete-address':
      return deleteAddress(netns, edit);
    case 'netfilter': {
      const edited = editNetfilter(netns.netfilter, edit);
      return edited.ok ? ok({ ...netns, netfilter: edited.value }) : edited;
    }
    case 'open-socket':
    case 'close-socket':
      return editSockets(netns, edit);
    case 'forget-connections':
      return ok(netns);
    default:
      return assertNever(edit);
  }
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
    case 'netfilter':
    case 'open-socket':
    case 'close-socket':
    case 'forget-connections':
      return undefined;
    default:
      return edit.device;
  }
}
