/**
 * The real parts of the kind engine: kind makes the nodes, the fabric is laid under each as soon as it starts, Calico is
 * brought and installed, and what fails midway is removed again. A cluster that was kept for the lab is taken up instead.
 */
import { randomBytes } from 'node:crypto';
import { err, ok, type Result } from '../../../base/result.ts';
import { bringsPools } from '../../../lab/manifest.ts';
import type { LabEnvironment, LabError } from '../../../lab/ports.ts';
import { bringToNode } from '../calico/images.ts';
import { installCalico, prepareCalico, type CalicoParts } from '../calico/install.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { kubectlOf } from '../cluster/cluster.ts';
import { createCluster } from '../cluster/create.ts';
import { deleteCluster } from '../cluster/delete.ts';
import type { ClusterMeans } from '../cluster/making.ts';
import { idleClusters, keepCluster, openCluster, releaseCluster } from '../cluster/open.ts';
import { keepFabric, layNode, raiseFabric, resetFabric } from '../fabric/fabric.ts';
import { raiseWorkstation } from '../fabric/workstation.ts';
import { clusterName, nodeContainers } from '../names.ts';
import { sharing } from '../share.ts';
import type { KindEngineParts, PartOptions, RaisedCluster } from './parts.ts';
import { applyCalicoStart } from './start-objects.ts';

export interface KindPartsOptions {
  /** The engine, the data folder and kind's CLI; asked for whenever they are needed, since an engine may come and go. */
  readonly means: (options: PartOptions) => Promise<Result<ClusterMeans, LabError>>;
  /** Reference of the tool image, built if it is not there. */
  readonly toolImage: (means: ClusterMeans, options: PartOptions) => Promise<Result<string, LabError>>;
  readonly preflight: KindEngineParts['preflight'];
  /** What would make a new cluster fail, found out by trying, where the quick questions of `preflight` do not reach. */
  readonly beforeMaking: (
    environment: LabEnvironment,
    found: { readonly means: ClusterMeans; readonly image: string },
    options: PartOptions,
  ) => Promise<LabError | undefined>;
  /** Whether clusters are kept for their lab, and taken up again; else each is new, and nobody opens it twice. */
  readonly keeps: boolean;
}

/** Shares of the whole way at which each part is done. */
const DONE = { kind: 0.03, image: 0.1, nodes: 0.55, fabric: 0.62, calico: 0.96 } as const;

export function kindParts(options: KindPartsOptions): KindEngineParts {
  return {
    preflight: options.preflight,
    async raise(environment, asked) {
      const means = await options.means(partOf(asked, 0, DONE.kind));
      if (!means.ok) return means;
      const image = await options.toolImage(means.value, partOf(asked, DONE.kind, DONE.image));
      if (!image.ok) return image;
      const raising: Raising = { means: means.value, image: image.value, asked, keeps: options.keeps };
      const kept = options.keeps ? await takeUp(environment, raising) : undefined;
      if (kept) return kept;
      asked.onProgress?.({ phase: 'Looking at the machine', fraction: DONE.image });
      const obstacle = await options.beforeMaking(environment, raising, asked);
      return obstacle ? err(obstacle) : make(environment, raising);
    },
  };
}

interface Raising {
  readonly means: ClusterMeans;
  readonly image: string;
  readonly asked: PartOptions;
  readonly keeps: boolean;
}

/** The newest that can be had; undefined when there is none. */
async function takeUp(
  { id, topology }: LabEnvironment,
  raising: Raising,
): Promise<Result<RaisedCluster, LabError> | undefined> {
  const { means, image, asked } = raising;
  for (const journal of await idleClusters(id, topology, means)) {
    const opened = await openCluster(journal, topology, means, asked.signal);
    if (!opened.ok) continue;
    const cluster = opened.value;
    const laid = await raiseFabric(cluster, { image, ...partOf(asked, DONE.nodes, DONE.calico) });
    // Files of the lab that the learner has changed are left alone; a desk that was removed gets them with their own.
    const whole = laid.ok
      ? await raiseWorkstation(cluster, { image, files: [], signal: asked.signal })
      : laid;
    if (whole.ok) return ok(raised(cluster, raising, true));
    await releaseCluster(cluster);
    if (asked.signal.aborted) return whole;
  }
  return undefined;
}

async function make(environment: LabEnvironment, raising: Raising): Promise<Result<RaisedCluster, LabError>> {
  const { means, image, asked } = raising;
  const { signal } = asked;
  const { topology } = environment;
  const name = clusterName(means.installation, environment.id, randomBytes(2).toString('hex'));
  const wish = { name, lab: environment.id, topology };
  // Nodes are laid while kind still makes the others: the cluster is known by its names before it is whole.
  const folder = means.folder.cluster(name);
  const coming: Cluster = { ...wish, docker: means.docker, nodes: nodeContainers(name, topology), folder };
  // Neither is of use without the other: what fails ends both.
  const failed = new AbortController();
  const both = AbortSignal.any([signal, failed.signal]);
  // What Calico needs is fetched meanwhile, and put into each node that is laid.
  const parts = prepareCalico(means.docker, environment.calico, {
    ...{ folder: means.folder, env: means.env, signal: both },
  });
  void parts.then((prepared) => prepared.ok || failed.abort());
  const early = new EarlyImages(coming, parts, both);
  const created = await createCluster(wish, means, {
    ...partOf(asked, DONE.image, DONE.nodes),
    signal: both,
    onNode: async ({ node }, given) => {
      const laid = await layNode(coming, node, { signal: given, image });
      if (laid.ok) early.bring(node);
      return laid;
    },
  });
  if (!created.ok) failed.abort();
  const [prepared] = await Promise.all([parts, early.done()]);
  if (!created.ok) return created.error.code === 'interrupted' && !prepared.ok ? prepared : created;
  const cluster = created.value;
  const built = prepared.ok ? await build(cluster, environment, raising, prepared.value) : prepared;
  if (built.ok) return ok(raised(cluster, raising, false));
  await deleteCluster(name, means, { signal: NEVER });
  return err(built.error);
}

/** Images on their way while kind is at work, one node after another. What fails is tried again when it is needed. */
class EarlyImages {
  readonly #cluster: Cluster;
  readonly #parts: Promise<Result<CalicoParts, LabError>>;
  readonly #signal: AbortSignal;
  #last: Promise<unknown> = Promise.resolve();

  constructor(cluster: Cluster, parts: Promise<Result<CalicoParts, LabError>>, signal: AbortSignal) {
    this.#cluster = cluster;
    this.#parts = parts;
    this.#signal = signal;
  }

  bring(node: string): void {
    this.#last = this.#last.then(async () => {
      const parts = await this.#parts;
      if (parts.ok) await bringToNode(this.#cluster, node, parts.value.images, this.#signal);
    });
  }

  async done(): Promise<void> {
    await this.#last;
  }
}

/** What stands around the nodes, and Calico in them; the workstation is made while Calico comes up, and used by it. */
async function build(
  cluster: Cluster,
  environment: LabEnvironment,
  { image, asked }: Raising,
  parts: CalicoParts,
): Promise<Result<void, LabError>> {
  const { signal } = asked;
  const kubectl = kubectlOf(cluster);
  const fabric = await raiseFabric(cluster, { image, ...partOf(asked, DONE.nodes, DONE.fabric) });
  if (!fabric.ok) return fabric;
  const workstation = raiseWorkstation(cluster, { image, files: environment.files, signal });
  const configure = async (): Promise<Result<void, LabError>> => {
    const there = await workstation;
    return there.ok ? applyCalicoStart(environment.start, { cluster, kubectl, signal }) : there;
  };
  const calico = installCalico(
    cluster,
    kubectl,
    { ...parts, install: environment.calico.install, defaultPools: wantsPools(environment), configure },
    partOf(asked, DONE.fabric, DONE.calico),
  );
  const ended = await Promise.all([workstation, calico]);
  return ended.find((each) => !each.ok) ?? ok(undefined);
}

const NEVER = new AbortController().signal;

/** Whoever owns the pools makes them: the operator, or the lab, or Calico when nobody else does. */
const wantsPools = ({ calico, start }: LabEnvironment): boolean =>
  calico.install === 'operator' ? calico.pools === 'operator' : !bringsPools(start);

function raised(cluster: Cluster, { means, image, keeps }: Raising, kept: boolean): RaisedCluster {
  const ending = new AbortController();
  // What cannot be laid again shows in the lab itself, and in a reset, which says why.
  keepFabric(cluster, { signal: ending.signal, image, onTrouble: () => undefined });
  return {
    cluster,
    kept,
    mend: (signal) => resetFabric(cluster, { signal, image }),
    keep: () => (keeps ? keepCluster(cluster) : Promise.resolve(ok(undefined))),
    async release() {
      ending.abort();
      await releaseCluster(cluster);
    },
    remove(signal) {
      ending.abort();
      return deleteCluster(cluster.name, means, { signal });
    },
  };
}

/** The same question, of which a part is answered. */
const partOf = (asked: PartOptions, from: number, to: number): PartOptions => ({
  signal: asked.signal,
  ...sharing(asked, from, to),
});
