/**
 * Files put into containers and read out of them. A running container's are written by a program inside it: the archive call
 * of older engines cannot see a tmpfs, and writes below it.
 */
import { constants } from 'node:os';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import { archiveOf, firstFile, streamOf } from './archive.ts';
import type { Client } from './client.ts';
import type { FileEntry } from './docker.ts';
import { execBytes } from './exec.ts';

const MOST = 64 * 1024 * 1024;
const NOT_THERE = 66;
const NOT_FOUND = 127;
/** Where nothing in the container can read: engines end a program so that cannot be run, and one whose container ended. */
const UNREAD: ReadonlySet<number> = new Set([126, NOT_FOUND, 128 + constants.signals.SIGKILL]);

/** Puts standard input where the first argument says; a link's target is written, as an editor does. */
const WRITE = 'mkdir -p "$(dirname "$1")" && cat > "$1" && chmod "$2" "$1"';
const READ = `[ -e "$1" ] || exit ${NOT_THERE}; exec cat "$1"`;

export async function writeContainerFiles(
  client: Client,
  container: string,
  files: readonly FileEntry[],
  signal: AbortSignal,
): Promise<Result<void, LabError>> {
  if (files.length === 0) return ok(undefined);
  const archive = await archiveOf(files);
  const unpacked = await execBytes(client, container, ['tar', '-x', '-o', '-f', '-', '-C', '/'], {
    signal,
    stdin: archive,
    user: '0',
  });
  if (!unpacked.ok) {
    if (unpacked.error.code !== 'container-stopped') return unpacked;
    return client.ask({ signal, subject: container }, async (abortSignal) => {
      await client.dockerode
        .getContainer(container)
        .putArchive(streamOf(archive), { path: '/', abortSignal });
    });
  }
  const { exitCode, stderr } = unpacked.value;
  if (exitCode === 0) return ok(undefined);
  return exitCode === NOT_FOUND
    ? oneByOne(client, container, files, signal)
    : err(notWritten(container, stderr.toString()));
}

/** For an image without tar. */
async function oneByOne(
  client: Client,
  container: string,
  files: readonly FileEntry[],
  signal: AbortSignal,
): Promise<Result<void, LabError>> {
  for (const { path, content, mode = 0o644 } of files) {
    const argv = ['sh', '-c', WRITE, 'sh', path, mode.toString(8)];
    const written = await execBytes(client, container, argv, { signal, stdin: content, user: '0' });
    if (!written.ok) return written;
    if (written.value.exitCode !== 0) return err(notWritten(container, written.value.stderr.toString()));
  }
  return ok(undefined);
}

export async function readContainerFile(
  client: Client,
  container: string,
  path: string,
  { signal, limit = MOST }: { readonly signal: AbortSignal; readonly limit?: number },
): Promise<Result<Uint8Array | undefined, LabError>> {
  const argv = ['sh', '-c', READ, 'sh', path];
  const read = await execBytes(client, container, argv, { signal, user: '0', limit });
  if (read.ok) {
    const { exitCode, stdout, stderr } = read.value;
    if (exitCode === NOT_THERE) return ok(undefined);
    // An image of one program has no shell to read by, and may have done its work before it was asked.
    if (UNREAD.has(exitCode)) return readByEngine(client, { container, path, signal, limit });
    return exitCode === 0 ? ok(stdout) : err(notRead(container, path, stderr.toString()));
  }
  if (read.error.code === 'output-too-long') return err(tooLong(path, limit));
  return read.error.code === 'container-stopped'
    ? readByEngine(client, { container, path, signal, limit })
    : read;
}

async function readByEngine(
  client: Client,
  { container, path, signal, limit }: { container: string; path: string; signal: AbortSignal; limit: number },
): Promise<Result<Uint8Array | undefined, LabError>> {
  const found = await client.ask({ signal, subject: `${container}:${path}` }, async (abortSignal) =>
    firstFile(await client.dockerode.getContainer(container).getArchive({ path, abortSignal }), limit),
  );
  if (found.ok) return found.value === 'too-long' ? err(tooLong(path, limit)) : ok(found.value);
  return found.error.code === 'no-such-file' ? ok(undefined) : found;
}

const words = (text: string): string => text.trim().replaceAll(/\s+/g, ' ');

const notWritten = (container: string, says: string): LabError => ({
  code: 'file-not-written',
  message: `A file could not be written in ${container}: ${words(says)}`,
  remedy: 'Look at the room and the rights of that folder, or reset the lab.',
});

const notRead = (container: string, path: string, says: string): LabError => ({
  code: 'file-not-read',
  message: `${path} of ${container} could not be read: ${words(says)}`,
  remedy: 'Look at it with ls -l.',
});

const tooLong = (path: string, limit: number): LabError => ({
  code: 'file-too-long',
  message: `${path} has more than ${Math.floor(limit / 1024 / 1024)} MiB.`,
  remedy: 'Make it smaller first.',
});
