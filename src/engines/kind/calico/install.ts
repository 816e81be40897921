/**
 * Installs Calico on a cluster without a CNI, as its documentation does: by the manifest, or by the operator with its custom
 * resources (Calico v3.32.1). Everything is applied server-side, since the operator's CRDs are too large for the annotation
 * of a client-side apply (projectcalico/calico issue 7826).
 */
import type { JsonObject } from '../../../base/json.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError, Progress } from '../../../lab/ports.ts';
import type { Cluster, Kubectl } from '../cluster/cluster.ts';
import type { KindFolder } from '../data-folder.ts';
import { sharing } from '../share.ts';
import { CALICOCTL_IMAGE } from '../versions.ts';
import { bringToNodes, clusterImages, ensureImages, loadSupplied } from './images.ts';
import { manifestsOf, type Install, type Manifest } from './manifests.ts';
import { untilReady } from './readiness.ts';
import { customResources, tailorManifest } from './tailor.ts';

export interface CalicoWish {
  readonly install: Install;
  /** False: the lab brings its own pools. */
  readonly defaultPools: boolean;
  /** Puts the lab's own objects of Calico there: without pools no pod has an address, and nothing becomes ready. */
  readonly configure: () => Promise<Result<void, LabError>>;
}

export interface CalicoMeans {
  readonly folder: KindFolder;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** `fraction` is that of this part alone, 0-1. */
  readonly onProgress?: (progress: Progress) => void;
  /** Where manifests are fetched from; Calico's repository unless said. */
  readonly from?: string;
}

/** What an installation is made of, once it is all on this machine. */
export interface CalicoParts {
  readonly manifests: readonly Manifest[];
  readonly images: readonly string[];
}

/** Fetches what is not there yet. It can be done while the nodes are being made. */
export async function prepareCalico(
  docker: Cluster['docker'],
  { install }: Pick<CalicoWish, 'install'>,
  means: CalicoMeans,
): Promise<Result<CalicoParts, LabError>> {
  const { signal, env } = means;
  const manifests = await manifestsOf(install, {
    ...means,
    onProgress: (file, sha256) =>
      means.onProgress?.({
        phase: 'Fetching the manifests of Calico',
        fraction: 0,
        detail: sha256 === undefined ? file : `${file}, SHA-256 ${sha256}`,
      }),
  });
  if (!manifests.ok) return manifests;
  const images = clusterImages(install, manifests.value);
  const wanted = [...images, CALICOCTL_IMAGE];
  if (env.UNDERLAY_CALICO_IMAGES && !(await areThere(docker, wanted, signal))) {
    const loaded = await loadSupplied(docker, env.UNDERLAY_CALICO_IMAGES, means);
    if (!loaded.ok) return loaded;
  }
  const ensured = await ensureImages(docker, wanted, { signal, ...sharing(means, 0, 1) });
  return ensured.ok ? ok({ manifests: manifests.value, images }) : ensured;
}

async function areThere(
  docker: Cluster['docker'],
  references: readonly string[],
  signal: AbortSignal,
): Promise<boolean> {
  const found = await Promise.all(references.map((reference) => docker.images.inspect(reference, signal)));
  return found.every((each) => each.ok && each.value !== undefined);
}

/** Share of the way at which images are on the nodes, and at which everything is applied. */
const BROUGHT = 0.3;
const APPLIED = 0.4;

export async function installCalico(
  cluster: Cluster,
  kubectl: Kubectl,
  wish: CalicoWish & CalicoParts,
  means: Pick<CalicoMeans, 'signal' | 'onProgress'>,
): Promise<Result<void, LabError>> {
  const { signal } = means;
  const { topology } = cluster;
  const brought = await bringToNodes(cluster, wish.images, { signal, ...sharing(means, 0, BROUGHT) });
  if (!brought.ok) return brought;
  means.onProgress?.({ phase: 'Applying the manifests of Calico', fraction: BROUGHT });
  const applied =
    wish.install === 'operator'
      ? await applyOperator(kubectl, { ...wish, topology }, signal)
      : await applyManifest(kubectl, { ...wish, topology }, signal);
  if (!applied.ok) return applied;
  const configured = await configure(kubectl, wish, signal);
  if (!configured.ok) return configured;
  return untilReady(kubectl, {
    install: wish.install,
    topology,
    signal,
    ...sharing(means, APPLIED, 1),
    ...(wish.install === 'operator' ? { nudge: () => nudge(kubectl, signal) } : {}),
  });
}

async function configure(
  kubectl: Kubectl,
  { configure: put, defaultPools }: CalicoWish,
  signal: AbortSignal,
): Promise<Result<void, LabError>> {
  if (defaultPools) return ok(undefined);
  // The API serves a new kind a moment after it was told of it.
  const served = await run(
    kubectl,
    ['wait', '--for=create', `--timeout=${SERVED}s`, 'crd/ippools.crd.projectcalico.org'],
    { signal, seconds: SERVED + 10 },
  );
  if (!served.ok) return served;
  const established = await run(
    kubectl,
    ['wait', '--for=condition=Established', `--timeout=${SERVED}s`, 'crd/ippools.crd.projectcalico.org'],
    { signal, seconds: SERVED + 10 },
  );
  return established.ok ? put() : established;
}

/** Seconds. */
const SERVED = 60;

type Applied = CalicoWish & Pick<CalicoParts, 'manifests'> & { readonly topology: Cluster['topology'] };

async function applyManifest(
  kubectl: Kubectl,
  wish: Applied,
  signal: AbortSignal,
): Promise<Result<void, LabError>> {
  const [manifest] = wish.manifests;
  if (!manifest) throw new Error('no manifest to apply');
  const tailored = tailorManifest(manifest.text, wish);
  return tailored.ok ? apply(kubectl, manifest.name, tailored.value, signal) : tailored;
}

/** Those of the custom resources. */
const OPERATORS_KINDS = ['installations', 'apiservers', 'goldmanes', 'whiskers'].map(
  (kind) => `crd/${kind}.operator.tigera.io`,
);

async function applyOperator(
  kubectl: Kubectl,
  wish: Applied,
  signal: AbortSignal,
): Promise<Result<void, LabError>> {
  for (const { name, text } of wish.manifests) {
    const applied = await apply(kubectl, name, text, signal);
    if (!applied.ok) return applied;
  }
  const established = await run(
    kubectl,
    ['wait', '--for=condition=Established', `--timeout=${SERVED}s`, ...OPERATORS_KINDS],
    { signal, seconds: SERVED + 10 },
  );
  if (!established.ok) return established;
  const resources = customResources(wish).map((resource: JsonObject) => JSON.stringify(resource));
  return apply(kubectl, 'the custom resources', resources.join('\n---\n'), signal);
}

/** Seconds for one file: the operator's CRDs are three megabytes. */
const APPLY_PATIENCE = 120;

const apply = (
  kubectl: Kubectl,
  name: string,
  text: string,
  signal: AbortSignal,
): Promise<Result<void, LabError>> =>
  run(kubectl, ['apply', '--server-side', '--force-conflicts', '--filename=-'], {
    name,
    signal,
    stdin: new TextEncoder().encode(text),
    seconds: APPLY_PATIENCE,
  });

async function run(
  kubectl: Kubectl,
  argv: readonly string[],
  { name = argv.join(' '), ...options }: Parameters<Kubectl>[1] & { readonly name?: string },
): Promise<Result<void, LabError>> {
  const done = await kubectl(argv, options);
  if (!done.ok) return done;
  const { exitCode, stdout, stderr } = done.value;
  return exitCode === 0 ? ok(undefined) : err(notApplied(name, stderr.trim() || stdout.trim()));
}

/** The operator backs off after errors, up to many minutes: a change of its object wakes it. */
async function nudge(kubectl: Kubectl, signal: AbortSignal): Promise<void> {
  const when = ['annotate', 'installation', 'default', '--overwrite', `underlay/looked-at=${Date.now()}`];
  await kubectl(when, { signal, seconds: 20 });
}

const notApplied = (name: string, says: string): LabError => ({
  code: 'calico-not-applied',
  message: `Calico could not be installed: ${name} was refused: ${says}`,
  remedy:
    'Start the lab again; if it is refused again, remove the kept manifests so that they are fetched anew.',
});
