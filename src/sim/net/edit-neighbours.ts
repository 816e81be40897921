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

/** `ip neigh add|del proxy`: the device answers ARP for somebody else's address (net/core/neighbour.c pneigh). */
export function proxyNeighbour(
  netns: Netns,
  { device: name, address, on }: Edit<'proxy-neighbour'>,
): Result<Netns, string> {
  const proxied = netns.devices.find((device) => device.name === name)?.proxied ?? [];
  if (!on && !proxied.includes(address)) return err(MISSING);
  const others = proxied.filter((each) => each !== address);
  const next = on ? [...others, address] : others;
  const devices = netns.devices.map((device) =>
    device.name === name ? { ...device, proxied: next } : device,
  );
  return ok({ ...netns, devices });
}

/** Only the all-zeros and multicast addresses can have several destinations; a bridge knows each MAC once. */
export function addFdb(netns: Netns, { entry, replace, append }: Edit<'add-fdb'>): Result<Netns, string> {
  const same = netns.fdb.filter((other) => other.mac === entry.mac && isBeside(other, entry));
  if (same.length === 0) return ok({ ...netns, fdb: [...netns.fdb, entry] });
  if (replace) {
    return ok({ ...netns, fdb: [...netns.fdb.filter((other) => !same.includes(other)), entry] });
  }
  if (!append) return err(EXISTS);
  const known = same.some(({ destination }) => destination === entry.destination);
  return ok(known || !takesSeveral(entry) ? netns : { ...netns, fdb: [...netns.fdb, entry] });
}

/** Entries of one table: that of a bridge, or of a device by itself. */
const isBeside = (a: FdbEntry, b: FdbEntry): boolean =>
  a.bridge === b.bridge && (a.bridge !== undefined || a.device === b.device);

function takesSeveral({ mac }: FdbEntry): boolean {
  const multicast = (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1;
  return multicast || mac === '00:00:00:00:00:00';
}

/** With a destination that the entry does not have, the kernel succeeds and changes nothing. */
export function deleteFdb(
  netns: Netns,
  { mac, device, destination, bridge }: Edit<'delete-fdb'>,
): Result<Netns, string> {
  const isIt = (entry: FdbEntry): boolean =>
    entry.mac === mac && entry.device === device && entry.bridge === bridge;
  if (!netns.fdb.some(isIt)) return err(MISSING);
  const fdb = netns.fdb.filter(
    (entry) => !isIt(entry) || (destination !== undefined && entry.destination !== destination),
  );
  return ok({ ...netns, fdb });
}
