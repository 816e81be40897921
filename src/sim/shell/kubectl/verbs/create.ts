/** `kubectl create -f` and the generators. Source: k8s.io/kubectl/pkg/cmd/create v0.35. */
import type { JsonObject } from '../../../../base/json.ts';
import { utf8Text } from '../../../../base/bytes.ts';
import type { Call, Verb } from '../call.ts';
import { ApiFailure, combined, Failure, usageFailure } from '../failure.ts';
import type { FlagSpec } from '../flags.ts';
import { readManifests, refForManifest, requireKind, resolvePath, withNamespace } from '../manifest.ts';
import { Reporter } from '../reporting.ts';
import { withLastApplied } from './apply.ts';
import {
  configMapObject,
  deploymentObject,
  namespaceObject,
  serviceAccountObject,
  serviceObject,
  type Named,
} from './generators.ts';
import {
  bool,
  DRY_RUN,
  fieldManager,
  FILENAME,
  int,
  list,
  PRINT_FLAGS,
  RECURSIVE,
  text,
} from './shared-flags.ts';
import { fieldValidation, VALIDATE } from './validation-flag.ts';

const SAVE_CONFIG = bool('save-config', 'Remember the object in the annotation that kubectl apply reads.');
const COMMON: readonly FlagSpec[] = [
  DRY_RUN,
  fieldManager('kubectl-create'),
  ...PRINT_FLAGS,
  SAVE_CONFIG,
  VALIDATE,
];

export const CREATE: Verb = {
  path: 'create',
  summary: 'Create objects',
  about:
    'Creates the objects of manifests, or one object of a kind that kubectl can make by itself (the subcommands).',
  usage: 'create -f FILENAME',
  examples: ['kubectl create -f pod.yaml', 'kubectl create deployment web --image=nginx --replicas=3'],
  provenance: 'compared',
  flags: [...COMMON, FILENAME, RECURSIVE],
  run: createFromFiles,
};

async function createFromFiles(call: Call): Promise<number> {
  if (call.args.length > 0) throw usageFailure('create', `Unexpected args: [${call.args.join(' ')}]`);
  const files = call.flags.all('filename');
  if (files.length === 0) throw new Failure('error: must specify one of -f and -k');
  const reporter = new Reporter(call);
  const manifests = await readManifests(call, files);
  if (manifests.length === 0) throw new Failure('error: no objects passed to create');
  if (fieldValidation(call) === 'Strict') manifests.forEach(requireKind);
  const failures: Failure[] = [];
  for (const manifest of manifests) {
    try {
      const ref = refForManifest(call, manifest);
      const filled = withNamespace(manifest.object, ref);
      const object = call.flags.is('save-config') ? withLastApplied(filled) : filled;
      const created =
        reporter.dryRun === 'client'
          ? object
          : during(manifest.source, () => send(call, { ...ref, object, reporter }));
      await reporter.report(created, 'created');
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failures.push(error);
    }
  }
  const failure = combined(failures);
  if (failure) throw failure;
  return 0;
}

function during(source: string, request: () => JsonObject): JsonObject {
  try {
    return request();
  } catch (error) {
    throw error instanceof ApiFailure ? error.during('creating', source) : error;
  }
}

interface Sending {
  readonly type: Parameters<Call['api']['create']>[0];
  readonly namespace: string | undefined;
  readonly object: JsonObject;
  readonly reporter: Reporter;
}

function send(call: Call, { type, namespace, object, reporter }: Sending): JsonObject {
  return call.api.create(type, namespace, object, {
    fieldManager: call.flags.text('field-manager'),
    fieldValidation: fieldValidation(call),
    dryRun: reporter.dryRun === 'server',
  });
}

/** What a generator command does after it has made its object. `failing` is the sentence in front of the server's. */
async function createGenerated(
  call: Call,
  object: JsonObject,
  how: { readonly type: string; readonly failing?: string },
): Promise<number> {
  const reporter = new Reporter(call, { keepOrder: true });
  const kept = call.flags.is('save-config') ? withLastApplied(object) : object;
  if (reporter.dryRun === 'client') {
    await reporter.report(kept, 'created');
    return 0;
  }
  const type = call.api.type(how.type);
  try {
    const created = send(call, {
      type,
      namespace: type.namespaced ? call.namespace : undefined,
      object: kept,
      reporter,
    });
    await reporter.report(created, 'created');
    return 0;
  } catch (error) {
    if (error instanceof ApiFailure && how.failing !== undefined) {
      throw new Failure(`error: ${how.failing}: ${error.detail}`);
    }
    throw error;
  }
}

function exactlyOneName(call: Call, path: string, allowCommand = false): string {
  const [name, ...more] = call.args;
  const commandFollows = allowCommand && call.argsBeforeDashes === 1;
  if (name === undefined || (more.length > 0 && !commandFollows)) {
    throw usageFailure(
      path,
      `exactly one NAME is required, got ${call.argsBeforeDashes ?? call.args.length}`,
    );
  }
  return name;
}

const named = (call: Call, name: string): Named => ({
  name,
  ...(call.namespaceGiven ? { namespace: call.namespace } : {}),
});

const NAMESPACE_VERB: Verb = {
  path: 'create namespace',
  summary: 'Create a namespace',
  about: 'Creates a namespace.',
  usage: 'create namespace NAME [--dry-run=server|client|none]',
  examples: ['kubectl create namespace shop'],
  provenance: 'compared',
  flags: COMMON,
  run: (call) =>
    createGenerated(call, namespaceObject(exactlyOneName(call, 'create namespace')), { type: 'namespaces' }),
};

const DEPLOYMENT: Verb = {
  path: 'create deployment',
  summary: 'Create a deployment',
  about: 'Creates a deployment whose pods carry the label app=NAME.',
  usage: 'create deployment NAME --image=image -- [COMMAND] [args...]',
  examples: ['kubectl create deployment web --image=nginx --replicas=3 --port=80'],
  provenance: 'compared',
  flags: [
    ...COMMON,
    list('image', 'The image to run; give it again for more containers.'),
    int('port', -1, 'The port the first container says it listens on.'),
    int('replicas', 1, 'How many pods.', 'r'),
  ],
  async run(call) {
    const images = call.flags.all('image').flatMap((value) => value.split(','));
    if (images.length === 0) throw new Failure('error: required flag(s) "image" not set');
    const name = exactlyOneName(call, 'create deployment', true);
    const command = call.args.slice(1);
    if (images.length > 1 && command.length > 0)
      throw new Failure('error: cannot specify multiple --image options and command');
    const port = call.flags.int('port');
    const object = deploymentObject({
      ...named(call, name),
      images,
      replicas: call.flags.int('replicas'),
      command,
      ...(port >= 0 ? { port } : {}),
    });
    return createGenerated(call, object, { type: 'deployments', failing: 'failed to create deployment' });
  },
};

const CONFIG_MAP: Verb = {
  path: 'create configmap',
  summary: 'Create a config map from values and files',
  about: 'Creates a config map from literal values and from files of this workstation.',
  usage:
    'create configmap NAME [--from-file=[key=]source] [--from-literal=key1=value1] [--dry-run=server|client|none]',
  examples: ['kubectl create configmap site --from-literal=colour=blue --from-file=index.html'],
  provenance: 'compared',
  flags: [
    ...COMMON,
    list('from-file', 'A file, as [key=]path; the key is its name otherwise.'),
    list('from-literal', 'A value, as key=value.'),
  ],
  async run(call) {
    const name = exactlyOneName(call, 'create configmap');
    return createGenerated(call, configMapObject(named(call, name), configData(call, name)), {
      type: 'configmaps',
      failing: 'failed to create configmap',
    });
  },
};

function configData(call: Call, name: string): Readonly<Record<string, string>> {
  const data = new Map<string, string>();
  const add = (key: string, value: string): void => {
    if (!/^[-._a-zA-Z0-9]+$/.test(key)) {
      throw new Failure(
        `error: ${JSON.stringify(key)} is not a valid key name for a ConfigMap: a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')`,
      );
    }
    if (data.has(key))
      throw new Failure(
        `error: cannot add key ${JSON.stringify(key)}, another key by that name already exists in Data for ConfigMap ${JSON.stringify(name)}`,
      );
    data.set(key, value);
  };
  for (const literal of call.flags.all('from-literal')) {
    const equals = literal.indexOf('=');
    if (equals <= 0) throw new Failure(`error: invalid literal source ${literal}, expected key=value`);
    add(literal.slice(0, equals), unquoted(literal.slice(equals + 1)));
  }
  for (const source of call.flags.all('from-file')) addFile(call, source, add);
  return Object.fromEntries([...data].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** kubectl takes one pair of quotes off a literal that the shell has left on. */
function unquoted(value: string): string {
  return /^(['"]).*\1$/s.test(value) && value.length > 1 ? value.slice(1, -1) : value;
}

function addFile(call: Call, source: string, add: (key: string, value: string) => void): void {
  const equals = source.indexOf('=');
  const path = equals < 0 ? source : source.slice(equals + 1);
  const absolute = resolvePath(call.io, path);
  const stat = call.io.files.stat(absolute);
  if (!stat) throw new Failure(`error: error reading ${path}: no such file or directory`);
  if (stat.type === 'file') {
    return add(
      equals < 0 ? (path.split('/').at(-1) ?? path) : source.slice(0, equals),
      fileText(call, absolute),
    );
  }
  if (equals >= 0) throw new Failure('error: cannot give a key name for a directory path');
  for (const name of call.io.files.list(absolute) ?? []) {
    if (call.io.files.stat(`${absolute}/${name}`)?.type === 'file')
      add(name, fileText(call, `${absolute}/${name}`));
  }
}

const fileText = (call: Call, path: string): string => utf8Text(call.io.files.read(path) ?? new Uint8Array());

const SERVICE_ACCOUNT: Verb = {
  path: 'create serviceaccount',
  summary: 'Create a service account',
  about: 'Creates a service account.',
  usage: 'create serviceaccount NAME [--dry-run=server|client|none]',
  examples: ['kubectl create serviceaccount builder'],
  provenance: 'compared',
  flags: COMMON,
  run: (call) =>
    createGenerated(call, serviceAccountObject(named(call, exactlyOneName(call, 'create serviceaccount'))), {
      type: 'serviceaccounts',
      failing: 'failed to create serviceaccount',
    }),
};

const TCP = list('tcp', 'A port as port[:targetPort]; give it again for more.');

function serviceVerb(
  word: string,
  type: 'ClusterIP' | 'NodePort' | 'LoadBalancer',
  flags: readonly FlagSpec[],
): Verb {
  const path = `create service ${word}`;
  return {
    path,
    summary: `Create a ${type} service`,
    about: `Creates a service of type ${type} that selects pods with the label app=NAME.`,
    usage: `${path} NAME [--tcp=port:targetPort] [--dry-run=server|client|none]`,
    examples: [`kubectl ${path} web --tcp=80:8080`],
    provenance: 'compared',
    flags: [...COMMON, TCP, ...flags],
    run: (call) => createService(call, path, type),
  };
}

async function createService(
  call: Call,
  path: string,
  type: 'ClusterIP' | 'NodePort' | 'LoadBalancer',
): Promise<number> {
  const name = exactlyOneName(call, path);
  const clusterIP = call.flags.text('clusterip');
  const tcp = call.flags.all('tcp').flatMap((value) => value.split(','));
  if (tcp.length === 0 && clusterIP !== 'None')
    throw new Failure('error: at least one tcp port specifier must be provided');
  const nodePort = call.flags.int('node-port');
  const object = serviceObject({
    ...named(call, name),
    type,
    tcp,
    ...(clusterIP === '' ? {} : { clusterIP }),
    ...(nodePort > 0 ? { nodePort } : {}),
  });
  if (!object.ok) throw new Failure(`error: ${object.error}`);
  return createGenerated(call, object.value, {
    type: 'services',
    failing: `failed to create ${type} service`,
  });
}

export const CREATE_GENERATORS: readonly Verb[] = [
  CONFIG_MAP,
  DEPLOYMENT,
  NAMESPACE_VERB,
  serviceVerb('clusterip', 'ClusterIP', [
    text('clusterip', 'The service address to ask for; None makes it headless.'),
  ]),
  serviceVerb('nodeport', 'NodePort', [
    int('node-port', 0, 'The port on every node; one is chosen otherwise.'),
  ]),
  serviceVerb('loadbalancer', 'LoadBalancer', []),
  SERVICE_ACCOUNT,
];
