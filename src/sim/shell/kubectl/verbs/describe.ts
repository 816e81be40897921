/** `kubectl describe`. Source: k8s.io/kubectl/pkg/cmd/describe, pkg/describe v0.35. */
import type { JsonObject } from '../../../../base/json.ts';
import { textAt } from '../../../kube/fields.ts';
import { wallClock, type Call, type Verb } from '../call.ts';
import { itemsOf, type ObjectRef } from '../api-client.ts';
import { completeResources } from '../completion.ts';
import { resourceName, type ResourceType } from '../discovery.ts';
import {
  describeDaemonSet,
  describeDeployment,
  describePod,
  describeReplicaSet,
} from '../describe/workloads.ts';
import { Document } from '../describe/document.ts';
import {
  describeEndpoints,
  describeEndpointSlice,
  describeNetworkPolicy,
  describeService,
} from '../describe/network.ts';
import { describeNode } from '../describe/node.ts';
import {
  describeConfigMap,
  describeGeneric,
  describeNamespace,
  describeSecret,
  describeServiceAccount,
} from '../describe/others.ts';
import { ApiFailure, combined, Failure } from '../failure.ts';
import { readManifests, refForManifest } from '../manifest.ts';
import { nameOf, namespaceOf } from '../selection.ts';
import { refOf, targets, type Target } from '../targets.ts';
import { listNamespace, listOptions } from './list-request.ts';
import { ALL_NAMESPACES, bool, CHUNK_SIZE, FILENAME, RECURSIVE, SELECTOR } from './shared-flags.ts';

export const DESCRIBE: Verb = {
  path: 'describe',
  summary: 'Show everything about an object, with its events',
  about:
    'Shows objects in a form made for reading, with what belongs to them: a service its endpoints, a node its pods, and\nthe recent events of each. A name may be the beginning of several names.',
  usage: 'describe (-f FILENAME | TYPE [NAME_PREFIX | -l label] | TYPE/NAME)',
  examples: [
    'kubectl describe pod web',
    'kubectl describe node/node1',
    'kubectl describe ippools.crd.projectcalico.org',
  ],
  provenance: 'compared',
  flags: [
    ALL_NAMESPACES,
    CHUNK_SIZE,
    FILENAME,
    RECURSIVE,
    SELECTOR,
    bool('show-events', 'Show the events of each object.', { initial: 'true' }),
  ],
  run: describe,
  complete: completeResources,
};

type Describer = (page: Document, object: JsonObject, call: Call) => void;

/** Pages of built-in kinds by `<plural>.<group>`; `events` false for those that never show any. */
const DESCRIBERS: ReadonlyMap<string, { readonly page: Describer; readonly events: boolean }> = new Map([
  ['pods', { page: describePod, events: true }],
  ['nodes', { page: describeNode, events: true }],
  ['services', { page: describeService, events: true }],
  ['endpoints', { page: describeEndpoints, events: true }],
  ['endpointslices.discovery.k8s.io', { page: describeEndpointSlice, events: true }],
  ['networkpolicies.networking.k8s.io', { page: describeNetworkPolicy, events: false }],
  ['deployments.apps', { page: describeDeployment, events: true }],
  ['replicasets.apps', { page: describeReplicaSet, events: true }],
  ['daemonsets.apps', { page: describeDaemonSet, events: true }],
  ['namespaces', { page: describeNamespace, events: false }],
  ['configmaps', { page: describeConfigMap, events: true }],
  ['secrets', { page: describeSecret, events: false }],
  ['serviceaccounts', { page: describeServiceAccount, events: true }],
]);

async function describe(call: Call): Promise<number> {
  const files = call.flags.all('filename');
  if (call.args.length === 0 && files.length === 0) {
    throw new Failure(
      'error: You must specify the type of resource to describe. Use "kubectl api-resources" for a complete list of supported resources.',
    );
  }
  const chosen = files.length > 0 ? await fromFiles(call, files) : chosenByArguments(call);
  const failures: Failure[] = [];
  let printed = 0;
  for (const target of chosen) {
    try {
      const { refs, byPrefix } = refsOf(call, target);
      for (const ref of refs) {
        // Pages are separated by two empty lines; those found by the beginning of a name end in one.
        const page = pageOf(call, ref);
        await call.out(byPrefix ? `${page}\n` : `${printed > 0 ? '\n\n' : ''}${page}`);
        printed += 1;
      }
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failures.push(error);
    }
  }
  const failure = combined(failures);
  if (failure) throw failure;
  if (printed === 0) await call.err(nothingFound(call, chosen));
  return 0;
}

async function fromFiles(call: Call, files: readonly string[]): Promise<readonly Target[]> {
  const manifests = await readManifests(call, files);
  return manifests.map((manifest) => ({ kind: 'object', ref: refForManifest(call, manifest) }));
}

function chosenByArguments(call: Call): readonly Target[] {
  return targets(call, call.args, {
    allNamespaces: call.flags.is('all-namespaces'),
    selector: call.flags.text('selector') !== '',
    bareTypes: true,
  });
}

function nothingFound(call: Call, chosen: readonly Target[]): string {
  const namespaced = chosen.every(
    (target) => (target.kind === 'object' ? target.ref.type : target.type).namespaced,
  );
  return namespaced && !call.flags.is('all-namespaces')
    ? `No resources found in ${call.namespace} namespace.\n`
    : 'No resources found\n';
}

interface Meant {
  readonly refs: readonly ObjectRef[];
  readonly byPrefix: boolean;
}

function refsOf(call: Call, target: Target): Meant {
  if (target.kind === 'collection') {
    const { type } = target;
    return {
      refs: refsIn(type, call.api.items(type, listNamespace(call, type), listOptions(call))),
      byPrefix: false,
    };
  }
  if (call.api.find(target.ref)) return { refs: [target.ref], byPrefix: false };
  return { refs: refsByPrefix(call, target.ref), byPrefix: true };
}

function refsIn(type: ResourceType, items: readonly JsonObject[]): readonly ObjectRef[] {
  return items.map((item) => refOf(type, namespaceOf(item), nameOf(item)));
}

/** A name that does not exist may be the beginning of some that do. */
function refsByPrefix(call: Call, ref: ObjectRef): readonly ObjectRef[] {
  const found = refsIn(ref.type, call.api.items(ref.type, ref.namespace)).filter((one) =>
    one.name.startsWith(ref.name),
  );
  if (found.length > 0) return found;
  call.api.get(ref);
  throw new ApiFailure(404, {
    reason: 'NotFound',
    message: `${resourceName(ref.type)} ${JSON.stringify(ref.name)} not found`,
  });
}

function pageOf(call: Call, ref: ObjectRef): string {
  const object = { kind: ref.type.kind, ...call.api.get(ref) };
  const describer = DESCRIBERS.get(resourceName(ref.type)) ?? { page: describeGeneric, events: true };
  const page = new Document(wallClock(call.io));
  describer.page(page, object, call);
  if (describer.events && call.flags.is('show-events')) page.events(eventsOf(call, ref, object));
  return page.text;
}

function eventsOf(call: Call, ref: ObjectRef, object: JsonObject): readonly JsonObject[] {
  const type = call.api.types.named('events');
  if (!type) return [];
  const about = (uid: string): readonly JsonObject[] => {
    const kind =
      ref.type.plural === 'pods' && ref.type.group === '' ? [] : [`involvedObject.kind=${ref.type.kind}`];
    const selector = [
      `involvedObject.name=${ref.name}`,
      ...(ref.namespace === undefined ? [] : [`involvedObject.namespace=${ref.namespace}`]),
      ...kind,
      `involvedObject.uid=${uid}`,
    ];
    return itemsOf(call.api.list(type, ref.namespace, { fieldSelector: selector.join(',') }));
  };
  const own = about(textAt(object, 'metadata', 'uid'));
  // Kubelets name the node itself as the UID of their events.
  return ref.type.plural === 'nodes' && ref.type.group === '' ? [...own, ...about(ref.name)] : own;
}
