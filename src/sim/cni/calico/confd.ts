/**
 * confd: renders what BIRD, and where there is IPv6 bird6, run with on each node where calico-node runs with the `bird` backend, as soon as something moved
 * that concerns it. The record lives in a table of the store that no API serves; `bgp/` makes it, `routing/` runs the daemons.
 * Source: confd/pkg/backends/calico/client.go, Calico v3.32.1.
 */
import { jsonEquals, type JsonObject } from '../../../base/json.ts';
import type { Change, Controller, Seen } from '../../kube/controller.ts';
import { listAt, textAt } from '../../kube/fields.ts';
import { isBroken, MACHINES, nodeMachine, nodeOfRecord, type Machine } from '../../kube/machines.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { ClusterTransaction } from '../../kube/transaction.ts';
import type { SpeakerConfig } from '../../routing/speaker-config.ts';
import { advertisesServices, readBgpConfiguration } from './bgp/configuration.ts';
import { daemonConfigs, type DaemonConfigs } from './bgp/daemon-config.ts';
import { nodeMoved } from './bgp/nodes.ts';
import { announcersMoved } from './bgp/services.ts';
import { hostOf, readBlock } from './ipam/block.ts';
import { isCalicoNode } from './node-environment.ts';
import {
  BGP_CONFIGURATIONS,
  BGP_FILTERS,
  BGP_PEERS,
  ENDPOINT_SLICES,
  IPAM_BLOCKS,
  IP_POOLS,
  NODES,
  PODS,
  SECRETS,
  SERVICES,
} from './kinds.ts';

export const BIRD_CONFIGURATIONS = 'birdconfigurations.simulator';

const EVERY_NODE = '*';

/** Keys: a node, or `*` for all that run BIRD already. */
export const confd: Controller = {
  name: 'confd',
  watches: [
    PODS,
    MACHINES,
    NODES,
    IP_POOLS,
    IPAM_BLOCKS,
    BGP_CONFIGURATIONS,
    BGP_FILTERS,
    BGP_PEERS,
    SECRETS,
    SERVICES,
    ENDPOINT_SLICES,
  ],
  react: (change, seen) => nodesConcerned(change, seen).map((key) => ({ key, after: 0 })),
  reconcile: (tx, key) => {
    if (key === EVERY_NODE) {
      for (const { metadata } of tx.list(BIRD_CONFIGURATIONS)) render(tx, metadata.name);
    } else render(tx, key);
  },
};

/** The configuration in a record of the store. */
export function birdConfiguration(record: KubeObject): SpeakerConfig {
  return record.spec as unknown as SpeakerConfig;
}

/** That of bird6; undefined where none runs. */
export function bird6Configuration(record: KubeObject): SpeakerConfig | undefined {
  return record[SPEC_6] as unknown as SpeakerConfig | undefined;
}

const SPEC_6 = 'spec6';

/** What every daemon's file is made of. */
const FOR_EVERYBODY: ReadonlySet<string> = new Set([IP_POOLS, BGP_CONFIGURATIONS, BGP_FILTERS, BGP_PEERS]);

function nodesConcerned(change: Change, seen: Seen): readonly string[] {
  const { resource, before, after } = change;
  if (FOR_EVERYBODY.has(resource)) return [EVERY_NODE];
  const object = after ?? before;
  switch (resource) {
    case MACHINES:
      return [nodeOfRecord(object)].filter((node) => node !== undefined);
    case PODS:
      return isCalicoNode(object) ? [textAt(object?.spec, 'nodeName')] : [];
    case NODES:
      return nodeMoved(before, after) ? [EVERY_NODE] : [];
    case IPAM_BLOCKS:
      return blockHolders(before, after);
    case SECRETS:
      return holdsPassword(object?.metadata.name ?? '', seen) ? [EVERY_NODE] : [];
    case SERVICES:
    case ENDPOINT_SLICES:
      return announcers(change, seen);
    default:
      return [];
  }
}

function holdsPassword(secret: string, { store }: Seen): boolean {
  const named = (spec: KubeObject['spec'], member: string): boolean =>
    textAt(spec, member, 'secretKeyRef', 'name') === secret;
  return (
    store.list(BGP_PEERS).some(({ spec }) => named(spec, 'password')) ||
    named(store.get(BGP_CONFIGURATIONS, undefined, 'default')?.spec, 'nodeMeshPassword')
  );
}

function announcers(change: Change, { store }: Seen): readonly string[] {
  const configuration = readBgpConfiguration(store.table(BGP_CONFIGURATIONS));
  if (!advertisesServices(configuration)) return [];
  const moved = announcersMoved(change, store, configuration.services);
  if (moved === 'nobody') return [];
  return moved === 'everybody' ? [EVERY_NODE] : moved;
}

/** Nodes whose blocks or borrowed addresses a change of one block moved. */
function blockHolders(before: KubeObject | undefined, after: KubeObject | undefined): readonly string[] {
  if (before && after && soleHolder(before) !== undefined && soleHolder(before) === soleHolder(after))
    return [];
  const [old, now] = [holders(before), holders(after)];
  return [...new Set([...old, ...now].map(([node]) => node))].filter(
    (node) => old.get(node) !== now.get(node),
  );
}

/** The affinity of a block from which nobody borrows: most blocks, at most changes, without reading the whole of them. */
function soleHolder({ spec }: KubeObject): string | undefined {
  const affinity = textAt(spec, 'affinity');
  const node = affinity.slice(affinity.indexOf(':') + 1);
  const borrowed = listAt(spec, 'attributes').some((attribute) => {
    const holder = textAt(attribute, 'secondary', 'node');
    return holder !== '' && holder !== node;
  });
  return borrowed || affinity === '' ? undefined : affinity;
}

function holders(object: KubeObject | undefined): ReadonlyMap<string, string> {
  const block = object && readBlock(object);
  if (!block) return new Map();
  const owner = hostOf(block);
  const held = new Map(owner === undefined ? [] : [[owner, 'block']]);
  const borrowers = block.attributes.flatMap(({ secondary }, index) =>
    secondary['node'] === undefined || secondary['node'] === owner
      ? []
      : [{ node: secondary['node'], index }],
  );
  for (const { node, index } of borrowers) {
    const ordinals = block.allocations.flatMap((each, ordinal) => (each === index ? [ordinal] : []));
    held.set(node, `${held.get(node) ?? ''} ${ordinals.join(',')}`);
  }
  return held;
}

/** Writes the node's record, or takes it away where no BIRD runs. */
function render(tx: ClusterTransaction, node: string): void {
  const machine = nodeMachine(tx, node);
  // It hears of nothing; BIRD runs on with what it has.
  if (machine.cutOff === true && machine.off !== true && machine.rebooted !== true && !mayNotRun(machine))
    return;
  const record = tx.get(BIRD_CONFIGURATIONS, undefined, node);
  const configs = mayNotRun(machine) ? undefined : daemonConfigs(tx, node);
  if (configs) write(tx, { node, record, configs });
  else tx.delete(BIRD_CONFIGURATIONS, undefined, node);
}

interface Rendered {
  readonly node: string;
  readonly record: KubeObject | undefined;
  readonly configs: DaemonConfigs;
}

/** A file that says the same as before stays the one it is, so that its daemon is left alone. */
function write(tx: ClusterTransaction, { node, record, configs }: Rendered): void {
  const { bird, bird6 } = configs as unknown as Readonly<Record<keyof DaemonConfigs, JsonObject | undefined>>;
  const [known, known6] = [record?.spec, record?.[SPEC_6] as JsonObject | undefined];
  const spec = jsonEquals(known, bird) ? known : bird;
  const spec6 = jsonEquals(known6, bird6) ? known6 : bird6;
  if (!spec || (spec === known && spec6 === known6)) return;
  tx.put(BIRD_CONFIGURATIONS, {
    apiVersion: 'simulator/v1',
    kind: 'BirdConfiguration',
    metadata: { name: node },
    spec,
    ...(spec6 !== undefined && { [SPEC_6]: spec6 }),
  });
}

const mayNotRun = (machine: Machine): boolean =>
  machine.off === true ||
  machine.rebooted === true ||
  isBroken(machine, 'bird') ||
  isBroken(machine, 'calico-node');
