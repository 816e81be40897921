/**
 * BGP as tcpdump 4.99.3 prints it (print-bgp.c), compared with the real tool: one word, and every message with -v. Whether
 * prefixes carry path identifiers is guessed from the bytes, as the real tool does. Left out: the hex of each attribute that
 * -vv adds.
 */
import type {
  BgpCapability,
  BgpMessage,
  BgpNotification,
  BgpUpdate,
  PathPrefix,
} from '../../../model/bgp.ts';
import { decodeBgp, splitBgp } from '../../../model/bgp-decode.ts';
import { encodeBgp } from '../../../model/bgp-encode.ts';
import { formatIpCidr, isIpv4 } from '../../../model/ip-family.ts';
import { formatIpv4 } from '../../../model/ip.ts';
import { multiprotocolLines } from './print-bgp-multiprotocol.ts';

export function bgpText(data: Uint8Array, verbose: number): string {
  if (verbose === 0) return ': BGP';
  const stream = splitBgp(data);
  if (!stream.ok) return ': BGP [|bgp]';
  const texts = stream.value.messages.map(messageText);
  return `: BGP${texts.join('')}${stream.value.rest.length > 0 ? ' [|bgp]' : ''}`;
}

const TITLES = {
  open: 'Open Message (1)',
  update: 'Update Message (2)',
  notification: 'Notification Message (3)',
  keepalive: 'Keepalive Message (4)',
  'route-refresh': 'Route Refresh Message (5)',
} as const;

function messageText(bytes: Uint8Array): string {
  const message = guessed(bytes);
  if (!message) return ' [|bgp]';
  const title = `\n\t${TITLES[message.kind]}, length: ${bytes.length}`;
  switch (message.kind) {
    case 'open':
      return (
        title +
        openLines(message, bytes)
          .map((line) => `\n\t${line}`)
          .join('')
      );
    case 'update':
      return (
        title +
        updateLines(message)
          .map((line) => `\n\t${line}`)
          .join('')
      );
    case 'notification':
      return `${title}, ${notificationText(message)}`;
    case 'keepalive':
      return title;
    case 'route-refresh':
      return `${title}\n\t  ${familyText(message)}`;
  }
}

/** Read without path identifiers, they would look like default routes. */
function guessed(bytes: Uint8Array): BgpMessage | undefined {
  const plain = decodeBgp(bytes, { as4: true, addPath: false });
  const isPlain = plain.ok && (plain.value.kind !== 'update' || !hasDefault(plain.value));
  if (isPlain) return plain.value;
  const withPaths = decodeBgp(bytes, { as4: true, addPath: true });
  if (withPaths.ok) return withPaths.value;
  return plain.ok ? plain.value : undefined;
}

const hasDefault = ({ withdrawn, announced }: BgpUpdate): boolean =>
  [...withdrawn, ...announced].some(({ prefix }) => prefix.length === 0);

function openLines(open: Extract<BgpMessage, { kind: 'open' }>, bytes: Uint8Array): readonly string[] {
  const { asNumber, holdTime, routerId, capabilities } = open;
  const parameters = bytes[28] ?? 0;
  return [
    `  Version 4, my AS ${asNumber}, Holdtime ${holdTime}s, ID ${formatIpv4(routerId)}`,
    `  Optional parameters, length: ${parameters}`,
    ...(parameters === 0 ? [] : [`    Option Capabilities Advertisement (2), length: ${bytes[30] ?? 0}`]),
    ...capabilities.flatMap(capabilityLines),
  ];
}

const CAPABILITIES = {
  multiprotocol: ['Multiprotocol Extensions', 1],
  'route-refresh': ['Route Refresh', 2],
  'graceful-restart': ['Graceful Restart', 64],
  as4: ['32-Bit AS Number', 65],
  'add-path': ['Multiple Paths', 69],
  'enhanced-route-refresh': ['Enhanced Route Refresh', 70],
  'long-lived-graceful-restart': ['Long-lived Graceful Restart', 71],
} as const;

function capabilityLines(capability: BgpCapability): readonly string[] {
  const [name, code] =
    capability.kind === 'other' ? ['Unknown', capability.code] : CAPABILITIES[capability.kind];
  return [
    `      ${name} (${code}), length: ${capabilityLength(capability)}`,
    ...capabilityDetails(capability).map((line) => `\t${line}`),
  ];
}

/** Of the value: the message around it, less an OPEN without it and the capability's own header. */
function capabilityLength(capability: BgpCapability): number {
  const open = { kind: 'open', asNumber: 0, holdTime: 0, routerId: 0 as never } as const;
  const empty = encodeBgp({ ...open, capabilities: [] }).length;
  return encodeBgp({ ...open, capabilities: [capability] }).length - empty - 4;
}

const MODES: Readonly<Record<number, string>> = { 1: 'Receive', 2: 'Send', 3: 'Both' };

function capabilityDetails(capability: BgpCapability): readonly string[] {
  switch (capability.kind) {
    case 'multiprotocol':
      return [familyText(capability)];
    case 'graceful-restart':
      return [
        `Restart Flags: [${capability.restarting ? 'R' : 'none'}], Restart Time ${capability.time}s`,
        ...capability.families.map(
          (each) => `  ${familyText(each)}, Forwarding state preserved: ${each.forwarding ? 'yes' : 'no'}`,
        ),
      ];
    case 'as4':
      return [` 4 Byte AS ${capability.asNumber}`];
    case 'add-path':
      return capability.families.map(
        (each) => `${familyText(each)}, Send/Receive: ${MODES[each.mode] ?? 'Bogus (0x02)'}`,
      );
    case 'enhanced-route-refresh':
      return ['no decoder for Capability 70'];
    case 'other':
      return [`no decoder for Capability ${capability.code}`];
    default:
      return [];
  }
}

const AFIS: Readonly<Record<number, string>> = { 1: 'IPv4', 2: 'IPv6' };

function familyText({ afi, safi }: { readonly afi: number; readonly safi: number }): string {
  return `AFI ${AFIS[afi] ?? 'Unknown AFI'} (${afi}), SAFI ${safi === 1 ? 'Unicast' : 'Unknown SAFI'} (${safi})`;
}

function updateLines(update: BgpUpdate): readonly string[] {
  const { family, withdrawn, attributes, announced } = update;
  if (family === 6) return [...(attributes ? attributeLines(attributes) : []), ...multiprotocolLines(update)];
  return [
    ...(withdrawn.length > 0 ? ['  Withdrawn routes:', ...withdrawn.map(prefixLine)] : []),
    ...(attributes ? attributeLines(attributes) : ['  End-of-Rib Marker (empty NLRI)']),
    ...(announced.length > 0 ? ['  Updated routes:', ...announced.map(prefixLine)] : []),
  ];
}

const prefixLine = ({ prefix, pathId }: PathPrefix): string =>
  `    ${formatIpCidr(prefix)}${pathId === undefined ? '' : `   Path Id: ${pathId}`}`;

type AttributeName = readonly [name: string, code: number, flag: 'T' | 'O' | 'OT'];

const line = ([name, code, flag]: AttributeName, length: number, text: string): string =>
  `  ${name} (${code}), length: ${length}, Flags [${flag}]: ${text}`;

function attributeLines(attributes: NonNullable<BgpUpdate['attributes']>): readonly string[] {
  const { origin, asPath, nextHop, med, localPref, originatorId, clusterList } = attributes;
  const { communities, largeCommunities } = attributes;
  const path = asPath.map(({ type, numbers }) =>
    type === 'set' ? `{${numbers.join(' ')} } ` : `${numbers.join(' ')} `,
  );
  const pathLength = asPath.reduce((sum, { numbers }) => sum + 2 + 4 * numbers.length, 0);
  return [
    line(['Origin', 1, 'T'], 1, origin),
    line(['AS Path', 2, 'T'], pathLength, path.length === 0 ? 'empty' : path.join('')),
    // Of IPv6 it comes with the routes.
    ...(isIpv4(nextHop) ? [line(['Next Hop', 3, 'T'], 4, formatIpv4(nextHop))] : []),
    ...(med === undefined ? [] : [line(['Multi Exit Discriminator', 4, 'O'], 4, String(med))]),
    ...(localPref === undefined ? [] : [line(['Local Preference', 5, 'T'], 4, String(localPref))]),
    ...(communities === undefined
      ? []
      : [line(['Community', 8, 'OT'], 4 * communities.length, communitiesText(communities))]),
    ...(originatorId === undefined ? [] : [line(['Originator ID', 9, 'O'], 4, formatIpv4(originatorId))]),
    ...(clusterList === undefined
      ? []
      : [line(['Cluster List', 10, 'O'], 4 * clusterList.length, clusterList.map(formatIpv4).join(', '))]),
    ...(largeCommunities === undefined
      ? []
      : [
          line(
            ['Large Community', 32, 'OT'],
            12 * largeCommunities.length,
            `\n\t    ${largeCommunities.map((each) => each.join(':')).join(', ')}`,
          ),
        ]),
  ];
}

/** RFC 1997's own communities have names. */
const WELL_KNOWN: Readonly<Record<number, string>> = {
  0xff01: 'NO_EXPORT',
  0xff02: 'NO_ADVERTISE',
  0xff03: 'NO_EXPORT_SUBCONFED',
};

/** Numbers have a comma behind them, names a space before them. */
function communitiesText(communities: readonly (readonly [number, number])[]): string {
  return communities
    .map(([high, low], at) => {
      const name = high === 0xffff ? WELL_KNOWN[low] : undefined;
      if (name !== undefined) return ` ${name}`;
      return `${high}:${low}${at < communities.length - 1 ? ', ' : ''}`;
    })
    .join('');
}

const CODES: Readonly<Record<number, string>> = {
  1: 'Message Header Error',
  2: 'OPEN Message Error',
  3: 'UPDATE Message Error',
  4: 'Hold Timer Expired',
  5: 'Finite State Machine Error',
  6: 'Cease',
};

const SUBCODES: Readonly<Record<string, string>> = {
  '1.1': 'Connection Not Synchronized',
  '1.2': 'Bad Message Length',
  '1.3': 'Bad Message Type',
  '2.1': 'Unsupported Version Number',
  '2.2': 'Bad Peer AS',
  '2.3': 'Bad BGP Identifier',
  '2.4': 'Unsupported Optional Parameter',
  '2.5': 'Authentication Failure',
  '2.6': 'Unacceptable Hold Time',
  '2.7': 'Capability Message Error',
  '3.1': 'Malformed Attribute List',
  '3.2': 'Unrecognized Well-known Attribute',
  '3.3': 'Missing Well-known Attribute',
  '3.5': 'Attribute Length Error',
  '3.6': 'Invalid ORIGIN Attribute',
  '3.8': 'Invalid NEXT_HOP Attribute',
  '3.9': 'Optional Attribute Error',
  '3.10': 'Invalid Network Field',
  '3.11': 'Malformed AS_PATH',
  '5.0': 'Unspecified Error',
  '5.1': 'In OpenSent State',
  '5.2': 'In OpenConfirm State',
  '5.3': 'In Established State',
  '6.1': 'Maximum Number of Prefixes Reached',
  '6.2': 'Administrative Shutdown',
  '6.3': 'Peer Unconfigured',
  '6.4': 'Administrative Reset',
  '6.5': 'Connection Rejected',
  '6.6': 'Other Configuration Change',
  '6.7': 'Connection Collision Resolution',
};

function notificationText({ code, subcode }: BgpNotification): string {
  const name = `${CODES[code] ?? 'Unknown Error'} (${code})`;
  if (code === 4) return name;
  const text = SUBCODES[`${code}.${subcode}`] ?? 'Unknown';
  return `${name}${code === 5 ? '' : ','} subcode ${text} (${subcode})`;
}
