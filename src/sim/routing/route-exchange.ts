/**
 * Routes between a speaker's table and its neighbours: what is announced and withdrawn, what comes in, and what becomes of the
 * routes of a neighbour that is gone (RFC 4271 section 9, RFC 4724 section 4.2).
 */
import type { BgpMessage, BgpUpdate, PathPrefix } from '../../model/bgp.ts';
import { END_OF_RIB } from '../../model/bgp.ts';
import { BGP_MAX_MESSAGE, encodeBgp, prefixLength } from '../../model/bgp-encode.ts';
import { Table } from '../core/table.ts';
import { agreement } from './open-message.ts';
import { announcements, BGP_PREFERENCE, prefixKey, swept, withoutPaths, withPath } from './rib.ts';
import type { Path, Peer, PeerKey, Speaker, Told } from './routing-state.ts';
import type { Talk } from './talk.ts';

/** The whole table for a neighbour whose session has just come up, then End-of-RIB. */
export function feed(talk: Talk, key: PeerKey): readonly BgpMessage[] {
  return [...changesFor(talk, key), END_OF_RIB];
}

/** What a neighbour has to be told for it to know what it should; the peer is taken to know it then. */
export function changesFor(talk: Talk, key: PeerKey): readonly BgpUpdate[] {
  const peer = talk.peer(key);
  const speaker = peer && talk.speaker(peer.netns);
  if (!speaker || peer.connection?.bgp !== 'Established') return [];
  const { writesPaths } = agreement(peer.connection.open);
  const wanted = announcements(speaker, peer, Table.empty());
  const written = ({ prefix, pathId }: Told): PathPrefix => (writesPaths ? { prefix, pathId } : { prefix });
  const withdrawn: PathPrefix[] = [];
  const announced: Told[] = [];
  for (const [at, told] of peer.told.entries()) if (!wanted.routes.has(at)) withdrawn.push(written(told));
  for (const [at, told] of wanted.routes.entries()) {
    if (!sameTold(peer.told.get(at), told)) announced.push(told);
  }
  const { counts } = peer;
  talk.update(key, {
    told: wanted.routes,
    counts: {
      ...counts,
      exportOffered: counts.exportOffered + wanted.offered,
      exportRejected: counts.exportRejected + wanted.rejected,
      exportFiltered: counts.exportFiltered + wanted.filtered,
      exportUpdates: counts.exportUpdates + announced.length,
      exportWithdraws: counts.exportWithdraws + withdrawn.length,
    },
  });
  return [
    ...batches(withdrawn, { kind: 'update', withdrawn: [], announced: [] }, 'withdrawn'),
    ...announcing(),
  ];

  function announcing(): readonly BgpUpdate[] {
    return groups(announced).flatMap(([{ attributes }, told]) =>
      batches(told.map(written), { kind: 'update', withdrawn: [], attributes, announced: [] }, 'announced'),
    );
  }
}

const attributesText = ({ attributes }: Told): string => JSON.stringify(attributes);

const sameTold = (a: Told | undefined, b: Told): boolean =>
  a !== undefined && a.pathId === b.pathId && attributesText(a) === attributesText(b);

/** Routes of the same attributes share a message. */
function groups(told: readonly Told[]): readonly (readonly [Told, readonly Told[]])[] {
  const byText = new Map<string, Told[]>();
  for (const each of told) {
    const text = attributesText(each);
    const group = byText.get(text);
    if (group) group.push(each);
    else byText.set(text, [each]);
  }
  return [...byText.values()].flatMap((group) => (group[0] ? [[group[0], group] as const] : []));
}

/** As many messages as their length allows. */
function batches(
  prefixes: readonly PathPrefix[],
  empty: BgpUpdate,
  list: 'withdrawn' | 'announced',
): readonly BgpUpdate[] {
  const room = BGP_MAX_MESSAGE - encodeBgp(empty).length;
  const messages: PathPrefix[][] = [];
  let left = 0;
  for (const prefix of prefixes) {
    const length = prefixLength(prefix);
    if (length > left) {
      messages.push([]);
      left = room;
    }
    messages.at(-1)?.push(prefix);
    left -= length;
  }
  return messages.map((some) => ({ ...empty, [list]: some }));
}

/** Takes an UPDATE into the table. */
export function importUpdate(talk: Talk, key: PeerKey, update: BgpUpdate): void {
  const peer = talk.peer(key);
  const speaker = peer && talk.speaker(peer.netns);
  if (!speaker) return;
  let { rib } = speaker;
  for (const { prefix, pathId = 0 } of update.withdrawn) {
    rib = withoutPaths(
      rib,
      prefixKey(prefix),
      (path) => path.protocol === peer.config.name && path.pathId === pathId,
    );
  }
  for (const announced of update.announced) {
    const path = pathOf(peer, update, announced, talk.journey.now);
    if (path) rib = withPath(rib, path);
  }
  const { counts } = peer;
  const importUpdates = counts.importUpdates + update.announced.length;
  const importWithdraws = counts.importWithdraws + update.withdrawn.length;
  talk.update(key, { counts: { ...counts, importUpdates, importWithdraws } });
  setRib(talk, speaker, rib);
}

function pathOf(
  peer: Peer,
  { attributes }: BgpUpdate,
  { prefix, pathId = 0 }: PathPrefix,
  since: number,
): Path | undefined {
  const { config, connection } = peer;
  if (!attributes || !connection?.open) return undefined;
  const internal = config.asNumber === config.localAs;
  const looped = attributes.asPath.some(({ numbers }) => numbers.includes(config.localAs));
  if (looped) return undefined;
  const bgp = { attributes, from: config.address, peerRouterId: connection.open.routerId, internal };
  return { prefix, protocol: config.name, pathId, preference: BGP_PREFERENCE, since, bgp };
}

/** Everything learnt from a neighbour goes. */
export function withdrawAll(talk: Talk, key: PeerKey): void {
  sweep(talk, key, () => true);
}

/** What a neighbour told before it restarted and has not told again goes. */
export function sweepStale(talk: Talk, key: PeerKey): void {
  talk.updateConnection(key, { loading: false });
  sweep(talk, key, ({ stale }) => stale === true);
}

function sweep(talk: Talk, key: PeerKey, gone: (path: Path) => boolean): void {
  const peer = talk.peer(key);
  const speaker = peer && talk.speaker(peer.netns);
  if (!speaker) return;
  const { name } = peer.config;
  setRib(
    talk,
    speaker,
    swept(speaker.rib, (path) => path.protocol === name && gone(path)),
  );
}

/** The neighbour's routes stay, marked, until it tells them again or its time is over. */
export function keepStale(talk: Talk, key: PeerKey): void {
  const peer = talk.peer(key);
  const speaker = peer && talk.speaker(peer.netns);
  if (!speaker) return;
  let { rib } = speaker;
  for (const [at, paths] of rib.entries()) {
    if (!paths.some(({ protocol }) => protocol === peer.config.name)) continue;
    const marked = paths.map((path) =>
      path.protocol === peer.config.name ? { ...path, stale: true } : path,
    );
    rib = rib.set(at, marked);
  }
  setRib(talk, speaker, rib);
}

function setRib(talk: Talk, speaker: Speaker, rib: Speaker['rib']): void {
  if (rib === speaker.rib) return;
  talk.setSpeaker({ ...speaker, rib });
  talk.tableChanged(speaker.netns);
}
