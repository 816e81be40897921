/**
 * Who may do what. A kubeadm cluster has one administrator; RBAC objects are left out, so everybody else has what every
 * authenticated user has, and no more: discovery, and reviews of themselves.
 * Source: kubeadm v1.35 (admin.conf); k8s.io/kubernetes plugin/pkg/auth/authorizer/rbac/bootstrappolicy; apiserver forbidden.go.
 */
import type { JsonObject } from '../../base/json.ts';
import type { Failure } from './failure.ts';
import { objectAt, textAt } from './fields.ts';
import type { Target } from './path.ts';
import type { ResourceType } from './resource.ts';

export const ADMIN = 'kubernetes-admin';
export const ADMIN_GROUPS: readonly string[] = ['kubeadm:cluster-admins', 'system:authenticated'];

const ADMIN_REASON =
  'RBAC: allowed by ClusterRoleBinding "kubeadm:cluster-admins" of ClusterRole "cluster-admin" to Group "kubeadm:cluster-admins"';
const BASIC_REASON =
  'RBAC: allowed by ClusterRoleBinding "system:basic-user" of ClusterRole "system:basic-user" to Group "system:authenticated"';

/** What ClusterRole system:basic-user names, by group. */
const BASIC: Readonly<Record<string, readonly string[]>> = {
  'authentication.k8s.io': ['selfsubjectreviews'],
  'authorization.k8s.io': ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
};

/** What ClusterRoles system:discovery and system:public-info-viewer name. */
const DISCOVERY: readonly string[] = [
  '/api',
  '/api/*',
  '/apis',
  '/apis/*',
  '/healthz',
  '/livez',
  '/openapi',
  '/openapi/*',
  '/readyz',
  '/version',
  '/version/',
];
const PUBLIC_INFO: readonly string[] = ['/healthz', '/livez', '/readyz', '/version', '/version/'];

/** Whether every user may do everything that is served of this kind. */
export const mayAll = ({ group, plural }: ResourceType): boolean => BASIC[group]?.includes(plural) === true;

/** Status of a SubjectAccessReview. */
export function accessOf(user: string, spec: JsonObject): JsonObject {
  if (user === ADMIN) return { allowed: true, reason: ADMIN_REASON };
  const resource = objectAt(spec, 'resourceAttributes');
  const path = textAt(spec, 'nonResourceAttributes', 'path');
  const isBasic =
    textAt(resource, 'verb') === 'create' &&
    BASIC[textAt(resource, 'group')]?.includes(textAt(resource, 'resource')) === true;
  const isDiscovery =
    textAt(spec, 'nonResourceAttributes', 'verb') === 'get' &&
    DISCOVERY.some((known) => known === path || (known.endsWith('*') && path.startsWith(known.slice(0, -1))));
  return isBasic || isDiscovery ? { allowed: true, reason: BASIC_REASON } : { allowed: false };
}

/** Status of a SelfSubjectRulesReview. */
export function rulesOf(user: string): JsonObject {
  const everything = user === ADMIN;
  return {
    incomplete: false,
    nonResourceRules: [
      ...(everything ? [{ verbs: ['*'], nonResourceURLs: ['*'] }] : []),
      { verbs: ['get'], nonResourceURLs: DISCOVERY },
      { verbs: ['get'], nonResourceURLs: PUBLIC_INFO },
    ],
    resourceRules: [
      ...(everything ? [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }] : []),
      ...Object.entries(BASIC).map(([group, resources]) => ({
        verbs: ['create'],
        apiGroups: [group],
        resources,
      })),
    ],
  };
}

/** HTTP 403, e.g. `pods is forbidden: User "bob" cannot list resource "pods" in API group "" in the namespace "default"`. */
export function forbiddenUser(user: string, verb: string, target: Target): Failure {
  const { type, namespace, name, subresource } = target;
  const resource = subresource === undefined ? type.plural : `${type.plural}/${subresource}`;
  const where =
    namespace === undefined ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  const what = `User ${JSON.stringify(user)} cannot ${verb} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(type.group)} ${where}`;
  return {
    code: 403,
    reason: 'Forbidden',
    message: `${type.name}${name === undefined ? '' : ` ${JSON.stringify(name)}`} is forbidden: ${what}`,
    details: {
      ...(name === undefined ? {} : { name }),
      ...(type.group === '' ? {} : { group: type.group }),
      kind: type.plural,
    },
  };
}
