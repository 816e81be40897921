/**
 * The parts of a world as a snapshot keeps them, and what each must look like to be taken back. Everything is named: a
 * part that a world gains and this file does not know does not compile.
 */
import type { ClusterState, Work } from './kube/controller.ts';
import type { JsonObject } from '../base/json.ts';
import { decodeError } from './kube/decoding.ts';
import { schemaOf } from './kube/kind-schema.ts';
import type { LastSeen } from './kube/last-seen.ts';
import type { KubeObject } from './kube/object.ts';
import type { Registry } from './kube/registry.ts';
import type { PodNetwork, PodSandbox } from './kube/sandbox.ts';
import { objectKey, ObjectStore } from './kube/store.ts';
import { Agenda, type Due } from './core/agenda.ts';
import type { RandomState } from './core/random.ts';
import { Table } from './core/table.ts';
import type {
  DeviceCounters,
  KernelLogLine,
  LearntNeighbour,
  NetnsMemory,
  RuleCounter,
  Station,
} from './net/netns.ts';
import { address, address6, ipAddress, mac } from './snapshot-addresses.ts';
import { connection, netnsEdit } from './snapshot-edits.ts';
import { routing, routingOf, routingParts, type RoutingParts } from './snapshot-routing.ts';
import type { HandEdit, World } from './stacks.ts';
import {
  count,
  flag,
  isPlain,
  list,
  map,
  millis,
  number,
  object,
  optional,
  spelt,
  table,
  text,
  unsigned,
  type Shape,
} from './snapshot-shape.ts';

/** A store without its past: who watches from before a snapshot is told that the past is gone, as after a compaction. */
interface StoreParts {
  readonly revision: number;
  readonly objects: readonly (readonly [resource: string, objects: Table<KubeObject>])[];
}

type LastSeenParts = Omit<LastSeen, 'store'> & { readonly store: StoreParts };

type ClusterParts = Omit<ClusterState, 'store' | 'agenda' | 'frozen'> & {
  readonly frozen?: Table<LastSeenParts>;
  readonly store: StoreParts;
  readonly agenda: readonly Due<Work>[];
};

/** A world but for its topology, which is the lab's. */
export type WorldParts = Omit<World, 'topology' | 'cluster' | 'routing'> & {
  readonly cluster: ClusterParts;
  readonly routing: RoutingParts;
};

export function partsOf({ topology: _, cluster, routing: speakers, ...rest }: World): WorldParts {
  const { store, agenda, frozen, ...others } = cluster;
  return {
    ...rest,
    routing: routingParts(speakers),
    cluster: {
      ...others,
      ...(frozen && { frozen: mapped(frozen, (seen) => ({ ...seen, store: partsOfStore(seen.store) })) }),
      store: partsOfStore(store),
      agenda: [...agenda],
    },
  };
}

function partsOfStore(store: ObjectStore): StoreParts {
  const objects = store.resources.map((resource) => [resource, store.table(resource)] as const);
  return {
    revision: store.revision,
    objects: objects.filter((entry): entry is StoreParts['objects'][number] => entry[1] !== undefined),
  };
}

const mapped = <A, B>(values: Table<A>, change: (value: A) => B): Table<B> =>
  Table.of([...values.entries()].map(([key, value]) => [key, change(value)] as const));

export function worldOf(
  { cluster, routing: speakers, ...rest }: WorldParts,
  topology: World['topology'],
): World {
  const { store, agenda, frozen, ...others } = cluster;
  const storeOf = (parts: StoreParts): ObjectStore => ObjectStore.compacted(parts.revision, parts.objects);
  return {
    ...rest,
    topology,
    routing: routingOf(speakers),
    cluster: {
      ...others,
      ...(frozen && { frozen: mapped(frozen, (seen) => ({ ...seen, store: storeOf(seen.store) })) }),
      store: storeOf(store),
      agenda: Agenda.of(agenda),
    },
  };
}

/** What tells API objects from others. */
interface Known {
  /** Knows the kinds: an object is taken back only when the API server would decode it. */
  readonly registry: Registry;
  /** Containers that were read and are not JSON through and through. */
  readonly strange: ReadonlySet<object>;
}

export function worldParts(known: Known): Shape<WorldParts> {
  return object<WorldParts>({
    cluster: object<ClusterParts>({
      now: millis,
      epoch: number,
      random: object<RandomState>({ counter: unsigned(32) }),
      store: storeParts(known),
      agenda: list(due),
      sandboxes,
      frozen: optional(
        table(
          object<LastSeenParts>({
            at: millis,
            store: storeParts(known),
            sandboxes,
            alive: flag,
            blank: flag,
          }),
        ),
      ),
    }),
    routing,
    edits: table(list(object<HandEdit>({ at: millis, edit: netnsEdit }))),
    memory: table(memory),
  });
}

const due = object<Due<Work>>({
  at: millis,
  key: text,
  event: object<Work>({ controller: text, key: text }),
});

const yes: Shape<true> = (value): value is true => value === true;

const sandbox = object<PodSandbox>({
  uid: text,
  namespace: text,
  pod: text,
  node: text,
  containerId: spelt(/^[0-9a-f]{64}$/),
  network: optional(
    object<PodNetwork>({
      address,
      address6: optional(address6),
      mac,
      mtu: count,
      hostInterface: text,
      hostIndex: count,
      forwarding: optional(yes),
    }),
  ),
});

const sandboxes = table(sandbox, (uid, { uid: own }) => uid === own);

const memory = object<NetnsMemory>({
  neighbours: list(
    object<LearntNeighbour>({
      address: ipAddress,
      device: text,
      mac: optional(mac),
      at: millis,
      router: optional(yes),
    }),
  ),
  conntrack: list(connection),
  counters: map(
    text,
    object<DeviceCounters>({
      rxBytes: count,
      rxPackets: count,
      rxDropped: count,
      txBytes: count,
      txPackets: count,
      txDropped: count,
    }),
  ),
  pathMtu: map(
    ipAddress,
    object<{ readonly mtu: number; readonly expires: number }>({ mtu: count, expires: number }),
  ),
  icmpTokens: map(
    ipAddress,
    object<{ readonly tokens: number; readonly at: number }>({ tokens: number, at: millis }),
  ),
  kernelLog: list(object<KernelLogLine>({ at: millis, text })),
  stations: optional(
    list(
      object<Station>({
        mac,
        device: text,
        bridge: optional(text),
        destination: optional(ipAddress),
        at: millis,
      }),
    ),
  ),
  rules: optional(map(text, object<RuleCounter>({ packets: count, bytes: count }))),
  recent: optional(map(text, map(ipAddress, millis))),
});

function storeParts(known: Known): Shape<StoreParts> {
  const entry = (value: unknown): value is StoreParts['objects'][number] =>
    Array.isArray(value) &&
    value.length === 2 &&
    text(value[0]) &&
    table(objectOf(known, value[0]), standsUnder)(value[1]);
  return object<StoreParts>({ revision: count, objects: list(entry) });
}

const standsUnder = (key: string, { metadata }: KubeObject): boolean =>
  key === objectKey(metadata.namespace, metadata.name);

function objectOf({ registry, strange }: Known, resource: string): Shape<KubeObject> {
  // What the simulator itself remembers in the store is of no kind that the API serves.
  const type = registry.byName(resource);
  return (value): value is KubeObject =>
    isPlain(value) &&
    !strange.has(value) &&
    text(value['kind']) &&
    text(value['apiVersion']) &&
    isPlain(value['metadata']) &&
    text(value['metadata']['name']) &&
    optional(text)(value['metadata']['namespace']) &&
    (!type ||
      (value['kind'] === type.kind && decodeError(schemaOf(type), value as JsonObject) === undefined));
}
