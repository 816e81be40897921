/** What the server is and serves: `api-resources`, `api-versions`, `cluster-info`, `version`. Source: kubectl/pkg/cmd v0.35. */
import { listAt, numberAt, textAt } from '../../../kube/fields.ts';
import type { Call, Verb } from '../call.ts';
import { apiVersionOf, type ResourceType } from '../discovery.ts';
import { Failure, usageFailure } from '../failure.ts';
import { prettyJson } from '../output/json-text.ts';
import { TABLE_TABS, TabWriter } from '../output/tab-writer.ts';
import { yamlText } from '../output/yaml-text.ts';
import { resourceName } from '../discovery.ts';
import { bool, list, text } from './shared-flags.ts';

export const API_RESOURCES: Verb = {
  path: 'api-resources',
  summary: 'List the types of objects the server has',
  about: 'Lists the resource types the API server knows, with their short names.',
  usage: 'api-resources',
  examples: ['kubectl api-resources', 'kubectl api-resources --api-group=crd.projectcalico.org'],
  provenance: 'compared',
  flags: [
    text('api-group', 'Only this group.'),
    bool('cached', 'Types are always asked for anew.'),
    list('categories', 'Only types in all of these categories.'),
    bool('namespaced', 'Only types that live in namespaces, or with =false only those that do not.', {
      initial: 'true',
    }),
    bool('no-headers', 'Leave out the line of column names.'),
    text('output', 'wide or name.', { short: 'o' }),
    text('sort-by', 'name or kind.'),
    list('verbs', 'Only types that can do all of these.'),
  ],
  run: apiResources,
};

async function apiResources(call: Call): Promise<number> {
  if (call.args.length > 0)
    throw usageFailure('api-resources', `unexpected arguments: [${call.args.join(' ')}]`);
  const sortBy = call.flags.text('sort-by');
  if (!['', 'name', 'kind'].includes(sortBy)) throw new Failure('error: --sort-by accepts only name or kind');
  const output = call.flags.text('output');
  if (!['', 'wide', 'name'].includes(output)) throw new Failure(`error: --output ${output} is not available`);
  const types = call.api.types.all.filter((type) => wanted(call, type)).sort((a, b) => inOrder(a, b, sortBy));
  if (output === 'name') {
    await call.out(types.map((type) => `${resourceName(type)}\n`).join(''));
    return 0;
  }
  const wide = output === 'wide';
  const writer = new TabWriter(TABLE_TABS);
  if (!call.flags.is('no-headers'))
    writer.write(`NAME\tSHORTNAMES\tAPIVERSION\tNAMESPACED\tKIND${wide ? '\tVERBS\tCATEGORIES' : ''}\n`);
  for (const type of types) {
    const cells = [
      type.plural,
      type.shortNames.join(','),
      apiVersionOf(type),
      String(type.namespaced),
      type.kind,
    ];
    const more = wide ? [type.verbs.join(','), type.categories.join(',')] : [];
    writer.write(`${[...cells, ...more].join('\t')}\n`);
  }
  await call.out(writer.flush());
  return 0;
}

function wanted(call: Call, type: ResourceType): boolean {
  const every = (flag: string, own: readonly string[]): boolean =>
    call.flags
      .all(flag)
      .flatMap((value) => value.split(','))
      .every((word) => own.includes(word));
  return (
    (!call.flags.given('api-group') || type.group === call.flags.text('api-group')) &&
    (!call.flags.given('namespaced') || type.namespaced === call.flags.is('namespaced')) &&
    every('verbs', type.verbs) &&
    every('categories', type.categories)
  );
}

function inOrder(a: ResourceType, b: ResourceType, sortBy: string): number {
  const key = (type: ResourceType): string =>
    sortBy === 'name' ? type.plural : sortBy === 'kind' ? type.kind : type.group;
  const order = key(a) === key(b) ? 0 : key(a) < key(b) ? -1 : 1;
  return order !== 0 ? order : a.plural < b.plural ? -1 : a.plural > b.plural ? 1 : 0;
}

export const API_VERSIONS: Verb = {
  path: 'api-versions',
  summary: 'List the groups and versions of the server',
  about: 'Lists every group/version the API server serves.',
  usage: 'api-versions',
  examples: ['kubectl api-versions'],
  provenance: 'compared',
  flags: [],
  async run(call) {
    if (call.args.length > 0)
      throw usageFailure('api-versions', `unexpected arguments: [${call.args.join(' ')}]`);
    const versions = new Set(call.api.types.all.map(apiVersionOf));
    await call.out(
      [...versions]
        .sort()
        .map((version) => `${version}\n`)
        .join(''),
    );
    return 0;
  },
};

export const CLUSTER_INFO: Verb = {
  path: 'cluster-info',
  summary: 'Show where the control plane is',
  about: 'Prints the addresses of the control plane and of cluster services.',
  usage: 'cluster-info',
  examples: ['kubectl cluster-info'],
  provenance: 'source',
  flags: [],
  async run(call) {
    const server = serverAddress(call);
    await call.out(`Kubernetes control plane is running at ${server}\n`);
    const services = call.api.items(call.api.type('services'), 'kube-system', {
      labelSelector: 'kubernetes.io/cluster-service=true',
    });
    for (const service of services) {
      const own = textAt(service, 'metadata', 'name');
      const port = listAt(service, 'spec', 'ports')[0];
      const link = `${server}/api/v1/namespaces/kube-system/services/${own}${port ? `:${textAt(port, 'name') || numberAt(port, 'port')}` : ''}/proxy`;
      await call.out(
        `${textAt(service, 'metadata', 'labels', 'kubernetes.io/name') || own} is running at ${link}\n`,
      );
    }
    await call.out("\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.\n");
    return 0;
  },
};

function serverAddress(call: Call): string {
  const endpoints = call.api.types.named('endpointslices.discovery.k8s.io');
  const slice = endpoints
    ? call.api.items(endpoints, 'default', { labelSelector: 'kubernetes.io/service-name=kubernetes' })[0]
    : undefined;
  const address = listAt(slice, 'endpoints')[0];
  const nodes = call.api.items(call.api.type('nodes'), undefined, {
    labelSelector: 'node-role.kubernetes.io/control-plane',
  });
  const internal = listAt(nodes[0], 'status', 'addresses').find((one) => one['type'] === 'InternalIP');
  const first = Array.isArray(address?.['addresses'])
    ? String(address['addresses'][0])
    : textAt(internal, 'address');
  return `https://${first === '' ? 'localhost' : first}:6443`;
}

/** This client speaks for v1.35 in everything it prints. */
const CLIENT = { gitVersion: 'v1.35.5', major: '1', minor: '35', kustomize: 'v5.7.1' };

export const VERSION: Verb = {
  path: 'version',
  summary: 'Show the versions of client and server',
  about: 'Prints which versions of Kubernetes the client and the server are.',
  usage: 'version [--client] [--output=yaml|json]',
  examples: ['kubectl version', 'kubectl version --client'],
  provenance: 'source',
  flags: [bool('client', 'Do not ask the server.'), text('output', 'yaml or json.', { short: 'o' })],
  run: version,
};

async function version(call: Call): Promise<number> {
  if (call.args.length > 0) throw new Failure(`error: extra arguments: [${call.args.join(' ')}]`);
  const output = call.flags.text('output');
  if (!['', 'yaml', 'json'].includes(output)) throw new Failure("error: --output must be 'yaml' or 'json'");
  const server = call.flags.is('client') ? undefined : call.api.raw({ method: 'GET', path: '/version' });
  const clientVersion = { gitVersion: CLIENT.gitVersion, major: CLIENT.major, minor: CLIENT.minor };
  const all = {
    clientVersion,
    kustomizeVersion: CLIENT.kustomize,
    ...(server ? { serverVersion: server } : {}),
  };
  if (output === 'yaml') await call.out(`${yamlText(all)}\n`);
  else if (output === 'json')
    await call.out(
      `${prettyJson(all, true).replace(/^( +)/gm, (indent) => ' '.repeat(indent.length / 2))}\n`,
    );
  else {
    await call.out(`Client Version: ${CLIENT.gitVersion}\nKustomize Version: ${CLIENT.kustomize}\n`);
    if (server) await call.out(`Server Version: ${textAt(server, 'gitVersion')}\n`);
  }
  return 0;
}
