/**
 * The real parts of the kind engine: kind makes the nodes, the fabric is laid under each as soon as it starts, Calico is
 * brought and installed, and what fails midway is removed again. A cluster that was kept for the lab is taken up instead.
 */
import { randomBytes } from 'node:crypto';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabEnvironment, LabError } from '../../../lab/ports.ts';
import { installCalico, prepareCalico } from '../calico/install.ts';
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
import { bringsPools } from './start-objects.ts';

export interface KindPartsOptions {
  /** The engine, the data folder and kind's CLI; asked for whenever they are needed, since an engine may come and go. */
  readonly means: (options: PartOptions) => Promise<Result<ClusterMeans, LabError>>;
  /** Reference of the tool image, built if it is not there. */
  readonly toolImage: (means: ClusterMeans, options: PartOptions) => Promise<Result<string, LabError>>;
  readonly preflight: KindEngineParts['preflight'];
}

/** Shares of the whole way at which each part is done. */
const DONE = { image: 0.1, nodes: 0.55, fabric: 0.62, calico: 0.96 } as const;

export function kindParts(options: KindPartsOptions): KindEngineParts {
  return {
    preflight: options.preflight,
    async raise(environment, asked) {
      const means = await options.means(asked);
      if (!means.ok) return means;
      const image = await options.toolImage(means.value, partOf(asked, 0, DONE.image));
      if (!image.ok) return image;
      const raising: Raising = { means: means.value, image: image.value, asked };
      const kept = await takeUp(environment, raising);
      return kept ?? make(environment, raising);
    },
  };
}

interface Raising {
  readonly means: ClusterMeans;
  readonly image: string;
  readonly asked: PartOptions;
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
  const { topology } = environment;
  const name = clusterName(means.installation, environment.id, randomBytes(2).toString('hex'));
  const wish = { name, lab: environment.id, topology };
  // Nodes are laid while kind still makes the others: the cluster is known by its names before it is whole.
  const folder = means.folder.cluster(name);
  const coming: Cluster = { ...wish, docker: means.docker, nodes: nodeContainers(name, topology), folder };
  const calico = { folder: means.folder, env: means.env };
  // What Calico needs is fetched meanwhile.
  const [created, parts] = await Promise.all([
    createCluster(wish, means, {
      ...partOf(asked, DONE.image, DONE.nodes),
      onNode: ({ node }, signal) => layNode(coming, node, { signal, image }),
    }),
    prepareCalico(means.docker, environment.calico, { ...calico, signal: asked.signal }),
  ]);
  if (!created.ok) return created;
  const cluster = created.value;
  const steps: readonly (() => Promise<Result<void, LabError>>)[] = [
    () => raiseFabric(cluster, { image, ...partOf(asked, DONE.nodes, DONE.fabric) }),
    () => raiseWorkstation(cluster, { image, files: environment.files, signal: asked.signal }),
    async () =>
      parts.ok
        ? installCalico(
            cluster,
            kubectlOf(cluster),
            { ...parts.value, install: environment.calico.install, defaultPools: wantsPools(environment) },
            partOf(asked, DONE.fabric, DONE.calico),
          )
        : parts,
  ];
  for (const step of steps) {
    const done = await step();
    if (done.ok) continue;
    await deleteCluster(name, means, { signal: NEVER });
    return err(done.error);
  }
  return ok(raised(cluster, raising, false));
}

const NEVER = new AbortController().signal;

/** Whoever owns the pools makes them: the operator, or the lab, or Calico when nobody else does. */
const wantsPools = ({ calico, start }: LabEnvironment): boolean =>
  calico.install === 'operator' ? calico.pools === 'operator' : !bringsPools(start);

function raised(cluster: Cluster, { means, image }: Raising, kept: boolean): RaisedCluster {
  const ending = new AbortController();
  // What cannot be laid again shows in the lab itself, and in a reset, which says why.
  keepFabric(cluster, { signal: ending.signal, image, onTrouble: () => undefined });
  return {
    cluster,
    kept,
    mend: (signal) => resetFabric(cluster, { signal, image }),
    keep: () => keepCluster(cluster),
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
