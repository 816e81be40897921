/**
 * What Calico's client library fills in before it checks and writes a resource of projectcalico.org/v3.
 * Source: libcalico-go/lib/clientv3/{networkpolicy,globalnetworkpolicy,tier,felixconfig}.go, api/pkg/defaults,
 * libcalico-go/lib/validator/v3/validator.go, Calico v3.32.1.
 */
import { isJsonObject, type Json, type JsonObject } from '../../../../base/json.ts';
import { TIER_ORDERS } from '../policy/validator.ts';
import { strings, type ErroredField } from '../validation.ts';

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

/** The member that the old switch of connect-time load balancing stands for follows it; the log level is always written. */
export function felixSpec(spec: JsonObject): JsonObject {
  const old = spec['bpfConnectTimeLoadBalancingEnabled'];
  const isOld = old !== undefined && old !== null;
  return {
    ...spec,
    bpfConnectTimeLoadBalancing: isOld
      ? old === true
        ? 'Enabled'
        : 'Disabled'
      : (spec['bpfConnectTimeLoadBalancing'] ?? 'TCP'),
    bpfHostNetworkedNATWithoutCTLB: isOld
      ? 'Disabled'
      : (spec['bpfHostNetworkedNATWithoutCTLB'] ?? 'Enabled'),
    bpfLogLevel: spec['bpfLogLevel'] ?? '',
    floatingIPs: spec['floatingIPs'] ?? 'Disabled',
  };
}

const NAME = String.raw`[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*`;
const MOST_CHARACTERS = 253;

/** What the library says about a name before the API does. */
export function nameErrors(name: string): readonly ErroredField[] {
  const excess = name.length - MOST_CHARACTERS;
  const field = (reason: string): ErroredField => ({ name: 'Metadata.Name', reason, value: name });
  return [
    ...(excess > 0 ? [field(`name is too long by ${excess} bytes`)] : []),
    ...(new RegExp(`^${NAME}$`).test(name)
      ? []
      : [field(`name must consist of lower case alphanumeric characters, '-' or '.' (regex: ${NAME})`)]),
  ];
}
