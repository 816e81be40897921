/**
 * Permanent neighbours and forwarding entries changed by hand (Linux net/core/neighbour.c, drivers/net/vxlan/vxlan_core.c).
 * Entries a stack has learnt are not part of its configuration: `forgetNeighbours` in `memory.ts` drops those.
 */
import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import { familyOf } from '../../model/ip-family.ts';
import { UNSPECIFIED, type Ip } from '../../model/ip.ts';
import type { AddNeighbour, DeleteNeighbour, NetnsEdit, ProxyNeighbour } from './edit.ts';
import type { FdbEntry, Neighbour, Netns } from './netns.ts';

type Edit<Kind extends NetnsEdit['kind']> = Extract<NetnsEdit, { kind: Kind }>;

const EXISTS = 'RTNETLINK answers: File exists';
export const MISSING = 'RTNETLINK answers: No such file or directory';

/** The permanent entries of a family, with one more. */
export function addNeighbour<Address extends Ip>(
  neighbours: readonly Neighbour<Address>[],
  { neighbour, replace }: AddNeighbour<Address>,
): Result<readonly Neighbour<Address>[], string> {
  const place = neighbours.findIndex(
    ({ address, device }) => address === neighbour.address && device === neighbour.device,
  );
  if (place < 0) return ok([...neighbours, neighbour]);
  return replace ? ok(neighbours.with(place, neighbour)) : err(EXISTS);
}

/** The permanent entries of a family, with one less. */
export function deleteNeighbour<Address extends Ip>(
  neighbours: readonly Neighbour<Address>[],
  { address, device }: DeleteNeighbour<Address>,
): Result<readonly Neighbour<Address>[], string> {
  const kept = neighbours.filter((entry) => entry.address !== address || entry.device !== device);
  return kept.length === neighbours.length ? err(MISSING) : ok(kept);
}

/** `ip neigh add|del proxy`: the device answers ARP for somebody else's address (net/core/neighbour.c pneigh). */
export function proxyNeighbour(
  netns: Netns,
  { device: name, address, on }: ProxyNeighbour,
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
  const { destination } = entry;
  if (entry.bridge === undefined && destination !== undefined && !canReach(netns, entry.device, destination))
    return err('RTNETLINK answers: Address family not supported by protocol');
  const same = netns.fdb.filter((other) => other.mac === entry.mac && isBeside(other, entry));
  if (same.length === 0) return ok({ ...netns, fdb: [...netns.fdb, entry] });
  if (replace) {
    return ok({ ...netns, fdb: [...netns.fdb.filter((other) => !same.includes(other)), entry] });
  }
  if (!append) return err(EXISTS);
  const known = same.some(({ destination }) => destination === entry.destination);
  return ok(known || !takesSeveral(entry) ? netns : { ...netns, fdb: [...netns.fdb, entry] });
}

/** A VXLAN device speaks one family to its peers: that of its own end, or of its remote one, or else IPv4 (vxlan_fdb_parse). */
function canReach({ devices, fdb }: Netns, name: string, destination: Ip): boolean {
  const kind = devices.find((device) => device.name === name)?.kind;
  if (kind?.type !== 'vxlan') return true;
  const remote = fdb.find(({ device, parent }) => device === name && parent !== undefined)?.destination;
  return familyOf(kind.vxlan.local ?? remote ?? UNSPECIFIED) === familyOf(destination);
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
