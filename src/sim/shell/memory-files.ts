/**
 * Files in memory: one place's tree, with directories, bytes and times, but no owners, modes or links. `/dev/null` swallows
 * what is written to it, and `/dev` is never kept.
 */
import { concatBytes, utf8 } from '../../base/bytes.ts';
import type { Millis } from '../core/time.ts';
import { fromBase64, toBase64 } from '../../base/base64.ts';
import type { FileStat, FileSystem, FilesSnapshot } from './files.ts';
import { baseName, joinPath, parentOf, resolvePath } from './interpreter/paths.ts';

type Entry =
  | { readonly type: 'file'; readonly data: Uint8Array; readonly modified: Millis }
  | { readonly type: 'directory'; readonly names: Set<string>; readonly modified: Millis };

export interface MemoryFilesOptions {
  /** Path -> text; a path that ends in `/` is an empty directory. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** Virtual time, for the times of changes. */
  readonly now?: () => Millis;
  readonly readOnly?: boolean;
}

const NO_SUCH = 'No such file or directory';

export class MemoryFiles implements FileSystem {
  readonly isReadOnly: boolean;
  readonly #now: () => Millis;
  readonly #entries = new Map<string, Entry>();
  #edition = 0;

  constructor({ files = {}, now = () => 0, readOnly = false }: MemoryFilesOptions = {}) {
    this.#now = now;
    this.isReadOnly = false;
    this.#entries.set('/', { type: 'directory', names: new Set(), modified: now() });
    for (const [path, content] of Object.entries(files))
      this.#plant(path, typeof content === 'string' ? utf8(content) : content);
    this.isReadOnly = readOnly;
  }

  /** A tree as `snapshot` kept it, over the files of an image. */
  static restore(snapshot: FilesSnapshot, options: MemoryFilesOptions = {}): MemoryFiles {
    const kept = Object.entries(snapshot).map(([path, data]) => [path, fromBase64(data)] as const);
    return new MemoryFiles({ ...options, files: { ...options.files, ...Object.fromEntries(kept) } });
  }

  /** Another number after every change. */
  get edition(): number {
    return this.#edition;
  }

  read(path: string): Uint8Array | undefined {
    const entry = this.#entries.get(path);
    return entry?.type === 'file' ? entry.data : undefined;
  }

  write(
    path: string,
    data: Uint8Array,
    { append = false }: { readonly append?: boolean } = {},
  ): string | undefined {
    if (path === '/dev/null') return undefined;
    if (this.isReadOnly) return 'Read-only file system';
    const old = this.#entries.get(path);
    if (old?.type === 'directory') return 'Is a directory';
    const problem = this.#parentProblem(path);
    if (problem !== undefined) return problem;
    const kept = append && old !== undefined ? concatBytes([old.data, data]) : data.slice();
    this.#entries.set(path, { type: 'file', data: kept, modified: this.#now() });
    this.#edition += 1;
    if (old === undefined) this.#link(path);
    return undefined;
  }

  mkdir(path: string, { parents = false }: { readonly parents?: boolean } = {}): string | undefined {
    if (this.isReadOnly) return 'Read-only file system';
    const old = this.#entries.get(path);
    if (old !== undefined) return parents && old.type === 'directory' ? undefined : 'File exists';
    if (parents && parentOf(path) !== path) {
      const problem = this.mkdir(parentOf(path), { parents });
      if (problem !== undefined) return problem === 'File exists' ? 'Not a directory' : problem;
    }
    const problem = this.#parentProblem(path);
    if (problem !== undefined) return problem;
    this.#edition += 1;
    this.#entries.set(path, { type: 'directory', names: new Set(), modified: this.#now() });
    this.#link(path);
    return undefined;
  }

  remove(path: string, { recursive = false }: { readonly recursive?: boolean } = {}): string | undefined {
    const entry = this.#entries.get(path);
    if (entry === undefined) return NO_SUCH;
    if (this.isReadOnly) return 'Read-only file system';
    if (path === '/' || path === '/dev/null') return 'Device or resource busy';
    if (entry.type === 'directory') {
      if (!recursive && entry.names.size > 0) return 'Directory not empty';
      for (const name of entry.names) this.remove(joinPath(path, name), { recursive });
    }
    this.#entries.delete(path);
    this.#edition += 1;
    this.#touchParent(path, (names) => names.delete(baseName(path)));
    return undefined;
  }

  stat(path: string): FileStat | undefined {
    const entry = this.#entries.get(path);
    if (entry === undefined) return undefined;
    const size = entry.type === 'file' ? entry.data.length : 4096;
    return { type: entry.type, size, modified: entry.modified };
  }

  list(path: string): readonly string[] | undefined {
    const entry = this.#entries.get(path);
    return entry?.type === 'directory' ? [...entry.names].sort() : undefined;
  }

  snapshot(): FilesSnapshot {
    const all: Record<string, string> = {};
    for (const path of [...this.#entries.keys()].sort()) {
      const entry = this.#entries.get(path);
      if (entry === undefined || path === '/' || path === '/dev' || path.startsWith('/dev/')) continue;
      if (entry.type === 'file') all[path] = toBase64(entry.data);
      else all[`${path}/`] = '';
    }
    return all;
  }

  /** Becomes the tree that a snapshot kept; who holds this file system sees the other files at once. `/dev` stays. */
  become(snapshot: FilesSnapshot): void {
    const devices = [...this.#entries].filter(([path]) => path === '/dev' || path.startsWith('/dev/'));
    this.#entries.clear();
    this.#edition += 1;
    this.#entries.set('/', { type: 'directory', names: new Set(), modified: this.#now() });
    for (const [path, entry] of devices) this.#entries.set(path, entry);
    if (devices.length > 0) this.#link('/dev');
    for (const [path, data] of Object.entries(snapshot)) this.#plant(path, fromBase64(data));
  }

  #plant(path: string, data: Uint8Array): void {
    const target = resolvePath('/', path);
    this.mkdir(path.endsWith('/') ? target : parentOf(target), { parents: true });
    if (path.endsWith('/')) return;
    this.#entries.set(target, { type: 'file', data, modified: this.#now() });
    this.#link(target);
  }

  #parentProblem(path: string): string | undefined {
    const parent = this.#entries.get(parentOf(path));
    if (parent?.type === 'directory') return undefined;
    // Descriptor files of `<( )` live where no image has a directory.
    if (parent === undefined && path.startsWith('/dev/fd/')) return this.mkdir('/dev/fd', { parents: true });
    return parent === undefined ? NO_SUCH : 'Not a directory';
  }

  #link(path: string): void {
    this.#touchParent(path, (names) => names.add(baseName(path)));
  }

  #touchParent(path: string, change: (names: Set<string>) => void): void {
    const parent = this.#entries.get(parentOf(path));
    if (parent?.type !== 'directory') return;
    change(parent.names);
    this.#entries.set(parentOf(path), { ...parent, modified: this.#now() });
  }
}
