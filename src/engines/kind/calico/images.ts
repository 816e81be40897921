/**
 * The images of Calico and of the labs' own pods: pulled once into the Docker Engine, where their progress can be seen, and
 * put from there into each node's containerd. Not by `kind load`: its `--all-platforms` fails on engines that keep images by
 * containerd, since they hold one platform only (kubernetes-sigs/kind issue 3795).
 */
import { createReadStream } from 'node:fs';
import { z } from 'zod';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError, Progress } from '../../../lab/ports.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { transferDetail, transferFraction } from '../cluster/transfer-detail.ts';
import { runsOn } from '../docker/architecture.ts';
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

/** On its line: in a CRD's schema `image:` is the name of a field, and what it is comes below. */
const IMAGE_LINE = /^\s*(?:- )?image:[ \t]*["']?([^\s"'#]+)/gm;

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
  if (there.value && runsOn(docker, there.value)) return ok(undefined);
  const pulled = await docker.images.pull(reference, {
    signal,
    onProgress: (transfer) => tell(transferFraction(transfer) ?? 0, transferDetail(reference, transfer)),
  });
  return pulled.ok ? ok(undefined) : pulled;
}

/** Seconds that one node may take to unpack all of it. */
const IMPORT_PATIENCE = 300;

/** Puts images of the Docker Engine into every node that does not have them: a node image of one's own may. */
export async function bringToNodes(
  cluster: Cluster,
  references: readonly string[],
  { signal, onProgress }: ImageOptions,
): Promise<Result<void, LabError>> {
  const nodes = [...cluster.nodes.keys()];
  // One after another: what they wait for is the same disk.
  for (const [at, node] of nodes.entries()) {
    const brought = await bringToNode(cluster, node, references, signal);
    if (!brought.ok) return brought;
    onProgress?.({
      phase: 'Bringing the images to the nodes',
      fraction: (at + 1) / nodes.length,
      detail: `${at + 1} of ${nodes.length} nodes`,
    });
  }
  return ok(undefined);
}

/** It may have been started a moment ago: its container runtime is waited for. */
export async function bringToNode(
  { docker, nodes }: Pick<Cluster, 'docker' | 'nodes'>,
  node: string,
  references: readonly string[],
  signal: AbortSignal,
): Promise<Result<void, LabError>> {
  const container = nodes.get(node) ?? '';
  const wanted = await missing({ docker, container }, references, signal);
  if (!wanted.ok || wanted.value.length === 0) return wanted.ok ? ok(undefined) : wanted;
  const archive = await docker.images.save(wanted.value, { signal });
  if (!archive.ok) return archive;
  // The snapshotter is containerd's own choice, and of more platforms than one nothing is needed.
  const imported = await docker.containers.exec(
    container,
    ['ctr', '--namespace=k8s.io', 'images', 'import', '--digests', '-'],
    { signal, stdin: archive.value, seconds: IMPORT_PATIENCE },
  );
  if (!imported.ok) return imported;
  const { exitCode, stdout, stderr } = imported.value;
  return exitCode === 0 ? ok(undefined) : err(notImported(node, stderr.trim() || stdout.trim()));
}

/** Name and manifest of each image that is there and asked for, a line each. */
const HELD = `until ctr version >/dev/null 2>&1; do sleep 0.2; done
ctr --namespace=k8s.io images list | while read -r name type digest rest; do
case " $* " in *" $name "*) printf '%s ' "$name"; ctr --namespace=k8s.io content get "$digest" | tr -d '\\n'; echo ;; esac; done`;

/** Seconds, of which the runtime's start takes most. */
const LISTING_PATIENCE = 60;

/** Those that a node has not, or otherwise than the engine has them: a tag may have been given anew. */
async function missing(
  { docker, container }: { readonly docker: Docker; readonly container: string },
  references: readonly string[],
  signal: AbortSignal,
): Promise<Result<readonly string[], LabError>> {
  const listed = await docker.containers.exec(container, ['sh', '-c', HELD, 'sh', ...references], {
    ...{ signal, seconds: LISTING_PATIENCE },
  });
  if (!listed.ok) return listed;
  const held = new Map(listed.value.stdout.split('\n').map(imageIn));
  const wanted: string[] = [];
  for (const reference of references) {
    const image = await docker.images.inspect(reference, signal);
    if (!image.ok) return image;
    if (image.value === undefined || held.get(reference) !== image.value.id) wanted.push(reference);
  }
  return ok(wanted);
}

const manifest = z.object({ config: z.object({ digest: z.string() }) });

/** Engines know an image by the digest of its configuration; those that keep images by containerd by another, which fits none. */
function imageIn(line: string): readonly [name: string, id: string | undefined] {
  const at = line.indexOf(' ');
  try {
    const read = manifest.safeParse(JSON.parse(line.slice(at + 1)));
    return [line.slice(0, at), read.data?.config.digest];
  } catch {
    return [line.slice(0, at), undefined];
  }
}

const notImported = (node: string, says: string): LabError => ({
  code: 'images-not-imported',
  message: `The images could not be put into ${node}: ${says}`,
  remedy: 'See whether the disk of Docker is full (`docker system df`), then try again.',
});
