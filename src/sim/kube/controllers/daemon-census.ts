/**
 * What a DaemonSet has on each node, and how much of it in all. A census follows the newest tables it is asked about by
 * the difference to the previous ones, as an index does: a set of hundreds of pods is looked at with each that changes.
 */
import type { JsonObject } from '../../../base/json.ts';
import { Table } from '../../core/table.ts';
import { listAt, textAt } from '../fields.ts';
import type { KubeObject } from '../object.ts';
import { controllerOf } from './ownership.ts';
import { isActive, isReady, isTerminal } from './pod-state.ts';

export const REVISION_LABEL = 'controller-revision-hash';

/** What the controller asks of a pod. */
export interface DaemonPod {
  readonly key: string;
  readonly pod: KubeObject;
  readonly isActive: boolean;
  readonly isReady: boolean;
  readonly revision: string | undefined;
}

/** A node as the set sees it. */
export interface Post {
  readonly node: string;
  /** It should run a pod. */
  readonly wanted: boolean;
  /** Those it has, by key. */
  readonly pods: readonly DaemonPod[];
  /** The one that counts. */
  readonly counted: DaemonPod | undefined;
}

export interface Counts {
  readonly desired: number;
  readonly scheduled: number;
  readonly ready: number;
  readonly updated: number;
  readonly misplaced: number;
}

/** Which set it is about, where its pods may run, and what they carry that are made now. */
export interface DaemonSetTraits {
  readonly owner: string;
  readonly revision: string;
  /** Depends on the node's labels, name and spec alone. */
  readonly fits: (node: KubeObject) => boolean;
}

const NO_POST: Post = { node: '', wanted: false, pods: [], counted: undefined };
const NO_OBJECTS = Table.empty<KubeObject>();

export class DaemonCensus {
  readonly #traits: DaemonSetTraits;
  readonly #posts = new Map<string, Post>();
  readonly #counts = { desired: 0, scheduled: 0, ready: 0, updated: 0, misplaced: 0 };
  #nodes = NO_OBJECTS;
  #pods = NO_OBJECTS;
  #unsettled = Table.empty<Post>();
  #stale = Table.empty<Post>();

  constructor(traits: DaemonSetTraits) {
    this.#traits = traits;
  }

  get owner(): string {
    return this.#traits.owner;
  }

  get revision(): string {
    return this.#traits.revision;
  }

  /** Those it last followed; read them at once. */
  get counts(): Counts {
    return this.#counts;
  }

  /** Where a pod is to be made or to go, by node: none is missing, none is too many, none has ended. */
  get unsettled(): Table<Post> {
    return this.#unsettled;
  }

  /** Where the pod that counts is of another revision, by node. */
  get stale(): Table<Post> {
    return this.#stale;
  }

  /** The pods that count: all of them are looked at. */
  counted(): readonly DaemonPod[] {
    return [...this.#posts.values()].flatMap(({ counted }) => counted ?? []);
  }

  follow(nodes = NO_OBJECTS, pods = NO_OBJECTS): this {
    for (const { before, after } of nodes.differences(this.#nodes)) this.#followNode(before, after);
    for (const { key, before, after } of pods.differences(this.#pods)) this.#followPod(key, before, after);
    this.#nodes = nodes;
    this.#pods = pods;
    return this;
  }

  #followNode(before: KubeObject | undefined, after: KubeObject | undefined): void {
    const node = (after ?? before)?.metadata.name ?? '';
    if (sameForDaemons(before, after)) return;
    this.#revise(node, this.#at(node).pods, after !== undefined && this.#traits.fits(after));
  }

  #followPod(key: string, before: KubeObject | undefined, after: KubeObject | undefined): void {
    const left = this.#nodeOf(before);
    const joined = this.#nodeOf(after);
    if (left !== undefined && left !== joined) this.#revise(left, without(this.#at(left).pods, key));
    if (after && joined !== undefined)
      this.#revise(joined, including(this.#at(joined).pods, daemonPod(key, after)));
  }

  /** Of a pod of the set. */
  #nodeOf(pod: KubeObject | undefined): string | undefined {
    return pod && controllerOf(pod)?.uid === this.#traits.owner ? meantFor(pod) : undefined;
  }

  #at(node: string): Post {
    return this.#posts.get(node) ?? NO_POST;
  }

  #revise(node: string, pods: readonly DaemonPod[], wanted = this.#at(node).wanted): void {
    const counted = wanted ? pods.find((pod) => pod.isActive) : undefined;
    const post = { node, wanted, pods, counted };
    this.#count(this.#at(node), -1);
    this.#count(post, 1);
    if (wanted || pods.length > 0) this.#posts.set(node, post);
    else this.#posts.delete(node);
    this.#unsettled = isSettled(post) ? this.#unsettled.delete(node) : this.#unsettled.set(node, post);
    this.#stale =
      counted && counted.revision !== this.revision ? this.#stale.set(node, post) : this.#stale.delete(node);
  }

  #count({ wanted, pods, counted }: Post, by: 1 | -1): void {
    const counts = this.#counts;
    if (wanted) counts.desired += by;
    else counts.misplaced += by * pods.filter((pod) => pod.isActive).length;
    if (!counted) return;
    counts.scheduled += by;
    if (counted.isReady) counts.ready += by;
    if (counted.revision === this.revision) counts.updated += by;
  }
}

/** Node changes that matter here are labels, taints and existence, not heartbeats or status. */
export const sameForDaemons = (a: KubeObject | undefined, b: KubeObject | undefined): boolean =>
  a !== undefined && b !== undefined && a.spec === b.spec && a.metadata.labels === b.metadata.labels;

/** The node a daemon pod is meant for: where it runs, or where its affinity pins it. */
function meantFor(pod: KubeObject): string {
  const bound = pod.spec?.['nodeName'];
  if (typeof bound === 'string' && bound !== '') return bound;
  const terms: readonly JsonObject[] = listAt(
    pod.spec,
    'affinity',
    'nodeAffinity',
    'requiredDuringSchedulingIgnoredDuringExecution',
    'nodeSelectorTerms',
  );
  return textAt(terms[0], 'matchFields', 0, 'values', 0);
}

const daemonPod = (key: string, pod: KubeObject): DaemonPod => ({
  key,
  pod,
  isActive: isActive(pod),
  isReady: isReady(pod),
  revision: pod.metadata.labels?.[REVISION_LABEL],
});

const without = (pods: readonly DaemonPod[], key: string): readonly DaemonPod[] =>
  pods.filter((pod) => pod.key !== key);

const including = (pods: readonly DaemonPod[], pod: DaemonPod): readonly DaemonPod[] =>
  [...without(pods, pod.key), pod].sort((a, b) => (a.key < b.key ? -1 : 1));

/** A pod that ended and does not go yet. */
export const hasEnded = ({ pod }: DaemonPod): boolean =>
  isTerminal(pod) && pod.metadata.deletionTimestamp === undefined;

const isSettled = ({ wanted, pods }: Post): boolean =>
  wanted ? pods.length === 1 && !pods.some(hasEnded) : !pods.some((pod) => pod.isActive);
