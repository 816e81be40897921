/**
 * The controllers' kinds of group apps: Deployment, ReplicaSet, DaemonSet, StatefulSet.
 * Source: k8s.io/kubernetes pkg/apis/apps/{v1/defaults.go,validation}, pkg/printers/internalversion, Kubernetes 1.35.
 */
import { jsonEquals, type Json, type JsonObject } from '../../../base/json.ts';
import { invalid, notSupported, required, type FieldError } from '../field-error.ts';
import { at, listAt, numberAt, objectAt, textAt } from '../fields.ts';
import type { KubeObject } from '../object.ts';
import { AGE_COLUMN, column, NAME_COLUMN, type PrinterColumn, type ResourceType } from '../resource.ts';
import { formatLabels, formatLabelSelector, matches, printSelector, selectorOf } from '../selector.ts';
import { builtin, SCALE } from './builtin.ts';
import { podSpecErrors, withPodDefaults } from './pod.ts';

const APPS = 'apps';

const templateContainers = (object: KubeObject): readonly JsonObject[] =>
  listAt(object.spec, 'template', 'spec', 'containers');

const CONTAINERS = column(
  'Containers',
  (object) =>
    templateContainers(object)
      .map((item) => textAt(item, 'name'))
      .join(','),
  {
    priority: 1,
  },
);
const IMAGES = column(
  'Images',
  (object) =>
    templateContainers(object)
      .map((item) => textAt(item, 'image'))
      .join(','),
  {
    priority: 1,
  },
);
const SELECTOR = column('Selector', (object) => formatLabelSelector(object.spec?.['selector']), {
  priority: 1,
});

const fromStatus = (name: string, member: string, type: PrinterColumn['type'] = 'integer'): PrinterColumn =>
  column(name, (object) => numberAt(object.status, member), { type });

const ready = (object: KubeObject): string =>
  `${numberAt(object.status, 'readyReplicas')}/${numberAt(object.spec, 'replicas')}`;

const withTemplate = (object: KubeObject, spec: JsonObject): KubeObject => ({
  ...object,
  spec: {
    ...spec,
    template: { ...objectAt(spec, 'template'), spec: withPodDefaults(objectAt(spec, 'template', 'spec')) },
  },
});

const rollingUpdate = (strategy: JsonObject, fallback: JsonObject): JsonObject =>
  textAt(strategy, 'type') === 'RollingUpdate'
    ? { ...strategy, rollingUpdate: { ...fallback, ...objectAt(strategy, 'rollingUpdate') } }
    : strategy;

const greaterOrEqualZero = 'must be greater than or equal to 0';

const notNegative = (object: KubeObject, field: string): readonly FieldError[] => {
  const value = at(object.spec, field);
  return typeof value === 'number' && value < 0 ? [invalid(`spec.${field}`, value, greaterOrEqualZero)] : [];
};

/** What all four have in common: a selector that fits the template, and a template that could run. */
function templateErrors(object: KubeObject, before: KubeObject | undefined): readonly FieldError[] {
  const selector = at(object.spec, 'selector');
  const labels = objectAt(object.spec, 'template', 'metadata', 'labels') as Readonly<Record<string, string>>;
  const policy = textAt(object.spec, 'template', 'spec', 'restartPolicy');
  const changed = before !== undefined && !jsonEquals(selector, at(before.spec, 'selector'));
  return [
    ...selectorErrors(selector, object.kind === 'ReplicaSet' ? 'deployment' : object.kind.toLowerCase()),
    ...(selector !== undefined && !matches(selectorOf(selector), labels)
      ? [invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`')]
      : []),
    ...podSpecErrors(objectAt(object.spec, 'template', 'spec'), 'spec.template.spec'),
    ...(policy === 'Always' || !['OnFailure', 'Never'].includes(policy)
      ? []
      : [notSupported('spec.template.spec.restartPolicy', policy, ['Always'])]),
    ...(changed ? [invalid('spec.selector', selector, 'field is immutable')] : []),
  ];
}

/** The texts name a ReplicaSet's owner, as the real ones do. */
function selectorErrors(selector: Json | undefined, kind: string): readonly FieldError[] {
  if (selector === undefined) return [required('spec.selector')];
  const empty = printSelector(selectorOf(selector)) === '';
  return empty ? [invalid('spec.selector', selector, `empty selector is invalid for ${kind}`)] : [];
}

function strategyErrors(object: KubeObject): readonly FieldError[] {
  const rolling = at(object.spec, 'strategy', 'rollingUpdate');
  const none = (value: Json | undefined): boolean => value === 0 || value === '0%';
  if (rolling === undefined || !none(at(rolling, 'maxSurge')) || !none(at(rolling, 'maxUnavailable')))
    return [];
  const path = 'spec.strategy.rollingUpdate.maxUnavailable';
  return [invalid(path, at(rolling, 'maxUnavailable') ?? 0, 'may not be 0 when `maxSurge` is 0')];
}

export const DEPLOYMENTS: ResourceType = builtin(
  {
    kind: 'Deployment',
    plural: 'deployments',
    group: APPS,
    shortNames: ['deploy'],
    categories: ['all'],
    columns: [
      NAME_COLUMN,
      column('Ready', ready),
      fromStatus('Up-to-date', 'updatedReplicas', 'string'),
      fromStatus('Available', 'availableReplicas', 'string'),
      AGE_COLUMN,
      CONTAINERS,
      IMAGES,
      column('Selector', (object) => printSelector(selectorOf(object.spec?.['selector'])), { priority: 1 }),
    ],
  },
  {
    status: true,
    scale: SCALE,
    generation: true,
    defaults: (object) => {
      const strategy = rollingUpdate(objectAt(object.spec, 'strategy'), {
        maxSurge: '25%',
        maxUnavailable: '25%',
      });
      return withTemplate(object, { ...object.spec, strategy });
    },
    validate: (object, before) => [
      ...notNegative(object, 'replicas'),
      ...templateErrors(object, before),
      ...strategyErrors(object),
      ...notNegative(object, 'minReadySeconds'),
      ...notNegative(object, 'revisionHistoryLimit'),
    ],
  },
);

export const REPLICA_SETS: ResourceType = builtin(
  {
    kind: 'ReplicaSet',
    plural: 'replicasets',
    group: APPS,
    shortNames: ['rs'],
    categories: ['all'],
    columns: [
      NAME_COLUMN,
      column('Desired', (object) => numberAt(object.spec, 'replicas'), { type: 'integer' }),
      fromStatus('Current', 'replicas'),
      fromStatus('Ready', 'readyReplicas'),
      AGE_COLUMN,
      CONTAINERS,
      IMAGES,
      SELECTOR,
    ],
  },
  {
    status: true,
    scale: SCALE,
    generation: true,
    selectableFields: ['status.replicas'],
    defaults: (object) => withTemplate(object, object.spec ?? {}),
    validate: (object, before) => [...notNegative(object, 'replicas'), ...templateErrors(object, before)],
  },
);

/** The internal spec.templateGeneration, as apps/v1 shows it (pkg/apis/apps/v1/conversion.go). */
export const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';

const templateGeneration = ({ metadata }: KubeObject): number =>
  Number(metadata.annotations?.[TEMPLATE_GENERATION] ?? 0);

/** It counts changes of the template; after the creation nobody else can (pkg/registry/apps/daemonset/strategy.go). */
function withTemplateGeneration(object: KubeObject, before: KubeObject | undefined): KubeObject {
  const isKept = before && jsonEquals(at(object.spec, 'template'), at(before.spec, 'template'));
  const generation = before
    ? templateGeneration(before) + (isKept ? 0 : 1)
    : Math.max(1, templateGeneration(object) || 1);
  const annotations = { ...object.metadata.annotations, [TEMPLATE_GENERATION]: String(generation) };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

export const DAEMON_SETS: ResourceType = builtin(
  {
    kind: 'DaemonSet',
    plural: 'daemonsets',
    group: APPS,
    shortNames: ['ds'],
    categories: ['all'],
    columns: [
      NAME_COLUMN,
      fromStatus('Desired', 'desiredNumberScheduled'),
      fromStatus('Current', 'currentNumberScheduled'),
      fromStatus('Ready', 'numberReady'),
      fromStatus('Up-to-date', 'updatedNumberScheduled'),
      fromStatus('Available', 'numberAvailable'),
      column('Node Selector', (object) => formatLabels(at(object.spec, 'template', 'spec', 'nodeSelector'))),
      AGE_COLUMN,
      CONTAINERS,
      IMAGES,
      SELECTOR,
    ],
  },
  {
    status: true,
    generation: true,
    defaults: (object, _, before) => {
      const updateStrategy = rollingUpdate(objectAt(object.spec, 'updateStrategy'), {
        maxSurge: 0,
        maxUnavailable: 1,
      });
      return withTemplateGeneration(withTemplate(object, { ...object.spec, updateStrategy }), before);
    },
    validate: templateErrors,
  },
);

export const STATEFUL_SETS: ResourceType = builtin(
  {
    kind: 'StatefulSet',
    plural: 'statefulsets',
    group: APPS,
    shortNames: ['sts'],
    categories: ['all'],
    columns: [NAME_COLUMN, column('Ready', ready), AGE_COLUMN, CONTAINERS, IMAGES],
  },
  {
    status: true,
    scale: SCALE,
    generation: true,
    defaults: (object) => {
      const updateStrategy = rollingUpdate(objectAt(object.spec, 'updateStrategy'), { partition: 0 });
      return withTemplate(object, { ...object.spec, updateStrategy });
    },
    validate: (object, before) => [...notNegative(object, 'replicas'), ...templateErrors(object, before)],
  },
);
