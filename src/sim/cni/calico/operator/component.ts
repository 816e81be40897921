/**
 * How the operator brings one object about: it creates it, or puts back what it cares for and leaves the rest, with its standard
 * labels and the custom resource as the owner. An object that somebody annotated `unsupported.operator.tigera.io/ignore: "true"`
 * is left alone. Source: pkg/controller/utils/component.go, tigera/operator v1.42.3.
 */
import type { JsonObject } from '../../../../base/json.ts';
import { completeUpdate, createObject, storeUpdate } from '../../../kube/admission.ts';
import { controllerReference } from '../../../kube/controllers/ownership.ts';
import { deleteObject } from '../../../kube/deletion.ts';
import { at, objectAt } from '../../../kube/fields.ts';
import type { KubeObject } from '../../../kube/object.ts';
import type { Registry } from '../../../kube/registry.ts';
import type { ResourceType } from '../../../kube/resource.ts';
import type { ClusterTransaction } from '../../../kube/transaction.ts';
import type { Topology } from '../../../../model/topology.ts';
import { MANAGED_BY, OPERATOR_GROUP } from './kinds.ts';

/** What the operator works with. */
export interface Operator {
  readonly tx: ClusterTransaction;
  readonly registry: Registry;
  readonly topology: Topology;
}

/** An object as a component renders it: what it says nothing about is not the operator's. */
export type Rendered = KubeObject;

const IGNORED = 'unsupported.operator.tigera.io/ignore';

/** `owner`: the custom resource that goes along with it when it is deleted. */
export function ensure({ tx, registry }: Operator, rendered: Rendered, owner: KubeObject | undefined): void {
  const type = typeOf(registry, rendered);
  const { namespace, name } = rendered.metadata;
  const home = namespace === undefined ? undefined : tx.get('namespaces', undefined, namespace);
  if (home?.metadata.deletionTimestamp !== undefined) return;
  const desired = standard(rendered, owner);
  const current = tx.get(type.name, namespace, name);
  if (!current) createObject(tx, type, desired);
  else if (current.metadata.annotations?.[IGNORED] !== 'true') {
    const merged = completeUpdate(tx, type, withKept(desired, current), current);
    storeUpdate(tx, type, merged, current);
  }
}

/** Takes an object away that the operator no longer wants. */
export function remove({ tx, registry }: Operator, { apiVersion, kind, metadata }: KubeObject): void {
  const type = typeOf(registry, { apiVersion, kind });
  const found = tx.get(type.name, metadata.namespace, metadata.name);
  if (found) deleteObject(tx, type, found, { propagation: 'Background' });
}

function typeOf(
  registry: Registry,
  { apiVersion, kind }: Pick<KubeObject, 'apiVersion' | 'kind'>,
): ResourceType {
  const type = registry.byKind(apiVersion, kind);
  if (!type) throw new Error(`no type for ${apiVersion} ${kind}`);
  return type;
}

type Labels = Readonly<Record<string, string>>;

/** The recommended labels of Kubernetes; only what a custom resource owns has them. */
function standard(rendered: Rendered, owner: KubeObject | undefined): Rendered {
  const { metadata, spec } = rendered;
  const isWorkload = rendered.kind === 'Deployment' || rendered.kind === 'DaemonSet';
  const labels = owner ? labelled(metadata.name, metadata.labels ?? {}, owner) : (metadata.labels ?? {});
  const own = isWorkload
    ? { ...labels, ...(rendered.kind === 'Deployment' && { 'k8s-app': metadata.name }) }
    : labels;
  return {
    ...rendered,
    metadata: {
      ...metadata,
      ...(Object.keys(own).length > 0 && { labels: own }),
      ...(owner && { ownerReferences: [controllerReference(owner)] }),
    },
    ...(isWorkload && spec && { spec: withSelector(metadata.name, spec, owner) }),
  };
}

function withSelector(name: string, spec: JsonObject, owner: KubeObject | undefined): JsonObject {
  const metadata = objectAt(spec, 'template', 'metadata');
  const labels = { 'k8s-app': name, ...(objectAt(metadata, 'labels') as Labels) };
  return {
    ...spec,
    selector: spec['selector'] ?? { matchLabels: { 'k8s-app': name } },
    template: {
      ...objectAt(spec, 'template'),
      metadata: { ...metadata, labels: owner ? labelled(name, labels, owner) : labels },
    },
  };
}

const labelled = (name: string, labels: Labels, owner: KubeObject): Labels => ({
  'app.kubernetes.io/component': `${owner.kind}.${OPERATOR_GROUP}`,
  'app.kubernetes.io/instance': owner.metadata.name,
  [MANAGED_BY.key]: MANAGED_BY.value,
  'app.kubernetes.io/name': labels['k8s-app'] ?? name,
  'app.kubernetes.io/part-of': 'Calico',
  'k8s-app': name,
  ...labels,
});

/** Labels and annotations of others stay, and so do a service's addresses and a count of replicas that is nobody's wish. */
function withKept(desired: Rendered, current: KubeObject): KubeObject {
  const { metadata } = desired;
  const foreign = (current.metadata.finalizers ?? []).filter((name) => !name.includes('tigera.io'));
  const finalizers = [...(metadata.finalizers ?? []), ...foreign];
  return {
    ...desired,
    metadata: {
      ...current.metadata,
      ...metadata,
      ...merged('labels', current.metadata.labels, metadata.labels),
      ...merged('annotations', current.metadata.annotations, metadata.annotations),
      ...(finalizers.length > 0 && { finalizers }),
    },
    ...(desired.spec && { spec: keptSpec(desired, current) }),
  };
}

const merged = (name: 'labels' | 'annotations', before?: Labels, after?: Labels): object =>
  before || after ? { [name]: { ...before, ...after } } : {};

function keptSpec({ kind, spec = {} }: Rendered, current: KubeObject): JsonObject {
  if (kind === 'Service') return { ...current.spec, ...spec };
  if (kind !== 'Deployment' && kind !== 'DaemonSet') return spec;
  const [was, is] = [objectAt(current.spec, 'template'), objectAt(spec, 'template')];
  const both = (name: 'labels' | 'annotations'): object =>
    merged(
      name,
      at(was, 'metadata', name) as Labels | undefined,
      at(is, 'metadata', name) as Labels | undefined,
    );
  const template = {
    ...is,
    metadata: { ...objectAt(is, 'metadata'), ...both('labels'), ...both('annotations') },
  };
  const replicas = spec['replicas'] ?? current.spec?.['replicas'];
  return { ...spec, template, ...(kind === 'Deployment' && replicas !== undefined && { replicas }) };
}
