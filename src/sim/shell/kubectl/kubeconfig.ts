/**
 * The learner's kubeconfig, as far as it matters here: contexts and their namespaces. Servers and credentials are kept
 * but never used; every context reaches the lab's cluster. Source: k8s.io/client-go/tools/clientcmd v0.35.
 */
import { utf8, utf8Text } from '../../../base/bytes.ts';
import { isJsonObject, type JsonObject } from '../../../base/json.ts';
import { listAt, textAt } from '../../kube/fields.ts';
import type { CompletionIo } from '../command.ts';
import { Failure } from './failure.ts';
import { parseYaml, resolvePath } from './manifest.ts';
import { yamlText } from './output/yaml-text.ts';

export interface Context {
  readonly name: string;
  readonly cluster: string;
  readonly user: string;
  readonly namespace: string;
}

export interface KubeConfig {
  readonly path: string;
  readonly content: JsonObject;
  readonly current: string;
  readonly contexts: readonly Context[];
}

/** `given` is --kubeconfig; without one $KUBECONFIG, then ~/.kube/config. A missing file is an empty configuration. */
export function readKubeConfig(io: CompletionIo, given = ''): KubeConfig {
  const home = io.env.get('HOME') ?? '/root';
  const chosen =
    given === '' ? (io.env.get('KUBECONFIG') ?? '').split(':')[0] || `${home}/.kube/config` : given;
  const path = resolvePath(io, chosen);
  const bytes = io.files.read(path);
  const parsed = bytes ? (parseYaml(path, utf8Text(bytes))[0] ?? null) : null;
  const content = isJsonObject(parsed) ? parsed : {};
  return { path, content, current: textAt(content, 'current-context'), contexts: contextsOf(content) };
}

function contextsOf(content: JsonObject): readonly Context[] {
  return listAt(content, 'contexts').map((entry) => ({
    name: textAt(entry, 'name'),
    cluster: textAt(entry, 'context', 'cluster'),
    user: textAt(entry, 'context', 'user'),
    namespace: textAt(entry, 'context', 'namespace'),
  }));
}

/** The namespace commands work in without -n. */
export function currentNamespace(config: KubeConfig, contextName = ''): string {
  const wanted = contextName === '' ? config.current : contextName;
  const context = config.contexts.find((one) => one.name === wanted);
  if (contextName !== '' && !context)
    throw new Failure(`Error in configuration: context was not found for specified context: ${contextName}`);
  return context?.namespace || 'default';
}

/** Writes the file with these contexts and this current one. */
export function writeKubeConfig(io: CompletionIo, config: KubeConfig): void {
  const contexts = config.contexts.map(({ name, cluster, user, namespace }) => ({
    context: { cluster, ...(namespace === '' ? {} : { namespace }), user },
    name,
  }));
  const content = {
    apiVersion: 'v1',
    clusters: [],
    kind: 'Config',
    preferences: {},
    users: [],
    ...config.content,
    contexts,
    'current-context': config.current,
  };
  const directory = config.path.slice(0, config.path.lastIndexOf('/'));
  io.files.mkdir(directory, { parents: true });
  const complaint = io.files.write(config.path, utf8(yamlText(content)));
  if (complaint !== undefined) throw new Failure(`error: open ${config.path}: ${complaint.toLowerCase()}`);
}
