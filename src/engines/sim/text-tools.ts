/**
 * The text tools of the simulated shell, borrowed from just-bash (Apache-2.0): one tool at a time over whole inputs, with the
 * simulated files under it. just-bash's own shell, network, and the host's file system stay out of reach.
 */
import { Bash, getCommandNames, type FsStat, type IFileSystem } from 'just-bash';
import type { FileSystem, TextTools, ToolRequest, ToolResult } from '../../sim/index.ts';

const NAMES = getCommandNames();

/** One instance serves every place: the files come with each request. */
export function createTextTools(): TextTools {
  return { names: NAMES, run };
}

async function run(name: string, request: ToolRequest): Promise<ToolResult> {
  request.signal.throwIfAborted();
  const bash = new Bash({ fs: new FilesBridge(request.files), cwd: request.cwd, defenseInDepth: false });
  const result = await bash.exec(name, {
    args: [...request.args],
    stdin: Buffer.from(request.stdin).toString('latin1'),
    stdinKind: 'bytes',
    env: { ...Object.fromEntries(request.env), PATH: '/usr/bin:/bin' },
    replaceEnv: true,
    signal: request.signal,
  });
  request.signal.throwIfAborted();
  return {
    stdout: new Uint8Array(Buffer.from(result.stdout, 'utf8')),
    stderr: result.stderr,
    exitCode: result.exitCode,
  };
}

/** The simulated files as just-bash asks for them; its errors carry Node's codes. */
class FilesBridge implements IFileSystem {
  readonly #files: FileSystem;

  constructor(files: FileSystem) {
    this.#files = files;
  }

  async readFile(path: string): Promise<string> {
    return Buffer.from(await this.readFileBuffer(path)).toString('utf8');
  }

  readFileBuffer(path: string): Promise<Uint8Array> {
    const target = normal(path);
    const data = this.#files.read(target);
    if (data !== undefined) return Promise.resolve(data);
    return Promise.reject(
      this.#files.stat(target) === undefined
        ? missing(path, 'open')
        : failure('EISDIR: illegal operation on a directory', path, 'read'),
    );
  }

  writeFile(path: string, content: string | Uint8Array): Promise<void> {
    return settle(this.#files.write(normal(path), bytesOf(content)), path, 'open');
  }

  appendFile(path: string, content: string | Uint8Array): Promise<void> {
    return settle(this.#files.write(normal(path), bytesOf(content), { append: true }), path, 'open');
  }

  exists(path: string): Promise<boolean> {
    return Promise.resolve(this.#files.stat(normal(path)) !== undefined);
  }

  stat(path: string): Promise<FsStat> {
    const stat = this.#files.stat(normal(path));
    if (stat === undefined) return Promise.reject(missing(path, 'stat'));
    const isFile = stat.type === 'file';
    return Promise.resolve({
      isFile,
      isDirectory: !isFile,
      isSymbolicLink: false,
      mode: isFile ? 0o644 : 0o755,
      size: stat.size,
      mtime: new Date(stat.modified),
    });
  }

  lstat(path: string): Promise<FsStat> {
    return this.stat(path);
  }

  mkdir(path: string, options?: { recursive?: boolean }): Promise<void> {
    return settle(this.#files.mkdir(normal(path), { parents: options?.recursive === true }), path, 'mkdir');
  }

  readdir(path: string): Promise<string[]> {
    const names = this.#files.list(normal(path));
    return names === undefined ? Promise.reject(missing(path, 'scandir')) : Promise.resolve([...names]);
  }

  rm(path: string, options?: { recursive?: boolean; force?: boolean }): Promise<void> {
    const problem = this.#files.remove(normal(path), { recursive: options?.recursive === true });
    return settle(options?.force === true ? undefined : problem, path, 'rm');
  }

  async cp(source: string, destination: string): Promise<void> {
    await this.writeFile(destination, await this.readFileBuffer(source));
  }

  async mv(source: string, destination: string): Promise<void> {
    await this.cp(source, destination);
    await this.rm(source);
  }

  resolvePath(base: string, path: string): string {
    return normal(path.startsWith('/') ? path : `${base}/${path}`);
  }

  getAllPaths(): string[] {
    const walk = (directory: string): string[] =>
      (this.#files.list(directory) ?? []).flatMap((name) => {
        const path = directory === '/' ? `/${name}` : `${directory}/${name}`;
        return [path, ...walk(path)];
      });
    return walk('/');
  }

  chmod(): Promise<void> {
    return Promise.resolve();
  }

  symlink(_target: string, path: string): Promise<void> {
    return Promise.reject(failure('EPERM: operation not permitted', path, 'symlink'));
  }

  link(_existing: string, path: string): Promise<void> {
    return Promise.reject(failure('EPERM: operation not permitted', path, 'link'));
  }

  readlink(path: string): Promise<string> {
    return Promise.reject(failure('EINVAL: invalid argument', path, 'readlink'));
  }

  realpath(path: string): Promise<string> {
    return this.#files.stat(normal(path)) === undefined
      ? Promise.reject(missing(path, 'realpath'))
      : Promise.resolve(normal(path));
  }

  utimes(): Promise<void> {
    return Promise.resolve();
  }
}

function normal(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === 'string' ? new Uint8Array(Buffer.from(content, 'utf8')) : content;
}

const CODES: Readonly<Record<string, string>> = {
  'No such file or directory': 'ENOENT: no such file or directory',
  'Is a directory': 'EISDIR: illegal operation on a directory',
  'Not a directory': 'ENOTDIR: not a directory',
  'File exists': 'EEXIST: file already exists',
  'Directory not empty': 'ENOTEMPTY: directory not empty',
  'Read-only file system': 'EROFS: read-only file system',
};

function settle(problem: string | undefined, path: string, call: string): Promise<void> {
  return problem === undefined
    ? Promise.resolve()
    : Promise.reject(failure(CODES[problem] ?? problem, path, call));
}

function missing(path: string, call: string): Error {
  return failure('ENOENT: no such file or directory', path, call);
}

function failure(what: string, path: string, call: string): Error {
  return Object.assign(new Error(`${what}, ${call} '${path}'`), { code: what.split(':')[0] });
}
