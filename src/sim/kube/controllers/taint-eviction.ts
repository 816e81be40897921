/**
 * Evicts pods that do not tolerate a NoExecute taint of their node, at once or after tolerationSeconds.
 * Source: k8s.io/kubernetes pkg/controller/tainteviction, Kubernetes 1.35.
 */
import type { JsonObject } from '../../../base/json.ts';
import { parseTimestamp, type Millis } from '../../core/time.ts';
import type { Controller } from '../controller.ts';
import { deleteObject } from '../deletion.ts';
import { listAt, numberAt, textAt } from '../fields.ts';
import { PODS } from '../kinds/pod.ts';
import type { KubeObject } from '../object.ts';
import type { ClusterTransaction } from '../transaction.ts';
import { recordEvent } from './event-recorder.ts';
import { tolerates } from './node-fit.ts';
import { keyOf, podsOnNode, splitKey } from './ownership.ts';
import { isActive } from './pod-state.ts';

const NAME = 'taint-eviction';
const isExecuting = (taint: JsonObject): boolean => textAt(taint, 'effect') === 'NoExecute';
const executing = (node: KubeObject | undefined): readonly JsonObject[] =>
  listAt(node?.spec, 'taints').filter(isExecuting);

export const taintEviction: Controller = {
  name: NAME,
  watches: ['nodes'],
  react: ({ resource, before, after }) => {
    if (resource !== 'nodes' || !after || before?.spec === after.spec || executing(after).length === 0)
      return [];
    return [{ key: `node/${after.metadata.name}`, after: 10 }];
  },
  reconcile: (tx, key) => {
    const slash = key.indexOf('/');
    const rest = key.slice(slash + 1);
    if (key.startsWith('node/')) for (const pod of podsOnNode(tx, rest)) judge(tx, pod);
    else {
      const { namespace, name } = splitKey(rest);
      const pod = tx.get('pods', namespace, name);
      if (pod) judge(tx, pod);
    }
  },
};

function judge(tx: ClusterTransaction, pod: KubeObject): void {
  if (!isActive(pod)) return;
  const node = tx.get('nodes', undefined, textAt(pod.spec, 'nodeName'));
  const least = Math.min(...executing(node).map((taint) => patience(tx, pod, taint)));
  if (least === Infinity) return;
  if (least > 0) {
    tx.schedule(NAME, `pod/${keyOf(pod)}`, least);
    return;
  }
  recordEvent(tx, {
    about: pod,
    type: 'Normal',
    reason: 'TaintManagerEviction',
    message: `Marking for deletion Pod ${keyOf(pod)}`,
    component: 'taint-eviction-controller',
  });
  deleteObject(tx, PODS, pod);
}

/** Virtual milliseconds that a taint leaves the pod from now on; one that went and came again counts anew. */
function patience(tx: ClusterTransaction, pod: KubeObject, taint: JsonObject): Millis {
  const tolerated = toleratedFor(pod, taint) * 1000;
  if (tolerated === 0 || tolerated === Infinity) return tolerated;
  const added = textAt(taint, 'timeAdded');
  if (added === '') return tolerated;
  return parseTimestamp(added) - tx.epoch + tolerated - tx.now;
}

/** Seconds; infinite when tolerated without limit, 0 when not at all. */
function toleratedFor(pod: KubeObject, taint: JsonObject): number {
  const fitting = listAt(pod.spec, 'tolerations').filter((toleration) => tolerates(toleration, taint));
  if (fitting.length === 0) return 0;
  return Math.min(
    ...fitting.map((toleration) =>
      toleration['tolerationSeconds'] === undefined
        ? Infinity
        : Math.max(0, numberAt(toleration, 'tolerationSeconds')),
    ),
  );
}
