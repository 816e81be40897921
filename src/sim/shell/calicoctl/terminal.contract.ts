/** A workstation's terminal in front of a test cluster: real API facade, real Calico, files by name. */
import { utf8, utf8Text } from '../../../base/bytes.ts';
import { WORKSTATION } from '../../../model/place.ts';
import { builtinRegistry } from '../../kube/builtin-registry.ts';
import { handle } from '../../kube/facade.ts';
import { calicoResources } from '../../cni/calico/resources.ts';
import type { TestCluster } from '../../cni/calico/two-racks.contract.ts';
import type { ApiRequest } from '../../kube/api.ts';
import type { CommandIo } from '../command.ts';
import type { FileSystem } from '../files.ts';
import { calicoctl } from './calicoctl.ts';

export interface Typed {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

export class Terminal {
  readonly cluster: TestCluster;
  readonly files = new Map<string, string>();

  constructor(cluster: TestCluster) {
    this.cluster = cluster;
  }

  /** Words are split at blanks; quote with single quotes. */
  async type(line: string, stdin = ''): Promise<Typed> {
    const args = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
    let stdout = '';
    let stderr = '';
    const io: CommandIo = {
      ...this.#ports(),
      args: args.slice(1),
      stdin: {
        isTerminal: false,
        read: () => Promise.resolve(undefined),
        text: () => Promise.resolve(stdin),
      },
      stdout: {
        write: (data) => Promise.resolve(void (stdout += typeof data === 'string' ? data : utf8Text(data))),
      },
      stderr: {
        write: (data) => Promise.resolve(void (stderr += typeof data === 'string' ? data : utf8Text(data))),
      },
      signal: new AbortController().signal,
      run: () => Promise.reject(new Error('calicoctl runs nothing else')),
    };
    const code = await calicoctl.run(io);
    return { stdout, stderr, code };
  }

  complete(line: string): Promise<readonly string[]> {
    const words = line.split(' ').slice(1);
    return Promise.resolve(calicoctl.complete?.(words, this.#ports()) ?? []);
  }

  #ports() {
    const { cluster } = this;
    const registry = builtinRegistry(cluster.topology).with(calicoResources);
    const unused = (): never => {
      throw new Error('calicoctl uses the API only');
    };
    return {
      place: WORKSTATION,
      env: new Map([['HOME', '/root']]),
      cwd: '/root',
      files: this.#fileSystem(),
      cluster: {
        request: (request: ApiRequest) => cluster.change((tx) => handle(tx, registry, request)),
        watch: unused,
      },
      network: {
        netnsOf: unused,
        netns: unused,
        memory: unused,
        edit: unused,
        changeLinks: unused,
        echo: unused,
        udpProbe: unused,
        http: unused,
        tcp: unused,
        accept: unused,
        capture: unused,
      },
      routing: { speaker: unused, at: unused },
      agents: { health: unused },
      clock: {
        epoch: cluster.state.epoch,
        now: () => cluster.state.now,
        sleep: (milliseconds: number) => Promise.resolve(void cluster.wait(milliseconds)),
      },
    };
  }

  #fileSystem(): FileSystem {
    const inside = (path: string): readonly string[] =>
      [...this.files.keys()]
        .filter((name) => name.startsWith(`${path}/`))
        .map((name) => name.slice(path.length + 1));
    return {
      isReadOnly: false,
      read: (path) => {
        const text = this.files.get(path);
        return text === undefined ? undefined : utf8(text);
      },
      stat: (path) => {
        const type = this.files.has(path) ? 'file' : inside(path).length > 0 ? 'directory' : undefined;
        return type && { type, size: 0, modified: 0 };
      },
      list: (path) => [...new Set(inside(path).map((name) => name.split('/')[0] ?? ''))].sort(),
      write: (path, data) => void this.files.set(path, utf8Text(data)),
      mkdir: () => 'Read-only file system',
      remove: () => 'Read-only file system',
      snapshot: () => ({}),
    };
  }
}
