/**
 * `kubectl config` on whole entries: what clusters and users there are, removing them, removing and renaming contexts, and
 * `unset`. Source: k8s.io/kubectl/pkg/cmd/config v0.35.
 */
import type { JsonObject } from '../../../../base/json.ts';
import { listAt, textAt } from '../../../kube/fields.ts';
import type { Call, Verb } from '../call.ts';
import { Failure } from '../failure.ts';
import { readKubeConfig, writeKubeConfig, type KubeConfig } from '../kubeconfig.ts';

const configOf = (call: Call): KubeConfig => readKubeConfig(call.io, call.flags.text('kubeconfig'));

type Section = 'clusters' | 'users';

const namesIn = (config: KubeConfig, section: Section): readonly string[] =>
  listAt(config.content, section)
    .map((entry) => textAt(entry, 'name'))
    .sort();

const listVerb = (section: Section): Verb => ({
  path: `config get-${section}`,
  summary: `List the ${section}`,
  about: `Lists the ${section} that the kubeconfig file names.`,
  usage: `config get-${section}`,
  examples: [`kubectl config get-${section}`],
  provenance: 'compared',
  flags: [],
  async run(call) {
    await call.out(['NAME', ...namesIn(configOf(call), section)].map((name) => `${name}\n`).join(''));
    return 0;
  },
});

const without = (config: KubeConfig, section: Section, name: string): JsonObject => ({
  ...config.content,
  [section]: listAt(config.content, section).filter((entry) => entry['name'] !== name),
});

const deleteVerb = (noun: 'cluster' | 'user'): Verb => {
  const section: Section = `${noun}s`;
  return {
    path: `config delete-${noun}`,
    summary: `Remove a ${noun}`,
    about: `Removes a ${noun} from the kubeconfig file.`,
    usage: `config delete-${noun} NAME`,
    examples: [`kubectl config delete-${noun} old`],
    provenance: 'compared',
    flags: [],
    async run(call) {
      const config = configOf(call);
      const name = oneName(call);
      if (!namesIn(config, section).includes(name))
        throw new Failure(`error: cannot delete ${noun} ${name}, not in ${config.path}`);
      writeKubeConfig(call.io, { ...config, content: without(config, section, name) });
      await call.out(`deleted ${noun} ${name} from ${config.path}\n`);
      return 0;
    },
  };
};

function oneName(call: Call): string {
  const [name, ...more] = call.args;
  if (name === undefined || more.length > 0)
    throw new Failure(`error: Unexpected args: [${call.args.join(' ')}]`);
  return name;
}

const DELETE_CONTEXT: Verb = {
  path: 'config delete-context',
  summary: 'Remove a context',
  about: 'Removes a context from the kubeconfig file; its cluster and its user stay.',
  usage: 'config delete-context NAME',
  examples: ['kubectl config delete-context old'],
  provenance: 'compared',
  flags: [],
  async run(call) {
    const config = configOf(call);
    const name = oneName(call);
    if (!config.contexts.some((one) => one.name === name))
      throw new Failure(`error: cannot delete context ${name}, not in ${config.path}`);
    if (config.current === name) {
      await call.err(
        'warning: this removed your active context, use "kubectl config use-context" to select a different one\n',
      );
    }
    writeKubeConfig(call.io, { ...config, contexts: config.contexts.filter((one) => one.name !== name) });
    await call.out(`deleted context ${name} from ${config.path}\n`);
    return 0;
  },
};

const RENAME_CONTEXT: Verb = {
  path: 'config rename-context',
  summary: 'Give a context another name',
  about: 'Renames a context; when it is the current one, it stays so.',
  usage: 'config rename-context CONTEXT_NAME NEW_NAME',
  examples: ['kubectl config rename-context old new'],
  provenance: 'compared',
  flags: [],
  async run(call) {
    const [from, to, ...more] = call.args;
    if (from === undefined || to === undefined || more.length > 0)
      throw new Failure(`error: Unexpected args: [${call.args.join(' ')}]`);
    const config = configOf(call);
    if (!config.contexts.some((one) => one.name === from))
      throw new Failure(
        `error: cannot rename the context ${JSON.stringify(from)}, it's not in ${config.path}`,
      );
    if (config.contexts.some((one) => one.name === to)) {
      throw new Failure(
        `error: cannot rename the context ${JSON.stringify(from)}, the context ${JSON.stringify(to)} already exists in ${config.path}`,
      );
    }
    const contexts = config.contexts.map((one) => (one.name === from ? { ...one, name: to } : one));
    writeKubeConfig(call.io, { ...config, contexts, current: config.current === from ? to : config.current });
    await call.out(`Context ${JSON.stringify(from)} renamed to ${JSON.stringify(to)}.\n`);
    return 0;
  },
};

const UNSET: Verb = {
  path: 'config unset',
  summary: 'Clear a value',
  about:
    'Clears current-context, or one entry of contexts, clusters or users: current-context, contexts.NAME.',
  usage: 'config unset PROPERTY_NAME',
  examples: ['kubectl config unset current-context', 'kubectl config unset contexts.old'],
  provenance: 'compared',
  flags: [],
  async run(call) {
    const property = oneName(call);
    const config = configOf(call);
    writeKubeConfig(call.io, cleared(config, property));
    await call.out(`Property ${JSON.stringify(property)} unset.\n`);
    return 0;
  },
};

function cleared(config: KubeConfig, property: string): KubeConfig {
  const [section = '', ...rest] = property.split('.');
  const name = rest.join('.');
  if (property === 'current-context') return { ...config, current: '' };
  if (section === 'contexts') {
    const [, context = name, member] = /^(.*)\.(namespace|cluster|user)$/.exec(name) ?? [];
    return {
      ...config,
      contexts: config.contexts.flatMap((one) => {
        if (name !== '' && one.name !== context) return [one];
        return member === undefined ? [] : [{ ...one, [member]: '' }];
      }),
    };
  }
  if (section !== 'clusters' && section !== 'users')
    throw new Failure(`error: unable to parse ${property} after [] at api.Config`);
  const content = name === '' ? { ...config.content, [section]: [] } : without(config, section, name);
  return { ...config, content };
}

export const CONFIG_NAME_VERBS: readonly Verb[] = [
  deleteVerb('cluster'),
  DELETE_CONTEXT,
  deleteVerb('user'),
  listVerb('clusters'),
  listVerb('users'),
  RENAME_CONTEXT,
  UNSET,
];
