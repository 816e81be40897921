/**
 * Permanent neighbours and forwarding entries changed by hand (Linux net/core/neighbour.c, drivers/net/vxlan/vxlan_core.c).
 * Entries a stack has learnt are not part of its configuration: `forgetNeighbours` in `memory.ts` drops those.
 */
import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import type { NetnsEdit } from './edit.ts';
import type { FdbEntry, Netns } from './netns.ts';

type Edit<Kind extends NetnsEdit['kind']> = Extract<NetnsEdit, { kind: Kind }>;

const EXISTS = 'RTNETLINK answers: File exists';
const MISSING = 'RTNETLINK answers: No such file or directory';

export function addNeighbour(
  netns: Netns,
  { neighbour, replace }: Edit<'add-neighbour'>,
): Result<Netns, string> {
  const place = netns.neighbours.findIndex(
    ({ address, device }) => address === neighbour.address && device === neighbour.device,
  );
  if (place < 0) return ok({ ...netns, neighbours: [...netns.neighbours, neighbour] });
  if (!replace) return err(EXISTS);
  return ok({ ...netns, neighbours: netns.neighbours.with(place, neighbour) });
}

export function deleteNeighbour(
  netns: Netns,
  { address, device }: Edit<'delete-neighbour'>,
): Result<Netns, string> {
  const kept = netns.neighbours.filter((entry) => entry.address !== address || entry.device !== device);
  return kept.length === netns.neighbours.length ? err(MISSING) : ok({ ...netns, neighbours: kept });
}

/** Only the all-zeros and multicast addresses can have several destinations. */
export function addFdb(netns: Netns, { entry, replace, append }: Edit<'add-fdb'>): Result<Netns, string> {
  const same = netns.fdb.filter(({ mac, device }) => mac === entry.mac && device === entry.device);
  if (same.length === 0) return ok({ ...netns, fdb: [...netns.fdb, entry] });
  if (replace) {
    return ok({ ...netns, fdb: [...netns.fdb.filter((other) => !same.includes(other)), entry] });
  }
  if (!append) return err(EXISTS);
  const known = same.some(({ destination }) => destination === entry.destination);
  return ok(known || !takesSeveral(entry) ? netns : { ...netns, fdb: [...netns.fdb, entry] });
}

function takesSeveral({ mac }: FdbEntry): boolean {
  const multicast = (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1;
  return multicast || mac === '00:00:00:00:00:00';
}

/** With a destination that the entry does not have, the kernel succeeds and changes nothing. */
export function deleteFdb(
  netns: Netns,
  { mac, device, destination }: Edit<'delete-fdb'>,
): Result<Netns, string> {
  const isIt = (entry: FdbEntry): boolean => entry.mac === mac && entry.device === device;
  if (!netns.fdb.some(isIt)) return err(MISSING);
  const fdb = netns.fdb.filter(
    (entry) => !isIt(entry) || (destination !== undefined && entry.destination !== destination),
  );
  return ok({ ...netns, fdb });
}
