/** Brings a cluster's objects back to what was stored when the learner arrived: theirs go, the lab's come back as they were. */
import { stringify } from 'yaml';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import type { Kubectl } from '../cluster/cluster.ts';
import { differs, grouped, keyOf, takeInventory, type StoredObject } from './inventory.ts';
import { startFailed } from './start-objects.ts';

export interface Restoring {
  readonly kubectl: Kubectl;
  readonly signal: AbortSignal;
}

/** Seconds for what kubectl waits for by itself. */
const PATIENCE = 90;

/** What others need before them. */
const FIRST: readonly RegExp[] = [
  /^namespaces$/,
  /projectcalico\.org$|tigera\.io$/,
  /^(configmaps|secrets|serviceaccounts)$|rbac/,
  /^nodes$/,
  /^services$/,
];

/** The cluster's own pods: their agents are started anew by themselves. */
const AGENTS: ReadonlySet<string> = new Set([
  'kube-system',
  'calico-system',
  'calico-apiserver',
  'tigera-operator',
  'local-path-storage',
]);

/** Pods that the start files make are left to them, but that those of the start that are there must be those of the start. */
export async function restoreObjects(
  start: readonly StoredObject[],
  restoring: Restoring,
): Promise<Result<void, LabError>> {
  const now = await takeInventory(restoring.kubectl, restoring.signal);
  if (!now.ok) return now;
  const wanted = new Map(start.map((each) => [keyOf(each), each]));
  const present = new Map(now.value.map((each) => [keyOf(each), each]));
  const strange = now.value.filter((each) => !each.owned && isStrange(each, wanted.get(keyOf(each))));
  const removed = await remove(strange, restoring);
  if (!removed.ok) return removed;
  const changed = start.filter((each) => {
    const current = present.get(keyOf(each));
    return !each.owned && each.resource !== 'pods' && (!current || differs(each, current));
  });
  const restored = await put(changed.toSorted(byNeed), restoring);
  if (!restored.ok) return restored;
  // Those of workloads may still have what an object gave them that is gone: an address of the learner's pool.
  const known = new Set(start.map(({ uid }) => uid));
  const later = now.value.filter(
    ({ resource, owned, uid, namespace = '' }) =>
      resource === 'pods' && owned && !known.has(uid) && !AGENTS.has(namespace),
  );
  return remove(later, restoring);
}

/** One that the start did not have; for a pod, also another of the same name. */
const isStrange = (now: StoredObject, before: StoredObject | undefined): boolean =>
  !before || (now.resource === 'pods' && now.uid !== before.uid);

const needOf = ({ resource }: StoredObject): number => {
  const at = FIRST.findIndex((each) => each.test(resource));
  return at < 0 ? FIRST.length : at;
};

const byNeed = (a: StoredObject, b: StoredObject): number => needOf(a) - needOf(b);

/** What depends on others goes before them. */
async function remove(
  objects: readonly StoredObject[],
  restoring: Restoring,
): Promise<Result<void, LabError>> {
  const groups = grouped(objects, ({ resource, namespace }) => `${resource} ${namespace ?? ''}`);
  const ordered = groups.toSorted((a, b) => (a[0] && b[0] ? byNeed(b[0], a[0]) : 0));
  for (const group of ordered) {
    const [first] = group;
    if (!first) continue;
    const { resource, namespace } = first;
    const done = await restoring.kubectl(
      [
        ...['delete', resource, '--ignore-not-found', `--timeout=${PATIENCE}s`],
        ...(namespace === undefined ? [] : [`--namespace=${namespace}`]),
        ...(resource === 'pods' ? ['--now'] : []),
        ...['--', ...group.map(({ name }) => name)],
      ],
      { signal: restoring.signal, seconds: PATIENCE + 5 },
    );
    if (!done.ok) return done;
    if (done.value.exitCode !== 0) return err(startFailed(done.value.stderr.trim()));
  }
  return ok(undefined);
}

/** Made again, or made what they were. */
async function put(
  objects: readonly StoredObject[],
  { kubectl, signal }: Restoring,
): Promise<Result<void, LabError>> {
  for (const { wish } of objects) {
    const options = { signal, seconds: PATIENCE, stdin: new TextEncoder().encode(stringify(wish)) };
    const replaced = await kubectl(['replace', '--filename=-'], options);
    if (!replaced.ok) return replaced;
    if (replaced.value.exitCode === 0) continue;
    const missing = replaced.value.stderr.includes('(NotFound)');
    const made = await kubectl(
      missing ? ['create', '--filename=-'] : ['replace', '--force', '--filename=-'],
      options,
    );
    if (!made.ok) return made;
    if (made.value.exitCode !== 0) return err(startFailed(made.value.stderr.trim()));
  }
  return ok(undefined);
}
