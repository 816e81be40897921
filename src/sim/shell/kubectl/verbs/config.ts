/** `kubectl config`: contexts and their namespaces. Source: k8s.io/kubectl/pkg/cmd/config v0.35. */
import type { JsonObject } from '../../../../base/json.ts';
import { listAt } from '../../../kube/fields.ts';
import type { Call, Verb } from '../call.ts';
import { Failure, usageFailure } from '../failure.ts';
import { readKubeConfig, writeKubeConfig, type Context, type KubeConfig } from '../kubeconfig.ts';
import { TABLE_TABS, TabWriter } from '../output/tab-writer.ts';
import { OBJECT_FORMATS } from '../output/object-printer.ts';
import { outputOf, printerFor } from '../reporting.ts';
import { CONFIG_NAME_VERBS } from './config-names.ts';
import { bool, TEMPLATE_FLAGS, text } from './shared-flags.ts';

const configOf = (call: Call): KubeConfig => readKubeConfig(call.io, call.flags.text('kubeconfig'));

const CURRENT_CONTEXT: Verb = {
  path: 'config current-context',
  summary: 'Show the current context',
  about: 'Prints the name of the current context.',
  usage: 'config current-context',
  examples: ['kubectl config current-context'],
  provenance: 'compared',
  flags: [],
  async run(call) {
    const { current } = configOf(call);
    if (current === '') throw new Failure('error: current-context is not set');
    await call.out(`${current}\n`);
    return 0;
  },
};

const GET_CONTEXTS: Verb = {
  path: 'config get-contexts',
  summary: 'List the contexts',
  about: 'Lists the contexts of the kubeconfig file, the current one marked, with their namespaces.',
  usage: 'config get-contexts [(-o|--output=)name)]',
  examples: ['kubectl config get-contexts'],
  provenance: 'compared',
  flags: [
    bool('no-headers', 'Leave out the line of column names.'),
    text('output', 'name prints names only.', { short: 'o' }),
  ],
  async run(call) {
    const output = call.flags.text('output');
    if (!['', 'name'].includes(output)) {
      throw new Failure(
        `error: --output ${output} is not available in kubectl config get-contexts; resetting to default output format`,
      );
    }
    const config = configOf(call);
    const chosen =
      call.args.length === 0
        ? config.contexts
        : config.contexts.filter((one) => call.args.includes(one.name));
    const missing = call.args.filter((name) => !config.contexts.some((one) => one.name === name));
    const sorted = [...chosen].sort((a, b) => (a.name < b.name ? -1 : 1));
    if (output === 'name') {
      await call.out(sorted.map((one) => `${one.name}\n`).join(''));
      return 0;
    }
    const writer = new TabWriter(TABLE_TABS);
    if (!call.flags.is('no-headers')) writer.write('CURRENT\tNAME\tCLUSTER\tAUTHINFO\tNAMESPACE\n');
    for (const one of sorted) {
      writer.write(
        `${one.name === config.current ? '*' : ''}\t${one.name}\t${one.cluster}\t${one.user}\t${one.namespace}\n`,
      );
    }
    await call.out(writer.flush());
    if (missing.length > 0)
      throw new Failure(missing.map((name) => `error: context ${name} not found`).join('\n'));
    return 0;
  },
};

const SET_CONTEXT: Verb = {
  path: 'config set-context',
  summary: 'Change a context, e.g. its namespace',
  about: 'Changes the current context (--current) or the named one; most often its namespace.',
  usage:
    'config set-context [NAME | --current] [--cluster=cluster_nickname] [--user=user_nickname] [--namespace=namespace]',
  examples: ['kubectl config set-context --current --namespace=kube-system'],
  provenance: 'compared',
  flags: [
    text('cluster', 'The cluster of the context.'),
    bool('current', 'Change the current context.'),
    text('user', 'The user of the context.'),
  ],
  run: setContext,
};

async function setContext(call: Call): Promise<number> {
  const config = configOf(call);
  const name = contextToChange(call, config);
  const old = config.contexts.find((one) => one.name === name);
  const member = (flag: 'cluster' | 'user' | 'namespace'): string =>
    call.flags.given(flag) ? call.flags.text(flag) : (old?.[flag] ?? '');
  const changed: Context = {
    name,
    cluster: member('cluster'),
    user: member('user'),
    namespace: member('namespace'),
  };
  const contexts = old
    ? config.contexts.map((one) => (one === old ? changed : one))
    : [...config.contexts, changed];
  writeKubeConfig(call.io, { ...config, contexts });
  await call.out(`Context ${JSON.stringify(name)} ${old ? 'modified' : 'created'}.\n`);
  return 0;
}

function contextToChange(call: Call, config: KubeConfig): string {
  const current = call.flags.is('current');
  const [name, ...more] = call.args;
  if (more.length > 0) throw usageFailure('config set-context', `Unexpected args: [${call.args.join(' ')}]`);
  if (!current && name === undefined)
    throw new Failure('error: you must specify a non-empty context name or --current');
  if (!current) return name ?? '';
  if (name !== undefined) throw new Failure('error: you cannot specify both a context name and --current');
  if (config.current === '') throw new Failure('error: no current context is set');
  return config.current;
}

const USE_CONTEXT: Verb = {
  path: 'config use-context',
  summary: 'Make a context the current one',
  about: 'Makes the named context the current one.',
  usage: 'config use-context CONTEXT_NAME',
  examples: ['kubectl config use-context lab'],
  provenance: 'compared',
  flags: [],
  async run(call) {
    const [name, ...more] = call.args;
    if (name === undefined || more.length > 0)
      throw usageFailure('config use-context', `Unexpected args: [${call.args.join(' ')}]`);
    const config = configOf(call);
    if (!config.contexts.some((one) => one.name === name))
      throw new Failure(`error: no context exists with the name: ${JSON.stringify(name)}`);
    writeKubeConfig(call.io, { ...config, current: name });
    await call.out(`Switched to context ${JSON.stringify(name)}.\n`);
    return 0;
  },
};

const VIEW: Verb = {
  path: 'config view',
  summary: 'Show the kubeconfig file',
  about:
    'Prints the kubeconfig file as kubectl understands it; with --minify only what the current context needs.',
  usage: 'config view',
  examples: ['kubectl config view', "kubectl config view --minify -o 'jsonpath={..namespace}'"],
  provenance: 'compared',
  flags: [
    bool('minify', 'Leave out what the current context does not use.'),
    text('output', 'yaml, json, jsonpath=..., go-template=...', { short: 'o', initial: 'yaml' }),
    ...TEMPLATE_FLAGS,
    bool('raw', 'Also what is secret; the file of the lab holds nothing secret.'),
  ],
  run: view,
};

async function view(call: Call): Promise<number> {
  if (call.args.length > 0)
    throw usageFailure('config view', `unexpected arguments: [${call.args.join(' ')}]`);
  const print = printerFor(call, outputOf(call), OBJECT_FORMATS);
  const config = configOf(call);
  const shown = print(call.flags.is('minify') ? minified(call, config) : contentOf(config));
  if (!shown.ok) throw new Failure(`error: ${shown.error}`);
  await call.out(shown.value);
  return 0;
}

function contentOf({ content, contexts, current }: KubeConfig): JsonObject {
  if (Object.keys(content).length > 0) return content;
  return {
    apiVersion: 'v1',
    clusters: null,
    contexts: contexts.length > 0 ? [] : null,
    'current-context': current,
    kind: 'Config',
    users: null,
  };
}

function minified(call: Call, config: KubeConfig): JsonObject {
  const name = call.flags.text('context') || config.current;
  if (name === '') throw new Failure('error: current-context must exist in order to minify');
  const context = config.contexts.find((one) => one.name === name);
  if (!context) throw new Failure(`error: cannot locate context ${name}`);
  const only = (section: string, wanted: string): readonly JsonObject[] =>
    listAt(config.content, section).filter((entry) => entry['name'] === wanted);
  return {
    ...config.content,
    clusters: only('clusters', context.cluster),
    contexts: only('contexts', name),
    'current-context': name,
    users: only('users', context.user),
  };
}

export const CONFIG_VERBS: readonly Verb[] = [
  CURRENT_CONTEXT,
  ...CONFIG_NAME_VERBS,
  GET_CONTEXTS,
  SET_CONTEXT,
  USE_CONTEXT,
  VIEW,
];
