/**
 * `show protocols [all]` as BIRD 2 prints it: capabilities one by one, and what belongs to a table under its channel.
 * Source: nest/proto.c, proto/bgp/bgp.c of BIRD 2.0.12; compared with the real tool's output.
 */
import type { AddressFamily, BgpCapability, BgpOpen } from '../../../model/bgp.ts';
import { formatIp } from '../../../model/ip-family.ts';
import { formatIpv4 } from '../../../model/ip.ts';
import type {
  BgpProtocolView,
  ChannelView,
  ProtocolView,
  SessionView,
  TimerView,
} from '../../routing/speaker-view.ts';
import { channelCounts, type ProtocolSummary } from './protocols.ts';

export const HEAD_2 = 'Name       Proto      Table      State  Since         Info';

/** Protocols that can have channels of several tables name none. */
const tableOf = (protocol: ProtocolView): string => {
  if (protocol.kind !== 'Kernel' && protocol.kind !== 'Static') return '---';
  return `master${protocol.channels?.[0]?.family ?? 4}`;
};

export function summaryLine2({ name, state, since, info }: ProtocolSummary, protocol: ProtocolView): string {
  const table = tableOf(protocol);
  return `${name.padEnd(10)} ${protocol.kind.padEnd(10)} ${table.padEnd(10)} ${state.padEnd(6)} ${since.padEnd(13)} ${info}`;
}

export function details2(protocol: ProtocolView): readonly string[] {
  if (protocol.kind === 'Device') return [];
  if (protocol.kind !== 'BGP')
    return (protocol.channels ?? []).flatMap((channel) => channelLines(channel, 'UP'));
  const { session, channel } = protocol;
  return [
    ...bgpLines(protocol),
    ...channelLines(channel, session ? 'UP' : 'DOWN'),
    ...(session
      ? [
          `    BGP Next hop:   ${[session.sourceAddress, session.linkLocal].flatMap((hop) => (hop === undefined ? [] : formatIp(hop))).join(' ')}`,
          ...(session.session.includes('multihop')
            ? [`    IGP IPv${channel.family} table: master${channel.family}`]
            : []),
        ]
      : []),
  ];
}

function bgpLines(protocol: BgpProtocolView): readonly string[] {
  const { bgp, peer, peerAs, localAs, restart, lastError, state, session } = protocol;
  return [
    `  BGP state:          ${state === 'down' ? 'Down' : bgp}`,
    `    Neighbor address: ${formatIp(peer)}`,
    `    Neighbor AS:      ${peerAs}`,
    `    Local AS:         ${localAs}`,
    ...(restart ? ['    Neighbor graceful restart active'] : []),
    ...(session ? sessionLines(session) : startLines(protocol)),
    ...(lastError === undefined ? [] : [`    Last error:       ${lastError}`]),
  ];
}

function startLines({ errorWait, connectDelay, restart, bgp }: BgpProtocolView): readonly string[] {
  return [
    ...(errorWait ? [`    Error wait:       ${timer(errorWait)}`] : []),
    ...(connectDelay && bgp === 'Active' ? [`    Connect delay:    ${timer(connectDelay)}`] : []),
    ...(restart ? [`    Restart timer:    ${(restart.remaining / 1000).toFixed(3)}/-`] : []),
  ];
}

function sessionLines(session: SessionView): readonly string[] {
  return [
    `    Neighbor ID:      ${formatIpv4(session.peerRouterId)}`,
    ...capabilityLines('Local', session.opens.own),
    ...(session.opens.peer ? capabilityLines('Neighbor', session.opens.peer) : []),
    `    Session:          ${session.session.filter((word) => !word.startsWith('add-path')).join(' ')}`,
    `    Source address:   ${formatIp(session.sourceAddress)}`,
    `    Hold timer:       ${timer(session.hold)}`,
    `    Keepalive timer:  ${timer(session.keepalive)}`,
  ];
}

const capabilityLines = (whose: string, { capabilities }: BgpOpen): readonly string[] => [
  `    ${whose} capabilities`,
  ...capabilities.flatMap(capabilityText).map((line) => `      ${line}`),
];

const RECEIVES = 1;
const SENDS = 2;

/** `ipv4`, of AFI 1. */
const familyWord = ({ afi }: AddressFamily): string => `ipv${afi === 2 ? 6 : 4}`;

const familyWords = (families: readonly AddressFamily[]): string =>
  families.map((family) => ` ${familyWord(family)}`).join('');

function capabilityText(capability: BgpCapability): readonly string[] {
  switch (capability.kind) {
    case 'multiprotocol':
      return ['Multiprotocol', `  AF announced: ${familyWord(capability)}`];
    case 'route-refresh':
      return ['Route refresh'];
    case 'graceful-restart':
      return restartText(capability);
    case 'as4':
      return ['4-octet AS numbers'];
    case 'add-path': {
      const doing = (bit: number): string =>
        familyWords(capability.families.filter(({ mode }) => (mode & bit) !== 0));
      return ['ADD-PATH', `  RX:${doing(RECEIVES)}`, `  TX:${doing(SENDS)}`];
    }
    case 'enhanced-route-refresh':
      return ['Enhanced refresh'];
    case 'long-lived-graceful-restart':
      return ['Long-lived graceful restart'];
    default:
      return [];
  }
}

function restartText({
  restarting,
  time,
  families,
}: Extract<BgpCapability, { kind: 'graceful-restart' }>): readonly string[] {
  return [
    'Graceful restart',
    `  Restart time: ${time}`,
    ...(restarting ? ['  Restart recovery'] : []),
    `  AF supported:${familyWords(families)}`,
    `  AF preserved:${familyWords(families.filter(({ forwarding }) => forwarding))}`,
  ];
}

function channelLines(channel: ChannelView, state: 'UP' | 'DOWN'): readonly string[] {
  return [
    `  Channel ipv${channel.family}`,
    `    State:          ${state}`,
    `    Table:          master${channel.family}`,
    `    Preference:     ${channel.preference}`,
    `    Input filter:   ${channel.inputFilter}`,
    `    Output filter:  ${channel.outputFilter}`,
    ...(state === 'UP' ? channelCounts(channel).map((line) => `  ${line}`) : []),
  ];
}

/** Milliseconds of what is left, whole seconds of the whole. */
const timer = ({ remaining, total }: TimerView): string =>
  `${(remaining / 1000).toFixed(3)}/${Math.round(total / 1000)}`;
