/** What BIRD says in its OPEN, and what it makes of its neighbour's (BIRD 1.6.8 proto/bgp/packets.c). */
import { AS_TRANS, UNICAST, type BgpCapability, type BgpOpen } from '../../model/bgp.ts';
import type { BgpError } from '../../model/bgp-decode.ts';
import type { IpFamily } from '../../model/ip-family.ts';
import type { Peer, Speaker } from './routing-state.ts';
import {
  familyOfSession,
  isInternal,
  TIMERS,
  type NeighbourConfig,
  type SpeakerConfig,
} from './speaker-config.ts';

const SEND_AND_RECEIVE = 3;
const RECEIVE = 1;
const SEND = 2;

const opens = new WeakMap<SpeakerConfig, Map<string, readonly [BgpOpen]>>();

/**
 * Calico starts BIRD with -R: until it has recovered it says that it restarted and that its kernel kept the routes. Neighbours
 * of one kind are told the very same message.
 */
export function openMessages(
  { config, inherited }: Speaker,
  { config: neighbour }: Pick<Peer, 'config'>,
): readonly [BgpOpen] {
  const { localAs, restartTime, holdTime = TIMERS.hold } = neighbour;
  const restarting = inherited !== undefined;
  const kind = `${familyOfSession(neighbour)} ${localAs} ${restartTime} ${holdTime} ${restarting}`;
  const known = opens.get(config) ?? new Map<string, readonly [BgpOpen]>();
  opens.set(config, known);
  const open = known.get(kind) ?? [openOf(config, neighbour, restarting)];
  known.set(kind, open);
  return open;
}

/** The only message of those. */
export const openMessage = (speaker: Speaker, peer: Pick<Peer, 'config'>): BgpOpen =>
  openMessages(speaker, peer)[0];

function openOf(config: SpeakerConfig, neighbour: NeighbourConfig, restarting: boolean): BgpOpen {
  const { localAs, restartTime, holdTime = TIMERS.hold } = neighbour;
  const unicast = UNICAST[familyOfSession(neighbour)];
  return {
    kind: 'open',
    asNumber: localAs < 0xffff ? localAs : AS_TRANS,
    holdTime,
    routerId: config.routerId,
    capabilities: [
      { kind: 'multiprotocol', ...unicast },
      { kind: 'route-refresh' },
      {
        kind: 'graceful-restart',
        restarting,
        time: restartTime,
        families: [{ ...unicast, forwarding: restarting }],
      },
      { kind: 'as4', asNumber: localAs },
      { kind: 'add-path', families: [{ ...unicast, mode: SEND_AND_RECEIVE }] },
      { kind: 'enhanced-route-refresh' },
      { kind: 'long-lived-graceful-restart' },
    ],
  };
}

export function capability<K extends BgpCapability['kind']>(
  open: BgpOpen | undefined,
  kind: K,
): Extract<BgpCapability, { kind: K }> | undefined {
  return open?.capabilities.find((each): each is Extract<BgpCapability, { kind: K }> => each.kind === kind);
}

/** Why an OPEN is refused; undefined when it is welcome. */
export function openError(open: BgpOpen, { config }: Speaker, peer: Peer): BgpError | undefined {
  const asNumber = capability(open, 'as4')?.asNumber ?? open.asNumber;
  const internal = isInternal(peer.config);
  if (asNumber !== peer.config.asNumber) return { code: 2, subcode: 2 };
  if (open.holdTime > 0 && open.holdTime < 3) return { code: 2, subcode: 6 };
  if (open.routerId === 0 || (internal && open.routerId === config.routerId)) return { code: 2, subcode: 3 };
  return undefined;
}

/** What the two sides agreed on. */
export interface Agreement {
  readonly as4: boolean;
  /** Path identifiers in what we read and in what we write. */
  readonly readsPaths: boolean;
  readonly writesPaths: boolean;
}

export function agreement(open: BgpOpen | undefined, family: IpFamily): Agreement {
  if (!open) return NOTHING_AGREED;
  const known = agreements[family].get(open) ?? agreementOf(open, family);
  agreements[family].set(open, known);
  return known;
}

const NOTHING_AGREED: Agreement = { as4: false, readsPaths: false, writesPaths: false };
const agreements = { 4: new WeakMap<BgpOpen, Agreement>(), 6: new WeakMap<BgpOpen, Agreement>() };

function agreementOf(open: BgpOpen, family: IpFamily): Agreement {
  const modes = capability(open, 'add-path')?.families ?? [];
  const unicast = UNICAST[family];
  const mode = modes.find(({ afi, safi }) => afi === unicast.afi && safi === unicast.safi)?.mode ?? 0;
  return {
    as4: capability(open, 'as4') !== undefined,
    readsPaths: (mode & SEND) !== 0,
    writesPaths: (mode & RECEIVE) !== 0,
  };
}

/** The families a lost peer wants its routes kept for, and for how long; undefined when it asked for nothing. */
export function restartTime(open: BgpOpen | undefined): number | undefined {
  const asked = capability(open, 'graceful-restart');
  return asked && asked.families.length > 0 ? asked.time : undefined;
}
