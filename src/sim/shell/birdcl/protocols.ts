/**
 * `show protocols [all]`: the daemon's protocols in one line each, or with their counters and, for BGP, their session.
 * Source: nest/proto.c, proto/bgp/bgp.c of BIRD 1.6.8; compared with the real tool's output.
 */
import { formatIp } from '../../../model/ip-family.ts';
import { formatIpv4 } from '../../../model/ip.ts';
import type {
  BgpProtocolView,
  ChangeCounts,
  ChannelView,
  ProtocolView,
  SpeakerView,
  TimerView,
} from '../../routing/speaker-view.ts';
import { wildcard } from './condition.ts';
import { details2, HEAD_2, summaryLine2 } from './protocols-2.ts';
import { DONE, lines, only, since, type Reply, type ReplyLine } from './reply.ts';
import { BirdError, syntaxError, type Words } from './words.ts';

export interface Spoken {
  readonly view: SpeakerView;
  /** What virtual time 0 stands for. */
  readonly epoch: number;
}

export interface ProtocolSummary {
  readonly name: string;
  readonly proto: string;
  readonly state: string;
  readonly since: string;
  readonly info: string;
}

const HEAD = 'name     proto    table    state  since       info';

export function showProtocols(words: Words, spoken: Spoken, all: boolean): Reply {
  const chosen = chosenProtocols(words, spoken.view, false);
  if (chosen.length === 0) return only(8003, 'No protocols match');
  const { head, line, more } = DIALECTS[spoken.view.software];
  return [
    { code: 2002, text: head },
    ...chosen.flatMap((protocol): readonly ReplyLine[] => [
      { code: 1002, text: line(summaryOf(protocol, spoken), protocol) },
      ...(all ? lines(1006, [...more(protocol), '']) : []),
    ]),
    DONE,
  ];
}

interface Dialect {
  readonly head: string;
  readonly line: (summary: ProtocolSummary, protocol: ProtocolView) => string;
  readonly more: (protocol: ProtocolView) => readonly string[];
}

const DIALECTS: Readonly<Record<SpeakerView['software'], Dialect>> = {
  'bird-1.6': { head: HEAD, line: summaryLine, more: details },
  'bird-2': { head: HEAD_2, line: summaryLine2, more: details2 },
};

/** `NAME`, `"PATTERN"`, nothing for all, or (where commands demand a word) `all`. */
export function chosenProtocols(
  words: Words,
  { protocols }: SpeakerView,
  demanded: boolean,
): readonly ProtocolView[] {
  const word = words.take();
  if (word.kind === 'end' && !demanded) return protocols;
  if (demanded && word.kind === 'keyword' && word.text === 'all') {
    words.end();
    return protocols;
  }
  if (word.kind === 'text') {
    words.end();
    const fits = wildcard(word.text);
    return protocols.filter(({ name }) => fits.test(name));
  }
  if (word.kind !== 'symbol') throw syntaxError();
  words.end();
  return [protocolNamed(protocols, word.text)];
}

export function protocolNamed(protocols: readonly ProtocolView[], wanted: string): ProtocolView {
  const found = protocols.find(({ name }) => name === wanted);
  if (!found) throw new BirdError(`${wanted} is not a protocol`);
  return found;
}

export function summaryOf(protocol: ProtocolView, { view, epoch }: Spoken): ProtocolSummary {
  return {
    name: protocol.name,
    proto: protocol.kind,
    state: protocol.state,
    since: since(protocol.since, { epoch, now: view.now, software: view.software }),
    info: protocol.kind === 'BGP' ? bgpInfo(protocol) : '',
  };
}

function summaryLine({ name, proto, state, since: at, info }: ProtocolSummary): string {
  return `${name.padEnd(8)} ${proto.padEnd(8)} ${'master'.padEnd(8)} ${state.padEnd(5)}  ${at.padEnd(10)}  ${info}`;
}

const bgpInfo = ({ state, bgp, lastError = '' }: BgpProtocolView): string =>
  state === 'down' ? lastError : `${bgp.padEnd(14)}${lastError}`;

/** Protocol device has no routes, but the counters of every protocol. */
const NOTHING: ChangeCounts = { received: 0, rejected: 0, filtered: 0, ignored: 0, accepted: 0 };
const WITHOUT_ROUTES: ChannelView = {
  family: 4,
  preference: 240,
  inputFilter: 'ACCEPT',
  outputFilter: 'REJECT',
  imported: 0,
  exported: 0,
  preferred: 0,
  changes: {
    importUpdates: NOTHING,
    importWithdraws: { ...NOTHING, filtered: undefined },
    exportUpdates: { ...NOTHING, ignored: undefined },
    exportWithdraws: { ...NOTHING, rejected: undefined, filtered: undefined, ignored: undefined },
  },
};

function details(protocol: ProtocolView): readonly string[] {
  const own = protocol.kind === 'BGP' ? protocol.channel : (protocol.channels?.[0] ?? WITHOUT_ROUTES);
  const channel = channelLines(own, protocol.state !== 'down');
  if (protocol.kind !== 'BGP') return channel;
  // Calico's template describes all its peers with the same words.
  return ['  Description:    Connection to BGP peer', ...channel, ...bgpLines(protocol)];
}

function channelLines(channel: ChannelView, running: boolean): readonly string[] {
  const head = [
    `  Preference:     ${channel.preference}`,
    `  Input filter:   ${channel.inputFilter}`,
    `  Output filter:  ${channel.outputFilter}`,
  ];
  return running ? [...head, ...channelCounts(channel)] : head;
}

export function channelCounts(channel: ChannelView): readonly string[] {
  const { importUpdates, importWithdraws, exportUpdates, exportWithdraws } = channel.changes;
  return [
    `  Routes:         ${channel.imported} imported, ${channel.exported} exported, ${channel.preferred} preferred`,
    '  Route change stats:     received   rejected   filtered    ignored   accepted',
    `    Import updates:     ${counts(importUpdates)}`,
    `    Import withdraws:   ${counts(importWithdraws)}`,
    `    Export updates:     ${counts(exportUpdates)}`,
    `    Export withdraws:   ${counts(exportWithdraws)}`,
  ];
}

const counts = ({ received, rejected, filtered, ignored, accepted }: ChangeCounts): string =>
  [received, rejected, filtered, ignored, accepted]
    .map((count) => (count === undefined ? '---' : String(count)).padStart(10))
    .join(' ');

function bgpLines(protocol: BgpProtocolView): readonly string[] {
  const { bgp, peer, peerAs, restart, lastError, state } = protocol;
  return [
    `  BGP state:          ${state === 'down' ? 'Down' : bgp}`,
    `    Neighbor address: ${formatIp(peer)}`,
    `    Neighbor AS:      ${peerAs}`,
    ...(restart ? ['    Neighbor graceful restart active'] : []),
    ...(state === 'start' ? startLines(protocol) : sessionLines(protocol)),
    ...(lastError === undefined ? [] : [`    Last error:       ${lastError}`]),
  ];
}

function startLines({ errorWait, connectDelay, restart, bgp }: BgpProtocolView): readonly string[] {
  return [
    ...(errorWait ? [`    Error wait:       ${timer(errorWait)}`] : []),
    ...(connectDelay && bgp === 'Active' ? [`    Connect delay:    ${timer(connectDelay)}`] : []),
    ...(restart ? [`    Restart timer:    ${seconds(restart.remaining)}/-`] : []),
  ];
}

function sessionLines({ session }: BgpProtocolView): readonly string[] {
  if (!session) return [];
  return [
    `    Neighbor ID:      ${formatIpv4(session.peerRouterId)}`,
    `    Neighbor caps:    ${session.peerCapabilities.join(' ')}`,
    `    Session:          ${session.session.join(' ')}`,
    `    Source address:   ${formatIp(session.sourceAddress)}`,
    `    Hold timer:       ${timer(session.hold)}`,
    `    Keepalive timer:  ${timer(session.keepalive)}`,
  ];
}

const seconds = (milliseconds: number): number => Math.ceil(milliseconds / 1000);

const timer = ({ remaining, total }: TimerView): string => `${seconds(remaining)}/${seconds(total)}`;
