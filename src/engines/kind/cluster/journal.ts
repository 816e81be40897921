/**
 * What is being done to each cluster, on the disk before it is done: a process that dies midway leaves a record from which
 * the next one cleans up. One file in each cluster's folder, replaced as a whole (written aside, flushed, renamed).
 */
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';
import { z } from 'zod';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import { folderFailed, type ClusterFolder, type KindFolder } from '../data-folder.ts';

const owner = z.object({ pid: z.number().int().positive(), started: z.string() });

const schema = z.object({
  /** Raised when fields change their meaning. */
  format: z.literal(1),
  cluster: z.string(),
  lab: z.string(),
  /** `creating`: until the lab on it is whole; `ready`: it may be opened again; `deleting`: it is on its way out. */
  state: z.enum(['creating', 'ready', 'deleting']),
  /** Who uses it; nobody when absent, or when that process is gone. */
  owner: owner.optional(),
  /** kind's CLI at work. */
  child: owner.optional(),
  network: z.string(),
  image: z.string(),
  kind: z.string(),
  /** SHA-256 of the topology and the configuration that was made of it. */
  config: z.string(),
  /** Milliseconds since 1970. */
  created: z.number(),
  /** Volumes of its containers, noted before these are removed: then nothing else remembers them. */
  volumes: z.array(z.string()).default([]),
});

export type Journal = Readonly<z.infer<typeof schema>>;

/** Undefined when there is none, or none that can be understood. */
export async function readJournal(folder: ClusterFolder): Promise<Journal | undefined> {
  const text = await readFile(folder.journal, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Resolves when it is on the disk. */
export async function writeJournal(folder: ClusterFolder, journal: Journal): Promise<Result<void, LabError>> {
  const aside = `${folder.journal}.${process.pid}.new`;
  try {
    await mkdir(folder.root, { recursive: true });
    const handle = await open(aside, 'w', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(journal, undefined, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(aside, folder.journal);
    await syncFolder(dirname(folder.journal));
    return ok(undefined);
  } catch (cause) {
    await rm(aside, { force: true }).catch(() => undefined);
    return err(folderFailed(folder.root, cause));
  }
}

/** Changes some fields of a journal that is there; one that is not stays away. The journal as it is now. */
export async function updateJournal(
  folder: ClusterFolder,
  change: Partial<Journal>,
): Promise<Result<Journal | undefined, LabError>> {
  const journal = await readJournal(folder);
  if (journal === undefined) return ok(undefined);
  const changed = { ...journal, ...change };
  const written = await writeJournal(folder, changed);
  return written.ok ? ok(changed) : written;
}

/** The names that have a folder, whatever is in it. */
export async function journaledNames(folder: KindFolder): Promise<readonly string[]> {
  const entries = await readdir(folder.clusters, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** Makes the rename itself durable; systems that cannot open a folder do not need it. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  if (!handle) return;
  await handle.sync().catch(() => undefined);
  await handle.close();
}
