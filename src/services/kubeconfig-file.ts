/**
 * Kubeconfig files that we write for the learner's own kubectl: readable by their owner only, replaced in one step, and
 * never put over a file that somebody else made.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, realpath, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { parse } from 'yaml';
import { isJsonObject } from '../base/json.ts';
import { err, ok, type Result } from '../base/result.ts';
import { KUBECONFIG_MARK } from '../lab/ports.ts';

export interface KubeconfigFileOptions {
  /** Replaces a file of somebody else, but never kubectl's own default. */
  readonly force?: boolean;
  /** Where kubectl looks for its default; tests have their own. */
  readonly home?: string;
}

/** Answers with the file's absolute path; the error is a sentence for the person who chose it. */
export async function writeKubeconfig(
  file: string,
  text: string,
  { force = false, home = homedir() }: KubeconfigFileOptions = {},
): Promise<Result<string, string>> {
  const path = await realPath(file);
  if (path === (await realPath(join(home, '.kube', 'config')))) {
    return err(`${file} is kubectl's own file, which Underlay never touches. Choose another.`);
  }
  const found = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) =>
    cause.code === 'ENOENT' ? undefined : cause,
  );
  if (found instanceof Error) return err(`${file} cannot be read: ${found.message}`);
  if (found !== undefined && !force && !isOurs(found)) {
    return err(
      `${file} exists and Underlay did not write it. Choose another file, or --force to replace it.`,
    );
  }
  try {
    await replace(path, text);
    return ok(path);
  } catch (cause) {
    return err(`${file} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

/** Removes the file if it still is what `writeKubeconfig` put there for this server, whatever kubectl changed besides. */
export async function removeKubeconfig(path: string, written: string): Promise<void> {
  const found = await readFile(path, 'utf8').catch(() => '');
  const server = serverOf(written);
  if (server !== undefined && serverOf(found) === server) await rm(path, { force: true });
}

/** What points a shell at the file; a path with anything special in it is quoted. */
export function kubeconfigCommand(path: string, platform: NodeJS.Platform = process.platform): string {
  if (platform === 'win32') return `$env:KUBECONFIG = '${path.replaceAll("'", "''")}'`;
  const quoted = /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
  return `export KUBECONFIG=${quoted}`;
}

async function replace(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, path);
  } catch (cause) {
    await rm(draft, { force: true });
    throw cause;
  }
}

/** Through symbolic links, as far as the path exists. */
async function realPath(file: string): Promise<string> {
  const path = resolve(file);
  const real = await realpath(path).catch(() => undefined);
  if (real !== undefined) return real;
  const folder = await realpath(dirname(path)).catch(() => dirname(path));
  return join(folder, basename(path));
}

function isOurs(text: string): boolean {
  const extensions = read(text)?.['extensions'];
  return (
    Array.isArray(extensions) &&
    extensions.some((extension) => isJsonObject(extension) && extension['name'] === KUBECONFIG_MARK)
  );
}

function serverOf(text: string): string | undefined {
  const clusters = read(text)?.['clusters'];
  const [first] = Array.isArray(clusters) ? clusters : [];
  const cluster = isJsonObject(first) ? first['cluster'] : undefined;
  const server = isJsonObject(cluster) ? cluster['server'] : undefined;
  return typeof server === 'string' ? server : undefined;
}

function read(text: string) {
  try {
    const value: unknown = parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
