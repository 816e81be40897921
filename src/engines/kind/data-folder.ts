/** Where the kind engine keeps what is its own, under Underlay's data folder. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabError } from '../../lab/ports.ts';

export interface KindFolder {
  readonly root: string;
  /** Programs that were downloaded: never the learner's own copies. */
  readonly bin: string;
  /** Manifests that were fetched, or came in a bundle. */
  readonly manifests: string;
  /** Parts of offline bundles on their way from another machine. */
  readonly bundles: string;
  /** Which image of an engine is known to be the pinned node image, though the engine does not know its digest. */
  readonly nodeImage: string;
  readonly clusters: string;
  cluster(name: string): ClusterFolder;
}

export interface ClusterFolder {
  readonly root: string;
  /** What was being done to the cluster, written before it is done. */
  readonly journal: string;
  /** The cluster's own, which kind writes; the learner's is never touched. */
  readonly kubeconfig: string;
  readonly config: string;
  readonly log: string;
}

/** @param data Underlay's data folder */
export function kindFolder(data: string): KindFolder {
  const root = join(data, 'kind');
  const clusters = join(root, 'clusters');
  return {
    root,
    bin: join(root, 'bin'),
    manifests: join(root, 'manifests'),
    bundles: join(root, 'bundles'),
    nodeImage: join(root, 'node-image.json'),
    clusters,
    cluster(name) {
      const folder = join(clusters, name);
      return {
        root: folder,
        journal: join(folder, 'journal.json'),
        kubeconfig: join(folder, 'kubeconfig'),
        config: join(folder, 'kind.yaml'),
        log: join(folder, 'create.log'),
      };
    },
  };
}

const INSTALLATION = /^[0-9a-f]{6}$/;

/** Six hex digits that tell this installation's clusters from another's on the same engine; made once. */
export async function installationId(folder: KindFolder): Promise<string> {
  const file = join(folder.root, 'installation');
  const kept = (await readFile(file, 'utf8').catch(() => '')).trim();
  if (INSTALLATION.test(kept)) return kept;
  const made = randomBytes(3).toString('hex');
  await mkdir(folder.root, { recursive: true });
  // Two processes that start at once agree on the one that came first.
  await writeFile(file, `${made}\n`, { flag: 'wx' }).catch(() => undefined);
  const agreed = (await readFile(file, 'utf8').catch(() => '')).trim();
  if (INSTALLATION.test(agreed)) return agreed;
  await writeFile(file, `${made}\n`);
  return made;
}

/** Something in it could not be written. */
export function folderFailed(folder: string, cause: unknown): LabError {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return {
      code: 'disk-full',
      message: `The disk that holds ${folder} is full.`,
      remedy: 'Free some space there, then try again.',
    };
  return {
    code: 'data-folder-failed',
    message: `${folder} cannot be written: ${code ?? message}.`,
    remedy: 'Look at the rights of that folder, then try again.',
  };
}
