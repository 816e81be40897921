/**
 * Pods and pod templates: defaults (with what admission adds), validation, columns.
 * Source: k8s.io/kubernetes pkg/apis/core/{v1/defaults.go,validation}, plugin/pkg/admission/{serviceaccount,
 * defaulttolerationseconds,priority}, Kubernetes 1.35. Resource quotas, security admission and volumes are not checked.
 */
import { jsonEquals, type Json, type JsonObject } from '../../../base/json.ts';
import { memoize } from '../../core/memo.ts';
import { duplicate, forbidden, invalid, notSupported, required, type FieldError } from '../field-error.ts';
import { at, listAt, numberAt, objectAt, textAt } from '../fields.ts';
import { generatedName, nameErrors } from '../name.ts';
import type { KubeObject } from '../object.ts';
import { AGE_COLUMN, column, NAME_COLUMN, type PrinterColumn, type ResourceType } from '../resource.ts';
import type { ClusterTransaction } from '../transaction.ts';
import { builtin } from './builtin.ts';
import { POD_SUBRESOURCES } from './pod-subresources.ts';
import { restartsOf, summarize } from './pod-status.ts';

/** Without a tag, or with `latest`, the image is always pulled. */
const pullPolicy = (image: string): string =>
  /:(?!latest$)[^/:]+$/.test(image) || image.includes('@') ? 'IfNotPresent' : 'Always';

const withPullPolicies = (containers: Json | undefined): Json | undefined =>
  Array.isArray(containers)
    ? (containers as readonly JsonObject[]).map((container) => ({
        imagePullPolicy: pullPolicy(textAt(container, 'image')),
        ...container,
      }))
    : containers;

/** The part of pod defaulting that also applies to templates. */
export function withPodDefaults(spec: JsonObject): JsonObject {
  const initContainers = withPullPolicies(spec['initContainers']);
  const account = textAt(spec, 'serviceAccountName') || textAt(spec, 'serviceAccount');
  return {
    ...spec,
    containers: withPullPolicies(spec['containers']),
    ...(initContainers === undefined ? {} : { initContainers }),
    ...(account === '' ? {} : { serviceAccountName: account, serviceAccount: account }),
  };
}

/**
 * On the host's network every container port is a host port: of a pod, while a template keeps its ports as they are written
 * (SetDefaults_Pod, pkg/apis/core/v1/defaults.go; a cluster of 1.35.4 shows it of calico-typha).
 */
function withHostPortDefaults(spec: JsonObject): JsonObject {
  if (spec['hostNetwork'] !== true) return spec;
  const initContainers = withHostPorts(spec['initContainers']);
  return {
    ...spec,
    containers: withHostPorts(spec['containers']) ?? [],
    ...(initContainers === undefined ? {} : { initContainers }),
  };
}

const withHostPorts = (containers: Json | undefined): Json | undefined =>
  Array.isArray(containers)
    ? (containers as readonly JsonObject[]).map((container) =>
        container['ports'] === undefined
          ? container
          : {
              ...container,
              ports: listAt(container, 'ports').map((port) => ({ hostPort: port['containerPort'], ...port })),
            },
      )
    : containers;

const TOKEN_MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** What all pods have alike is one value for all of them. */
const TOKEN_SOURCES: JsonObject = {
  defaultMode: 420,
  sources: [
    { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
    { configMap: { items: [{ key: 'ca.crt', path: 'ca.crt' }], name: 'kube-root-ca.crt' } },
    {
      downwardAPI: {
        items: [{ fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' }, path: 'namespace' }],
      },
    },
  ],
};

const tokenVolume = (name: string): JsonObject => ({ name, projected: TOKEN_SOURCES });

const mounted = (containers: Json | undefined, volume: string): Json =>
  (Array.isArray(containers) ? (containers as readonly JsonObject[]) : []).map((container) =>
    listAt(container, 'volumeMounts').some((mount) => textAt(mount, 'mountPath') === TOKEN_MOUNT)
      ? container
      : {
          ...container,
          volumeMounts: listAt(container, 'volumeMounts').concat({
            mountPath: TOKEN_MOUNT,
            name: volume,
            readOnly: true,
          }),
        },
  );

/** ServiceAccount admission: every pod gets a token, unless it says no. */
function withToken(spec: JsonObject, tx: ClusterTransaction): JsonObject {
  const account = textAt(spec, 'serviceAccountName') || 'default';
  const named = { ...spec, serviceAccountName: account, serviceAccount: account };
  if (spec['automountServiceAccountToken'] === false) return named;
  const volume = generatedName(tx, 'kube-api-access-');
  return {
    ...named,
    containers: mounted(spec['containers'], volume),
    ...(spec['initContainers'] === undefined
      ? {}
      : { initContainers: mounted(spec['initContainers'], volume) }),
    volumes: listAt(spec, 'volumes').concat(tokenVolume(volume)),
  };
}

const NODE_TROUBLE: readonly JsonObject[] = [
  'node.kubernetes.io/not-ready',
  'node.kubernetes.io/unreachable',
].map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }));

const withTolerations = (spec: JsonObject): JsonObject => ({
  ...spec,
  tolerations: tolerationsOf(spec['tolerations']),
});

const tolerationsOf = memoize((given: Json | undefined): readonly JsonObject[] => {
  const own = listAt(given);
  const tolerated = ({ key }: JsonObject): boolean =>
    own.some(
      (item) =>
        (textAt(item, 'key') === key || textAt(item, 'key') === '') &&
        (textAt(item, 'effect') === 'NoExecute' || textAt(item, 'effect') === ''),
    );
  return [...own, ...NODE_TROUBLE.filter((trouble) => !tolerated(trouble))];
}, 4);

const PRIORITIES: Readonly<Record<string, number>> = {
  'system-node-critical': 2000001000,
  'system-cluster-critical': 2000000000,
};

const RESOURCES = ['cpu', 'memory'];

/** BestEffort, Burstable or Guaranteed. */
export function qosClass(spec: JsonObject): string {
  const containers = listAt(spec, 'containers');
  const amounts = (kind: string) => containers.map((container) => objectAt(container, 'resources', kind));
  const limits = amounts('limits');
  const requests = amounts('requests');
  const asked = [...limits, ...requests].some((resources) =>
    RESOURCES.some((name) => resources[name] !== undefined),
  );
  if (!asked) return 'BestEffort';
  const guaranteed = limits.every((limit, index) =>
    RESOURCES.every(
      (name) => limit[name] !== undefined && jsonEquals(requests[index]?.[name] ?? limit[name], limit[name]),
    ),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

/** Thousands of pods have one and the same spec, their template's. */
const prepared = memoize((given: JsonObject) => {
  const spec = withHostPortDefaults(withPodDefaults(given));
  return { spec, qosClass: qosClass(spec), priority: PRIORITIES[textAt(spec, 'priorityClassName')] ?? 0 };
}, 4);

const NO_SPEC: JsonObject = {};

function podDefaults(pod: KubeObject, tx: ClusterTransaction, before: KubeObject | undefined): KubeObject {
  const { spec, qosClass, priority } = prepared(pod.spec ?? NO_SPEC);
  if (before) return { ...pod, spec };
  const isMirror = pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined;
  const admitted = isMirror ? spec : withTolerations(withToken(spec, tx));
  const complete: JsonObject = {
    enableServiceLinks: true,
    preemptionPolicy: 'PreemptLowerPriority',
    priority,
    ...admitted,
  };
  return { ...pod, spec: complete, status: { phase: 'Pending', qosClass } };
}

export function podSpecErrors(spec: JsonObject, path: string): readonly FieldError[] {
  const containers = listAt(spec, 'containers');
  const policy = textAt(spec, 'restartPolicy');
  return [
    ...listAt(spec, 'volumes').flatMap((volume, index) =>
      nameErrors(textAt(volume, 'name'), 'label', `${path}.volumes[${index}].name`),
    ),
    ...(containers.length === 0 ? [required(`${path}.containers`)] : []),
    ...containerErrors(containers, spec, `${path}.containers`),
    ...containerErrors(listAt(spec, 'initContainers'), spec, `${path}.initContainers`),
    ...(['Always', 'OnFailure', 'Never'].includes(policy)
      ? []
      : [notSupported(`${path}.restartPolicy`, policy, ['Always', 'OnFailure', 'Never'])]),
  ];
}

function containerErrors(
  containers: readonly JsonObject[],
  spec: JsonObject,
  path: string,
): readonly FieldError[] {
  const volumes = listAt(spec, 'volumes').map((volume) => textAt(volume, 'name'));
  return containers.flatMap((container, index) => {
    const here = `${path}[${index}]`;
    const name = textAt(container, 'name');
    const twin = containers.findIndex((other) => textAt(other, 'name') === name) !== index;
    return [
      ...(name === '' ? [required(`${here}.name`)] : nameErrors(name, 'label', `${here}.name`)),
      ...(twin ? [duplicate(`${here}.name`, name)] : []),
      ...(textAt(container, 'image') === '' ? [required(`${here}.image`)] : []),
      ...listAt(container, 'ports').flatMap((port, at) => portErrors(port, `${here}.ports[${at}]`)),
      ...listAt(container, 'volumeMounts').flatMap((mount, at): readonly FieldError[] =>
        volumes.includes(textAt(mount, 'name'))
          ? []
          : [
              {
                type: 'FieldValueNotFound',
                field: `${here}.volumeMounts[${at}].name`,
                value: textAt(mount, 'name'),
                detail: '',
              },
            ],
      ),
    ];
  });
}

const isPort = (port: number): boolean => port >= 1 && port <= 65535;

function portErrors(port: JsonObject, path: string): readonly FieldError[] {
  const number = numberAt(port, 'containerPort');
  const protocol = textAt(port, 'protocol');
  const known = ['SCTP', 'TCP', 'UDP'];
  return [
    ...(port['containerPort'] === undefined ? [required(`${path}.containerPort`)] : []),
    ...(port['containerPort'] === undefined || isPort(number)
      ? []
      : [invalid(`${path}.containerPort`, number, 'must be between 1 and 65535, inclusive')]),
    ...(known.includes(protocol) ? [] : [notSupported(`${path}.protocol`, protocol, known)]),
  ];
}

const IMMUTABLE_SPEC =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

/** A pod's spec without what an update may change. */
function fixedPart(spec: JsonObject | undefined): Json {
  const imageless = (containers: Json | undefined): Json =>
    (Array.isArray(containers) ? (containers as readonly JsonObject[]) : []).map(
      ({ image: _, imagePullPolicy: _p, ...rest }) => rest,
    );
  const {
    tolerations: _t,
    activeDeadlineSeconds: _a,
    terminationGracePeriodSeconds: _g,
    nodeName: _n,
    ...rest
  } = spec ?? {};
  return {
    ...rest,
    containers: imageless(spec?.['containers']),
    initContainers: imageless(spec?.['initContainers']),
  };
}

function validatePod(pod: KubeObject, before: KubeObject | undefined): readonly FieldError[] {
  if (!before) return podSpecErrors(pod.spec ?? {}, 'spec');
  const moved = !jsonEquals(at(before.spec, 'nodeName'), at(pod.spec, 'nodeName'));
  return moved || !jsonEquals(fixedPart(pod.spec), fixedPart(before.spec))
    ? [forbidden('spec', IMMUTABLE_SPEC)]
    : podSpecErrors(pod.spec ?? {}, 'spec');
}

const orNone = (text: string): string => text || '<none>';

const readinessGates = (pod: KubeObject): string => {
  const gates = listAt(pod.spec, 'readinessGates');
  if (gates.length === 0) return '<none>';
  const passed = gates.filter((gate) =>
    listAt(pod.status, 'conditions').some(
      (item) => textAt(item, 'type') === textAt(gate, 'conditionType') && textAt(item, 'status') === 'True',
    ),
  );
  return `${passed.length}/${gates.length}`;
};

const COLUMNS: readonly PrinterColumn[] = [
  NAME_COLUMN,
  column('Ready', (pod) => summarize(pod).ready),
  column('Status', (pod) => summarize(pod).reason),
  column('Restarts', (pod, { now }) => restartsOf(pod, now)),
  AGE_COLUMN,
  column('IP', (pod) => orNone(textAt(pod.status, 'podIPs', 0, 'ip')), { priority: 1 }),
  column('Node', (pod) => orNone(textAt(pod.spec, 'nodeName')), { priority: 1 }),
  column('Nominated Node', (pod) => orNone(textAt(pod.status, 'nominatedNodeName')), { priority: 1 }),
  column('Readiness Gates', readinessGates, { priority: 1 }),
];

export const PODS: ResourceType = builtin(
  { kind: 'Pod', plural: 'pods', shortNames: ['po'], categories: ['all'], columns: COLUMNS },
  {
    status: true,
    generation: true,
    selectableFields: [
      'spec.nodeName',
      'spec.restartPolicy',
      'spec.schedulerName',
      'spec.serviceAccountName',
      'spec.hostNetwork',
      'status.phase',
      'status.podIP',
      'status.podIPs',
      'status.nominatedNodeName',
    ],
    subresources: POD_SUBRESOURCES,
    defaults: podDefaults,
    validate: validatePod,
  },
);
