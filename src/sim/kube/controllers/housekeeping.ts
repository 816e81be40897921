/**
 * Small controllers that keep the cluster tidy: events expire, cordoned nodes carry their taint, and pods of deleted nodes
 * go.
 * Source: kube-apiserver --event-ttl; k8s.io/kubernetes pkg/controller/{nodelifecycle,podgc}, Kubernetes 1.35.
 */
import { parseTimestamp } from '../../core/time.ts';
import type { JsonObject } from '../../../base/json.ts';
import type { Controller } from '../controller.ts';
import { deleteObject } from '../deletion.ts';
import { at, listAt, textAt } from '../fields.ts';
import { PODS } from '../kinds/pod.ts';
import { keyOf, podsOnNode, splitKey } from './ownership.ts';

const EVENT_TTL = 3_600_000;

export const eventExpiry: Controller = {
  name: 'event-expiry',
  react: ({ resource, before, after }) =>
    resource === 'events' && after && !before ? [{ key: keyOf(after), after: EVENT_TTL }] : [],
  reconcile: (tx, key) => {
    const { namespace, name } = splitKey(key);
    const event = tx.get('events', namespace, name);
    if (!event) return;
    const last =
      textAt(event, 'series', 'lastObservedTime') ||
      textAt(event, 'lastTimestamp') ||
      textAt(event, 'eventTime');
    const left = parseTimestamp(last) - tx.state.epoch + EVENT_TTL - tx.now;
    if (left > 0) tx.schedule('event-expiry', key, Math.max(left, 1000));
    else tx.delete('events', namespace, name);
  },
};

const CORDON_TAINT = 'node.kubernetes.io/unschedulable';

export const nodeLifecycle: Controller = {
  name: 'node-lifecycle',
  react: ({ resource, before, after }) => {
    if (resource !== 'nodes' || before?.spec === after?.spec) return [];
    return [{ key: (after ?? before)?.metadata.name ?? '', after: 10 }];
  },
  reconcile: (tx, key) => {
    const node = tx.get('nodes', undefined, key);
    if (!node) {
      for (const pod of podsOnNode(tx, key)) deleteObject(tx, PODS, pod, { gracePeriodSeconds: 0 });
      return;
    }
    const taints = listAt(node.spec, 'taints');
    const cordoned = at(node.spec, 'unschedulable') === true;
    const marked = taints.some((taint) => taint['key'] === CORDON_TAINT);
    if (cordoned === marked) return;
    const timeAdded = tx.timestamp;
    const next: readonly JsonObject[] = cordoned
      ? [...taints, { key: CORDON_TAINT, effect: 'NoSchedule', timeAdded }]
      : taints.filter((taint) => taint['key'] !== CORDON_TAINT);
    const { taints: _, ...spec } = node.spec ?? {};
    tx.put('nodes', { ...node, spec: { ...spec, ...(next.length === 0 ? {} : { taints: next }) } });
  },
};
