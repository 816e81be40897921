/**
 * Calico's own manifests, fetched once from the project's repository at the pinned tag and kept: none of their text is ours.
 * Nobody publishes their checksums, so the hash of the first download is shown, written down beside the file, and holds from
 * then on (`download.ts`). A folder of the learner's (UNDERLAY_CALICO_MANIFESTS) goes before everything, as it is.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabEnvironment, LabError } from '../../../lab/ports.ts';
import type { KindFolder } from '../data-folder.ts';
import { download, sha256Of } from '../download.ts';
import { CALICO_VERSION } from '../versions.ts';

export type Install = LabEnvironment['calico']['install'];

export interface Manifest {
  /** `calico.yaml` */
  readonly name: string;
  readonly text: string;
  /** 64 hex digits of the file as it is. */
  readonly sha256: string;
}

/** In the order in which they are applied (Calico v3.32.1 manifests/, getting-started for kind). */
export const MANIFEST_FILES: Readonly<Record<Install, readonly string[]>> = {
  manifest: ['calico.yaml'],
  operator: ['operator-crds.yaml', 'tigera-operator.yaml'],
};

const REPOSITORY = 'https://raw.githubusercontent.com/projectcalico/calico';

export interface ManifestOptions {
  readonly folder: KindFolder;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly onProgress?: (file: string, sha256?: string) => void;
  /** Where `<version>/manifests/<file>` is; the project's repository unless said. */
  readonly from?: string;
}

/** Where a manifest is kept, and where a bundle puts it. */
export const manifestPath = (folder: KindFolder, name: string): string =>
  join(folder.manifests, CALICO_VERSION, name);

export async function manifestsOf(
  install: Install,
  options: ManifestOptions,
): Promise<Result<readonly Manifest[], LabError>> {
  const manifests: Manifest[] = [];
  for (const name of MANIFEST_FILES[install]) {
    options.onProgress?.(name);
    const found = await manifest(name, options);
    if (!found.ok) return found;
    options.onProgress?.(name, found.value.sha256);
    manifests.push(found.value);
  }
  return ok(manifests);
}

async function manifest(name: string, options: ManifestOptions): Promise<Result<Manifest, LabError>> {
  const { folder, env, signal, from = REPOSITORY } = options;
  const supplied = env.UNDERLAY_CALICO_MANIFESTS;
  if (supplied) return suppliedManifest(supplied, name);
  const fetched = await download(
    {
      url: `${from}/${CALICO_VERSION}/manifests/${name}`,
      file: manifestPath(folder, name),
      name: `${name} of Calico ${CALICO_VERSION}`,
      instead: 'point UNDERLAY_CALICO_MANIFESTS at a folder with it',
    },
    { signal, env },
  );
  if (!fetched.ok) return fetched;
  return ok({ name, text: await readFile(fetched.value.file, 'utf8'), sha256: fetched.value.sha256 });
}

async function suppliedManifest(folder: string, name: string): Promise<Result<Manifest, LabError>> {
  const file = join(folder, name);
  try {
    return ok({ name, text: await readFile(file, 'utf8'), sha256: await sha256Of(file) });
  } catch (cause) {
    const { code = 'unreadable' } = cause as { readonly code?: string };
    return err({
      code: 'no-such-manifest',
      message: `${file} could not be read (${code}).`,
      remedy: `Put ${name} of Calico ${CALICO_VERSION} there, or unset UNDERLAY_CALICO_MANIFESTS.`,
    });
  }
}
