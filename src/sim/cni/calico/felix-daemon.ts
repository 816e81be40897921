/**
 * Felix as a process: it reads its configuration and the encapsulations once, when it starts. When one of them changes it stops
 * following the datastore, waits two seconds, exits and is started again; meanwhile the node's kernel stays as it was, so for a
 * while nodes disagree. Source: felix/daemon/daemon.go (reasonEncapChanged, reasonConfigChanged, monitorAndManageShutdown),
 * Calico v3.32.1; how long a start takes is ours. Left out: parameters that Felix takes without a restart, and that a cluster's
 * first pool restarts it too, which nobody can see.
 */
import { sha1 } from '@noble/hashes/legacy.js';
import { utf8 } from '../../../base/bytes.ts';
import { jsonEquals, type Json } from '../../../base/json.ts';
import { Table } from '../../core/table.ts';
import type { Controller } from '../../kube/controller.ts';
import { lastSeen, lastSeenKey, seenNow, type LastSeen } from '../../kube/last-seen.ts';
import type { KubeObject, ResourceName } from '../../kube/object.ts';
import { ObjectStore } from '../../kube/store.ts';
import type { ClusterTransaction } from '../../kube/transaction.ts';
import { encapsulations } from './encapsulation.ts';
import { felixConfiguration } from './felix-configuration.ts';
import { allPools } from './ippool.ts';
import { HOST_INTERFACES, isMtuMoved, knowInterfaces, MTU_CHECK_INTERVAL } from './host-mtu.ts';
import { FELIX_CONFIGURATIONS, IP_POOLS, NODES } from './kinds.ts';

/** One record: the objects that Felix reads when it starts, as those that run have read them. No API serves it. */
const READ_AT_START = 'readatstart.simulator';
const RECORD = 'felix';
const RESOURCES = [IP_POOLS, FELIX_CONFIGURATIONS] as const;

/** "Sleeping to avoid tight restart loop": virtual milliseconds. */
const EXIT_DELAY = 2_000;
/** From the new process to its first pass over the kernel: at least, and what machines differ by. */
const START = { least: 500, spread: 1_000 } as const;

const EVERYBODY = '*';
const INTERFACES = 'interfaces/';
const MTU = 'mtu/';

/**
 * Keys: `*` when a configuration or a pool changed, `interfaces/<node>` when somebody changed one, `mtu/<node>` when Felix looks
 * at its host again, `<node>` when it has started anew.
 */
export const felixProcesses: Controller = {
  name: 'felix-daemones',
  watches: [...RESOURCES, HOST_INTERFACES],
  react: ({ resource, before, after }) => [
    {
      key:
        resource === HOST_INTERFACES ? `${INTERFACES}${(after ?? before)?.metadata.name ?? ''}` : EVERYBODY,
      after: 0,
    },
  ],
  reconcile: (tx, key) => {
    if (key === EVERYBODY) tendProcesses(tx);
    else if (key.startsWith(INTERFACES)) awaitCheck(tx, key.slice(INTERFACES.length));
    else if (key.startsWith(MTU)) checkMtu(tx, key.slice(MTU.length));
    else start(tx, key);
  },
};

function tendProcesses(tx: ClusterTransaction): void {
  const record = tx.get(READ_AT_START, undefined, RECORD);
  const before = record && tablesOf(record);
  if (before && (before.get(IP_POOLS)?.size ?? 0) > 0) stopWhoseStartChanged(tx, before);
  const spec = Object.fromEntries(RESOURCES.map((name) => [name, listed(tx, name)]));
  const metadata = { name: RECORD };
  tx.put(READ_AT_START, { apiVersion: 'simulator/v1', kind: 'ReadAtStart', metadata, spec });
}

type Tables = ReadonlyMap<ResourceName, Table<KubeObject>>;

function tablesOf({ spec }: KubeObject): Tables {
  return new Map(
    RESOURCES.map((resource) => {
      const objects = (spec?.[resource] ?? []) as unknown as readonly KubeObject[];
      return [resource, Table.of(objects.map((object) => [`/${object.metadata.name}`, object]))];
    }),
  );
}

const listed = (tx: ClusterTransaction, resource: ResourceName): Json =>
  tx.list(resource) as unknown as readonly Json[];

function stopWhoseStartChanged(tx: ClusterTransaction, tables: Tables): void {
  const before = startOf((resource) => tables.get(resource));
  const now = startOf((resource) => tx.table(resource));
  const { state } = tx;
  const stopping = tx
    .list(NODES)
    .map(({ metadata }) => metadata.name)
    .filter((node) => !lastSeen(state, 'calico-node', node) && !lastSeen(state, 'felix', node))
    .filter((node) => !jsonEquals(before(node), now(node)));
  if (stopping.length === 0) return;
  const seen = withTables(seenNow(state, false), tables);
  for (const node of stopping) stop(tx, node, seen);
}

function stop(tx: ClusterTransaction, node: string, seen: LastSeen): void {
  tx.see(lastSeenKey('felix', node), seen);
  tx.schedule(felixProcesses.name, node, EXIT_DELAY + startDelay(node));
}

/** The old process has exited and the new one does not answer yet. */
export function isFelixStarting({ state, now }: ClusterTransaction, node: string): boolean {
  const stopped = lastSeen(state, 'felix', node);
  return stopped !== undefined && now >= stopped.at + EXIT_DELAY;
}

function start(tx: ClusterTransaction, node: string): void {
  tx.see(lastSeenKey('felix', node), undefined);
  knowInterfaces(tx, node);
}

const awaitCheck = (tx: ClusterTransaction, node: string): void => {
  tx.schedule(felixProcesses.name, `${MTU}${node}`, MTU_CHECK_INTERVAL - (tx.now % MTU_CHECK_INTERVAL));
};

/** A Felix that is not there looks when it starts. */
function checkMtu(tx: ClusterTransaction, node: string): void {
  const { state } = tx;
  if (lastSeen(state, 'felix', node)) return;
  if (lastSeen(state, 'calico-node', node)) {
    awaitCheck(tx, node);
    return;
  }
  const { mtuIfacePattern } = felixConfiguration(tx.table(FELIX_CONFIGURATIONS), node);
  if (isMtuMoved(tx, node, mtuIfacePattern)) stop(tx, node, seenNow(state, false));
  else knowInterfaces(tx, node);
}

function withTables(seen: LastSeen, tables: Tables): LastSeen {
  const { store } = seen;
  const objects = store.resources.flatMap((resource) => {
    const table = tables.get(resource) ?? store.table(resource);
    return table ? [[resource, table] as const] : [];
  });
  return { ...seen, store: ObjectStore.compacted(store.revision, objects) };
}

/** By node: what a Felix that starts now runs with. Nodes without a configuration of their own are alike. */
function startOf(table: (resource: ResourceName) => Table<KubeObject> | undefined): (node: string) => Json {
  const configurations = table(FELIX_CONFIGURATIONS);
  const pools = allPools(table(IP_POOLS)?.values() ?? []);
  const read = (node: string): Json => {
    const config = felixConfiguration(configurations, node);
    return JSON.parse(JSON.stringify({ ...config, ...encapsulations(pools, config) })) as Json;
  };
  const everybodys = read('');
  return (node) => (configurations?.has(`/node.${node}`) ? read(node) : everybodys);
}

/** Machines are not equally fast; each is as fast as it is. */
function startDelay(node: string): number {
  const [high = 0, low = 0] = sha1(utf8(node));
  return START.least + ((high * 256 + low) % START.spread);
}
