/**
 * The images of Calico and of the labs' own pods: pulled once into the Docker Engine, where their progress can be seen, and
 * put from there into each node's containerd. Not by `kind load`: its `--all-platforms` fails on engines that keep images by
 * containerd, since they hold one platform only (kubernetes-sigs/kind issue 3795).
 */
import { createReadStream } from 'node:fs';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError, Progress } from '../../../lab/ports.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { transferDetail, transferFraction } from '../cluster/transfer-detail.ts';
import type { Docker } from '../docker/docker.ts';
import { AGNHOST_IMAGE, CALICO_VERSION, OPERATOR_VERSION } from '../versions.ts';
import type { Install, Manifest } from './manifests.ts';

/** What the operator brings up with its documented custom resources (tigera/operator v1.42.3 pkg/components). */
const OPERATED = [
  'node',
  'cni',
  'pod2daemon-flexvol',
  'csi',
  'node-driver-registrar',
  'typha',
  'kube-controllers',
  'apiserver',
  'goldmane',
  'whisker',
  'whisker-backend',
];

const IMAGE_LINE = /^\s*(?:- )?image:\s*["']?([^\s"'#]+)/gm;

/** What runs in the nodes: whatever the manifests name, what the operator will ask for, and the labs' pods. */
export function clusterImages(install: Install, manifests: readonly Manifest[]): readonly string[] {
  const named = manifests.flatMap(({ text }) =>
    [...text.matchAll(IMAGE_LINE)].map(([, image = '']) => image),
  );
  const operated =
    install === 'operator'
      ? [
          `quay.io/tigera/operator:${OPERATOR_VERSION}`,
          ...OPERATED.map((image) => `quay.io/calico/${image}:${CALICO_VERSION}`),
        ]
      : [];
  return [...new Set([...named, ...operated, AGNHOST_IMAGE])].sort();
}

export interface ImageOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** Loads an archive of the learner's own (UNDERLAY_CALICO_IMAGES), as `docker save` writes it; nothing is pulled then. */
export async function loadSupplied(
  docker: Docker,
  archive: string,
  { signal, onProgress }: ImageOptions,
): Promise<Result<void, LabError>> {
  const loaded = await docker.images.load(createReadStream(archive), {
    signal,
    onProgress: (transfer) =>
      onProgress?.({ phase: 'Loading the images of Calico', detail: transferDetail(archive, transfer) }),
  });
  return loaded.ok ? ok(undefined) : loaded;
}

/** Pulls those that are not there. Two at a time: registries and home connections like no more. */
export async function ensureImages(
  docker: Docker,
  references: readonly string[],
  { signal, onProgress }: ImageOptions,
): Promise<Result<void, LabError>> {
  let done = 0;
  const waiting = [...references];
  const lane = async (): Promise<Result<void, LabError>> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const reference = next;
      const tell = (fraction: number, detail: string): void =>
        onProgress?.({
          phase: 'Fetching the images of Calico',
          fraction: (done + fraction) / references.length,
          detail,
        });
      const ensured = await ensureImage(docker, reference, { signal, tell });
      if (!ensured.ok) return ensured;
      done += 1;
      tell(0, reference);
    }
    return ok(undefined);
  };
  const ended = await Promise.all([lane(), lane()]);
  return ended.find(({ ok: fine }) => !fine) ?? ok(undefined);
}

async function ensureImage(
  docker: Docker,
  reference: string,
  {
    signal,
    tell,
  }: { readonly signal: AbortSignal; readonly tell: (fraction: number, detail: string) => void },
): Promise<Result<void, LabError>> {
  const there = await docker.images.inspect(reference, signal);
  if (!there.ok) return there;
  if (there.value) return ok(undefined);
  const pulled = await docker.images.pull(reference, {
    signal,
    onProgress: (transfer) => tell(transferFraction(transfer) ?? 0, transferDetail(reference, transfer)),
  });
  return pulled.ok ? ok(undefined) : pulled;
}

/** Seconds that one node may take to unpack all of it. */
const IMPORT_PATIENCE = 300;

/** Puts images of the Docker Engine into every node. */
export async function bringToNodes(
  { docker, nodes }: Cluster,
  references: readonly string[],
  { signal, onProgress }: ImageOptions,
): Promise<Result<void, LabError>> {
  let done = 0;
  const bring = async ([node, container]: readonly [string, string]): Promise<Result<void, LabError>> => {
    const archive = await docker.images.save(references, { signal });
    if (!archive.ok) return archive;
    // The snapshotter is containerd's own choice, and of more platforms than one nothing is needed.
    const imported = await docker.containers.exec(
      container,
      ['ctr', '--namespace=k8s.io', 'images', 'import', '--digests', '-'],
      { signal, stdin: archive.value, seconds: IMPORT_PATIENCE },
    );
    if (!imported.ok) return imported;
    const { exitCode, stdout, stderr } = imported.value;
    if (exitCode !== 0) return err(notImported(node, stderr.trim() || stdout.trim()));
    done += 1;
    onProgress?.({
      phase: 'Bringing the images to the nodes',
      fraction: done / nodes.size,
      detail: `${done} of ${nodes.size} nodes`,
    });
    return ok(undefined);
  };
  // One after another: what they wait for is the same disk.
  for (const node of nodes) {
    const brought = await bring(node);
    if (!brought.ok) return brought;
  }
  return ok(undefined);
}

const notImported = (node: string, says: string): LabError => ({
  code: 'images-not-imported',
  message: `The images could not be put into ${node}: ${says}`,
  remedy: 'See whether the disk of Docker is full (`docker system df`), then try again.',
});
