/**
 * How many pods each node has, in all and of each owner: what the scheduler compares for every pod. A node is told by its
 * place in the order of names, so that a look at a thousand of them reads numbers. It follows the newest tables it is asked
 * about by the difference to the previous ones, as an index does.
 */
import { Table } from '../../core/table.ts';
import { textAt } from '../fields.ts';
import type { KubeObject } from '../object.ts';
import type { ClusterTransaction } from '../transaction.ts';
import { controllerOf } from './ownership.ts';

const ZONE = 'topology.kubernetes.io/zone';

/** What is asked of a node for every pod, read once while the node does not change. */
export interface Candidate {
  readonly node: KubeObject;
  readonly name: string;
  /** Takes any pod that asks for nothing. */
  readonly open: boolean;
  /** Empty where the node does not say. */
  readonly zone: string;
}

/** Pods by the place of the node they are bound to. */
export type Load = readonly number[];

const candidateOf = (node: KubeObject): Candidate => ({
  node,
  name: node.metadata.name,
  open: node.spec?.['unschedulable'] !== true && node.spec?.['taints'] === undefined,
  zone: node.metadata.labels?.[ZONE] ?? '',
});

const inSeveralZones = (candidates: readonly Candidate[]): boolean =>
  candidates.some(({ zone }) => zone !== candidates[0]?.zone);

const NO_OBJECTS = Table.empty<KubeObject>();
const NO_LOAD: Load = [];

export class NodeLoad {
  #nodes = NO_OBJECTS;
  #pods = NO_OBJECTS;
  #candidates: Candidate[] = [];
  readonly #places = new Map<string, number>();
  #total: number[] = [];
  readonly #byOwner = new Map<string, { pods: number; readonly load: number[] }>();
  #zoned = false;

  /** In the order of their names. What is read here is to be read before the next write. */
  get candidates(): readonly Candidate[] {
    return this.#candidates;
  }

  /** The place of a node. */
  placeOf(name: string): number | undefined {
    return this.#places.get(name);
  }

  /** Pods of any kind. */
  get total(): Load {
    return this.#total;
  }

  /** Pods of one owner; a place that says nothing has none. */
  of(owner: string | undefined): Load {
    return (owner === undefined ? undefined : this.#byOwner.get(owner)?.load) ?? NO_LOAD;
  }

  /** Whether nodes are in more than one zone, those that do not say being in one of their own. */
  get zoned(): boolean {
    return this.#zoned;
  }

  follow(nodes = NO_OBJECTS, pods = NO_OBJECTS): this {
    if (nodes !== this.#nodes) this.#followNodes(nodes);
    for (const { before, after } of pods.differences(this.#pods)) this.#move(before, after);
    this.#pods = pods;
    return this;
  }

  #followNodes(nodes: Table<KubeObject>): void {
    const changes = nodes.differences(this.#nodes);
    this.#nodes = nodes;
    if (changes.some(({ before, after }) => !before || !after)) this.#begin(nodes);
    else for (const { after } of changes) if (after) this.#renew(candidateOf(after));
  }

  #renew(candidate: Candidate): void {
    const place = this.#places.get(candidate.name);
    if (place === undefined) return;
    const before = this.#candidates[place];
    this.#candidates[place] = candidate;
    if (before?.zone !== candidate.zone) this.#zoned = inSeveralZones(this.#candidates);
  }

  /** Nodes have come or gone, and every place is another. */
  #begin(nodes: Table<KubeObject>): void {
    this.#candidates = Array.from(nodes.values(), candidateOf);
    this.#zoned = inSeveralZones(this.#candidates);
    this.#total = this.#candidates.map(() => 0);
    this.#places.clear();
    for (const [place, { name }] of this.#candidates.entries()) this.#places.set(name, place);
    this.#byOwner.clear();
    this.#pods = NO_OBJECTS;
  }

  #move(before: KubeObject | undefined, after: KubeObject | undefined): void {
    const [left, joined] = [before && this.#placeOf(before), after && this.#placeOf(after)];
    if (
      before &&
      after &&
      left === joined &&
      before.metadata.ownerReferences === after.metadata.ownerReferences
    )
      return;
    if (before && left !== undefined) this.#count(before, left, -1);
    if (after && joined !== undefined) this.#count(after, joined, 1);
  }

  #placeOf(pod: KubeObject): number | undefined {
    const name = textAt(pod.spec, 'nodeName');
    return name === '' ? undefined : this.#places.get(name);
  }

  #count(pod: KubeObject, place: number, by: 1 | -1): void {
    this.#total[place] = (this.#total[place] ?? 0) + by;
    const owner = controllerOf(pod)?.uid;
    if (owner === undefined) return;
    const own = this.#byOwner.get(owner) ?? { pods: 0, load: this.#total.map(() => 0) };
    own.pods += by;
    own.load[place] = (own.load[place] ?? 0) + by;
    if (own.pods > 0) this.#byOwner.set(owner, own);
    else this.#byOwner.delete(owner);
  }
}

const load = new NodeLoad();

/** As things stand: read it before the next write. */
export const nodeLoad = (tx: ClusterTransaction): NodeLoad =>
  load.follow(tx.table('nodes'), tx.table('pods'));
