/**
 * What the built-in kinds share: schemas from the table of field types with Kubernetes' defaults, and short forms of
 * their registration.
 * Source: k8s.io/kubernetes pkg/apis/<group>/v1/defaults.go, Kubernetes 1.35.
 */
import type { Json } from '../../../base/json.ts';
import { OBJECT_META } from '../kind-schema.ts';
import { ALL_VERBS, resourceName, type PrinterColumn, type ResourceType } from '../resource.ts';
import * as schema from '../schema.ts';
import type { ArraySchema, ObjectSchema, Schema } from '../schema.ts';
import { FIELD_TYPES } from './field-types.ts';

/** Defaults that depend on nothing else, by `Type.field`. */
const DEFAULTS: Readonly<Record<string, Json>> = {
  'ConfigMapVolumeSource.defaultMode': 420,
  'Container.resources': {},
  'Container.terminationMessagePath': '/dev/termination-log',
  'Container.terminationMessagePolicy': 'File',
  'ContainerPort.protocol': 'TCP',
  'DaemonSetSpec.revisionHistoryLimit': 10,
  'DaemonSetSpec.updateStrategy': {},
  'DaemonSetUpdateStrategy.type': 'RollingUpdate',
  'DeploymentSpec.progressDeadlineSeconds': 600,
  'DeploymentSpec.replicas': 1,
  'DeploymentSpec.revisionHistoryLimit': 10,
  'DeploymentSpec.strategy': {},
  'DeploymentStrategy.type': 'RollingUpdate',
  'DownwardAPIVolumeSource.defaultMode': 420,
  'EndpointPort.protocol': 'TCP',
  'HTTPGetAction.path': '/',
  'HTTPGetAction.scheme': 'HTTP',
  'HostPathVolumeSource.type': '',
  'NetworkPolicyPort.protocol': 'TCP',
  'ObjectFieldSelector.apiVersion': 'v1',
  'PodSpec.dnsPolicy': 'ClusterFirst',
  'PodSpec.restartPolicy': 'Always',
  'PodSpec.schedulerName': 'default-scheduler',
  'PodSpec.securityContext': {},
  'PodSpec.terminationGracePeriodSeconds': 30,
  'Probe.failureThreshold': 3,
  'Probe.periodSeconds': 10,
  'Probe.successThreshold': 1,
  'Probe.timeoutSeconds': 1,
  'ProjectedVolumeSource.defaultMode': 420,
  'ReplicaSetSpec.replicas': 1,
  'Secret.type': 'Opaque',
  'SecretVolumeSource.defaultMode': 420,
  'ServiceAccountTokenProjection.expirationSeconds': 3600,
  'ServicePort.protocol': 'TCP',
  'ServiceSpec.sessionAffinity': 'None',
  'ServiceSpec.type': 'ClusterIP',
  'StatefulSetPersistentVolumeClaimRetentionPolicy.whenDeleted': 'Retain',
  'StatefulSetPersistentVolumeClaimRetentionPolicy.whenScaled': 'Retain',
  'StatefulSetSpec.persistentVolumeClaimRetentionPolicy': {},
  'StatefulSetSpec.podManagementPolicy': 'OrderedReady',
  'StatefulSetSpec.replicas': 1,
  'StatefulSetSpec.revisionHistoryLimit': 10,
  'StatefulSetSpec.updateStrategy': {},
  'StatefulSetUpdateStrategy.type': 'RollingUpdate',
};

const SCALARS: Readonly<Record<string, Schema>> = {
  string: schema.string(),
  boolean: schema.boolean(),
  number: schema.number(),
  int32: schema.integer(),
  int64: schema.integer({ format: 'int64' }),
  quantity: schema.quantity(),
  'int-or-string': schema.intOrString(),
  any: schema.any(),
  ObjectMeta: OBJECT_META,
};

const parsed = new Map<string, ObjectSchema>();

/** The schema of a named type of the table. */
export function typeSchema(name: string): ObjectSchema {
  const known = parsed.get(name);
  if (known) return known;
  const text = FIELD_TYPES[name];
  if (text === undefined) throw new Error(`no such type in field-types.ts: ${name}`);
  const fields = text.split(' ').map((field): readonly [string, Schema] => {
    const colon = field.indexOf(':');
    const key = field.slice(0, colon);
    const type = parseType(field.slice(colon + 1));
    const fallback = DEFAULTS[`${name}.${key}`];
    return [key, fallback === undefined ? type : { ...type, default: fallback }];
  });
  const made = schema.object(Object.fromEntries(fields), { goType: name });
  parsed.set(name, made);
  return made;
}

function parseType(text: string): Schema {
  const list = /^\[(.*)\](?:@([^/]+))?(!)?(?:\/(.+))?$/.exec(text);
  if (list) {
    const [, items = '', mergeKey, set, mapKeys] = list;
    const options: Omit<ArraySchema, 'type' | 'items'> = {
      ...(mergeKey === undefined ? {} : { mergeKey }),
      ...(set === undefined ? {} : { set: true }),
      ...(mapKeys === undefined ? {} : { mapKeys: mapKeys.split('+') }),
    };
    return schema.array(parseType(items), options);
  }
  const values = /^\{(.*)\}$/.exec(text)?.[1];
  if (values !== undefined) return schema.map(parseType(values));
  return SCALARS[text] ?? typeSchema(text);
}

interface Builtin {
  readonly kind: string;
  readonly plural: string;
  readonly group?: string;
  readonly version?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly columns: readonly PrinterColumn[];
}

type Rest = Partial<
  Pick<
    ResourceType,
    | 'namespaced'
    | 'status'
    | 'statusOnCreate'
    | 'scale'
    | 'subresources'
    | 'answer'
    | 'computed'
    | 'generation'
    | 'defaults'
    | 'validate'
    | 'forbid'
    | 'nameRule'
    | 'selectableFields'
    | 'warning'
    | 'verbs'
  >
>;

/** Registers a built-in kind; namespaced and version v1 unless said. */
export function builtin(
  { kind, plural, group = '', version = 'v1', ...named }: Builtin,
  rest: Rest = {},
): ResourceType {
  return {
    name: resourceName(plural, group),
    group,
    version,
    plural,
    singular: kind.toLowerCase(),
    kind,
    listKind: `${kind}List`,
    shortNames: named.shortNames ?? [],
    categories: named.categories ?? [],
    namespaced: true,
    verbs: ALL_VERBS,
    columns: named.columns,
    schema: typeSchema(kind),
    ...rest,
  };
}

/** Where every scalable built-in kind has its replicas. */
export const SCALE = { specReplicas: 'replicas', statusReplicas: 'replicas' } as const;
