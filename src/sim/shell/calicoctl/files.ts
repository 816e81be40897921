/**
 * `-f`: a file, a directory, or standard input.
 * Source: calicoctl/calicoctl/commands/file/iter.go, commands/common/resources.go, Calico v3.32.1.
 */
import { utf8Text } from '../../../base/bytes.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import type { CommandIo } from '../command.ts';
import { resolvePath } from '../kubectl/manifest.ts';
import { readDocuments, type Document } from './document.ts';

export interface FileProblem {
  /** The file itself is bad: reported as `failed to execute command: ...`. */
  readonly inFile: boolean;
  readonly text: string;
}

export interface FileOptions {
  readonly recursive: boolean;
  readonly skipEmpty: boolean;
}

const EXTENSIONS = ['.yaml', '.yml', '.json'];

export async function readFiles(
  io: CommandIo,
  name: string,
  options: FileOptions,
): Promise<Result<readonly Document[], FileProblem>> {
  const directory = name !== '-' && io.files.stat(resolvePath(io, name))?.type === 'directory';
  const paths = directory ? filesUnder(io, name.replace(/\/+$/, ''), options.recursive) : [name];
  const documents: Document[] = [];
  for (const path of paths) {
    const content = path === '-' ? await io.stdin.text() : contentOf(io, path);
    if (content === undefined) return err({ inFile: true, text: `open ${path}: no such file or directory` });
    const read = readDocuments(path, content);
    if (!read.ok) return err({ inFile: true, text: read.error });
    if (read.value.length === 0 && !options.skipEmpty) {
      return err({ inFile: false, text: `no resources specified in file ${path}` });
    }
    documents.push(...read.value);
  }
  if (documents.length === 0 && !options.skipEmpty) {
    return err({ inFile: false, text: `no resources specified in directory ${name}` });
  }
  return ok(documents);
}

export function contentOf(io: CommandIo, path: string): string | undefined {
  const bytes = io.files.read(resolvePath(io, path));
  return bytes && utf8Text(bytes);
}

function filesUnder(io: CommandIo, directory: string, recursive: boolean): readonly string[] {
  const names = io.files.list(resolvePath(io, directory)) ?? [];
  return names.flatMap((name) => {
    const path = `${directory}/${name}`;
    const type = io.files.stat(resolvePath(io, path))?.type;
    if (type === 'directory') return recursive ? filesUnder(io, path, true) : [];
    return EXTENSIONS.some((extension) => name.toLowerCase().endsWith(extension)) ? [path] : [];
  });
}
