/**
 * What differs between two worlds of one topology: the clock, the objects of the cluster, the tables of every network
 * stack, and what else the simulation remembers. Nothing differs exactly when their fingerprints agree
 * (`test/simulator/history.test.ts`). Versions share structure, so it costs what changed and not what is there.
 */
import type { JsonObject } from '../../base/json.ts';
import type {
  Change,
  NetworkTable,
  ObjectDifference,
  RowDifference,
  StateDifference,
} from '../../model/state-difference.ts';
import type { NetnsId } from '../../model/trace.ts';
import type { Due } from '../core/agenda.ts';
import { Table } from '../core/table.ts';
import type { KubeObject } from '../kube/object.ts';
import { namedNetnsId } from '../net/named-netns.ts';
import { Stacks, type World } from '../stacks.ts';
import { fieldDifferences } from './field-differences.ts';
import { NETWORK_TABLES, type Rows, type Stack } from './network-rows.ts';

export function worldDifference(before: World, after: World): StateDifference {
  if (before === after) return { objects: [], rows: [], memory: [] };
  return {
    objects: objectDifferences(before, after),
    rows: rowDifferences(before, after),
    memory: fieldDifferences(remembered(before), remembered(after)),
  };
}

function objectDifferences(before: World, after: World): readonly ObjectDifference[] {
  const [old, now] = [before.cluster.store, after.cluster.store];
  const resources = [...new Set([...old.resources, ...now.resources])].sort();
  return resources.flatMap((resource) => {
    const none = Table.empty<KubeObject>();
    const differences = (now.table(resource) ?? none).differences(old.table(resource) ?? none);
    return differences.flatMap(({ before: was, after: is }): readonly ObjectDifference[] => {
      const { namespace, name } = (is ?? was)?.metadata ?? { name: '' };
      const fields = fieldDifferences(was, is);
      const named = { resource, ...(namespace === undefined ? {} : { namespace }), name };
      return fields.length === 0 ? [] : [{ change: changeOf(was, is), ...named, fields }];
    });
  });
}

const changeOf = (before: unknown, after: unknown): Change => {
  if (before === undefined) return 'added';
  return after === undefined ? 'removed' : 'changed';
};

/** All that a world holds but for topology and objects. */
function remembered({ topology: _, cluster, routing, edits, memory, ...more }: World): Parts {
  const { now, epoch, random, store, agenda, sandboxes, ...others } = cluster;
  const { speakers, peers, work, routine, ...parts } = routing;
  return {
    ...more,
    ...others,
    ...parts,
    now,
    epoch,
    random,
    revision: store.revision,
    resources: [...store.resources],
    pending: waiting(agenda),
    sandboxes,
    speakers,
    peers,
    timers: { work: waiting(work), routine: waiting(routine) },
    edits,
    memory,
  };
}

type Parts = Readonly<Record<string, unknown>>;

/** What is due by its key, and the order of those that fall due together. */
function waiting(agenda: Iterable<Due<unknown>>): Parts {
  const dues = [...agenda];
  return {
    due: new Map(dues.map(({ key, at, event }) => [key, { at, event }])),
    order: dues.map(({ key }) => key).join('\n'),
  };
}

/** Stacks are derived aside, so that those of the present stay at hand for the next packet. */
function rowDifferences(before: World, after: World): readonly RowDifference[] {
  const stacks = new Stacks(after.topology);
  const [old, now] = [stacks.network(before), stacks.network(after)];
  const ids = [...new Set([...netnsIds(before, old), ...netnsIds(after, now)])];
  return ids.flatMap((id) => {
    const was = stackOf(old, id);
    const is = stackOf(now, id);
    return stackDifferences(id, was, is);
  });
}

type Network = ReturnType<Stacks['network']>;

function stackOf(network: Network, id: NetnsId): Stack | undefined {
  const netns = network.netns(id);
  return netns && { netns, memory: network.memory(id) };
}

/** Every machine of the topology and every pod that has a stack of its own, each with the namespaces made on it. */
function netnsIds({ topology, cluster }: World, network: Network): readonly NetnsId[] {
  const machines = [
    ...topology.nodes.map(({ name }) => `node/${name}`),
    ...topology.routers.map(({ name }) => `router/${name}`),
    ...topology.hosts.map(({ name }) => `host/${name}`),
  ];
  const pods = [...cluster.sandboxes.values()]
    .filter(({ network: own }) => own !== undefined)
    .map(({ namespace, pod }) => `pod/${namespace}/${pod}`);
  return ['workstation', ...machines, ...pods].flatMap((id) => [
    id,
    ...(network.netns(id)?.namespaces ?? []).map(({ name }) => namedNetnsId(id, name)),
  ]);
}

const NO_ROWS: Rows = new Map();

function stackDifferences(
  netns: NetnsId,
  was: Stack | undefined,
  is: Stack | undefined,
): readonly RowDifference[] {
  const names = Object.keys(NETWORK_TABLES) as NetworkTable[];
  return names.flatMap((table) => {
    const { source, rows } = NETWORK_TABLES[table];
    if (was && is && sameItems(source(was), source(is))) return [];
    const [old, now] = [was ? rows(was) : NO_ROWS, is ? rows(is) : NO_ROWS];
    const differing = [...new Set([...old.keys(), ...now.keys()])].flatMap((key) => {
      const [before, after] = [old.get(key), now.get(key)];
      return rowDifference({ netns, table, key }, before, after);
    });
    return differing.length > 0 ? differing : reordered(netns, table, [old, now]);
  });
}

function rowDifference(
  named: Pick<RowDifference, 'netns' | 'table' | 'key'>,
  before: JsonObject | undefined,
  after: JsonObject | undefined,
): readonly RowDifference[] {
  if (before && after && fieldDifferences(before, after).length === 0) return [];
  const sides = { ...(before && { before }), ...(after && { after }) };
  return [{ change: changeOf(before, after), ...named, ...sides }];
}

const sameItems = (some: readonly unknown[], others: readonly unknown[]): boolean =>
  some.every((item, at) => item === others[at]);

/** The same rules in another order decide otherwise: their chains are told as changed. */
function reordered(
  netns: NetnsId,
  table: NetworkTable,
  [old, now]: readonly [Rows, Rows],
): readonly RowDifference[] {
  if (table !== 'rules') return [];
  const [before, after] = [orders(old), orders(now)];
  return [...after].flatMap(([key, rules]) => {
    const was = before.get(key) ?? [];
    return was.join('\n') === rules.join('\n')
      ? []
      : [{ change: 'changed', netns, table, key, before: { rules: was }, after: { rules } } as const];
  });
}

function orders(rows: Rows): ReadonlyMap<string, readonly string[]> {
  const chains = new Map<string, string[]>();
  for (const { table, chain, rule } of rows.values()) {
    const key = `${String(table)} ${String(chain)}`;
    chains.set(key, [...(chains.get(key) ?? []), String(rule)]);
  }
  return chains;
}
