/**
 * `ip address` add, del, replace, flush. Complaints: iproute2 6.1 ip/ipaddress.c, compared with the real tool. Labels,
 * lifetimes, peers and broadcast addresses are not modelled.
 */
import { ok } from '../../../base/result.ts';
import type { InterfaceAddress } from '../../../model/ip.ts';
import { cidrContains, cidrOf, formatIpv4 } from '../../../model/ip.ts';
import type { DeviceAddress } from '../../net/netns.ts';
import { complain, type Parsed } from '../network/complaint.ts';
import { deviceNamed } from '../network/here.ts';
import { duplicateOrGarbage, parseKeywords, type Grammar } from '../network/keywords.ts';
import { mapPrefix, mapScope } from './address.ts';
import type { Subject } from './subject.ts';

interface EditWords {
  readonly device?: string;
  readonly address?: InterfaceAddress;
  readonly scope?: DeviceAddress['scope'];
  readonly bare?: boolean;
}

const EDIT: Grammar<EditWords> = {
  keywords: [
    {
      names: ['scope'],
      exact: true,
      read: (words, value) => mapScope(value, (scope) => ({ ...words, scope })),
    },
    { names: ['dev'], exact: true, read: (words, device) => ok({ ...words, device }) },
    { names: ['broadcast', 'brd'], exact: true, read: (words) => ok(words) },
    { names: ['label'], exact: true, read: (words) => ok(words) },
    { names: ['local'], exact: true, read: readLocal },
  ],
  bare: readLocal,
};

function readLocal(words: EditWords, value: string): Parsed<EditWords> {
  if (words.address) return duplicateOrGarbage('local', value);
  return mapPrefix(value, (address) => ({ ...words, address, bare: !value.includes('/') }));
}

/** An address that is there already only has its lifetimes renewed, which are for ever. */
export function replaceAddress(subject: Subject, words: readonly string[]): Parsed<string> {
  const wanted = parseKeywords(words, EDIT, {});
  if (!wanted.ok) return wanted;
  const { device, address } = wanted.value;
  const target = device === undefined ? undefined : deviceNamed(subject.here.netns, device);
  const known = target?.addresses.some(
    (own) => own.address === address?.address && own.length === address.length,
  );
  return known ? ok('') : edited(subject, words, 'add-address');
}

interface FlushWords {
  readonly device?: string;
  readonly scope?: DeviceAddress['scope'];
  readonly to?: InterfaceAddress;
}

const FLUSH: Grammar<FlushWords> = {
  keywords: [
    {
      names: ['scope'],
      exact: true,
      read: (words, value) => mapScope(value, (scope) => ({ ...words, scope })),
    },
    { names: ['to'], exact: true, read: (words, value) => mapPrefix(value, (to) => ({ ...words, to })) },
    { names: ['dev'], exact: true, read: (words, device) => ok({ ...words, device }) },
  ],
  bare: (words, device) =>
    words.device === undefined ? ok({ ...words, device }) : duplicateOrGarbage('dev', device),
};

export function flushAddresses({ io, here, edit }: Subject, words: readonly string[]): Parsed<string> {
  if (words.length === 0) return complain(1, 'Flush requires arguments.');
  const wanted = parseKeywords(words, FLUSH, {});
  if (!wanted.ok) return wanted;
  const { device, scope, to } = wanted.value;
  if (device !== undefined && !deviceNamed(here.netns, device))
    return complain(1, `Device "${device}" does not exist.`);
  const isMeant = (own: DeviceAddress): boolean =>
    (scope === undefined || own.scope === scope) &&
    (to === undefined || cidrContains(cidrOf(to.address, to.length), own.address));
  const chosen = here.netns.devices.filter(({ name }) => device === undefined || name === device);
  for (const { name, addresses } of chosen) {
    for (const address of addresses.filter(isMeant)) {
      // A secondary address goes with its primary.
      const now = io.network.netns(here.id)?.devices.find((each) => each.name === name);
      if (now?.addresses.includes(address)) edit({ kind: 'delete-address', device: name, address }, 2);
    }
  }
  return ok('');
}

export function addAddress(subject: Subject, words: readonly string[]): Parsed<string> {
  return edited(subject, words, 'add-address');
}

const WILDCARD_WARNING = (address: string): string =>
  'Warning: Executing wildcard deletion to stay compatible with old scripts.\n' +
  `         Explicitly specify the prefix length (${address}/32) to avoid this warning.\n` +
  '         This special behaviour is likely to disappear in further releases,\n' +
  '         fix your scripts!\n';

export function deleteAddress(subject: Subject, words: readonly string[]): Parsed<string> {
  const wanted = parseKeywords(words, EDIT, {});
  if (wanted.ok && wanted.value.bare && wanted.value.address) {
    subject.warn(WILDCARD_WARNING(formatIpv4(wanted.value.address.address)));
  }
  return edited(subject, words, 'delete-address');
}

function edited(
  { here, edit }: Subject,
  words: readonly string[],
  kind: 'add-address' | 'delete-address',
): Parsed<string> {
  const wanted = parseKeywords(words, EDIT, {});
  if (!wanted.ok) return wanted;
  const { device, address, scope, bare } = wanted.value;
  if (device === undefined) return complain(1, 'Not enough information: "dev" argument is required.');
  const target = deviceNamed(here.netns, device);
  if (!target) return complain(1, `Cannot find device "${device}"`);
  if (!address) return complain(2, 'RTNETLINK answers: Operation not supported');
  const any =
    kind === 'delete-address' && bare
      ? target.addresses.find((own) => own.address === address.address)
      : undefined;
  const whole: DeviceAddress = any ?? { ...address, scope: scope ?? defaultScope(address) };
  return edit({ kind, device, address: whole }, 2);
}

/** ipaddress.c default_scope: 127/8 is host, the rest global. */
const defaultScope = ({ address }: InterfaceAddress): DeviceAddress['scope'] =>
  address >>> 24 === 127 ? 'host' : 'global';
