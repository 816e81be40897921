/**
 * Nodes. Source: k8s.io/kubernetes pkg/printers/internalversion printNode, pkg/apis/core/validation, Kubernetes 1.35.
 */
import { isJsonObject } from '../../../base/json.ts';
import { invalid, notSupported, required, type FieldError } from '../field-error.ts';
import { at, listAt, textAt } from '../fields.ts';
import type { KubeObject } from '../object.ts';
import { AGE_COLUMN, column, NAME_COLUMN, type ResourceType } from '../resource.ts';
import { builtin } from './builtin.ts';

function status(node: KubeObject): string {
  const ready = listAt(node.status, 'conditions').find((condition) => textAt(condition, 'type') === 'Ready');
  const word = !ready ? 'Unknown' : textAt(ready, 'status') === 'True' ? 'Ready' : 'NotReady';
  return at(node.spec, 'unschedulable') === true ? `${word},SchedulingDisabled` : word;
}

const ROLE_PREFIX = 'node-role.kubernetes.io/';

function roles(node: KubeObject): string {
  const found = Object.entries(node.metadata.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(ROLE_PREFIX) && key.length > ROLE_PREFIX.length)
      return [key.slice(ROLE_PREFIX.length)];
    return key === 'kubernetes.io/role' && value !== '' ? [value] : [];
  });
  return [...new Set(found)].sort().join(',') || '<none>';
}

const address = (node: KubeObject, type: string): string =>
  textAt(
    listAt(node.status, 'addresses').find((item) => textAt(item, 'type') === type),
    'address',
  ) || '<none>';

const info = (node: KubeObject, member: string, none = '<unknown>'): string =>
  textAt(node.status, 'nodeInfo', member) || none;

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

function taintErrors(node: KubeObject): readonly FieldError[] {
  return listAt(node.spec, 'taints').flatMap((taint, index) => {
    const path = `spec.taints[${index}]`;
    const effect = textAt(taint, 'effect');
    return [
      ...(textAt(taint, 'key') === '' ? [required(`${path}.key`, 'name part must be non-empty')] : []),
      ...(EFFECTS.includes(effect) ? [] : [notSupported(`${path}.effect`, effect, EFFECTS)]),
    ];
  });
}

function validateNode(node: KubeObject, before: KubeObject | undefined): readonly FieldError[] {
  const old = textAt(before?.spec, 'podCIDR');
  const changed = old !== '' && old !== textAt(node.spec, 'podCIDR');
  const cidrs = at(node.spec, 'podCIDRs');
  return [
    ...taintErrors(node),
    ...(changed
      ? [invalid('spec.podCIDRs', cidrs, 'node updates may not change podCIDR except from "" to valid')]
      : []),
  ];
}

export const NODES: ResourceType = builtin(
  {
    kind: 'Node',
    plural: 'nodes',
    shortNames: ['no'],
    columns: [
      NAME_COLUMN,
      column('Status', status),
      column('Roles', roles),
      AGE_COLUMN,
      column('Version', (node) => info(node, 'kubeletVersion', '')),
      column('Internal-IP', (node) => address(node, 'InternalIP'), { priority: 1 }),
      column('External-IP', (node) => address(node, 'ExternalIP'), { priority: 1 }),
      column('OS-Image', (node) => info(node, 'osImage'), { priority: 1 }),
      column('Kernel-Version', (node) => info(node, 'kernelVersion'), { priority: 1 }),
      column('Container-Runtime', (node) => info(node, 'containerRuntimeVersion'), { priority: 1 }),
    ],
  },
  {
    namespaced: false,
    status: true,
    statusOnCreate: true,
    selectableFields: ['spec.unschedulable'],
    defaults: (node) => ({ ...node, spec: isJsonObject(node.spec) ? node.spec : {} }),
    validate: validateNode,
  },
);
