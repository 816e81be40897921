/**
 * The status reporter of each calico-node: it fills the CalicoNodeStatus objects of its node when they come or change, and every
 * so many seconds as they say. What BIRD knows it asks of the world, which answers at once.
 * Source: node/pkg/status/{nodestatus,reporter}.go, Calico v3.32.1.
 */
import { jsonEquals, type JsonObject } from '../../../../base/json.ts';
import type { Change, Controller } from '../../../kube/controller.ts';
import { at, numberAt, objectAt, textAt } from '../../../kube/fields.ts';
import { isSilent, nodeMachine } from '../../../kube/machines.ts';
import type { KubeObject } from '../../../kube/object.ts';
import type { ClusterTransaction } from '../../../kube/transaction.ts';
import { CALICO_NODE_STATUSES } from '../kinds.ts';
import { runningPod } from '../node-environment.ts';

const NAME = 'calico-node-status';

/** Questions to the world, by the object's name, and its answers. Tables of the store that no API serves. */
export const STATUS_QUESTIONS = 'statusquestions.simulator';
export const STATUS_ANSWERS = 'statusanswers.simulator';

/** Milliseconds until a change is seen. */
const DELAY = 10;

/** Keys: `look/<name>` when an object has come or changed, `tick/<name>` each period, `fill/<name>` with an answer. */
export const nodeStatusReporter: Controller = {
  name: NAME,
  watches: [CALICO_NODE_STATUSES, STATUS_ANSWERS],
  react: (change) => keysFor(change),
  reconcile: (tx, key) => {
    const [step = '', name = ''] = key.split('/');
    if (step === 'fill') fill(tx, name);
    else report(tx, name);
  },
};

function keysFor({ resource, before, after }: Change): ReturnType<Controller['react']> {
  if (!after) return [];
  const { name } = after.metadata;
  if (resource === STATUS_ANSWERS) return [{ key: `fill/${name}`, after: 0 }];
  // What it writes itself is no reason to look again.
  return jsonEquals(before?.spec, after.spec) ? [] : [{ key: `look/${name}`, after: DELAY }];
}

/** The object, while the calico-node runs that is to fill it; one that does not say how often is left alone. */
function served(tx: ClusterTransaction, name: string): KubeObject | undefined {
  const object = tx.get(CALICO_NODE_STATUSES, undefined, name);
  const node = textAt(object?.spec, 'node');
  if (at(object?.spec, 'updatePeriodSeconds') === undefined || isSilent(nodeMachine(tx, node)))
    return undefined;
  return runningPod(tx, node) ? object : undefined;
}

function report(tx: ClusterTransaction, name: string): void {
  const object = tx.get(CALICO_NODE_STATUSES, undefined, name);
  const period = numberAt(object?.spec, 'updatePeriodSeconds');
  if (object && period > 0) tx.schedule(NAME, `tick/${name}`, period * 1_000);
  const asked = served(tx, name);
  if (!asked) return;
  const { node, classes } = asked.spec ?? {};
  tx.put(STATUS_QUESTIONS, {
    apiVersion: 'simulator/v1',
    kind: 'StatusQuestion',
    metadata: { name },
    spec: { node: node ?? '', classes: classes ?? [] },
  });
}

function fill(tx: ClusterTransaction, name: string): void {
  const answer: JsonObject = objectAt(tx.get(STATUS_ANSWERS, undefined, name)?.spec, 'answer');
  tx.delete(STATUS_ANSWERS, undefined, name);
  const object = served(tx, name);
  if (!object) return;
  const { lastUpdated: _before, ...known } = object.status ?? {};
  if (jsonEquals(known, answer)) return;
  tx.put(CALICO_NODE_STATUSES, { ...object, status: { ...answer, lastUpdated: tx.timestamp } });
}
