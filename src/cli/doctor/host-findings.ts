/** The machine under Underlay: the Node that runs it, room on the disk, a folder to keep progress in. */
import { mkdir, open, readFile, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { reasonOf } from '../output.ts';
import type { Finding } from '../../lab/care.ts';

/** `20.19.0` against `>=20.19`, as package.json's engines.node is written here. */
export function nodeFinding(version: string, wanted: string): Finding {
  const least = /^>=(\d+)\.(\d+)$/.exec(wanted);
  if (!least) throw new Error(`engines.node is not of the form >=N.N: ${wanted}`);
  const [have, need] = [version.split('.').map(Number), least.slice(1).map(Number)];
  const difference = have.findIndex((part, at) => part !== (need[at] ?? 0));
  const enough = difference === -1 || (have[difference] ?? 0) > (need[difference] ?? 0);
  const base = { id: 'node', title: 'Node.js' };
  if (enough) return { ...base, state: 'good', says: `Node.js ${version} runs this.` };
  return {
    ...base,
    state: 'broken',
    says: `Node.js ${version} is too old: ${need.join('.')} or newer is needed.`,
    remedy: 'Install a current LTS release of Node.js.',
  };
}

export async function wantedNode(packageJson: string): Promise<string> {
  const { engines } = JSON.parse(await readFile(packageJson, 'utf8')) as {
    readonly engines: { node: string };
  };
  return engines.node;
}

/** Bytes: simulated labs keep kilobytes, a build and its packages a few hundred megabytes. */
const ROOM = 500_000_000;
/** Bytes a real cluster's images and volumes take (kind's node image, Calico's images). */
const ROOM_FOR_CLUSTERS = 10_000_000_000;

/** The file system that holds `folder`, which need not be there yet. */
export async function diskFinding(folder: string, free = freeBytes): Promise<Finding> {
  const bytes = await free(folder);
  const base = { id: 'disk', title: 'Disk' };
  const says = `${gigabytes(bytes)} free where ${folder} is.`;
  if (bytes < ROOM)
    return { ...base, state: 'broken', says, remedy: `Free at least ${gigabytes(ROOM)} on that disk.` };
  if (bytes < ROOM_FOR_CLUSTERS) {
    return {
      ...base,
      state: 'limited',
      says: `${says} Enough for simulated labs; a real cluster needs about ${gigabytes(ROOM_FOR_CLUSTERS)}.`,
    };
  }
  return { ...base, state: 'good', says };
}

async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (cause) {
    const parent = dirname(folder);
    if (parent === folder) throw cause;
    return freeBytes(parent);
  }
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/** Writes a file, flushes it and takes it away again: a full or read-only disk shows only then. */
export async function dataFolderFinding(folder: string): Promise<Finding> {
  const base = { id: 'data-folder', title: 'Data folder' };
  const file = join(folder, `.doctor-${process.pid}`);
  try {
    await mkdir(folder, { recursive: true });
    const handle = await open(file, 'w');
    try {
      await handle.writeFile('written by underlay doctor\n');
      await handle.sync();
    } finally {
      await handle.close();
      await rm(file, { force: true });
    }
    return { ...base, state: 'good', says: `Progress and labs are kept in ${folder}.` };
  } catch (cause) {
    return {
      ...base,
      state: 'broken',
      says: `${folder} cannot be written: ${reasonOf(cause)}.`,
      remedy: 'Make it writable, or set UNDERLAY_DATA to a folder that is.',
    };
  }
}
