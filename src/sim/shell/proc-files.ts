/**
 * /proc/sys/net as files: what the kernel shows of the settings of the stack a process stands in (`sysctl.ts`). Everything
 * else is the place's own file system. Left out: the rest of /proc.
 */
import { utf8, utf8Text } from '../../base/bytes.ts';
import type { Place } from '../../model/place.ts';
import { readSysctl, sysctlKeys } from '../net/sysctl.ts';
import type { NetworkPort } from './command.ts';
import type { FileStat, FileSystem, FilesSnapshot } from './files.ts';

const ROOT = '/proc/sys';

/** `net.ipv4.conf.eth0/100.rp_filter` is the file `net/ipv4/conf/eth0.100/rp_filter`. */
const turned = (text: string): string => text.replace(/[./]/g, (sign) => (sign === '.' ? '/' : '.'));

export const sysctlPath = (key: string): string => `${ROOT}/${turned(key)}`;

const keyOf = (path: string): string | undefined =>
  path.startsWith(`${ROOT}/`) ? turned(path.slice(ROOT.length + 1)) : undefined;

export class ProcFiles implements FileSystem {
  readonly #files: FileSystem;
  readonly #place: Place;
  readonly #network: NetworkPort;

  constructor(files: FileSystem, place: Place, network: NetworkPort) {
    this.#files = files;
    this.#place = place;
    this.#network = network;
  }

  /** The same files as a process in another network namespace sees them. */
  seenFrom(network: NetworkPort): ProcFiles {
    return new ProcFiles(this.#files, this.#place, network);
  }

  get isReadOnly(): boolean {
    return this.#files.isReadOnly;
  }

  read(path: string): Uint8Array | undefined {
    const key = keyOf(path);
    const value = key === undefined ? undefined : this.#value(key);
    return value === undefined ? this.#files.read(path) : utf8(`${value}\n`);
  }

  write(path: string, data: Uint8Array, options?: { readonly append?: boolean }): string | undefined {
    const key = keyOf(path);
    if (key === undefined) return this.#files.write(path, data, options);
    if (this.#value(key) === undefined) return 'No such file or directory';
    if (this.#place.kind === 'pod') return 'Read-only file system';
    const value = utf8Text(data).trim();
    // Opening a file to write empties it first; a setting has nothing to empty.
    if (value === '') return undefined;
    if (!/^-?\d+$/.test(value)) return 'Invalid argument';
    const id = this.#network.netnsOf(this.#place);
    const done = id === undefined ? undefined : this.#network.edit(id, { kind: 'set-sysctl', key, value });
    return done?.ok === false ? done.message : undefined;
  }

  mkdir(path: string, options?: { readonly parents?: boolean }): string | undefined {
    return keyOf(path) === undefined ? this.#files.mkdir(path, options) : 'Operation not permitted';
  }

  remove(path: string, options?: { readonly recursive?: boolean }): string | undefined {
    return keyOf(path) === undefined ? this.#files.remove(path, options) : 'Operation not permitted';
  }

  stat(path: string): FileStat | undefined {
    if (path !== '/proc' && !path.startsWith('/proc/')) return this.#files.stat(path);
    const key = keyOf(path);
    if (key !== undefined && this.#value(key) !== undefined) return { type: 'file', size: 0, modified: 0 };
    return this.list(path) ? { type: 'directory', size: 0, modified: 0 } : this.#files.stat(path);
  }

  list(path: string): readonly string[] | undefined {
    const own = this.#files.list(path);
    if (path !== '/proc' && !path.startsWith('/proc/')) return own;
    const inside = this.#paths().filter((each) => each.startsWith(`${path}/`));
    if (inside.length === 0) return own;
    const names = inside.map((each) => each.slice(path.length + 1).split('/')[0] ?? '');
    return [...new Set([...(own ?? []), ...names])].sort();
  }

  snapshot(): FilesSnapshot {
    return this.#files.snapshot();
  }

  get #netns(): ReturnType<NetworkPort['netns']> {
    const id = this.#network.netnsOf(this.#place);
    return id === undefined ? undefined : this.#network.netns(id);
  }

  #value(key: string): string | undefined {
    const netns = this.#netns;
    return netns && readSysctl(netns, key);
  }

  #paths(): readonly string[] {
    const netns = this.#netns;
    return netns ? sysctlKeys(netns).map(sysctlPath) : [];
  }
}
