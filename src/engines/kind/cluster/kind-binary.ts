/**
 * kind's CLI in the pinned version: the one that UNDERLAY_KIND_BIN names, the learner's own when it is that version, the one
 * in our data folder, or else downloaded there from its official release. The learner's own copy is never touched.
 */
import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError, Progress } from '../../../lab/ports.ts';
import type { KindFolder } from '../data-folder.ts';
import { alreadyThere, download, sha256Of, type Download, type PartFile } from '../download.ts';
import { programFolders } from '../process/search-path.ts';
import { KIND_VERSION } from '../versions.ts';
import { KIND_MISSING } from './errors.ts';
import { transferDetail } from './transfer-detail.ts';

/**
 * SHA-256 of the release's files. Two public sources agree on each: for Linux and macOS cert-manager/makefile-modules
 * (modules/tools/00_mod.mk) and radixark/miles (`_KIND_SHA256`), for Windows microsoft/winget-pkgs
 * (manifests/k/Kubernetes/kind/0.32.0) and menghuishisan/CHAIMIR (deploy/scripts/cilium-cluster.ps1).
 */
const CHECKSUMS: Checksums = {
  'linux-amd64': '50030de23cf40a18505f20426f6a8506bedf13c6e509244bd1fa9463721b0f54',
  'linux-arm64': 'b92cd615e97585de8ddade28ed5cd7feb4248d717c233eea5b03c37298900f5d',
  'darwin-amd64': '295ac6d0d634c9819c9907df45e3017d1f13166bd13c3404c45e79f7faa47498',
  'darwin-arm64': 'dca67911095a110c2b5c36e26df6cac860c602033e456c0db47be498cdef1ebb',
  'windows-amd64': '0bcb2d1cfedc1912d664014db716937e8a0e843e91c6807b4db2025dbc8989fa',
};

/** Platforms of the release, by Go's names; undefined where no two sources were found. */
export type Checksums = Readonly<Record<string, string | undefined>>;

const RELEASE = `https://github.com/kubernetes-sigs/kind/releases/download/${KIND_VERSION}`;

/** Milliseconds for `kind version`. */
const PATIENCE = 10_000;

interface KindProgram {
  readonly path: string;
  readonly from: 'UNDERLAY_KIND_BIN' | 'PATH' | 'data folder' | 'download';
  readonly sha256: string;
  /** Its checksum is one that we knew beforehand. A learner's own build has another. */
  readonly pinned: boolean;
}

/** Where releases are, and what is known of them. */
export interface KindRelease {
  readonly url: string;
  readonly checksums: Checksums;
}

export const KIND_RELEASE: KindRelease = { url: RELEASE, checksums: CHECKSUMS };

export interface KindSearch {
  readonly folder: KindFolder;
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  readonly home: string;
  /** As Node says it: `x64`, `arm64`. */
  readonly arch: string;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** Tests have their own. */
  readonly release?: KindRelease;
  readonly openPart?: (path: string) => Promise<PartFile>;
}

/** What is on this machine; undefined when it would have to be downloaded. */
export async function kindOnMachine(
  search: Pick<KindSearch, 'folder' | 'env' | 'platform' | 'home' | 'arch' | 'release'>,
): Promise<Result<KindProgram | undefined, LabError>> {
  const { env } = search;
  if (env.UNDERLAY_KIND_BIN) return named(env.UNDERLAY_KIND_BIN, search);
  for (const path of onPath(search)) {
    if ((await versionOf(path)) === KIND_VERSION) return ok(await programAt(path, 'PATH', search));
  }
  const wanted = wantedFile(search);
  const there = wanted && (await alreadyThere(wanted));
  return ok(there && { path: there.file, from: 'data folder', sha256: there.sha256, pinned: there.pinned });
}

export async function findKind(search: KindSearch): Promise<Result<KindProgram, LabError>> {
  const here = await kindOnMachine(search);
  if (!here.ok) return here;
  if (here.value) return ok(here.value);
  const wanted = wantedFile(search);
  if (!wanted)
    return err({
      ...KIND_MISSING,
      message: `There is no kind ${KIND_VERSION} to download for ${search.platform} on ${search.arch}.`,
      remedy:
        'Build it (`go install sigs.k8s.io/kind@v0.32.0`), or point UNDERLAY_KIND_BIN at your own copy.',
    });
  const { signal, env, onProgress, openPart } = search;
  const phase = `Downloading kind ${KIND_VERSION}`;
  const got = await download(wanted, {
    signal,
    env,
    ...(openPart && { openPart }),
    onProgress: (done, total) =>
      onProgress?.({
        phase,
        detail: transferDetail('kind', { done, ...(total !== undefined && { total }) }),
        ...(total !== undefined && total > 0 && { fraction: Math.min(1, done / total) }),
      }),
  });
  if (!got.ok) return got;
  const { file, sha256, pinned } = got.value;
  const shown = pinned ? [] : [`SHA-256 of kind: ${sha256} (not known beforehand; it must stay so)`];
  onProgress?.({ phase, fraction: 1, log: shown });
  const version = await versionOf(file);
  if (version !== KIND_VERSION) return err(doesNotRun(file, version));
  return ok({ path: file, from: 'download', sha256, pinned });
}

async function named(path: string, search: PlatformSearch): Promise<Result<KindProgram, LabError>> {
  const version = await versionOf(path);
  if (version === KIND_VERSION) return ok(await programAt(path, 'UNDERLAY_KIND_BIN', search));
  const { message } = doesNotRun(path, version);
  return err({
    code: 'kind-wrong',
    message: `UNDERLAY_KIND_BIN: ${message}`,
    remedy: `Point it at kind ${KIND_VERSION}, or unset it.`,
  });
}

const doesNotRun = (path: string, version: string | undefined): LabError => ({
  code: 'kind-wrong',
  message:
    version === undefined
      ? `${path} does not run as kind.`
      : `${path} is kind ${version}, and ${KIND_VERSION} is needed.`,
  remedy:
    'Look whether something on this machine forbids programs there; or point UNDERLAY_KIND_BIN at your own copy.',
});

export type PlatformSearch = Pick<KindSearch, 'platform' | 'arch' | 'folder' | 'release'>;

async function programAt(
  path: string,
  from: KindProgram['from'],
  search: PlatformSearch,
): Promise<KindProgram> {
  const sha256 = await sha256Of(path).catch(() => '');
  return { path, from, sha256, pinned: sha256 === wantedFile(search)?.sha256 };
}

const SYSTEMS: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  linux: 'linux',
  darwin: 'darwin',
  win32: 'windows',
};
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** A machine as the release names it: `linux-amd64`, `darwin-arm64`. */
export const hostName = ({ platform, arch }: Pick<PlatformSearch, 'platform' | 'arch'>): string =>
  `${SYSTEMS[platform] ?? ''}-${ARCHITECTURES[arch] ?? ''}`;

/** Undefined for a machine that the release has nothing for. */
const wantedFile = (search: PlatformSearch): Download | undefined => releasedKind(hostName(search), search);

/** The release's program for a machine; that of another one than this is kept beside this one's, for bundles. */
export function releasedKind(host: string, search: PlatformSearch): Download | undefined {
  const { url, checksums } = search.release ?? KIND_RELEASE;
  if (!(host in checksums)) return undefined;
  const sha256 = checksums[host];
  const own = host === hostName(search);
  const suffix = own ? (search.platform === 'win32' ? '.exe' : '') : `-${host}`;
  return {
    url: `${url}/kind-${host}`,
    file: join(search.folder.bin, `kind-${KIND_VERSION}${suffix}`),
    name: `kind ${KIND_VERSION}${own ? '' : ` for ${host}`}`,
    executable: true,
    ...(sha256 !== undefined && { sha256 }),
  };
}

function onPath({ env, platform, home }: Pick<KindSearch, 'env' | 'platform' | 'home'>): readonly string[] {
  const path = Object.entries(env).find(([name]) => name.toUpperCase() === 'PATH')?.[1] ?? '';
  const name = platform === 'win32' ? 'kind.exe' : 'kind';
  return programFolders(path, { platform, home, delimiter })
    .filter((folder) => isAbsolute(folder))
    .map((folder) => join(folder, name));
}

/** `kind v0.32.0 go1.26.8 linux/amd64`: its second word. Undefined for what does not run, or says something else. */
async function versionOf(path: string): Promise<string | undefined> {
  const runs = await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!runs) return undefined;
  const said = await new Promise<string>((resolve) => {
    execFile(path, ['version'], { timeout: PATIENCE, windowsHide: true }, (error, stdout) =>
      resolve(error ? '' : stdout),
    );
  });
  return parseKindVersion(said);
}

export const parseKindVersion = (said: string): string | undefined =>
  /^kind (v\d+\.\d+\.\d+\S*) go/m.exec(said)?.[1];
