/**
 * Events as controllers write them: repeated ones are counted instead of added, and so are many that differ in their words only.
 * Source: k8s.io/client-go tools/record (names, aggregation) and tools/events (the scheduler's newer form), v0.35.
 * Left out: the filter that keeps a recorder from telling more than 25 times of one object.
 */
import type { Json, JsonObject } from '../../../base/json.ts';
import { memoize } from '../../core/memo.ts';
import { parseTimestamp, type Millis } from '../../core/time.ts';
import { numberAt, textAt } from '../fields.ts';
import type { KubeObject, ObjectMeta } from '../object.ts';
import type { ClusterTransaction } from '../transaction.ts';

export interface EventInput {
  readonly about: KubeObject;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** e.g. `kubelet`, `deployment-controller`. */
  readonly component: string;
  /** The node, for the kubelet's events. */
  readonly host?: string;
  /** e.g. `spec.containers{web}` */
  readonly fieldPath?: string;
  /** Written through events.k8s.io: times in `eventTime`, the source in `reportingComponent`. */
  readonly action?: string;
}

const EVENTS = 'events';

export function recordEvent(tx: ClusterTransaction, told: EventInput): void {
  const known = eventsAbout(tx, told.about);
  const input = isOneOfMany(tx, told, known) ? { ...told, message: `${COMBINED}${told.message}` } : told;
  const namespace = namespaceOf(input.about);
  const earlier = findEarlier(input, known);
  if (earlier) {
    tx.put(EVENTS, { ...again(tx, earlier, input), message: input.message });
    return;
  }
  const name = freeName(tx, namespace, input.about.metadata.name);
  const uid = tx.uid();
  const { timestamp: creationTimestamp, nextVersion: resourceVersion } = tx;
  const metadata = { name, namespace, uid, creationTimestamp, resourceVersion };
  tx.put(EVENTS, input.action === undefined ? classic(tx, input, metadata) : modern(tx, input, metadata));
}

function reference({ about, fieldPath }: EventInput): JsonObject {
  const { kind, apiVersion } = about;
  const { namespace, name, uid = '', resourceVersion = '' } = about.metadata;
  if (namespace === undefined)
    return { kind, name, uid, apiVersion, resourceVersion, ...(fieldPath !== undefined && { fieldPath }) };
  return fieldPath === undefined
    ? { kind, namespace, name, uid, apiVersion, resourceVersion }
    : { kind, namespace, name, uid, apiVersion, resourceVersion, fieldPath };
}

/** A large cluster has dozens for each node: written in one piece, an event takes half the memory. */
const classic = (tx: ClusterTransaction, input: EventInput, metadata: ObjectMeta): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata,
  involvedObject: reference(input),
  reason: input.reason,
  message: input.message,
  type: input.type,
  source: sourceOf(input.component, input.host),
  firstTimestamp: tx.timestamp,
  lastTimestamp: tx.timestamp,
  count: 1,
  eventTime: null,
  reportingComponent: input.component,
  reportingInstance: input.host ?? '',
});

/** Of the last ones that told something: their events share it. */
const sourceOf = memoize(
  (component: string, host: string | undefined): JsonObject => ({
    component,
    ...(host === undefined ? {} : { host }),
  }),
  16,
);

function microTime({ timestamp, epoch, now }: ClusterTransaction): string {
  const milliseconds = String((epoch + Math.floor(now)) % 1000).padStart(3, '0');
  return [timestamp.slice(0, -1), '.', milliseconds, '000Z'].join('');
}

/** As events.k8s.io writes them. */
const modern = (tx: ClusterTransaction, input: EventInput, metadata: ObjectMeta): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata,
  involvedObject: reference(input),
  reason: input.reason,
  message: input.message,
  type: input.type,
  action: input.action,
  source: NO_SOURCE,
  firstTimestamp: null,
  lastTimestamp: null,
  eventTime: microTime(tx),
  reportingComponent: input.component,
  reportingInstance: input.host ?? '',
});

const NO_SOURCE: JsonObject = {};

function again(tx: ClusterTransaction, earlier: KubeObject, { action }: EventInput): KubeObject {
  if (action === undefined) {
    return { ...earlier, count: numberAt(earlier, 'count') + 1, lastTimestamp: tx.timestamp };
  }
  const count = Math.max(numberAt(earlier, 'series', 'count'), 1) + 1;
  return { ...earlier, series: { count, lastObservedTime: microTime(tx) } as Json };
}

/** Of an object without one, `default`. */
const namespaceOf = ({ metadata: { namespace = 'default' } }: KubeObject): string => namespace;

/** A large cluster has thousands of events, and few about one object: their names begin with its. */
function eventsAbout(tx: ClusterTransaction, about: KubeObject): readonly KubeObject[] {
  const { name, uid = '' } = about.metadata;
  const named = tx.table(EVENTS)?.withPrefix(`${namespaceOf(about)}/${name}.`) ?? [];
  return named.filter(({ involvedObject }) => textAt(involvedObject, 'uid') === uid);
}

const COMBINED = '(combined from similar events): ';
/** From this many wordings on, each within so many milliseconds of the last, they are told as one. */
const MOST_SIMILAR = 10;
const SIMILAR_WITHIN: Millis = 600_000;

/** Events about one object for one reason by one reporter. */
const similarTo = (
  { type, reason, component, host = '' }: EventInput,
  known: readonly KubeObject[],
): readonly KubeObject[] =>
  known.filter(
    (event) =>
      event['type'] === type &&
      event['reason'] === reason &&
      textAt(event['source'], 'component') === component &&
      textAt(event['source'], 'host') === host,
  );

const isCombined = ({ message }: KubeObject): boolean => String(message).startsWith(COMBINED);

function isOneOfMany(tx: ClusterTransaction, input: EventInput, known: readonly KubeObject[]): boolean {
  if (input.action !== undefined || known.length < MOST_SIMILAR - 1) return false;
  const similar = similarTo(input, known);
  if (similar.length < MOST_SIMILAR - 1) return false;
  const since = tx.epoch + tx.now - SIMILAR_WITHIN;
  const recent = similar.filter((event) => parseTimestamp(String(event['lastTimestamp'])) >= since);
  if (recent.some(isCombined)) return true;
  const isNew = !recent.some(({ message }) => message === input.message);
  return recent.length + (isNew ? 1 : 0) >= MOST_SIMILAR;
}

/** The event that says the same about the same object, or what many others say. */
function findEarlier(input: EventInput, known: readonly KubeObject[]): KubeObject | undefined {
  const { about, reason, fieldPath = '', message } = input;
  if (message.startsWith(COMBINED)) return similarTo(input, known).find(isCombined);
  return known.find(
    (event) =>
      event['message'] === message &&
      event['reason'] === reason &&
      textAt(event, 'involvedObject', 'fieldPath') === fieldPath &&
      textAt(event, 'involvedObject', 'name') === about.metadata.name,
  );
}

/** `<object>.<nanoseconds since 1970 in hex>`; within one instant the store's revision keeps the order of telling. */
function freeName(tx: ClusterTransaction, namespace: string, base: string): string {
  const instant = BigInt(Math.floor(tx.epoch + tx.now)) * 1_000_000n;
  let nanoseconds = instant + BigInt(tx.revision % 1_000_000);
  for (;;) {
    const name = [base, nanoseconds.toString(16)].join('.');
    if (!tx.get(EVENTS, namespace, name)) return name;
    nanoseconds += 1n;
  }
}
