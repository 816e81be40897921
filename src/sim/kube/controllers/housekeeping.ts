/**
 * Small controllers that keep the cluster tidy: events expire, cordoned nodes carry their taint, and pods of deleted nodes
 * go.
 * Source: kube-apiserver --event-ttl; k8s.io/kubernetes pkg/controller/{nodelifecycle,podgc}, Kubernetes 1.35.
 */
import { parseTimestamp, type Millis } from '../../core/time.ts';
import type { Controller } from '../controller.ts';
import { textAt } from '../fields.ts';
import type { KubeObject } from '../object.ts';
import type { ClusterTransaction } from '../transaction.ts';

const EVENT_TTL = 3_600_000;
/** Between two looks at all events, at least: one work item serves thousands of them. */
const EVENT_SWEEP = 60_000;

export const eventExpiry: Controller = {
  name: 'event-expiry',
  watches: ['events'],
  // As long as there are events a sweep is due: the first of them asks for it.
  react: ({ before, after }, { store }) =>
    after && !before && store.table('events')?.size === 1 ? [{ key: 'sweep', after: EVENT_TTL }] : [],
  reconcile: (tx, key) => {
    let soonest = Infinity;
    for (const event of tx.list('events')) {
      const left = timeLeft(tx, event);
      if (left <= 0) tx.delete('events', event.metadata.namespace, event.metadata.name);
      else soonest = Math.min(soonest, left);
    }
    if (soonest < Infinity) tx.schedule('event-expiry', key, Math.max(soonest, EVENT_SWEEP));
  },
};

/** Virtual milliseconds until an event has been silent for the time to live. */
function timeLeft({ epoch, now }: ClusterTransaction, event: KubeObject): Millis {
  const last =
    textAt(event, 'series', 'lastObservedTime') ||
    textAt(event, 'lastTimestamp') ||
    textAt(event, 'eventTime');
  return parseTimestamp(last) - epoch + EVENT_TTL - now;
}
