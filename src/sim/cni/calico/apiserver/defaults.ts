/**
 * What Calico's client library fills in before it checks and writes a resource of projectcalico.org/v3.
 * Source: libcalico-go/lib/clientv3/{networkpolicy,globalnetworkpolicy,tier}.go, api/pkg/defaults, Calico v3.32.1.
 */
import { isJsonObject, type Json, type JsonObject } from '../../../../base/json.ts';
import { TIER_ORDERS } from '../policy/validator.ts';
import { strings } from '../validation.ts';

export const members = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});

export const TIER_LABEL = 'projectcalico.org/tier';

/** The types follow from the rules, and a label says which tier. */
export function completedPolicy(resource: JsonObject): JsonObject {
  const spec = members(resource['spec']);
  const metadata = members(resource['metadata']);
  const labels = { ...members(metadata['labels']), [TIER_LABEL]: spec['tier'] || 'default' };
  const typed = strings(spec['types']).length > 0 ? spec['types'] : typesOf(spec);
  const { types: _types, ...rest } = spec;
  const deletion = spec['stagedAction'] === 'Delete';
  return {
    ...resource,
    metadata: { ...metadata, labels },
    spec: deletion ? rest : { ...rest, types: typed as Json },
  };
}

function typesOf({ ingress, egress }: JsonObject): readonly string[] {
  const some = (rules: Json | undefined): boolean => Array.isArray(rules) && rules.length > 0;
  if (!some(egress)) return ['Ingress'];
  return some(ingress) ? ['Ingress', 'Egress'] : ['Egress'];
}

/** A tier without an order comes last; one without an action denies. */
export const tierSpec = (spec: JsonObject): JsonObject => ({
  ...spec,
  order: spec['order'] ?? TIER_ORDERS['default'] ?? null,
  defaultAction: spec['defaultAction'] ?? 'Deny',
});
