/**
 * Events as controllers write them: repeated ones are counted instead of added.
 * Source: k8s.io/client-go tools/record (names, aggregation) and tools/events (the scheduler's newer form), v0.35.
 */
import type { Json, JsonObject } from '../../../base/json.ts';
import { numberAt, textAt } from '../fields.ts';
import type { KubeObject } from '../object.ts';
import { TableIndex } from '../table-index.ts';
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

export function recordEvent(tx: ClusterTransaction, input: EventInput): void {
  const namespace = input.about.metadata.namespace ?? 'default';
  const earlier = findEarlier(tx, input);
  if (earlier) {
    tx.put(EVENTS, again(tx, earlier, input));
    return;
  }
  tx.put(EVENTS, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: {
      name: freeName(tx, namespace, input.about.metadata.name),
      namespace,
      uid: tx.uid(),
      creationTimestamp: tx.timestamp,
    },
    involvedObject: reference(input),
    reason: input.reason,
    message: input.message,
    type: input.type,
    ...(input.action === undefined ? classic(tx, input) : modern(tx, input, input.action)),
  });
}

function reference({ about, fieldPath }: EventInput): JsonObject {
  const { namespace, name, uid, resourceVersion } = about.metadata;
  return {
    kind: about.kind,
    ...(namespace === undefined ? {} : { namespace }),
    name,
    uid: uid ?? '',
    apiVersion: about.apiVersion,
    resourceVersion: resourceVersion ?? '',
    ...(fieldPath === undefined ? {} : { fieldPath }),
  };
}

const classic = (tx: ClusterTransaction, { component, host }: EventInput): JsonObject => ({
  source: { component, ...(host === undefined ? {} : { host }) },
  firstTimestamp: tx.timestamp,
  lastTimestamp: tx.timestamp,
  count: 1,
  eventTime: null,
  reportingComponent: component,
  reportingInstance: host ?? '',
});

function microTime({ timestamp, state: { epoch }, now }: ClusterTransaction): string {
  const milliseconds = String((epoch + Math.floor(now)) % 1000).padStart(3, '0');
  return `${timestamp.slice(0, -1)}.${milliseconds}000Z`;
}

const modern = (tx: ClusterTransaction, { component, host }: EventInput, action: string): JsonObject => ({
  action,
  source: {},
  firstTimestamp: null,
  lastTimestamp: null,
  eventTime: microTime(tx),
  reportingComponent: component,
  reportingInstance: host ?? '',
});

function again(tx: ClusterTransaction, earlier: KubeObject, { action }: EventInput): KubeObject {
  if (action === undefined) {
    return { ...earlier, count: numberAt(earlier, 'count') + 1, lastTimestamp: tx.timestamp };
  }
  const count = Math.max(numberAt(earlier, 'series', 'count'), 1) + 1;
  return { ...earlier, series: { count, lastObservedTime: microTime(tx) } as Json };
}

/** A large replica set has thousands of events: they are found by what they say. */
const bySaying = new TableIndex<KubeObject>(({ involvedObject, message }) => [
  saying(textAt(involvedObject, 'uid'), String(message)),
]);

const saying = (uid: string, message: string): string => `${uid} ${message}`;

/** The event that says the same about the same object. */
function findEarlier(
  tx: ClusterTransaction,
  { about, reason, fieldPath = '', message }: EventInput,
): KubeObject | undefined {
  const { uid = '', name, namespace = 'default' } = about.metadata;
  return bySaying
    .group(tx.table(EVENTS), saying(uid, message))
    .find(
      (event) =>
        event['reason'] === reason &&
        event.metadata.namespace === namespace &&
        textAt(event, 'involvedObject', 'fieldPath') === fieldPath &&
        textAt(event, 'involvedObject', 'name') === name,
    );
}

/** `<object>.<nanoseconds since 1970 in hex>`; within one instant the store's revision keeps the order of telling. */
function freeName(tx: ClusterTransaction, namespace: string, base: string): string {
  const instant = BigInt(Math.floor(tx.state.epoch + tx.now)) * 1_000_000n;
  let nanoseconds = instant + BigInt(tx.state.store.revision % 1_000_000);
  while (tx.get(EVENTS, namespace, `${base}.${nanoseconds.toString(16)}`)) nanoseconds += 1n;
  return `${base}.${nanoseconds.toString(16)}`;
}
