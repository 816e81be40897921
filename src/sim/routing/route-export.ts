/**
 * What a neighbour is told of a speaker's table, the whole of it or what has changed since (RFC 4271 section 9.2, RFC 7911).
 */
import type { BgpMessage, BgpUpdate, PathAttributes, PathPrefix } from '../../model/bgp.ts';
import { END_OF_RIB, END_OF_RIB_6 } from '../../model/bgp.ts';
import { BGP_MAX_MESSAGE, encodeBgp, prefixLength } from '../../model/bgp-encode.ts';
import { familyOf, type IpFamily } from '../../model/ip-family.ts';
import { Table } from '../core/table.ts';
import { stackAt } from '../net/exchange-send.ts';
import { announced, type Telling } from './announcement.ts';
import { agreement } from './open-message.ts';
import { ownSourceOf, type OwnSource } from './rib.ts';
import { isLearnt, ribDigest } from './rib-digest.ts';
import type { Counts, Path, Peer, PeerKey, Told } from './routing-state.ts';
import { speakerKey } from './routing-state.ts';
import { familiesOf, familyOfSession, passesOn } from './speaker-config.ts';
import type { Talk } from './talk.ts';

/** The whole table for a neighbour whose session has just come up, then End-of-RIB. */
export function feed(talk: Talk, key: PeerKey): readonly BgpMessage[] {
  const peer = talk.peer(key);
  const end = peer && familyOfSession(peer.config) === 6 ? END_OF_RIB_6 : END_OF_RIB;
  const changes = changesFor(talk, key);
  const known = feeds.get(changes) ?? [...changes, end];
  feeds.set(changes, known);
  return known;
}

const feeds = new WeakMap<readonly BgpUpdate[], readonly BgpMessage[]>();

/**
 * What a neighbour has to be told for it to know what it should, of some prefixes or of all; the peer is taken to know it
 * then.
 */
export function changesFor(talk: Talk, key: PeerKey, prefixes?: Iterable<string>): readonly BgpUpdate[] {
  const peer = talk.peer(key);
  const speaker = peer && talk.speakerOf(peer);
  if (!speaker || peer.connection?.bgp !== 'Established') return [];
  const changes = new Changes(talk, { speaker, peer });
  if (prefixes) for (const prefix of prefixes) changes.look(prefix);
  else changes.lookAtAll();
  talk.update(key, { told: changes.told, counts: changes.counts });
  return changes.messages();
}

const NONE: readonly Told[] = [];

/** Collects what one peer has to be told. */
class Changes {
  told: Peer['told'];
  counts: Counts;
  readonly #talk: Talk;
  readonly #telling: Telling;
  readonly #family: IpFamily;
  readonly #writesPaths: boolean;
  readonly #plain: boolean;
  readonly #withdrawn: Told[] = [];
  readonly #announced: Told[] = [];

  constructor(talk: Talk, { speaker, peer }: Omit<Telling, 'stack'>) {
    this.#talk = talk;
    this.#telling = { speaker, peer, stack: stackAt(talk.journey, speaker.netns).netns };
    this.#family = familyOfSession(peer.config);
    this.#writesPaths = agreement(peer.connection?.open, this.#family).writesPaths;
    this.#plain = !passesOn(speaker.config);
    this.told = peer.told;
    this.counts = peer.counts;
  }

  lookAtAll(): void {
    const { speaker, peer } = this.#telling;
    const isPlain = this.#plain && familiesOf(speaker.config).length === 1;
    const digest = isPlain ? ribDigest(speaker) : undefined;
    const looked = new Set(digest ? [...digest.own].sort() : speaker.rib.keys());
    let passedOver = digest?.learnt ?? 0;
    for (const key of peer.told.keys()) {
      if (looked.has(key)) continue;
      looked.add(key);
      if (isPlain) passedOver -= speaker.rib.get(key)?.length ?? 0;
    }
    for (const key of looked) this.look(key);
    this.#reject(passedOver);
  }

  look(key: string): void {
    const before = this.told.get(key) ?? NONE;
    const paths = this.#telling.speaker.rib.get(key) ?? [];
    // The session carries one family; a table may hold both.
    if (!isOfFamily(paths[0] ?? before[0], this.#family)) return;
    // In a plain mesh nothing of what one neighbour told is for another.
    if (this.#plain && before === NONE && isLearnt(paths)) {
      this.#reject(paths.length);
      return;
    }
    const after = this.#wanted(this.#writesPaths ? paths : paths.slice(0, 1));
    const gone = before.filter((old) => !after.some((told) => this.#isSamePath(old, told)));
    const fresh = after.filter(
      (told) => !before.some((old) => this.#isSamePath(old, told) && sameAttributes(old, told)),
    );
    this.#withdrawn.push(...gone);
    this.#announced.push(...fresh);
    if (gone.length + fresh.length === 0) return;
    this.told = after.length === 0 ? this.told.delete(key) : this.told.set(key, after);
    const { exportUpdates, exportWithdraws } = this.counts;
    this.counts = {
      ...this.counts,
      exportUpdates: exportUpdates + fresh.length,
      exportWithdraws: exportWithdraws + gone.length,
    };
  }

  #reject(count: number): void {
    const { exportOffered, exportRejected } = this.counts;
    this.counts = {
      ...this.counts,
      exportOffered: exportOffered + count,
      exportRejected: exportRejected + count,
    };
  }

  /** Without path identifiers there is only one path of a prefix. */
  #isSamePath(a: Told, b: Told): boolean {
    return !this.#writesPaths || a.pathId === b.pathId;
  }

  #wanted(paths: readonly Path[]): readonly Told[] {
    const wanted: Told[] = [];
    let [rejected, filtered] = [0, 0];
    for (const path of paths) {
      const attributes = announced(path, this.#telling);
      if (attributes === 'rejected') rejected += 1;
      else if (attributes === 'filtered') filtered += 1;
      else {
        const { prefix, protocol } = path;
        wanted.push({ prefix, protocol, pathId: sourceNumber(this.#talk, this.#telling, path), attributes });
      }
    }
    const { exportOffered, exportRejected, exportFiltered } = this.counts;
    this.counts = {
      ...this.counts,
      exportOffered: exportOffered + paths.length,
      exportRejected: exportRejected + rejected,
      exportFiltered: exportFiltered + filtered,
    };
    return wanted;
  }

  messages(): readonly BgpUpdate[] {
    const family = this.#family === 6 ? { family: 6 as const } : {};
    const empty: BgpUpdate = { kind: 'update', ...family, withdrawn: [], announced: [] };
    const written = ({ prefix, pathId }: Told): PathPrefix =>
      this.#writesPaths ? { prefix, pathId } : { prefix };
    const isFresh = this.#withdrawn.length === 0;
    const [first] = this.#announced;
    if (isFresh && first) {
      const name = this.#announced.map((told) => nameOf(told, this.#writesPaths)).join(' ');
      const known = announcements.get(first.attributes) ?? new Map<string, readonly BgpUpdate[]>();
      announcements.set(first.attributes, known);
      const messages = known.get(name) ?? announcing(this.#announced, written, empty);
      known.set(name, messages);
      return messages;
    }
    return [
      ...batches(this.#withdrawn.map(written), empty, 'withdrawn'),
      ...announcing(this.#announced, written, empty),
    ];
  }
}

/** Messages that several neighbours were told, by the attributes of the first route. */
const announcements = new WeakMap<PathAttributes, Map<string, readonly BgpUpdate[]>>();

const nameOf = (told: Told, writesPaths: boolean): string => {
  const { prefix, pathId } = told;
  return `${prefix.base}/${prefix.length}${writesPaths ? `#${pathId}` : ''}@${attributesText(told)}`;
};

const announcing = (
  told: readonly Told[],
  written: (told: Told) => PathPrefix,
  empty: BgpUpdate,
): readonly BgpUpdate[] =>
  groups(told).flatMap(([{ attributes }, group]) =>
    batches(group.map(written), { ...empty, attributes }, 'announced'),
  );

const isOfFamily = (known: Pick<Told, 'prefix'> | undefined, family: IpFamily): boolean =>
  known !== undefined && familyOf(known.prefix.base) === family;

const OWN_SOURCES: readonly OwnSource[] = ['static', 'kernel', 'connected'];

/** Peers tell paths of one prefix apart by a number for each source; the first free one, once and for all. */
function sourceNumber(talk: Talk, telling: Telling, path: Path): number {
  const { protocol, pathId } = path;
  const own = ownSourceOf(path);
  if (own) return OWN_SOURCES.indexOf(own) + 1;
  const speaker = talk.speaker(speakerKey(telling.speaker));
  const key = `${protocol} ${pathId}`;
  const sources = speaker?.sources ?? Table.empty<number>();
  const known = sources.get(key);
  if (known !== undefined || !speaker) return known ?? 0;
  const number = OWN_SOURCES.length + sources.size + 1;
  talk.setSpeaker({ ...speaker, sources: sources.set(key, number) });
  return number;
}

const texts = new WeakMap<PathAttributes, string>();

function attributesText({ attributes }: Told): string {
  const known = texts.get(attributes) ?? JSON.stringify(attributes);
  texts.set(attributes, known);
  return known;
}

const sameAttributes = (a: Told, b: Told): boolean => attributesText(a) === attributesText(b);

/** Routes of the same attributes share a message. */
function groups(told: readonly Told[]): readonly (readonly [Told, readonly Told[]])[] {
  const byText = new Map<string, [Told, ...Told[]]>();
  for (const each of told) {
    const text = attributesText(each);
    const group = byText.get(text);
    if (group) group.push(each);
    else byText.set(text, [each]);
  }
  return [...byText.values()].map((group) => [group[0], group] as const);
}

/** As many messages as their length allows. */
function batches(
  prefixes: readonly PathPrefix[],
  empty: BgpUpdate,
  list: 'withdrawn' | 'announced',
): readonly BgpUpdate[] {
  if (prefixes.length === 0) return [];
  // An attribute that grows beyond 255 bytes has a length of two.
  const room = BGP_MAX_MESSAGE - encodeBgp(empty).length - (empty.family === 6 ? 1 : 0);
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
