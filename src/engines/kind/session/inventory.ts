/**
 * What is stored in a cluster when the learner arrives, so that a reset can tell theirs from the lab's: every object of every
 * kind that can be listed, but for what the cluster writes by itself. Kept beside the cluster's journal, since a cluster may
 * be opened again by another process.
 */
import { canonicalJson, isJsonObject, type JsonObject } from '../../../base/json.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import type { Kubectl } from '../cluster/cluster.ts';
import { apiRefused } from '../probe/errors.ts';
import { listAt, parsed, textAt } from '../probe/kubernetes.ts';

/** Written by controllers, agents and the API server alone, or views of other objects. */
const OWN_WRITING: readonly RegExp[] = [
  /^(events|endpoints|componentstatuses|bindings|replicationcontrollers)$/,
  /^events\.events\.k8s\.io$/,
  /^endpointslices\.discovery\.k8s\.io$/,
  /^leases\.coordination\.k8s\.io$/,
  /^controllerrevisions\.apps$/,
  /^(csinodes|volumeattachments|csistoragecapacities)\.storage\.k8s\.io$/,
  /^certificatesigningrequests\.certificates\.k8s\.io$/,
  /^(flowschemas|prioritylevelconfigurations)\.flowcontrol\.apiserver\.k8s\.io$/,
  /^apiservices\.apiregistration\.k8s\.io$/,
  /^customresourcedefinitions\.apiextensions\.k8s\.io$/,
  /^(ipaddresses|servicecidrs)\.networking\.k8s\.io$/,
  /\.metrics\.k8s\.io$/,
  /^(ipamblocks|ipamhandles|ipamconfigs|blockaffinities|clusterinformations)\.crd\.projectcalico\.org$/,
  /[^d]\.projectcalico\.org$/,
  /^tigerastatuses\.operator\.tigera\.io$/,
];

const LONG = 60;

/** What tigera-operator writes its own policies into. */
const OPERATORS_TIER = 'calico-system';

export interface StoredObject {
  /** As kubectl names it: `pods`, `ippools.crd.projectcalico.org`. */
  readonly resource: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid: string;
  /** It is made and removed with another object, or by the operator alone. */
  readonly owned: boolean;
  /** A running pod that says it is ready. */
  readonly ready: boolean;
  /** A pod whose work is done. */
  readonly succeeded: boolean;
  /** What was asked for, without what the API server adds. */
  readonly wish: JsonObject;
}

export const keyOf = ({ resource, namespace = '', name }: StoredObject): string =>
  [resource, namespace, name].join('/');

/** Those that are alike together. */
export function grouped(
  objects: readonly StoredObject[],
  by: (object: StoredObject) => string,
): readonly (readonly StoredObject[])[] {
  const groups = new Map<string, StoredObject[]>();
  for (const each of objects) groups.set(by(each), [...(groups.get(by(each)) ?? []), each]);
  return [...groups.values()];
}

/** Everything that is stored now. */
export async function takeInventory(
  kubectl: Kubectl,
  signal: AbortSignal,
): Promise<Result<readonly StoredObject[], LabError>> {
  const kinds = await ask(kubectl, ['api-resources', '--verbs=list,delete', '--output=name'], signal);
  if (!kinds.ok) return kinds;
  const resources = kinds.value
    .split('\n')
    .filter((name) => name !== '' && !OWN_WRITING.some((each) => each.test(name)));
  const listed = await ask(
    kubectl,
    ['get', resources.join(','), '--all-namespaces', '--output=json', '--ignore-not-found'],
    signal,
  );
  if (!listed.ok) return listed;
  const read = parsed(listed.value);
  return ok(isJsonObject(read) ? listAt(read, 'items').map((item) => storedObject(item, resources)) : []);
}

async function ask(
  kubectl: Kubectl,
  argv: readonly string[],
  signal: AbortSignal,
): Promise<Result<string, LabError>> {
  const done = await kubectl(argv, { signal, seconds: LONG });
  if (!done.ok) return done;
  const { exitCode, stdout, stderr } = done.value;
  // One API group may be away (an aggregated server): what the others store is still known.
  if (exitCode !== 0 && stdout.trim() === '') return err(apiRefused(argv[0] ?? '', stderr.trim()));
  return ok(stdout);
}

function storedObject(object: JsonObject, resources: readonly string[]): StoredObject {
  const metadata = isJsonObject(object['metadata']) ? object['metadata'] : {};
  const namespace = textAt(metadata, 'namespace');
  const status = isJsonObject(object['status']) ? object['status'] : {};
  return {
    resource: resourceOf(object, resources),
    ...(namespace === undefined ? {} : { namespace }),
    name: textAt(metadata, 'name') ?? '',
    uid: textAt(metadata, 'uid') ?? '',
    owned: listAt(metadata, 'ownerReferences').length > 0 || isInOperatorsTier(object),
    ready: listAt(status, 'conditions').some(({ type, status: is }) => type === 'Ready' && is === 'True'),
    succeeded: status['phase'] === 'Succeeded',
    wish: wishOf(object),
  };
}

/** Calico's datastore keeps such a policy without its owner (Calico v3.32.1, projectcalico.org/metadata). */
const isInOperatorsTier = ({ kind, metadata, spec }: JsonObject): boolean =>
  (kind === 'Tier' && isJsonObject(metadata) && metadata['name'] === OPERATORS_TIER) ||
  (isJsonObject(spec) && spec['tier'] === OPERATORS_TIER);

/** `Pod` of `v1` -> `pods`: kubectl takes `pod.v1.` and `ippool.v1.crd.projectcalico.org` as well as plurals. */
function resourceOf({ apiVersion, kind }: JsonObject, resources: readonly string[]): string {
  const [group = '', version] = String(apiVersion).split('/');
  const singular = String(kind).toLowerCase();
  if (version === undefined) return resources.find((name) => isPlural(name, singular)) ?? singular;
  const plain = resources.find(
    (name) => name.endsWith(`.${group}`) && isPlural(name.slice(0, -group.length - 1), singular),
  );
  return plain ?? `${singular}.${version}.${group}`;
}

const isPlural = (name: string, singular: string): boolean =>
  [`${singular}s`, `${singular}es`, `${singular.replace(/y$/, 'ies')}`].includes(name);

const ADDED: readonly string[] = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'managedFields',
  'selfLink',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
];

/** Annotations that agents write. */
const AGENTS =
  /^(cni\.projectcalico\.org|projectcalico\.org|node\.alpha\.kubernetes\.io|kubeadm\.alpha\.kubernetes\.io|deployment\.kubernetes\.io|volumes\.kubernetes\.io|deprecated\.daemonset)\//;

function wishOf(object: JsonObject): JsonObject {
  const { status: _, ...rest } = object;
  const metadata = isJsonObject(rest['metadata']) ? rest['metadata'] : {};
  const kept = Object.entries(metadata).filter(([key]) => !ADDED.includes(key));
  return { ...rest, metadata: Object.fromEntries(kept) };
}

/** Whether somebody has changed what was asked for. */
export function differs(before: StoredObject, now: StoredObject): boolean {
  return canonicalJson(withoutAgents(before.wish)) !== canonicalJson(withoutAgents(now.wish));
}

function withoutAgents(wish: JsonObject): JsonObject {
  const metadata = isJsonObject(wish['metadata']) ? wish['metadata'] : {};
  const annotations = isJsonObject(metadata['annotations']) ? metadata['annotations'] : {};
  const kept = Object.entries(annotations).filter(
    ([key]) => !AGENTS.test(key) && key !== 'kubectl.kubernetes.io/last-applied-configuration',
  );
  return { ...wish, metadata: { ...metadata, annotations: Object.fromEntries(kept) } };
}
