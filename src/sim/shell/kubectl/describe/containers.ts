/** Containers, volumes and pod templates in `kubectl describe`. Source: k8s.io/kubectl/pkg/describe/describe.go v0.35. */
import { isJsonObject, type JsonObject } from '../../../../base/json.ts';
import { at, listAt, numberAt, objectAt, textAt, textsAt } from '../../../kube/fields.ts';
import { longTime, type Document } from './document.ts';

/** Where the pod whose containers these are can be asked for field values; absent for templates. */
export interface ContainerContext {
  readonly statuses: readonly JsonObject[];
  readonly pod?: JsonObject;
  /** Two spaces inside a pod template. */
  readonly indent: string;
}

export function describeContainers(
  page: Document,
  title: string,
  containers: readonly JsonObject[],
  context: ContainerContext,
): void {
  page.line(0, `${context.indent}${title}:${containers.length === 0 ? ' <none>' : ''}`);
  for (const container of containers) {
    const status = context.statuses.find((one) => one['name'] === container['name']);
    basics(page, container, { status, indent: context.indent });
    commandLines(page, 'Command', textsAt(container, 'command'));
    commandLines(page, 'Args', textsAt(container, 'args'));
    if (status) containerState(page, status);
    resourceLines(page, container);
    for (const [label, member] of PROBES) {
      const probe = container[member];
      if (isJsonObject(probe)) page.line(2, `${label}:\t${probeText(probe)}`);
    }
    environmentFrom(page, container);
    environment(page, container, context.pod);
    mounts(page, container);
  }
}

const PROBES = [
  ['Liveness', 'livenessProbe'],
  ['Readiness', 'readinessProbe'],
  ['Startup', 'startupProbe'],
] as const;

function basics(
  page: Document,
  container: JsonObject,
  { status, indent }: { readonly status: JsonObject | undefined; readonly indent: string },
): void {
  page.line(1, `${indent === '' ? '' : ' '}${textAt(container, 'name')}:`);
  if (status) page.line(2, `Container ID:\t${textAt(status, 'containerID')}`);
  page.line(2, `Image:\t${textAt(container, 'image')}`);
  if (status) page.line(2, `Image ID:\t${textAt(status, 'imageID')}`);
  portLine(page, 'Port', portTexts(container, 'containerPort'));
  portLine(page, 'Host Port', portTexts(container, 'hostPort'));
  const seccomp = textAt(container, 'securityContext', 'seccompProfile', 'type');
  if (seccomp !== '') page.line(2, `SeccompProfile:\t${seccomp}`);
}

function portLine(page: Document, title: string, ports: readonly string[]): void {
  page.line(2, ports.length > 1 ? `${title}s:\t${ports.join(', ')}` : `${title}:\t${ports[0] ?? '<none>'}`);
}

function portTexts(container: JsonObject, member: 'containerPort' | 'hostPort'): readonly string[] {
  return listAt(container, 'ports').map((port) => {
    const name = textAt(port, 'name');
    return `${numberAt(port, member)}/${textAt(port, 'protocol')}${name === '' ? '' : ` (${name})`}`;
  });
}

function commandLines(page: Document, title: string, words: readonly string[]): void {
  if (words.length === 0) return;
  page.line(2, `${title}:`);
  for (const line of words.flatMap((word) => word.split('\n'))) page.line(3, line);
}

function containerState(page: Document, status: JsonObject): void {
  stateLines(page, 'State', objectAt(status, 'state'));
  const last = objectAt(status, 'lastState');
  if (last['terminated'] !== undefined) stateLines(page, 'Last State', last);
  page.line(2, `Ready:\t${status['ready'] === true ? 'True' : 'False'}`);
  page.line(2, `Restart Count:\t${numberAt(status, 'restartCount')}`);
}

function stateLines(page: Document, title: string, state: JsonObject): void {
  if (state['running'] !== undefined) {
    page.line(2, `${title}:\tRunning`);
    page.line(3, `Started:\t${longTime(textAt(state, 'running', 'startedAt'))}`);
    return;
  }
  const terminated = state['terminated'];
  if (!isJsonObject(terminated)) {
    page.line(2, `${title}:\tWaiting`);
    optional(page, 'Reason', textAt(state, 'waiting', 'reason'));
    return;
  }
  page.line(2, `${title}:\tTerminated`);
  optional(page, 'Reason', textAt(terminated, 'reason'));
  optional(page, 'Message', textAt(terminated, 'message'));
  page.line(3, `Exit Code:\t${numberAt(terminated, 'exitCode')}`);
  if (numberAt(terminated, 'signal') > 0) page.line(3, `Signal:\t${numberAt(terminated, 'signal')}`);
  page.line(3, `Started:\t${longTime(textAt(terminated, 'startedAt'))}`);
  page.line(3, `Finished:\t${longTime(textAt(terminated, 'finishedAt'))}`);
}

function optional(page: Document, title: string, value: string): void {
  if (value !== '') page.line(3, `${title}:\t${value}`);
}

function resourceLines(page: Document, container: JsonObject): void {
  for (const [title, member] of [
    ['Limits', 'limits'],
    ['Requests', 'requests'],
  ] as const) {
    const resources = objectAt(container, 'resources', member);
    const names = Object.keys(resources).sort();
    if (names.length > 0) page.line(2, `${title}:`);
    for (const name of names) page.line(3, `${name}:\t${String(resources[name])}`);
  }
}

function probeText(probe: JsonObject): string {
  const [delay, timeout, period, success, failure] = [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ].map((member) => numberAt(probe, member));
  const attributes = `delay=${delay ?? 0}s timeout=${timeout ?? 0}s period=${period ?? 0}s #success=${success ?? 0} #failure=${failure ?? 0}`;
  return `${probeAction(probe)} ${attributes}`;
}

function probeAction(probe: JsonObject): string {
  if (probe['exec'] !== undefined) return `exec [${textsAt(probe, 'exec', 'command').join(' ')}]`;
  if (probe['httpGet'] !== undefined) {
    const get = objectAt(probe, 'httpGet');
    const path = textAt(get, 'path');
    const slash = path === '' || path.startsWith('/') ? '' : '/';
    return `http-get ${textAt(get, 'scheme').toLowerCase()}://${textAt(get, 'host')}:${String(get['port'])}${slash}${path}`;
  }
  if (probe['tcpSocket'] !== undefined) {
    return `tcp-socket ${textAt(probe, 'tcpSocket', 'host')}:${String(at(probe, 'tcpSocket', 'port'))}`;
  }
  if (probe['grpc'] !== undefined)
    return `grpc <pod>:${numberAt(probe, 'grpc', 'port')} ${textAt(probe, 'grpc', 'service')}`;
  return 'unknown';
}

function environmentFrom(page: Document, container: JsonObject): void {
  const sources = listAt(container, 'envFrom');
  if (sources.length === 0) return;
  page.line(2, 'Environment Variables from:');
  for (const source of sources) {
    const [kind, ref] =
      source['configMapRef'] === undefined
        ? (['Secret', 'secretRef'] as const)
        : (['ConfigMap', 'configMapRef'] as const);
    const prefix = textAt(source, 'prefix');
    const from = prefix === '' ? kind : `${kind} with prefix '${prefix}'`;
    page.line(
      3,
      `${textAt(source, ref, 'name')}\t${from}\tOptional: ${at(source, ref, 'optional') === true}`,
    );
  }
}

function environment(page: Document, container: JsonObject, pod: JsonObject | undefined): void {
  const variables = listAt(container, 'env');
  page.line(2, `Environment:${variables.length === 0 ? '\t<none>' : ''}`);
  for (const variable of variables)
    for (const line of variableLines(variable, { container, pod })) page.line(3, line);
}

function variableLines(
  variable: JsonObject,
  of: { readonly container: JsonObject; readonly pod: JsonObject | undefined },
): readonly string[] {
  const name = textAt(variable, 'name');
  const from = variable['valueFrom'];
  if (!isJsonObject(from)) {
    const [first = '', ...more] = textAt(variable, 'value').split('\n');
    return [`${name}:\t${first}`, ...more.map((line) => `\t${line}`)];
  }
  if (from['fieldRef'] !== undefined) {
    const path = textAt(from, 'fieldRef', 'fieldPath');
    const value = of.pod ? fieldValue(of.pod, path) : '';
    return [`${name}:\t${value} (${textAt(from, 'fieldRef', 'apiVersion')}:${path})`];
  }
  if (from['resourceFieldRef'] !== undefined) {
    const resource = textAt(from, 'resourceFieldRef', 'resource');
    const value = String(at(of.container, 'resources', ...resource.split('.')) ?? '0');
    const shown = value === '0' && /^limits\.(cpu|memory)$/.test(resource) ? 'node allocatable' : value;
    return [`${name}:\t${shown} (${resource})`];
  }
  if (from['secretKeyRef'] !== undefined) {
    const ref = objectAt(from, 'secretKeyRef');
    return [
      `${name}:\t<set to the key '${textAt(ref, 'key')}' in secret '${textAt(ref, 'name')}'>\tOptional: ${ref['optional'] === true}`,
    ];
  }
  const ref = objectAt(from, 'configMapKeyRef');
  return [
    `${name}:\t<set to the key '${textAt(ref, 'key')}' of config map '${textAt(ref, 'name')}'>\tOptional: ${ref['optional'] === true}`,
  ];
}

/** The downward API, as far as it can be seen from outside: `spec.nodeName` and `status.*` are known only to the kubelet. */
function fieldValue(pod: JsonObject, path: string): string {
  const keyed = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (keyed) return textAt(pod, 'metadata', keyed[1] ?? '', keyed[2] ?? '');
  return path.startsWith('metadata.') ? textAt(pod, ...path.split('.')) : '';
}

function mounts(page: Document, container: JsonObject): void {
  const all = [...listAt(container, 'volumeMounts')].sort((a, b) =>
    textAt(a, 'mountPath') < textAt(b, 'mountPath') ? -1 : 1,
  );
  page.line(2, `Mounts:${all.length === 0 ? '\t<none>' : ''}`);
  for (const mount of all) {
    const subPath = textAt(mount, 'subPath');
    const flags = [
      mount['readOnly'] === true ? 'ro' : 'rw',
      ...(subPath === '' ? [] : [`path=${JSON.stringify(subPath)}`]),
    ];
    page.line(3, `${textAt(mount, 'mountPath')} from ${textAt(mount, 'name')} (${flags.join(',')})`);
  }
}

export function describeVolumes(page: Document, volumes: readonly JsonObject[], indent: string): void {
  if (volumes.length === 0) return page.line(0, `${indent}Volumes:\t<none>`);
  page.line(0, `${indent}Volumes:`);
  for (const volume of volumes) {
    page.line(1, `${indent === '' ? '' : ' '}${textAt(volume, 'name')}:`);
    const source = Object.keys(VOLUME_SOURCES).find((kind) => volume[kind] !== undefined);
    const lines = source === undefined ? undefined : VOLUME_SOURCES[source]?.(objectAt(volume, source));
    if (!lines) page.line(1, '<unknown>');
    else for (const line of lines) page.line(2, line);
  }
}

const VOLUME_SOURCES: Readonly<Record<string, (source: JsonObject) => readonly string[]>> = {
  hostPath: (source) => [
    'Type:\tHostPath (bare host directory volume)',
    `Path:\t${textAt(source, 'path')}`,
    `HostPathType:\t${source['type'] === undefined ? '<none>' : textAt(source, 'type')}`,
  ],
  emptyDir: (source) => [
    "Type:\tEmptyDir (a temporary directory that shares a pod's lifetime)",
    `Medium:\t${textAt(source, 'medium')}`,
    `SizeLimit:\t${textAt(source, 'sizeLimit') || '<unset>'}`,
  ],
  secret: (source) => [
    'Type:\tSecret (a volume populated by a Secret)',
    `SecretName:\t${textAt(source, 'secretName')}`,
    `Optional:\t${source['optional'] === true}`,
  ],
  configMap: (source) => [
    'Type:\tConfigMap (a volume populated by a ConfigMap)',
    `Name:\t${textAt(source, 'name')}`,
    `Optional:\t${source['optional'] === true}`,
  ],
  projected: (source) => [
    'Type:\tProjected (a volume that contains injected data from multiple sources)',
    ...listAt(source, 'sources').flatMap(projectedLines),
  ],
  downwardAPI: (source) => [
    'Type:\tDownwardAPI (a volume populated by information about the pod)',
    'Items:',
    ...listAt(source, 'items').map(
      (item) => `  ${textAt(item, 'fieldRef', 'fieldPath')} -> ${textAt(item, 'path')}`,
    ),
  ],
  persistentVolumeClaim: (source) => [
    'Type:\tPersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)',
    `ClaimName:\t${textAt(source, 'claimName')}`,
    `ReadOnly:\t${source['readOnly'] === true}`,
  ],
};

function projectedLines(source: JsonObject): readonly string[] {
  if (source['secret'] !== undefined) {
    return [
      `SecretName:\t${textAt(source, 'secret', 'name')}`,
      `Optional:\t${at(source, 'secret', 'optional') === true}`,
    ];
  }
  if (source['downwardAPI'] !== undefined) return ['DownwardAPI:\ttrue'];
  if (source['configMap'] !== undefined) {
    return [
      `ConfigMapName:\t${textAt(source, 'configMap', 'name')}`,
      `Optional:\t${at(source, 'configMap', 'optional') === true}`,
    ];
  }
  return [`TokenExpirationSeconds:\t${numberAt(source, 'serviceAccountToken', 'expirationSeconds')}`];
}

export function describeTemplate(page: Document, template: JsonObject): void {
  const spec = objectAt(template, 'spec');
  const context: ContainerContext = { statuses: [], indent: '  ' };
  page.line(0, 'Pod Template:');
  page.labels('  Labels', objectAt(template, 'metadata', 'labels'));
  const annotations = objectAt(template, 'metadata', 'annotations');
  if (Object.keys(annotations).length > 0) page.annotations('  Annotations', annotations);
  const account = textAt(spec, 'serviceAccountName');
  if (account !== '') page.line(1, `Service Account:\t${account}`);
  if (listAt(spec, 'initContainers').length > 0)
    describeContainers(page, 'Init Containers', listAt(spec, 'initContainers'), context);
  describeContainers(page, 'Containers', listAt(spec, 'containers'), context);
  describeVolumes(page, listAt(spec, 'volumes'), '  ');
  const priority = textAt(spec, 'priorityClassName');
  if (priority !== '') page.line(1, `Priority Class Name:\t${priority}`);
  // The titles carry their indentation, so that further values line up under the first.
  page.labels('  Node-Selectors', objectAt(spec, 'nodeSelector'));
  page.tolerations('  Tolerations', listAt(spec, 'tolerations'));
}
