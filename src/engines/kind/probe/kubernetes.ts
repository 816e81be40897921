/** The cluster's objects by kubectl in the control plane's container, and what of them measuring needs. */
import { isJsonObject, type Json, type JsonObject } from '../../../base/json.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError, ObjectQuery } from '../../../lab/ports.ts';
import type { Kubectl } from '../cluster/cluster.ts';
import { apiRefused, unknownResource } from './errors.ts';

/** Seconds that kubectl gets: discovery of a cold cluster takes a few. */
const PATIENCE = 15;

type Objects = Result<readonly JsonObject[], LabError>;

const V3 = '.projectcalico.org';
const STORED = '.crd.projectcalico.org';

/**
 * A resource of `projectcalico.org/v3` where Calico's API server is not installed: what is stored, as that server would
 * present it. It is only asked for when the cluster itself says that it serves no such resource.
 */
export async function objectsOf(kubectl: Kubectl, query: ObjectQuery, signal: AbortSignal): Promise<Objects> {
  const found = await ask(kubectl, query, signal);
  const { resource } = query;
  const isView = resource.endsWith(V3) && !resource.endsWith(STORED);
  if (found.ok || found.error.code !== 'unknown-resource' || !isView) return found;
  const stored = await ask(kubectl, { ...query, resource: resource.slice(0, -V3.length) + STORED }, signal);
  if (stored.ok) return ok(stored.value.map(presented));
  return stored.error.code === 'unknown-resource' ? found : stored;
}

async function ask(
  kubectl: Kubectl,
  { resource, name, namespace, labelSelector }: ObjectQuery,
  signal: AbortSignal,
): Promise<Objects> {
  const within = namespace ?? (name === undefined ? undefined : 'default');
  const answer = await kubectl(
    [
      ...['get', '--output=json', '--ignore-not-found'],
      ...(within === undefined ? ['--all-namespaces'] : [`--namespace=${within}`]),
      ...(labelSelector === undefined ? [] : [`--selector=${labelSelector}`]),
      ...['--', resource],
      ...(name === undefined ? [] : [name]),
    ],
    { signal, seconds: PATIENCE },
  );
  if (!answer.ok) return answer;
  const { exitCode, stdout, stderr } = answer.value;
  return exitCode === 0 ? readObjects(stdout, resource) : refusal(stderr, resource);
}

/** kubectl's own words (kubectl v1.35 pkg/cmd/get, client-go restmapper). */
function refusal(stderr: string, resource: string): Objects {
  const says = stderr.trim();
  if (/doesn't have a resource type|no matches for kind/.test(says)) return err(unknownResource(resource));
  if (/^Error from server \(NotFound\)/.test(says) && !/could not find the requested resource/.test(says))
    return ok([]);
  return err(apiRefused(resource, says.split('\n').at(-1) ?? says));
}

function readObjects(text: string, resource: string): Objects {
  // Nothing at all is what --ignore-not-found prints of a name that is not there.
  if (text.trim() === '') return ok([]);
  const read = parsed(text);
  if (!isJsonObject(read)) return err(apiRefused(resource, 'kubectl printed no JSON'));
  const items: Json | undefined = read['items'];
  return ok(Array.isArray(items) ? items.filter(isJsonObject) : [read]);
}

export function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** As Calico's API server shows what is stored: its own group, and no annotation of the store's (libcalico-go, v3.32.1). */
function presented(object: JsonObject): JsonObject {
  const metadata = isJsonObject(object['metadata']) ? object['metadata'] : {};
  const { annotations, ...rest } = metadata;
  const kept = Object.entries(isJsonObject(annotations) ? annotations : {}).filter(
    ([key]) => key !== 'projectcalico.org/metadata',
  );
  return {
    ...object,
    apiVersion: 'projectcalico.org/v3',
    metadata: { ...rest, ...(kept.length > 0 ? { annotations: Object.fromEntries(kept) } : {}) },
  };
}

/** What measuring needs of a pod. */
export interface PodState {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly phase: string;
  readonly node: string | undefined;
  readonly addresses: readonly string[];
  readonly hostNetwork: boolean;
  /** The container that kubectl chooses when none is named. */
  readonly container: string | undefined;
}

const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container';

export function podState(object: JsonObject): PodState {
  const part = (name: string): JsonObject => {
    const value = object[name];
    return isJsonObject(value) ? value : {};
  };
  const [metadata, spec, status] = [part('metadata'), part('spec'), part('status')];
  const annotations = isJsonObject(metadata['annotations']) ? metadata['annotations'] : {};
  const [first] = listAt(spec, 'containers');
  return {
    namespace: textAt(metadata, 'namespace') ?? 'default',
    name: textAt(metadata, 'name') ?? '',
    uid: textAt(metadata, 'uid') ?? '',
    phase: textAt(status, 'phase') ?? 'Unknown',
    node: textAt(spec, 'nodeName'),
    addresses: listAt(status, 'podIPs').flatMap((each) => textAt(each, 'ip') ?? []),
    hostNetwork: spec['hostNetwork'] === true,
    container: textAt(annotations, DEFAULT_CONTAINER) ?? (first && textAt(first, 'name')),
  };
}

export function textAt(object: JsonObject, key: string): string | undefined {
  const value = object[key];
  return typeof value === 'string' ? value : undefined;
}

export function listAt(object: JsonObject, key: string): readonly JsonObject[] {
  const value = object[key];
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

export async function podOf(
  kubectl: Kubectl,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<Result<PodState | undefined, LabError>> {
  const found = await objectsOf(kubectl, { resource: 'pods', namespace, name }, signal);
  return found.ok ? ok(found.value[0] && podState(found.value[0])) : found;
}
