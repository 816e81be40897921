/**
 * `ip address` add, del, replace, flush. Complaints: iproute2 6.1 ip/ipaddress.c, compared with the real tool. Labels,
 * lifetimes and peers are not modelled.
 */
import { ok } from '../../../base/result.ts';
import { formatIp, ipCidrContains, ipCidrOf, isIpv6 } from '../../../model/ip-family.ts';
import { addressAt, cidrOf, type InterfaceAddress, type Ip, type Ipv4 } from '../../../model/ip.ts';
import { LOOPBACK6 } from '../../../model/ipv6.ts';
import type { NetnsEdit } from '../../net/edit.ts';
import { addresses6, isLinkLocalAddress } from '../../net/inet6.ts';
import type { Device, DeviceAddress, Netns } from '../../net/netns.ts';
import { complain, type Parsed } from '../network/complaint.ts';
import { deviceNamed } from '../network/here.ts';
import { duplicateOrGarbage, parseKeywords, type Grammar } from '../network/keywords.ts';
import { isOf, mapPrefix, mapScope } from './address.ts';
import type { Family } from './options.ts';
import type { Subject } from './subject.ts';

interface EditWords {
  readonly device?: string;
  readonly address?: InterfaceAddress<Ip>;
  readonly scope?: DeviceAddress['scope'];
  readonly bare?: boolean;
  /** An address; `+` and `-` stand for the subnet's last and first. */
  readonly broadcast?: '+' | '-' | Ipv4;
}

const EDIT = (family: Family): Grammar<EditWords> => ({
  keywords: [
    {
      names: ['scope'],
      exact: true,
      read: (words, value) => mapScope(value, (scope) => ({ ...words, scope })),
    },
    { names: ['dev'], exact: true, read: (words, device) => ok({ ...words, device }) },
    { names: ['broadcast', 'brd'], exact: true, read: readBroadcast },
    { names: ['label'], exact: true, read: (words) => ok(words) },
    { names: ['local'], exact: true, read: readLocal(family) },
  ],
  bare: readLocal(family),
});

const readLocal =
  (family: Family) =>
  (words: EditWords, value: string): Parsed<EditWords> => {
    if (words.address) return duplicateOrGarbage('local', value);
    return mapPrefix(value, family, (address) => ({ ...words, address, bare: !value.includes('/') }));
  };

function readBroadcast(words: EditWords, value: string): Parsed<EditWords> {
  if (value === '+' || value === '-') return ok({ ...words, broadcast: value });
  return mapPrefix(value, 'inet', ({ address }) =>
    isIpv6(address) ? words : { ...words, broadcast: address },
  );
}

const addressesOf = (netns: Netns, device: Device): readonly DeviceAddress<Ip>[] => [
  ...device.addresses,
  ...addresses6(netns, device),
];

/** An address that is there already only has its lifetimes renewed, which are for ever. */
export function replaceAddress(subject: Subject, words: readonly string[]): Parsed<string> {
  const wanted = parseKeywords(words, EDIT(subject.options.family), {});
  if (!wanted.ok) return wanted;
  const { device, address } = wanted.value;
  const { netns } = subject.here;
  const target = device === undefined ? undefined : deviceNamed(netns, device);
  const known =
    target &&
    addressesOf(netns, target).some(
      (own) => own.address === address?.address && own.length === address.length,
    );
  return known ? ok('') : edited(subject, words, 'add-address');
}

interface FlushWords {
  readonly device?: string;
  readonly scope?: DeviceAddress['scope'];
  readonly to?: InterfaceAddress<Ip>;
}

const FLUSH = (family: Family): Grammar<FlushWords> => ({
  keywords: [
    {
      names: ['scope'],
      exact: true,
      read: (words, value) => mapScope(value, (scope) => ({ ...words, scope })),
    },
    {
      names: ['to'],
      exact: true,
      read: (words, value) => mapPrefix(value, family, (to) => ({ ...words, to })),
    },
    { names: ['dev'], exact: true, read: (words, device) => ok({ ...words, device }) },
  ],
  bare: (words, device) =>
    words.device === undefined ? ok({ ...words, device }) : duplicateOrGarbage('dev', device),
});

export function flushAddresses(
  { io, here, edit, options }: Subject,
  words: readonly string[],
): Parsed<string> {
  if (words.length === 0) return complain(1, 'Flush requires arguments.');
  const wanted = parseKeywords(words, FLUSH(options.family), {});
  if (!wanted.ok) return wanted;
  const { device, scope, to } = wanted.value;
  if (device !== undefined && !deviceNamed(here.netns, device))
    return complain(1, `Device "${device}" does not exist.`);
  const isMeant = (own: DeviceAddress<Ip>): boolean =>
    isOf(options.family, own.address) &&
    (scope === undefined || own.scope === scope) &&
    (to === undefined || ipCidrContains(ipCidrOf(to.address, to.length), own.address));
  const chosen = here.netns.devices.filter(({ name }) => device === undefined || name === device);
  for (const device of chosen) {
    for (const address of addressesOf(here.netns, device).filter(isMeant)) {
      // A secondary address goes with its primary.
      const now = io.network.netns(here.id);
      const left = now?.devices.find(({ name }) => name === device.name);
      if (now && left && addressesOf(now, left).some((own) => isSame(own, address)))
        edit(addressEdit('delete-address', device.name, address), 2);
    }
  }
  return ok('');
}

const isSame = (a: DeviceAddress<Ip>, b: DeviceAddress<Ip>): boolean =>
  a.address === b.address && a.length === b.length;

type AddressEdit = Extract<NetnsEdit, { kind: 'add-address' | 'delete-address' }>;

/** The compiler does not follow from the family of the address to that of the edit. */
const addressEdit = (kind: AddressEdit['kind'], device: string, address: DeviceAddress<Ip>): AddressEdit =>
  ({ kind, device, address }) as AddressEdit;

export function addAddress(subject: Subject, words: readonly string[]): Parsed<string> {
  return edited(subject, words, 'add-address');
}

const WILDCARD_WARNING = (address: string): string =>
  'Warning: Executing wildcard deletion to stay compatible with old scripts.\n' +
  `         Explicitly specify the prefix length (${address}/32) to avoid this warning.\n` +
  '         This special behaviour is likely to disappear in further releases,\n' +
  '         fix your scripts!\n';

export function deleteAddress(subject: Subject, words: readonly string[]): Parsed<string> {
  const wanted = parseKeywords(words, EDIT(subject.options.family), {});
  if (wanted.ok && wanted.value.bare && wanted.value.address && !isIpv6(wanted.value.address.address)) {
    subject.warn(WILDCARD_WARNING(formatIp(wanted.value.address.address)));
  }
  return edited(subject, words, 'delete-address');
}

function edited(
  { here, edit, options }: Subject,
  words: readonly string[],
  kind: 'add-address' | 'delete-address',
): Parsed<string> {
  const wanted = parseKeywords(words, EDIT(options.family), {});
  if (!wanted.ok) return wanted;
  const { device, address, scope, bare, broadcast } = wanted.value;
  if (device === undefined) return complain(1, 'Not enough information: "dev" argument is required.');
  const target = deviceNamed(here.netns, device);
  if (!target) return complain(1, `Cannot find device "${device}"`);
  if (!address) return complain(2, 'RTNETLINK answers: Operation not supported');
  const any =
    kind === 'delete-address' && bare
      ? target.addresses.find((own) => own.address === address.address)
      : undefined;
  if (broadcast !== undefined && isIpv6(address.address))
    return complain(1, 'Broadcast can be set only for IPv4 addresses');
  const whole: DeviceAddress<Ip> = any ?? {
    ...address,
    scope: scope ?? defaultScope(address),
    ...broadcastOf(address, broadcast),
  };
  return edit(addressEdit(kind, device, whole), 2);
}

function broadcastOf(
  { address, length }: InterfaceAddress<Ip>,
  wanted: EditWords['broadcast'],
): Pick<DeviceAddress<Ip>, 'broadcast'> {
  if (wanted === undefined || isIpv6(address)) return {};
  if (wanted !== '+' && wanted !== '-') return { broadcast: wanted };
  const subnet = cidrOf(address, length);
  return { broadcast: wanted === '-' ? subnet.base : addressAt(subnet, 2 ** (32 - length) - 1) };
}

/** ipaddress.c default_scope: 127/8 is host, the rest global; of IPv6 the kernel looks at the address (ipv6_addr_scope). */
function defaultScope({ address }: InterfaceAddress<Ip>): DeviceAddress['scope'] {
  if (isIpv6(address))
    return isLinkLocalAddress(address) ? 'link' : address === LOOPBACK6 ? 'host' : 'global';
  return address >>> 24 === 127 ? 'host' : 'global';
}
