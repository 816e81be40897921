/**
 * Required pod affinity and anti-affinity of the pod being placed.
 * Source: k8s.io/kubernetes pkg/scheduler/framework/plugins/interpodaffinity/filtering.go, Kubernetes 1.35. The
 * anti-affinity of pods already placed, and preferences, are left out.
 */
import type { JsonObject } from '../../../base/json.ts';
import { at, listAt, textAt, textsAt } from '../fields.ts';
import type { KubeObject } from '../object.ts';
import { matches, selectorOf } from '../selector.ts';
import type { ClusterTransaction } from '../transaction.ts';
import { isActive } from './pod-state.ts';

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';

/** A judge of nodes, which says undefined of one that the rules allow; none for a pod without rules. */
export function affinityRules(
  tx: ClusterTransaction,
  pod: KubeObject,
  candidates: Iterable<{ readonly node: KubeObject }>,
): ((node: KubeObject) => string | undefined) | undefined {
  const attract = listAt(pod.spec, 'affinity', 'podAffinity', REQUIRED);
  const repel = listAt(pod.spec, 'affinity', 'podAntiAffinity', REQUIRED);
  if (attract.length === 0 && repel.length === 0) return undefined;
  const nodes = Array.from(candidates, ({ node }) => node);
  const near = attract.map((term) => ({ term, domains: domains(tx, pod, term, nodes) }));
  const far = repel.map((term) => ({ term, domains: domains(tx, pod, term, nodes) }));
  return (node) => {
    const valueOf = (term: JsonObject): string | undefined =>
      node.metadata.labels?.[textAt(term, 'topologyKey')];
    const attracted = near.every(({ term, domains: held }) => {
      const value = valueOf(term);
      return value !== undefined && (held.has(value) || (held.size === 0 && selects(term, pod, pod)));
    });
    if (!attracted) return "node(s) didn't match pod affinity rules";
    const repelled = far.some(({ term, domains: held }) => held.has(valueOf(term) ?? ''));
    return repelled ? "node(s) didn't match pod anti-affinity rules" : undefined;
  };
}

/** Values of the topology key on nodes that hold a pod of the term's kind. */
function domains(
  tx: ClusterTransaction,
  pod: KubeObject,
  term: JsonObject,
  nodes: readonly KubeObject[],
): ReadonlySet<string> {
  const key = textAt(term, 'topologyKey');
  const byNode = new Map(nodes.map((node) => [node.metadata.name, node.metadata.labels?.[key]]));
  const own = textsAt(term, 'namespaces');
  const namespaces = own.length > 0 ? own : [pod.metadata.namespace ?? ''];
  const held = new Set<string>();
  for (const namespace of namespaces) {
    for (const other of tx.list('pods', namespace)) {
      const value = byNode.get(textAt(other.spec, 'nodeName'));
      if (value !== undefined && isActive(other) && selects(term, other, pod)) held.add(value);
    }
  }
  return held;
}

const selects = (term: JsonObject, other: KubeObject, pod: KubeObject): boolean => {
  const namespaces = textsAt(term, 'namespaces');
  const inNamespace =
    namespaces.length > 0
      ? namespaces.includes(other.metadata.namespace ?? '')
      : other.metadata.namespace === pod.metadata.namespace;
  return (
    inNamespace &&
    at(term, 'labelSelector') !== undefined &&
    matches(selectorOf(at(term, 'labelSelector')), other.metadata.labels)
  );
};
