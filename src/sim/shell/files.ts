/** The files of one place: a small in-memory file system. The learner's home outlives the cluster; `snapshot` is what a host keeps. */
export interface FileSystem {
  readonly isReadOnly: boolean;
  /** Undefined when there is no such file; `path` is absolute and normalised. */
  read(path: string): Uint8Array | undefined;
  /** Creates or replaces; an error text as the shell prints it (`No such file or directory`, `Is a directory`). */
  write(path: string, data: Uint8Array, options?: { readonly append?: boolean }): string | undefined;
  mkdir(path: string, options?: { readonly parents?: boolean }): string | undefined;
  remove(path: string, options?: { readonly recursive?: boolean }): string | undefined;
  stat(path: string): FileStat | undefined;
  /** Names in a directory, sorted; undefined when it is not one. */
  list(path: string): readonly string[] | undefined;
  snapshot(): FilesSnapshot;
}

export interface FileStat {
  readonly type: 'file' | 'directory';
  readonly size: number;
  /** Virtual milliseconds of the last change. */
  readonly modified: number;
}

/** Path -> base64 bytes; directories end in `/` with an empty value. */
export type FilesSnapshot = Readonly<Record<string, string>>;
