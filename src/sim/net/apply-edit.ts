/**
 * What the kernel makes of a change typed with `ip` or `bridge`: the changed stack, or the complaint that the tool prints.
 * Texts compared with iproute2 6.1 on Linux 6.18. What the tools refuse by themselves (syntax) is theirs.
 */
import { assertNever, err } from '../../base/result.ts';
import type { Result } from '../../base/result.ts';
import type { NetnsEdit } from './edit.ts';
import { addAddress, deleteAddress, setLink } from './edit-devices.ts';
import { addFdb, addNeighbour, deleteFdb, deleteNeighbour } from './edit-neighbours.ts';
import { addRoute, deleteRoute } from './edit-routes.ts';
import type { Netns } from './netns.ts';

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
    default:
      return assertNever(edit);
  }
}

function deviceOf(edit: NetnsEdit): string | undefined {
  switch (edit.kind) {
    case 'add-route':
      return edit.route.device;
    case 'add-neighbour':
      return edit.neighbour.device;
    case 'add-fdb':
      return edit.entry.device;
    default:
      return edit.device;
  }
}
