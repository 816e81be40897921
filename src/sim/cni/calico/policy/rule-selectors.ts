/**
 * How the selectors of a policy and its rules become selectors over what Felix knows of an endpoint: its labels, those of its
 * namespace under `pcns.`, and those of its service account under `pcsa.`. The texts are built as upstream builds them,
 * because IP sets and groups of policies are named after them.
 * Source: libcalico-go/lib/backend/syncersv1/updateprocessors/{rules,selectors,networkpolicyprocessor}.go, Calico v3.32.1.
 */
import { canonicalSelector, knownSelector, prefixLabels } from '../selector.ts';
import type { EntityRule, PolicySpec } from './spec.ts';

export const LABEL = {
  namespace: 'projectcalico.org/namespace',
  orchestrator: 'projectcalico.org/orchestrator',
  serviceAccount: 'projectcalico.org/serviceaccount',
  name: 'projectcalico.org/name',
} as const;

export const NAMESPACE_PREFIX = 'pcns.';
export const ACCOUNT_PREFIX = 'pcsa.';

/** Empty when the selector is empty or malformed. */
function prefixed(selector: string, prefix: string): string {
  if (selector === '') return '';
  const parsed = knownSelector(selector);
  return parsed.ok ? canonicalSelector(prefixLabels(parsed.value, prefix)) : '';
}

/** The endpoints a NetworkPolicy is about: those it selects, in its namespace. */
export function namespacedSelector(spec: PolicySpec, namespace: string): string {
  const own = `${LABEL.namespace} == '${namespace}'`;
  const selector = spec.selector === '' ? own : `(${spec.selector}) && ${own}`;
  return joined(selector, prefixed(spec.serviceAccountSelector, ACCOUNT_PREFIX));
}

/** The endpoints a GlobalNetworkPolicy is about. */
export function globalSelector(spec: PolicySpec): string {
  let selector = spec.selector;
  if (spec.namespaceSelector !== '') {
    selector = joined(selector, prefixed(spec.namespaceSelector, NAMESPACE_PREFIX));
    selector = selector.replaceAll('all()', `has(${LABEL.namespace})`);
  }
  if (spec.serviceAccountSelector !== '') {
    selector = joined(selector, prefixed(spec.serviceAccountSelector, ACCOUNT_PREFIX));
    selector = selector.replaceAll('all()', `has(${LABEL.serviceAccount})`);
  }
  return selector;
}

function joined(current: string, added: string): string {
  if (added === '') return current;
  return current === '' ? added : `(${current}) && ${added}`;
}

/** Whom one side of a rule is about; empty for anyone. `namespace` is that of the policy, empty for global ones. */
export function entitySelector(entity: EntityRule, namespace: string): string {
  const inNamespaces = namespacesOf(entity, namespace);
  const criteria = [accountsOf(entity), entity.selector].filter((selector) => selector !== '');
  const selector = criteria.length === 2 ? `(${criteria.join(') && (')})` : (criteria[0] ?? '');
  const limited = selector !== '' || entity.notSelector !== '' || entity.namespaceSelector !== '';
  if (inNamespaces === '' || !limited) return selector;
  return selector === '' ? inNamespaces : `(${inNamespaces}) && (${selector})`;
}

function namespacesOf({ namespaceSelector }: EntityRule, namespace: string): string {
  if (namespaceSelector === '') return namespace === '' ? '' : `${LABEL.namespace} == '${namespace}'`;
  return prefixed(namespaceSelector, NAMESPACE_PREFIX)
    .replaceAll('all()', `has(${LABEL.namespace})`)
    .replaceAll('global()', `!has(${LABEL.namespace})`);
}

function accountsOf({ serviceAccounts }: EntityRule): string {
  if (!serviceAccounts) return '';
  const selector = prefixed(serviceAccounts.selector, ACCOUNT_PREFIX);
  if (serviceAccounts.names.length === 0) return selector;
  const named = knownSelector(`${LABEL.serviceAccount} in { '${serviceAccounts.names.join("', '")}' }`);
  if (!named.ok) return '';
  const names = canonicalSelector(named.value);
  return selector === '' ? names : `(${selector}) && (${names})`;
}
