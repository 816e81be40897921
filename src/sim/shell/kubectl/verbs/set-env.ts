/** `kubectl set env`. Source: k8s.io/kubectl/pkg/cmd/set/set_env.go, env/env_parse.go, env_resolve.go v0.35. */
import { isJsonObject, type JsonObject } from '../../../../base/json.ts';
import { listAt, objectAt, textAt } from '../../../kube/fields.ts';
import type { Call, Verb } from '../call.ts';
import { completeResources } from '../completion.ts';
import { Failure } from '../failure.ts';
import { matchesName, podSpecOf, updatePodSpec, withContainers } from '../pod-templates.ts';
import { Reporter } from '../reporting.ts';
import { select, type Selected } from '../selection.ts';
import { onEach, SET_FLAGS } from './set.ts';
import { bool, list, text } from './shared-flags.ts';

export const SET_ENV: Verb = {
  path: 'set env',
  summary: 'Change environment variables of containers',
  about:
    'Sets (NAME=VALUE), removes (NAME-) or lists the environment variables of containers, all of them unless -c picks some.\nWith --from, takes the keys of a config map or secret.',
  usage: 'set env RESOURCE/NAME KEY_1=VAL_1 ... KEY_N=VAL_N',
  examples: [
    'kubectl set env deployment/web LOG=debug',
    'kubectl set env deployment/web LOG-',
    'kubectl set env deployment/web --list',
    'kubectl set env --from=configmap/site deployment/web',
  ],
  provenance: 'compared',
  flags: [
    ...SET_FLAGS,
    text('containers', 'The containers to change, by name; * stands for anything.', {
      short: 'c',
      initial: '*',
    }),
    list('env', 'NAME=VALUE, as an argument would say it.', 'e'),
    text('from', 'The config map or secret, as TYPE/NAME, whose keys become variables.'),
    list('keys', 'With --from: only these keys.'),
    bool('list', 'Print the variables instead of changing them.'),
    bool('overwrite', 'Allow changing a variable that is there already.', { initial: 'true' }),
    text('prefix', 'With --from: put this before the names.'),
  ],
  run: setEnv,
  complete: completeResources,
};

interface Change {
  readonly set: readonly JsonObject[];
  readonly remove: readonly string[];
}

const isAssignment = (word: string): boolean => word.includes('=') || (word.endsWith('-') && word !== '-');

async function setEnv(call: Call): Promise<number> {
  const reporter = new Reporter(call);
  const words = call.args.filter((word) => !isAssignment(word));
  if (words.length === 0 && call.flags.all('filename').length === 0) {
    throw new Failure(
      'error: one or more resources must be specified as <resource> <name> or <resource>/<name>',
    );
  }
  const change = changeOf(call, [...call.args.filter(isAssignment), ...call.flags.all('env')]);
  const pattern = call.flags.text('containers');
  const fits = (container: JsonObject): boolean => matchesName(container, pattern);
  return onEach(await select(call, words), async (chosen) => {
    const before = podSpecOf(chosen);
    if (!listAt(before, 'containers').some(fits)) {
      const { kind } = chosen.ref.type;
      return call.err(
        `${kind} ${chosen.ref.name} does not have any containers matching ${JSON.stringify(pattern)}\n`,
      );
    }
    const spec = withContainers(before, fits, (container) => changed(call, container, change));
    if (call.flags.is('list')) return listVariables(call, chosen, listAt(spec, 'containers').filter(fits));
    await updatePodSpec({ call, reporter, chosen }, spec, 'env updated');
  });
}

function changeOf(call: Call, words: readonly string[]): Change {
  const set: JsonObject[] = [...fromSource(call)];
  const remove: string[] = [];
  for (const word of words) {
    const at = word.indexOf('=');
    if (at < 0) remove.push(word.slice(0, -1));
    else set.push({ name: checkedName(word.slice(0, at)), value: word.slice(at + 1) });
  }
  const both = remove.find((name) => set.some((one) => one['name'] === name));
  if (both !== undefined)
    throw new Failure(
      `error: can not both modify and remove the following environment variable(s) in the same command: ${both}`,
    );
  return { set, remove };
}

function checkedName(name: string): string {
  if (/^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(name)) return name;
  throw new Failure(
    `error: ${JSON.stringify(name)} is not a valid key name: a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')`,
  );
}

const REFERENCES: ReadonlyMap<string, string> = new Map([
  ['configmaps', 'configMapKeyRef'],
  ['secrets', 'secretKeyRef'],
]);

/** Variables that refer to the keys of the object `--from` names, in the order of the keys. */
function fromSource(call: Call): readonly JsonObject[] {
  const from = call.flags.text('from');
  if (from === '') return [];
  const [word = '', name = '', ...more] = from.split('/');
  if (more.length > 0 || name === '')
    throw new Failure('error: arguments in resource/name form must have a single resource and name');
  const type = call.api.type(word);
  const reference = REFERENCES.get(type.plural);
  if (reference === undefined)
    throw new Failure(`error: unsupported resource specified in --from: ${type.kind}`);
  const source = call.api.get({ type, namespace: call.namespace, name });
  const wanted = call.flags.all('keys').flatMap((keys) => keys.split(','));
  return Object.keys(objectAt(source, 'data'))
    .sort()
    .filter((key) => wanted.length === 0 || wanted.includes(key))
    .map((key) => ({
      name: `${call.flags.text('prefix')}${key.toUpperCase().replace(/[^A-Za-z0-9_]/g, '_')}`,
      valueFrom: { [reference]: { key, name } },
    }));
}

function changed(call: Call, container: JsonObject, change: Change): JsonObject {
  const before = listAt(container, 'env');
  if (!call.flags.is('overwrite')) {
    const clash = before.find((one) => change.set.some((other) => other['name'] === one['name']));
    if (clash) {
      throw new Failure(
        `error: '${textAt(clash, 'name')}' already has a value (${textAt(clash, 'value')}), and --overwrite is false`,
      );
    }
  }
  const kept = before
    .filter((one) => !change.remove.includes(textAt(one, 'name')))
    .map((one) => change.set.find((other) => other['name'] === one['name']) ?? one);
  const added = change.set.filter((one) => !before.some((other) => other['name'] === one['name']));
  const env = [...kept, ...added];
  if (env.length > 0) return { ...container, env };
  const { env: _none, ...rest } = container;
  return rest;
}

async function listVariables(
  call: Call,
  { ref }: Selected,
  containers: readonly JsonObject[],
): Promise<void> {
  for (const container of containers) {
    await call.out(`# ${ref.type.kind} ${ref.name}, container ${textAt(container, 'name')}\n`);
    for (const one of listAt(container, 'env')) await call.out(`${variableText(one)}\n`);
  }
}

function variableText(variable: JsonObject): string {
  const name = textAt(variable, 'name');
  if (!isJsonObject(variable['valueFrom'])) return `${name}=${textAt(variable, 'value')}`;
  const from = (kind: string, member: string): string =>
    `# ${name} from ${kind} ${textAt(variable, 'valueFrom', member, 'name')}, key ${textAt(variable, 'valueFrom', member, 'key')}`;
  if (variable['valueFrom']['configMapKeyRef'] !== undefined) return from('configmap', 'configMapKeyRef');
  if (variable['valueFrom']['secretKeyRef'] !== undefined) return from('secret', 'secretKeyRef');
  const field = textAt(variable, 'valueFrom', 'fieldRef', 'fieldPath');
  const resource = textAt(variable, 'valueFrom', 'resourceFieldRef', 'resource');
  return field === '' ? `# ${name} from resource ${resource}` : `# ${name} from field path ${field}`;
}
