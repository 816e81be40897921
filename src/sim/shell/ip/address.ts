/**
 * `ip address`: show, add, del. Formats and complaints: iproute2 6.1 ip/ipaddress.c, compared with the real tool. Labels,
 * lifetimes and broadcast addresses are not modelled.
 */
import type { Json } from '../../../base/json.ts';
import { ok } from '../../../base/result.ts';
import type { InterfaceAddress } from '../../../model/ip.ts';
import { cidrContains, cidrOf, formatIpv4, parseInterfaceAddress, parseIpv4 } from '../../../model/ip.ts';
import type { DeviceAddress } from '../../net/netns.ts';
import { complain, type Parsed } from '../network/complaint.ts';
import { deviceNamed } from '../network/here.ts';
import {
  duplicateOrGarbage,
  expected,
  parseKeywords,
  type Grammar,
  wrongArgument,
} from '../network/keywords.ts';
import type { SeenDevice } from './device-text.ts';
import { countersOf, entryText, jsonText, seenDevices } from './device-list.ts';
import {
  addressJson,
  briefHead,
  briefJson,
  counterLines,
  headJson,
  headLine,
  linkLine,
  namespaceText,
} from './link-print.ts';
import type { IpOptions } from './options.ts';
import type { Subject } from './subject.ts';

interface ShowWords {
  readonly device?: string;
  readonly up?: boolean;
  readonly scope?: DeviceAddress['scope'];
  readonly to?: InterfaceAddress;
}

const SHOW: Grammar<ShowWords> = {
  keywords: [
    { names: ['to'], exact: true, read: (words, value) => mapPrefix(value, (to) => ({ ...words, to })) },
    {
      names: ['scope'],
      exact: true,
      read: (words, value) => mapScope(value, (scope) => ({ ...words, scope })),
    },
    { names: ['up'], exact: true, flag: true, read: (words) => ok({ ...words, up: true }) },
    { names: ['dev'], exact: true, read: setDevice },
  ],
  bare: setDevice,
};

function setDevice<W extends { readonly device?: string }>(words: W, device: string): Parsed<W> {
  return words.device === undefined ? ok({ ...words, device }) : duplicateOrGarbage('dev', device);
}

export function mapScope<T>(value: string, use: (scope: DeviceAddress['scope']) => T): Parsed<T> {
  return value === 'global' || value === 'link' || value === 'host'
    ? ok(use(value))
    : wrongArgument(value, 'invalid "scope" value.\n');
}

function mapPrefix<T>(value: string, use: (prefix: InterfaceAddress) => T): Parsed<T> {
  const prefix = readInterfaceAddress(value);
  return prefix ? ok(use(prefix)) : expected('any valid prefix', value);
}

/** `a.b.c.d/n`, or a bare address, which is a /32. */
export function readInterfaceAddress(text: string): InterfaceAddress | undefined {
  const address = parseIpv4(text);
  return address === undefined ? parseInterfaceAddress(text) : { address, length: 32 };
}

export function showAddresses({ io, here, options }: Subject, words: readonly string[]): Parsed<string> {
  const wanted = parseKeywords(words, SHOW, {});
  if (!wanted.ok) return wanted;
  const devices = seenDevices(io, here, wanted.value.device);
  if (!devices.ok) return devices;
  const shown = devices.value
    .filter(({ device }) => !wanted.value.up || device.up)
    .map((seen) => ({ seen, addresses: chosenAddresses(seen, wanted.value, options) }))
    .filter(({ addresses }) => !isFiltered(wanted.value, options) || addresses.length > 0);
  if (options.json)
    return ok(
      jsonText(
        shown.map((entry) => entryJson(entry, options)),
        options,
      ),
    );
  return ok(shown.map((entry) => entryOf(entry, options, countersOf(here, entry.seen.device.name))).join(''));
}

interface Entry {
  readonly seen: SeenDevice;
  readonly addresses: readonly DeviceAddress[];
}

/** A filter on addresses also hides the devices that have none left. */
const isFiltered = (words: ShowWords, { family }: IpOptions): boolean =>
  words.scope !== undefined || words.to !== undefined || family !== 'any';

function chosenAddresses(
  { device }: SeenDevice,
  words: ShowWords,
  { family }: IpOptions,
): readonly DeviceAddress[] {
  if (family === 'inet6') return [];
  const { scope, to } = words;
  return device.addresses.filter(
    (address) =>
      (scope === undefined || address.scope === scope) &&
      (to === undefined || cidrContains(cidrOf(to.address, to.length), address.address)),
  );
}

function entryOf(
  { seen, addresses }: Entry,
  options: IpOptions,
  counters: Parameters<typeof counterLines>[0],
): string {
  if (options.brief)
    return `${briefHead(seen)}${addresses.map((address) => `${textOf(address)} `).join('')}\n`;
  if (options.oneline) return addresses.map((address) => onelineText(seen, address)).join('');
  const inet = addresses.flatMap((address) => [
    `    inet ${textOf(address)} scope ${address.scope} ${seen.device.name}`,
    '       valid_lft forever preferred_lft forever',
  ]);
  const stats = options.statistics ? counterLines(counters) : [];
  const head =
    options.family === 'any'
      ? [headLine(seen, 'address'), linkLine(seen, options.details)]
      : [`${headLine(seen, 'address')}${namespaceText(seen)}`];
  return entryText([...head, ...inet, ...stats], options);
}

const textOf = ({ address, length }: InterfaceAddress): string => `${formatIpv4(address)}/${length}`;

const onelineText = ({ device }: SeenDevice, address: DeviceAddress): string =>
  `${device.index}: ${device.name}    inet ${textOf(address)} scope ${address.scope} ${device.name}` +
  '\\       valid_lft forever preferred_lft forever\n';

const FOREVER = 4294967295;

function entryJson({ seen, addresses }: Entry, options: IpOptions): Json {
  if (options.brief) {
    const brief = addresses.map(({ address, length }) => ({ local: formatIpv4(address), prefixlen: length }));
    return { ...briefJson(seen), addr_info: brief };
  }
  return {
    ...headJson(seen, false),
    ...(options.family === 'any' ? addressJson(seen) : {}),
    addr_info: addresses.map(({ address, length, scope }) => ({
      family: 'inet',
      local: formatIpv4(address),
      prefixlen: length,
      scope,
      label: seen.device.name,
      valid_life_time: FOREVER,
      preferred_life_time: FOREVER,
    })),
  };
}

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
