/**
 * Rolls a Deployment's pods from one ReplicaSet to the next.
 * Source: k8s.io/kubernetes pkg/controller/deployment/{sync,rolling,recreate}.go, Kubernetes 1.35. Proportional scaling in
 * the middle of a rollout is left out: the rolling steps converge to the same counts.
 */
import { jsonEquals, type Json, type JsonObject } from '../../../base/json.ts';
import { createObject, putStatus } from '../admission.ts';
import type { Controller } from '../controller.ts';
import { deleteObject } from '../deletion.ts';
import { at, numberAt, objectAt, textAt } from '../fields.ts';
import { DEPLOYMENTS, REPLICA_SETS } from '../kinds/workload.ts';
import type { KubeObject } from '../object.ts';
import type { ClusterTransaction } from '../transaction.ts';
import {
  conditionsOf,
  created,
  foundExisting,
  hasDeadline,
  pauseCondition,
  withNews,
  type DeploymentCondition,
} from './deployment-conditions.ts';
import { reportDeployment } from './deployment-status.ts';
import { recordEvent } from './event-recorder.ts';
import {
  controllerReference,
  jsonOf,
  keyOf,
  podsOwnedBy,
  replicaSetsOwnedBy,
  splitKey,
} from './ownership.ts';
import { conditionOf, isActive } from './pod-state.ts';
import { ownerKeys } from './replica-set-controller.ts';
import { templateHash } from './template-hash.ts';

export const DEPLOYMENT_CONTROLLER = 'deployment';
const COMPONENT = 'deployment-controller';
const DELAY = 15;
const HASH_LABEL = 'pod-template-hash';
export const REVISION = 'deployment.kubernetes.io/revision';
const DESIRED = 'deployment.kubernetes.io/desired-replicas';
const MAX = 'deployment.kubernetes.io/max-replicas';
/** Annotations that stay with the Deployment. */
const OWN_ANNOTATIONS = ['kubectl.kubernetes.io/last-applied-configuration', REVISION, DESIRED, MAX];

export const deploymentController: Controller = {
  name: DEPLOYMENT_CONTROLLER,
  watches: [DEPLOYMENTS.name, REPLICA_SETS.name],
  react: (change) => {
    if (change.resource === REPLICA_SETS.name) return ownerKeys(change, 'Deployment', DELAY);
    if (change.resource !== DEPLOYMENTS.name || !change.after) return [];
    return [{ key: keyOf(change.after), after: DELAY }];
  },
  reconcile: (tx, key) => {
    const { namespace, name } = splitKey(key);
    const deployment = tx.get(DEPLOYMENTS.name, namespace, name);
    if (!deployment) return;
    if (deployment.metadata.deletionTimestamp === undefined) roll(tx, withPause(tx, deployment));
    const current = tx.get(DEPLOYMENTS.name, namespace, name);
    if (current)
      reportDeployment(
        tx,
        current,
        replicaSetsOwnedBy(tx, current),
        currentSet(current, replicaSetsOwnedBy(tx, current)),
      );
  },
};

function withPause(tx: ClusterTransaction, deployment: KubeObject): KubeObject {
  const condition = pauseCondition(deployment);
  return condition
    ? putStatus(tx, DEPLOYMENTS, deployment, withCondition(tx, deployment, condition))
    : deployment;
}

const withCondition = (
  tx: ClusterTransaction,
  deployment: KubeObject,
  condition: DeploymentCondition,
): JsonObject => ({
  ...deployment.status,
  conditions: withNews(conditionsOf(deployment), condition, tx.timestamp),
});

export const replicasOf = (object: KubeObject): number => numberAt(object.spec, 'replicas');
const availableOf = (set: KubeObject): number => numberAt(set.status, 'availableReplicas');
const sum = (sets: readonly KubeObject[], count: (set: KubeObject) => number): number =>
  sets.reduce((total, set) => total + count(set), 0);

/** The template without the hash label that a ReplicaSet adds. */
function plainTemplate(object: KubeObject): Json {
  const template = objectAt(object.spec, 'template');
  const { [HASH_LABEL]: _, ...labels } = objectAt(template, 'metadata', 'labels');
  return { ...template, metadata: { ...objectAt(template, 'metadata'), labels } };
}

/** The ReplicaSet of the present template; the oldest when several fit. */
export function currentSet(deployment: KubeObject, sets: readonly KubeObject[]): KubeObject | undefined {
  const wanted = plainTemplate(deployment);
  return byAge(sets).find((set) => jsonEquals(plainTemplate(set), wanted));
}

const byAge = (sets: readonly KubeObject[]): readonly KubeObject[] =>
  sets.toSorted((a, b) => revisionOf(a) - revisionOf(b) || (a.metadata.name < b.metadata.name ? -1 : 1));

export const revisionOf = (object: KubeObject): number =>
  Number(object.metadata.annotations?.[REVISION] ?? 0);

/** An absolute count of `total`: percentages round up for surge, down for unavailable. */
function share(value: Json | undefined, total: number, round: (count: number) => number): number {
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(String(value ?? '0%'))?.[1];
  return round((Number(percent ?? 0) / 100) * total);
}

export interface Slack {
  readonly surge: number;
  readonly unavailable: number;
}

export function slackOf(deployment: KubeObject): Slack {
  const rolling = at(deployment.spec, 'strategy', 'rollingUpdate');
  if (textAt(deployment.spec, 'strategy', 'type') !== 'RollingUpdate') return { surge: 0, unavailable: 0 };
  const total = replicasOf(deployment);
  const surge = share(at(rolling, 'maxSurge'), total, Math.ceil);
  const unavailable = Math.min(share(at(rolling, 'maxUnavailable'), total, Math.floor), total);
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable };
}

function roll(tx: ClusterTransaction, deployment: KubeObject): void {
  const sets = replicaSetsOwnedBy(tx, deployment);
  const existing = currentSet(deployment, sets);
  const old = byAge(sets.filter((set) => set !== existing));
  if (at(deployment.spec, 'paused') === true) {
    const active = existing ?? old.at(-1);
    if (active && replicasOf(active) > 0) scale(tx, deployment, active, replicasOf(deployment));
    return;
  }
  const recreate = textAt(deployment.spec, 'strategy', 'type') === 'Recreate';
  if (recreate && !cleared(tx, deployment, old)) return;
  const present = existing ? renewed(tx, deployment, existing, old) : newSet(tx, deployment, old);
  if (recreate) scale(tx, deployment, present, replicasOf(deployment));
  else if (!grow(tx, deployment, present, old)) shrink(tx, deployment, present, old);
  trimHistory(tx, deployment, present);
}

/** Recreate: everything old is gone, pods included. */
function cleared(tx: ClusterTransaction, deployment: KubeObject, old: readonly KubeObject[]): boolean {
  for (const set of old) scale(tx, deployment, set, 0);
  return old.every(
    (set) =>
      podsOwnedBy(tx, set).filter((pod) => isActive(pod) || pod.metadata.deletionTimestamp).length === 0,
  );
}

function annotationsFor(deployment: KubeObject, revision: number): Readonly<Record<string, string>> {
  const shared = Object.entries(deployment.metadata.annotations ?? {}).filter(
    ([key]) => !OWN_ANNOTATIONS.includes(key),
  );
  const wanted = replicasOf(deployment);
  return {
    ...Object.fromEntries(shared),
    [DESIRED]: String(wanted),
    [MAX]: String(wanted + slackOf(deployment).surge),
    [REVISION]: String(revision),
  };
}

const nextRevision = (old: readonly KubeObject[]): number => Math.max(0, ...old.map(revisionOf)) + 1;

/** The revision and what there is to say of the set that has it, in one write. */
function noteRevision(
  tx: ClusterTransaction,
  deployment: KubeObject,
  revision: number,
  condition: DeploymentCondition | undefined,
): void {
  const news = hasDeadline(deployment) ? condition : undefined;
  if (revisionOf(deployment) === revision && !news) return;
  const annotations = { ...deployment.metadata.annotations, [REVISION]: String(revision) };
  tx.put(DEPLOYMENTS.name, {
    ...deployment,
    metadata: { ...deployment.metadata, annotations },
    ...(news && { status: withCondition(tx, deployment, news) }),
  });
}

/** Going back to an earlier template makes its ReplicaSet the newest revision. */
function renewed(
  tx: ClusterTransaction,
  deployment: KubeObject,
  set: KubeObject,
  old: readonly KubeObject[],
): KubeObject {
  const revision = Math.max(revisionOf(set), nextRevision(old));
  const isUnsaid = conditionOf(deployment, 'Progressing') === undefined;
  noteRevision(tx, deployment, revision, isUnsaid ? foundExisting(set.metadata.name) : undefined);
  const annotations = { ...set.metadata.annotations, ...annotationsFor(deployment, revision) };
  if (jsonEquals(annotations, set.metadata.annotations ?? {})) return set;
  return tx.put(REPLICA_SETS.name, { ...set, metadata: { ...set.metadata, annotations } });
}

function newSet(tx: ClusterTransaction, deployment: KubeObject, old: readonly KubeObject[]): KubeObject {
  const revision = nextRevision(old);
  const template = plainTemplate(deployment);
  const hash = freeHash(tx, deployment, template);
  const name = `${deployment.metadata.name}-${hash}`;
  const labels = {
    ...(objectAt(template, 'metadata', 'labels') as Readonly<Record<string, string>>),
    [HASH_LABEL]: hash,
  };
  const selector = objectAt(deployment.spec, 'selector');
  const replicas = grownSize(deployment, 0, sum(old, replicasOf));
  const set = createObject(tx, REPLICA_SETS, {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name,
      ...(deployment.metadata.namespace === undefined ? {} : { namespace: deployment.metadata.namespace }),
      labels,
      annotations: annotationsFor(deployment, revision),
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas,
      ...(deployment.spec?.['minReadySeconds'] === undefined
        ? {}
        : { minReadySeconds: deployment.spec['minReadySeconds'] }),
      selector: { ...selector, matchLabels: { ...objectAt(selector, 'matchLabels'), [HASH_LABEL]: hash } },
      template: jsonOf({
        ...(template as JsonObject),
        metadata: { ...objectAt(template, 'metadata'), labels },
      }),
    },
  });
  noteRevision(tx, deployment, revision, created(name));
  if (replicas > 0) announce(tx, deployment, `Scaled up replica set ${name} from 0 to ${replicas}`);
  return set;
}

function freeHash(tx: ClusterTransaction, deployment: KubeObject, template: Json): string {
  for (let collisions = 0; ; collisions += 1) {
    const hash = templateHash(template, collisions);
    if (!tx.get(REPLICA_SETS.name, deployment.metadata.namespace, `${deployment.metadata.name}-${hash}`))
      return hash;
  }
}

const announce = (tx: ClusterTransaction, deployment: KubeObject, message: string): void =>
  recordEvent(tx, {
    about: deployment,
    type: 'Normal',
    reason: 'ScalingReplicaSet',
    message,
    component: COMPONENT,
  });

function scale(tx: ClusterTransaction, deployment: KubeObject, set: KubeObject, replicas: number): boolean {
  const now = replicasOf(set);
  if (now === replicas) return false;
  const annotations = { ...set.metadata.annotations, ...annotationsFor(deployment, revisionOf(set)) };
  const generation = (set.metadata.generation ?? 0) + 1;
  tx.put(REPLICA_SETS.name, {
    ...set,
    metadata: { ...set.metadata, annotations, generation },
    spec: { ...set.spec, replicas },
  });
  const direction = replicas > now ? 'up' : 'down';
  announce(tx, deployment, `Scaled ${direction} replica set ${set.metadata.name} from ${now} to ${replicas}`);
  return true;
}

/** How large the new set may be when it has `now` replicas and the old ones have `others`. */
function grownSize(deployment: KubeObject, now: number, others: number): number {
  const wanted = replicasOf(deployment);
  if (textAt(deployment.spec, 'strategy', 'type') !== 'RollingUpdate') return wanted;
  const room = wanted + slackOf(deployment).surge - (now + others);
  return room <= 0 ? now : now + Math.min(room, Math.max(wanted - now, 0));
}

function grow(
  tx: ClusterTransaction,
  deployment: KubeObject,
  present: KubeObject,
  old: readonly KubeObject[],
): boolean {
  const wanted = replicasOf(deployment);
  const now = replicasOf(present);
  if (now > wanted) return scale(tx, deployment, present, wanted);
  return scale(tx, deployment, present, grownSize(deployment, now, sum(old, replicasOf)));
}

/** Old sets shrink as far as availability allows, unhealthy replicas first. */
function shrink(
  tx: ClusterTransaction,
  deployment: KubeObject,
  present: KubeObject,
  old: readonly KubeObject[],
): void {
  const active = old.filter((set) => replicasOf(set) > 0);
  if (active.length === 0) return;
  const minAvailable = replicasOf(deployment) - slackOf(deployment).unavailable;
  const unavailableNew = replicasOf(present) - availableOf(present);
  const total = replicasOf(present) + sum(old, replicasOf);
  let budget = total - minAvailable - unavailableNew;
  if (budget <= 0) return;
  const sizes = new Map(active.map((set) => [set, replicasOf(set)]));
  for (const set of active) {
    const unhealthy = Math.min(budget, replicasOf(set) - availableOf(set));
    if (unhealthy <= 0) continue;
    sizes.set(set, replicasOf(set) - unhealthy);
    budget -= unhealthy;
  }
  let spare = sum([...old, present], availableOf) - minAvailable;
  for (const set of active) {
    const size = sizes.get(set) ?? 0;
    const fewer = Math.min(size, Math.max(spare, 0));
    spare -= fewer;
    scale(tx, deployment, set, size - fewer);
  }
}

/** Old, empty sets beyond revisionHistoryLimit go. */
function trimHistory(tx: ClusterTransaction, deployment: KubeObject, present: KubeObject): void {
  const limit = numberAt(deployment.spec, 'revisionHistoryLimit');
  const old = byAge(
    replicaSetsOwnedBy(tx, deployment).filter((set) => set.metadata.uid !== present.metadata.uid),
  );
  for (const set of old.slice(0, Math.max(0, old.length - limit))) {
    const empty = replicasOf(set) === 0 && numberAt(set.status, 'replicas') === 0;
    if (empty && set.metadata.deletionTimestamp === undefined) deleteObject(tx, REPLICA_SETS, set);
  }
}
