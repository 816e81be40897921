/**
 * A cluster to type kubectl commands at, for tests: the real API server, controllers, kubelets and Calico on the two-rack
 * topology, with virtual time that moves whenever the command waits.
 */
import { utf8, utf8Text } from '../../../base/bytes.ts';
import { cidr, ipv4 } from '../../../model/ip.ts';
import type { Topology } from '../../../model/topology.ts';
import type { Place } from '../../../model/place.ts';
import { WORKSTATION } from '../../../model/place.ts';
import { calicoControllers, installCalico } from '../../cni/calico/install.ts';
import { calicoCni } from '../../cni/calico/cni-plugin.ts';
import { calicoResources } from '../../cni/calico/resources.ts';
import { Agenda } from '../../core/agenda.ts';
import { seeded } from '../../core/random.ts';
import { Table } from '../../core/table.ts';
import type { Millis } from '../../core/time.ts';
import type { ApiRequest, ApiResponse, ApiWatchEvent } from '../../kube/api.ts';
import { bootstrapCluster } from '../../kube/bootstrap.ts';
import { builtinRegistry } from '../../kube/builtin-registry.ts';
import type { ClusterState, Controller } from '../../kube/controller.ts';
import { handle } from '../../kube/facade.ts';
import { kubeControllers } from '../../kube/kube-controllers.ts';
import type { Registry } from '../../kube/registry.ts';
import { ObjectStore } from '../../kube/store.ts';
import { advance, ClusterTransaction } from '../../kube/transaction.ts';
import { watchFrom } from '../../kube/watch.ts';
import { NoSuchProgram, type ClockPort, type CommandIo, type NetworkPort } from '../command.ts';
import { MemoryFiles } from '../memory-files.ts';
import { kubectl } from './kubectl.ts';

const port = (text: string): { readonly address: ReturnType<typeof ipv4>; readonly length: number } => ({
  address: ipv4(text),
  length: 24,
});

const node = (name: string, segment: string, address: string, role: 'control-plane' | 'worker' = 'worker') =>
  ({
    name,
    role,
    segment,
    address: port(address),
    gateway: ipv4(address.replace(/\d+$/, '1')),
    labels: {},
  }) as const;

export const TWO_RACKS: Topology = {
  name: 'two-racks',
  segments: [
    { name: 'rack-a', subnet: cidr('10.0.0.0/24'), mtu: 1500 },
    { name: 'rack-b', subnet: cidr('10.0.1.0/24'), mtu: 1500 },
  ],
  routers: [
    {
      name: 'router',
      ports: [
        { segment: 'rack-a', address: port('10.0.0.1') },
        { segment: 'rack-b', address: port('10.0.1.1') },
      ],
      routes: [],
    },
  ],
  nodes: [
    node('control-plane', 'rack-a', '10.0.0.10', 'control-plane'),
    node('node1', 'rack-a', '10.0.0.11'),
    node('node2', 'rack-a', '10.0.0.12'),
    node('node3', 'rack-b', '10.0.1.13'),
  ],
  hosts: [],
  podCidr: cidr('10.244.0.0/16'),
  serviceCidr: cidr('10.96.0.0/16'),
};

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What `shopLab` applies: a deployment, its service, and a config map. */
export const SHOP = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: nginx:1.27
        ports: [{containerPort: 80, name: http}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: site}
data: {colour: blue, page: "<h1>hi</h1>\\n"}
`;

interface Sleeper {
  readonly at: Millis;
  readonly wake: () => void;
}

/** 2026-05-01T10:00:00Z. */
const EPOCH = Date.UTC(2026, 4, 1, 10);

export class KubectlLab {
  readonly files = new MemoryFiles({ now: () => 0 });
  readonly registry: Registry;
  /** What `kubectl exec` was asked to run, and where. */
  readonly ran: { readonly place: Place; readonly argv: readonly string[] }[] = [];
  /** The exit code of what it ran. */
  exitCode = 0;
  #state: ClusterState;
  readonly #controllers: readonly Controller[];
  readonly #sleepers = new Set<Sleeper>();
  readonly #watchers = new Set<() => void>();
  #forgets = false;

  constructor({
    topology = TWO_RACKS,
    epoch = EPOCH,
  }: { readonly topology?: Topology; readonly epoch?: number } = {}) {
    this.registry = builtinRegistry(topology).with(calicoResources);
    this.#controllers = [
      ...kubeControllers({ cni: calicoCni(topology), registry: this.registry }),
      ...calicoControllers,
    ];
    const empty: ClusterState = {
      now: 0,
      epoch,
      random: seeded(7),
      store: ObjectStore.empty(),
      agenda: Agenda.empty(),
      sandboxes: Table.empty(),
    };
    const tx = new ClusterTransaction(empty, this.#controllers);
    bootstrapCluster(tx, topology);
    installCalico(tx, { topology, pools: 'default' });
    this.#state = tx.state;
    this.files.mkdir('/root', { parents: true });
    this.pass(120_000);
  }

  get state(): ClusterState {
    return this.#state;
  }

  /** Lets virtual time pass. */
  pass(milliseconds: Millis): void {
    this.#become(advance(this.#state, this.#state.now + milliseconds, this.#controllers));
  }

  write(path: string, text: string): void {
    const complaint = this.files.write(path, utf8(text));
    if (complaint !== undefined) throw new Error(complaint);
  }

  request(request: ApiRequest): ApiResponse {
    const tx = new ClusterTransaction(this.#state, this.#controllers);
    const response = handle(tx, this.registry, request);
    this.#become(tx.state);
    return response;
  }

  /** The next watch ends with 410 Gone, as in a lab that was restored meanwhile: what it goes on from is forgotten. */
  forgetNextWatch(): void {
    this.#forgets = true;
  }

  /** Runs a typed line, without the word kubectl; single quotes keep words together. */
  type(line: string, stdin = ''): Promise<Said> {
    const words = line.match(/'[^']*'|\S+/g) ?? [];
    return this.kubectl(
      words.map((word) => word.replace(/^'|'$/g, '')),
      { stdin },
    );
  }

  /** Runs `kubectl` with these words; time moves while it waits. `until` ends it with Ctrl-C at that moment. */
  async kubectl(
    words: readonly string[],
    options: { readonly stdin?: string; readonly interruptAfter?: Millis } = {},
  ): Promise<Said> {
    const said = { stdout: '', stderr: '' };
    const stop = new AbortController();
    const io = this.#io(words, said, { stdin: options.stdin ?? '', signal: stop.signal });
    const end = options.interruptAfter === undefined ? undefined : this.#state.now + options.interruptAfter;
    let code: number | undefined;
    const running = kubectl.run(io).then(
      (result) => (code = result),
      (error: unknown) => {
        if (!stop.signal.aborted) throw error;
        code = 130;
      },
    );
    for (let turns = 0; code === undefined && turns < 5000; turns += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      if (code !== undefined) break;
      if (end !== undefined && this.#state.now >= end) stop.abort();
      else this.#step(end);
    }
    await running;
    return { code: code ?? 1, ...said };
  }

  /** To the next thing that happens: a controller's work, or a sleeper. */
  #step(end: Millis | undefined): void {
    const due = [this.#state.agenda.nextAt, ...[...this.#sleepers].map((sleeper) => sleeper.at)].filter(
      (at) => at !== undefined,
    );
    const next = Math.min(...due, end ?? this.#state.now + 60_000);
    this.#become(advance(this.#state, Math.max(next, this.#state.now), this.#controllers));
    for (const sleeper of [...this.#sleepers]) if (sleeper.at <= this.#state.now) sleeper.wake();
  }

  #become(state: ClusterState): void {
    this.#state = state;
    for (const look of [...this.#watchers]) look();
  }

  #io(
    args: readonly string[],
    said: { stdout: string; stderr: string },
    input: { readonly stdin: string; readonly signal: AbortSignal },
  ): CommandIo {
    const sink = (name: 'stdout' | 'stderr') => ({
      write: (data: string | Uint8Array) => {
        said[name] += typeof data === 'string' ? data : utf8Text(data);
        return Promise.resolve();
      },
    });
    return {
      args,
      stdin: {
        isTerminal: false,
        text: () => Promise.resolve(input.stdin),
        read: () => Promise.resolve(undefined),
      },
      stdout: sink('stdout'),
      stderr: sink('stderr'),
      signal: input.signal,
      place: WORKSTATION,
      env: new Map([['HOME', '/root']]),
      cwd: '/root',
      files: this.files,
      cluster: {
        request: (request) => this.request(request),
        watch: (request, signal) => this.watchFor(request, signal),
      },
      network: NO_NETWORK,
      routing: { speaker: () => undefined, at: () => undefined },
      agents: { health: () => undefined },
      clock: this.#clock(),
      run: async (place, argv, streams) => {
        if (argv[0] === 'nope') throw new NoSuchProgram(argv[0]);
        this.ran.push({ place, argv });
        await streams.stdout?.write(`ran ${argv.join(' ')}\n`);
        return this.exitCode;
      },
    };
  }

  /** What tab completion sees. */
  completions(words: readonly string[]): readonly string[] {
    const io = this.#io([], { stdout: '', stderr: '' }, { stdin: '', signal: new AbortController().signal });
    const found = kubectl.complete?.(words, io) ?? [];
    if (!Array.isArray(found)) throw new Error('kubectl completes at once');
    const typed = words.at(-1) ?? '';
    return (found as readonly string[]).filter((word) => word.startsWith(typed));
  }

  #clock(): ClockPort {
    return {
      epoch: this.#state.epoch,
      now: () => this.#state.now,
      sleep: (milliseconds, signal) =>
        new Promise((resolve, reject) => {
          const sleeper = {
            at: this.#state.now + milliseconds,
            wake: () => {
              this.#sleepers.delete(sleeper);
              resolve();
            },
          };
          this.#sleepers.add(sleeper);
          signal?.addEventListener('abort', () => {
            this.#sleepers.delete(sleeper);
            reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
          });
        }),
    };
  }

  /** What a client that watches sees, until the signal aborts. */
  async *watchFor(request: ApiRequest, signal: AbortSignal): AsyncIterable<ApiWatchEvent> {
    const asked = request.query?.['resourceVersion'];
    let revision = asked === undefined || asked === '0' ? undefined : Number(asked);
    if (this.#forgets) {
      this.#forgets = false;
      return yield { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } };
    }
    for (;;) {
      if (signal.aborted) return;
      const { store, epoch, now } = this.#state;
      const batch = watchFrom({ store, epoch, now }, this.registry, request, revision);
      if (!batch.ok) throw new Error('watch refused');
      revision = batch.value.revision;
      yield* batch.value.events;
      await this.#change(signal, revision);
    }
  }

  #change(signal: AbortSignal, revision: number): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!signal.aborted && this.#state.store.revision === revision) return;
        this.#watchers.delete(look);
        signal.removeEventListener('abort', look);
        resolve();
      };
      this.#watchers.add(look);
      signal.addEventListener('abort', look);
      look();
    });
  }
}

const nothing = (): never => {
  throw new Error('kubectl does not touch the network');
};

const NO_NETWORK: NetworkPort = {
  netnsOf: nothing,
  netns: nothing,
  memory: nothing,
  edit: nothing,
  changeLinks: nothing,
  echo: nothing,
  udpProbe: nothing,
  http: nothing,
  tcp: nothing,
  accept: nothing,
  capture: nothing,
};

/** A settled cluster with SHOP applied from ~/shop.yaml. */
export async function shopLab(): Promise<KubectlLab> {
  const lab = new KubectlLab();
  lab.write('/root/shop.yaml', SHOP);
  const { code, stderr } = await lab.type('apply -f shop.yaml');
  if (code !== 0) throw new Error(stderr);
  lab.pass(30_000);
  return lab;
}
