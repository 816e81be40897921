/**
 * Whether a pod may run on a node: selectors, affinity, taints.
 * Source: k8s.io/component-helpers scheduling/corev1/{helpers,nodeaffinity}, k8s.io/api core/v1 toleration.go, v0.35.
 */
import type { JsonObject } from '../../../base/json.ts';
import { at, listAt, objectAt, textAt } from '../fields.ts';
import type { KubeObject } from '../object.ts';
import { expressionRequirement, matches } from '../selector.ts';

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';

/** nodeSelector and required node affinity, prepared once for many nodes. */
export function nodeMatcher(spec: JsonObject): (node: KubeObject) => boolean {
  const wanted = Object.entries(objectAt(spec, 'nodeSelector'));
  const required = at(spec, 'affinity', 'nodeAffinity', REQUIRED);
  const terms = required === undefined ? undefined : listAt(required, 'nodeSelectorTerms');
  return (node) => {
    for (const [key, value] of wanted) if (node.metadata.labels?.[key] !== value) return false;
    return terms === undefined || terms.some((term) => termMatches(term, node));
  };
}

function termMatches(term: JsonObject, node: KubeObject): boolean {
  const expressions = listAt(term, 'matchExpressions');
  const fields = listAt(term, 'matchFields');
  if (expressions.length === 0 && fields.length === 0) return false;
  return (
    matches(expressions.map(expressionRequirement), node.metadata.labels) &&
    matches(fields.map(expressionRequirement), { 'metadata.name': node.metadata.name })
  );
}

export function tolerates(toleration: JsonObject, taint: JsonObject): boolean {
  const effect = textAt(toleration, 'effect');
  const key = textAt(toleration, 'key');
  if (effect !== '' && effect !== textAt(taint, 'effect')) return false;
  if (key !== '' && key !== textAt(taint, 'key')) return false;
  return (
    textAt(toleration, 'operator') === 'Exists' || textAt(toleration, 'value') === textAt(taint, 'value')
  );
}

/** The first taint with one of these effects that the pod does not tolerate. */
export function untoleratedTaint(
  spec: JsonObject,
  node: KubeObject,
  effects: readonly string[],
): JsonObject | undefined {
  if (node.spec?.['taints'] === undefined) return undefined;
  const taints = listAt(node.spec, 'taints');
  const tolerations = listAt(spec, 'tolerations');
  return taints.find(
    (taint) =>
      effects.includes(textAt(taint, 'effect')) &&
      !tolerations.some((toleration) => tolerates(toleration, taint)),
  );
}
