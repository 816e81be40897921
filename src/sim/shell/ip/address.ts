/**
 * `ip address show`. Formats and complaints: iproute2 6.1 ip/ipaddress.c, compared with the real tool. Labels
 * and lifetimes are not modelled; IPv6 addresses live for ever, as those set by hand do.
 */
import type { Json } from '../../../base/json.ts';
import { ok } from '../../../base/result.ts';
import {
  addressBits,
  formatIp,
  ipCidrContains,
  ipCidrOf,
  isIpv6,
  parseIp,
  parseIpInterfaceAddress,
} from '../../../model/ip-family.ts';
import type { InterfaceAddress, Ip } from '../../../model/ip.ts';
import { cidrOf } from '../../../model/ip.ts';
import { addresses6 } from '../../net/inet6.ts';
import type { DeviceAddress } from '../../net/netns.ts';
import type { Parsed } from '../network/complaint.ts';
import {
  duplicateOrGarbage,
  expected,
  parseKeywords,
  type Grammar,
  wrongArgument,
} from '../network/keywords.ts';
import { fullName, inet6Name, linkAddress, linkType, type SeenDevice } from './device-text.ts';
import { countersOf, entryText, jsonText, seenDevices } from './device-list.ts';
import {
  addressJson,
  briefHead,
  briefJson,
  counterLines,
  headJson,
  headLine,
  inet6BriefJson,
  inet6HeadJson,
  inet6HeadLine,
  linkLine,
  namespaceText,
} from './link-print.ts';
import type { Family, IpOptions } from './options.ts';
import type { Subject } from './subject.ts';

interface ShowWords {
  readonly device?: string;
  readonly up?: boolean;
  readonly scope?: DeviceAddress['scope'];
  readonly to?: InterfaceAddress<Ip>;
}

const SHOW = (family: Family): Grammar<ShowWords> => ({
  keywords: [
    {
      names: ['to'],
      exact: true,
      read: (words, value) => mapPrefix(value, family, (to) => ({ ...words, to })),
    },
    {
      names: ['scope'],
      exact: true,
      read: (words, value) => mapScope(value, (scope) => ({ ...words, scope })),
    },
    { names: ['up'], exact: true, flag: true, read: (words) => ok({ ...words, up: true }) },
    { names: ['dev'], exact: true, read: setDevice },
  ],
  bare: setDevice,
});

function setDevice<W extends { readonly device?: string }>(words: W, device: string): Parsed<W> {
  return words.device === undefined ? ok({ ...words, device }) : duplicateOrGarbage('dev', device);
}

export function mapScope<T>(value: string, use: (scope: DeviceAddress['scope']) => T): Parsed<T> {
  return value === 'global' || value === 'link' || value === 'host'
    ? ok(use(value))
    : wrongArgument(value, 'invalid "scope" value.\n');
}

export function mapPrefix<T>(
  value: string,
  family: Family,
  use: (prefix: InterfaceAddress<Ip>) => T,
): Parsed<T> {
  const prefix = readInterfaceAddress(value);
  return prefix && isOf(family, prefix.address)
    ? ok(use(prefix))
    : expected(`${spokenFamily(family)} prefix`, value);
}

/** `ip` expects an address of the family asked for, or of any. */
export const spokenFamily = (family: Family): string => (family === 'any' ? 'any valid' : family);

/** The address may stand in a line that is about this family. */
export const isOf = (family: Family, address: Ip): boolean =>
  family === 'any' || (family === 'inet6') === isIpv6(address);

/** `a.b.c.d/n`, or a bare address, which is a prefix of its own. */
export function readInterfaceAddress(text: string): InterfaceAddress<Ip> | undefined {
  const address = parseIp(text);
  return address === undefined ? parseIpInterfaceAddress(text) : { address, length: addressBits(address) };
}

export function showAddresses({ io, here, options }: Subject, words: readonly string[]): Parsed<string> {
  const wanted = parseKeywords(words, SHOW(options.family), {});
  if (!wanted.ok) return wanted;
  const devices = seenDevices(io, here, wanted.value.device);
  if (!devices.ok) return devices;
  const shown = devices.value
    .filter(({ device }) => !wanted.value.up || device.up)
    .map((seen) => ({ seen, addresses: chosenAddresses(seen, wanted.value, options) }))
    .filter(({ addresses }) => !isFiltered(wanted.value, options) || addresses.length > 0);
  const head = headOf(wanted.value, options);
  if (options.json)
    return ok(
      jsonText(
        shown.map((entry) => entryJson(entry, head, options)),
        options,
      ),
    );
  return ok(
    shown
      .map((entry) => entryOf(entry, { head, options, counters: countersOf(here, entry.seen.device.name) }))
      .join(''),
  );
}

/**
 * How much is told of the device: its link too, the first line alone, or what the kernel's IPv6 says of it. That is who
 * answers when all devices are asked for their IPv6 addresses (ip_linkaddr_list).
 */
type Head = 'link' | 'line' | 'inet6';

function headOf({ device, to }: ShowWords, { family }: IpOptions): Head {
  if (family === 'inet6' && device === undefined) return 'inet6';
  return family === 'any' && to === undefined ? 'link' : 'line';
}

interface Printing {
  readonly head: Head;
  readonly options: IpOptions;
  readonly counters: Parameters<typeof counterLines>[0];
}

interface Entry {
  readonly seen: SeenDevice;
  readonly addresses: readonly DeviceAddress<Ip>[];
}

/** A filter on addresses also hides the devices that have none left. */
const isFiltered = (words: ShowWords, { family }: IpOptions): boolean =>
  words.scope !== undefined || words.to !== undefined || family !== 'any';

function chosenAddresses(
  { device, stack }: SeenDevice,
  words: ShowWords,
  { family }: IpOptions,
): readonly DeviceAddress<Ip>[] {
  const { scope, to } = words;
  const all = [...device.addresses, ...addresses6(stack, device)];
  return all.filter(
    (address) =>
      isOf(family, address.address) &&
      (scope === undefined || address.scope === scope) &&
      (to === undefined || ipCidrContains(ipCidrOf(to.address, to.length), address.address)),
  );
}

function entryOf({ seen, addresses }: Entry, { head, options, counters }: Printing): string {
  if (options.brief)
    return `${briefHead(seen, head === 'inet6' ? inet6Name(seen) : fullName(seen))}${addresses.map((address) => `${textOf(address)} `).join('')}\n`;
  if (options.oneline) return addresses.map((address) => onelineText(seen, address)).join('');
  const inet = addresses.flatMap((address) => [
    `    ${familyText(seen, address)}`,
    '       valid_lft forever preferred_lft forever',
  ]);
  const stats = options.statistics ? counterLines(counters) : [];
  return entryText([...headLines(seen, head, options), ...inet, ...stats], options);
}

function headLines(seen: SeenDevice, head: Head, { family, details }: IpOptions): readonly string[] {
  if (head === 'link') return [headLine(seen, 'address'), linkLine(seen, details, 'address')];
  if (head === 'inet6')
    return [
      inet6HeadLine(seen),
      ...(details ? [`    link/${linkType(seen.device)} ${linkAddress(seen.device)}`] : []),
    ];
  return details && family === 'inet6'
    ? [headLine(seen, 'address'), linkLine(seen, details, 'address')]
    : [`${headLine(seen, 'address')}${namespaceText(seen)}`];
}

const textOf = ({ address, length }: InterfaceAddress<Ip>): string => `${formatIp(address)}/${length}`;

const broadcastText = ({ broadcast }: DeviceAddress<Ip>): string =>
  broadcast === undefined ? '' : ` brd ${formatIp(broadcast)}`;

/** Only IPv4 has labels; they are the device's name. */
const familyText = (seen: SeenDevice, own: DeviceAddress<Ip>): string =>
  isIpv6(own.address)
    ? `inet6 ${textOf(own)} scope ${own.scope} `
    : `inet ${textOf(own)}${broadcastText(own)} scope ${scopeText(seen, own)} ${seen.device.name}`;

/** `global secondary` for another address of the same subnet. */
const scopeText = (seen: SeenDevice, address: DeviceAddress<Ip>): string =>
  `${address.scope}${isSecondary(seen, address) ? ' secondary' : ''}`;

/** An IPv4 address after another of its subnet. */
function isSecondary({ device: { addresses } }: SeenDevice, { address, length }: DeviceAddress<Ip>): boolean {
  if (isIpv6(address)) return false;
  const subnet = cidrOf(address, length).base;
  const first = addresses.find((own) => own.length === length && cidrOf(own.address, length).base === subnet);
  return first?.address !== address;
}

const onelineText = (seen: SeenDevice, address: DeviceAddress<Ip>): string =>
  `${seen.device.index}: ${seen.device.name}    ${familyText(seen, address)}` +
  '\\       valid_lft forever preferred_lft forever\n';

const FOREVER = 4294967295;

function entryJson({ seen, addresses }: Entry, head: Head, options: IpOptions): Json {
  if (options.brief) {
    const brief = addresses.map(({ address, length }) => ({ local: formatIp(address), prefixlen: length }));
    return { ...(head === 'inet6' ? inet6BriefJson(seen) : briefJson(seen)), addr_info: brief };
  }
  return {
    ...(head === 'inet6' ? inet6HeadJson(seen) : headJson(seen, false)),
    ...(head === 'link' ? addressJson(seen) : {}),
    addr_info: addresses.map((own) => ({
      family: isIpv6(own.address) ? 'inet6' : 'inet',
      local: formatIp(own.address),
      prefixlen: own.length,
      ...(own.broadcast === undefined ? {} : { broadcast: formatIp(own.broadcast) }),
      scope: own.scope,
      ...(isSecondary(seen, own) ? { secondary: true } : {}),
      ...(isIpv6(own.address) ? {} : { label: seen.device.name }),
      valid_life_time: FOREVER,
      preferred_life_time: FOREVER,
    })),
  };
}
