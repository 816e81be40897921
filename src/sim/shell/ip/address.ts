/**
 * `ip address show`. Formats and complaints: iproute2 6.1 ip/ipaddress.c, compared with the real tool. Labels,
 * lifetimes and broadcast addresses are not modelled.
 */
import type { Json } from '../../../base/json.ts';
import { ok } from '../../../base/result.ts';
import type { InterfaceAddress } from '../../../model/ip.ts';
import { cidrContains, cidrOf, formatIpv4, parseInterfaceAddress, parseIpv4 } from '../../../model/ip.ts';
import type { DeviceAddress } from '../../net/netns.ts';
import type { Parsed } from '../network/complaint.ts';
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

export function mapPrefix<T>(value: string, use: (prefix: InterfaceAddress) => T): Parsed<T> {
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
    `    inet ${textOf(address)} scope ${scopeText(seen, address)} ${seen.device.name}`,
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

/** `global secondary` for another address of the same subnet. */
const scopeText = (seen: SeenDevice, address: DeviceAddress): string =>
  `${address.scope}${isSecondary(seen, address) ? ' secondary' : ''}`;

function isSecondary({ device: { addresses } }: SeenDevice, address: DeviceAddress): boolean {
  const { length } = address;
  const subnet = cidrOf(address.address, length).base;
  const first = addresses.find((own) => own.length === length && cidrOf(own.address, length).base === subnet);
  return first?.address !== address.address;
}

const onelineText = (seen: SeenDevice, address: DeviceAddress): string =>
  `${seen.device.index}: ${seen.device.name}    inet ${textOf(address)} scope ${scopeText(seen, address)} ${seen.device.name}` +
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
    addr_info: addresses.map((own) => ({
      family: 'inet',
      local: formatIpv4(own.address),
      prefixlen: own.length,
      scope: own.scope,
      ...(isSecondary(seen, own) ? { secondary: true } : {}),
      label: seen.device.name,
      valid_life_time: FOREVER,
      preferred_life_time: FOREVER,
    })),
  };
}
