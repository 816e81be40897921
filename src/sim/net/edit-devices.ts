/**
 * Devices and their addresses changed by hand, with what the kernel does to the tables on the way (Linux
 * net/ipv4/fib_frontend.c fib_inetaddr_event, fib_netdev_event): a device that goes down loses its routes and even its
 * permanent neighbours, keeps its FDB, and gets back only the routes of its own addresses.
 */
import type { Result } from '../../base/result.ts';
import { err, ok } from '../../base/result.ts';
import { cidrEquals, cidrOf, ipv4 } from '../../model/ip.ts';
import type { AddAddress, DeleteAddress, NetnsEdit } from './edit.ts';
import { switchInet6 } from './edit-inet6.ts';
import { reshape } from './edit-links.ts';
import type { Device, DeviceAddress, Inet6, Netns, Route } from './netns.ts';

type Edit<Kind extends NetnsEdit['kind']> = Extract<NetnsEdit, { kind: Kind }>;

const MIN_MTU = 68;
const MAX_MTU = 65535;

export function setLink(netns: Netns, edit: Edit<'set-link'>): Result<Netns, string> {
  const device = find(netns, edit.device);
  const bounded = device.kind.type !== 'loopback' && device.kind.type !== 'ipip';
  if (bounded && edit.mtu !== undefined) {
    if (edit.mtu < MIN_MTU) return err('Error: mtu less than device minimum.');
    if (edit.mtu > MAX_MTU) return err('Error: mtu greater than device maximum.');
  }
  const sized = withDevice(netns, { ...device, mtu: edit.mtu ?? device.mtu });
  const shaped = reshape(sized, edit);
  if (!shaped.ok || edit.up === undefined || edit.up === device.up) return shaped;
  const changed = switched(shaped.value, edit.name ?? device.name, edit.up);
  return ok(changed.inet6 ? withSwitchedInet6(changed, changed.inet6, edit) : changed);
}

function withSwitchedInet6(netns: Netns, inet6: Inet6, { device, name, up }: Edit<'set-link'>): Netns {
  return { ...netns, inet6: switchInet6(inet6, find(netns, name ?? device), up === true) };
}

function switched(netns: Netns, name: string, up: boolean): Netns {
  const { fresh: _, ...known } = find(netns, name);
  const device: Device = { ...known, up, addresses: addressesWhen(known, up) };
  const changed = withDevice(netns, device);
  if (up)
    return { ...changed, routes: addMissing(changed.routes, device.addresses.flatMap(connected(device))) };
  return {
    ...changed,
    routes: changed.routes.filter((route) => route.device !== name),
    neighbours: changed.neighbours.filter((neighbour) => neighbour.device !== name),
  };
}

/** The loopback device of a new namespace gets its address when it first comes up (inetdev_event). */
function addressesWhen({ kind, addresses }: Device, up: boolean): Device['addresses'] {
  return up && kind.type === 'loopback' && addresses.length === 0
    ? [{ address: ipv4('127.0.0.1'), length: 8, scope: 'host' }]
    : addresses;
}

export function addAddress(netns: Netns, edit: AddAddress): Result<Netns, string> {
  const device = find(netns, edit.device);
  if (device.addresses.some((known) => sameAddress(known, edit.address))) {
    return err('Error: ipv4: Address already assigned.');
  }
  const secondary = device.addresses.some((known) => sameSubnet(known, edit.address));
  const owner = { ...device, addresses: inserted(device.addresses, edit.address) };
  const routes = secondary || !device.up ? [] : connected(device)(edit.address);
  const changed = withDevice(netns, owner);
  return ok({ ...changed, routes: addMissing(changed.routes, routes) });
}

/** rtnetlink scopes: a smaller number reaches further. */
const SCOPE: Readonly<Record<DeviceAddress['scope'], number>> = { global: 0, link: 253, host: 254 };

/** Primary addresses first, those of a narrower scope before those of a wider one; then the secondary ones (inet_insert_ifa). */
function inserted(addresses: readonly DeviceAddress[], added: DeviceAddress): readonly DeviceAddress[] {
  const isSecondary = (own: DeviceAddress, at: number): boolean =>
    addresses.findIndex((known) => sameSubnet(known, own)) < at;
  const primaries = addresses.filter((own, at) => !isSecondary(own, at));
  if (primaries.some((known) => sameSubnet(known, added))) return [...addresses, added];
  const last = primaries.findLastIndex((known) => SCOPE[added.scope] <= SCOPE[known.scope]);
  return addresses.toSpliced(last + 1, 0, added);
}

/** With a primary address its secondaries go too (promote_secondaries=0); the last one takes every route of the device. */
export function deleteAddress(netns: Netns, edit: DeleteAddress): Result<Netns, string> {
  const device = find(netns, edit.device);
  const place = device.addresses.findIndex((known) => sameAddress(known, edit.address));
  const removed = device.addresses[place];
  if (!removed) return err('Error: ipv4: Address not found.');
  const primary = device.addresses.findIndex((known) => sameSubnet(known, removed)) === place;
  const gone = primary ? device.addresses.filter((known) => sameSubnet(known, removed)) : [removed];
  const addresses = device.addresses.filter((known) => !gone.includes(known));
  const changed = withDevice(netns, { ...device, addresses });
  const routes = changed.routes.filter((route) =>
    addresses.length === 0
      ? route.device !== device.name
      : !gone.some(({ address }) => route.source === address),
  );
  return ok({ ...changed, routes });
}

function find(netns: Netns, name: string): Device {
  const device = netns.devices.find((each) => each.name === name);
  if (!device) throw new RangeError(`no device ${name} in ${netns.id}`);
  return device;
}

function withDevice(netns: Netns, device: Device): Netns {
  return { ...netns, devices: netns.devices.map((each) => (each.name === device.name ? device : each)) };
}

/** The route to an address's own subnet; single addresses and those of `lo` have none. */
function connected(device: Device): (address: DeviceAddress) => readonly Route[] {
  return ({ address, length }) =>
    length === 32 || device.kind.type === 'loopback'
      ? []
      : [
          {
            prefix: cidrOf(address, length),
            type: 'unicast',
            device: device.name,
            protocol: 'kernel',
            scope: 'link',
            source: address,
          },
        ];
}

function addMissing(routes: readonly Route[], more: readonly Route[]): readonly Route[] {
  const missing = more.filter(
    (route, place) =>
      !routes.some((known) => cidrEquals(known.prefix, route.prefix) && known.metric === undefined) &&
      more.findIndex((other) => cidrEquals(other.prefix, route.prefix)) === place,
  );
  return [...routes, ...missing];
}

function sameAddress(a: DeviceAddress, b: DeviceAddress): boolean {
  return a.address === b.address && a.length === b.length;
}

function sameSubnet(a: DeviceAddress, b: DeviceAddress): boolean {
  return a.length === b.length && cidrEquals(cidrOf(a.address, a.length), cidrOf(b.address, b.length));
}
