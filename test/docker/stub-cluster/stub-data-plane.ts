/**
 * What Calico, kube-proxy and kubelet would do on a stub cluster's nodes: whenever the simulator's stacks change, the kernel
 * namespaces of the containers are made the same, by the programs that the kernel conformance runs. Pods are namespaces inside
 * their node's container, each with a process that serves. What a person changes by hand stays, until the agents of that node
 * start anew.
 */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Docker } from '../../../src/engines/kind/docker/docker.ts';
import { stackProgram } from '../../../src/cli/kernel/stack-program.ts';
import type { NetnsId } from '../../../src/model/trace.ts';
import type { Device, Netns, Simulator } from '../../../src/sim/index.ts';
import { networkIn } from '../../conformance/cluster.ts';
import { must } from '../support/engine.ts';
import { POD_SERVER, SERVING } from './programs.ts';

const TURNS = 200;
/** Milliseconds. */
const PAUSE = 50;
const NEVER = new AbortController().signal;
// All machines are asked at once.
setMaxListeners(0, NEVER);
const AGENTS = ['calico-node', 'kube-proxy'];

/** Lines by the tool that reads them. */
interface Program {
  readonly sysctls: readonly string[];
  readonly ip: readonly string[];
  readonly bridge: readonly string[];
  readonly ipset: readonly string[];
  readonly iptables: readonly string[];
}

interface Pod {
  readonly process: number;
  readonly container: string;
  readonly uid: string;
  /** The node's end of its cable. */
  readonly outside: string;
  /** By TCP port: the process that serves there. */
  readonly servers: Map<number, number>;
}

export interface StubDataPlaneOptions {
  readonly docker: Docker;
  readonly simulator: Simulator;
  /** The container of every node, router and host. */
  readonly containers: ReadonlyMap<NetnsId, string>;
}

export class StubDataPlane {
  readonly #options: StubDataPlaneOptions;
  readonly #applied = new Map<NetnsId, Program>();
  readonly #pods = new Map<NetnsId, Pod>();
  #agents: ReadonlyMap<string, NetnsId> = new Map();
  #work: Promise<void> = Promise.resolve();
  #wanted = false;
  #stop: () => void = () => undefined;
  /** What went wrong, to be thrown where somebody waits. */
  #failed: unknown;

  constructor(options: StubDataPlaneOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#stop = this.#options.simulator.onChange(() => this.#plan());
    this.#plan();
    await this.settled();
  }

  /** Resolves when the kernel is what the simulator said when this was called. */
  async settled(): Promise<void> {
    let missing: readonly NetnsId[] = [];
    for (let turn = 0; turn < TURNS; turn += 1) {
      this.#plan();
      await this.#work;
      if (this.#failed !== undefined) throw this.#failed;
      // A node's side of a pod may come a moment after the pod's.
      const { stacks } = networkIn(this.#options.simulator);
      missing = stacks.filter(({ id }) => id.startsWith('pod/') && !this.#pods.has(id)).map(({ id }) => id);
      if (missing.length === 0) return;
      await sleep(PAUSE);
    }
    throw new Error(`no network in the kernel: ${missing.join(', ')}`);
  }

  async dispose(): Promise<void> {
    this.#stop();
    await this.#work;
  }

  #plan(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#work = this.#work.then(async () => {
      // Much changes at once when agents start: it is done together.
      await sleep(PAUSE);
      this.#wanted = false;
      await this.#become().catch((error: unknown) => (this.#failed ??= error));
    });
  }

  async #become(): Promise<void> {
    const { simulator } = this.#options;
    const stacks = networkIn(simulator).stacks;
    const present = new Set(stacks.map(({ id }) => id));
    await Promise.all(
      [...this.#pods]
        .filter(([id, { uid }]) => !present.has(id) || uidOf(simulator, id) !== uid)
        .map(([id, pod]) => this.#endPod(id, pod)),
    );
    const agents = agentsOf(simulator);
    const anew = new Set([...agents].flatMap(([uid, node]) => (this.#agents.has(uid) ? [] : [node])));
    this.#agents = agents;
    const pods = stacks.filter(({ id }) => id.startsWith('pod/'));
    await Promise.all(pods.map((stack) => this.#makePod(stack, stacks)));
    await Promise.all(pods.map((stack) => this.#serve(stack)));
    await Promise.all(stacks.map((stack) => this.#program(stack, anew.has(stack.id))));
  }

  async #makePod(stack: Netns, stacks: readonly Netns[]): Promise<void> {
    if (this.#pods.has(stack.id)) return;
    const node = stacks.find(({ devices }) => devices.some((device) => leadsTo(device, stack.id)));
    const outside = node?.devices.find((device) => leadsTo(device, stack.id));
    const inside = stack.devices.find(({ name }) => name === 'eth0');
    const container = node && this.#options.containers.get(node.id);
    const uid = uidOf(this.#options.simulator, stack.id);
    if (!outside || !inside || container === undefined || uid === undefined) return;
    const process = Number(await this.#sh(container, starting('unshare --net'), [POD_SERVER]));
    this.#pods.set(stack.id, { process, container, uid, outside: outside.name, servers: new Map() });
    const ends = `name ${outside.name} address ${outside.mac} mtu ${outside.mtu} type veth`;
    const peer = `name eth0 address ${inside.mac} mtu ${inside.mtu} netns ${process}`;
    await this.#sh(
      container,
      `ip link add ${ends} peer ${peer}; mkdir -p /run/sandboxes; echo ${process} > /run/sandboxes/${uid}`,
    );
  }

  /** A pod listens once its container has started, which may be long after its network is there. */
  async #serve(stack: Netns): Promise<void> {
    const pod = this.#pods.get(stack.id);
    if (!pod) return;
    const { container, process, servers } = pod;
    const wanted = new Set(
      stack.listeners.flatMap(({ protocol, port }) => (protocol === 'tcp' ? [port] : [])),
    );
    for (const [port, server] of servers) {
      if (wanted.has(port)) continue;
      servers.delete(port);
      await this.#sh(container, `kill -9 ${server} || true`);
    }
    for (const port of wanted) {
      if (servers.has(port)) continue;
      const started = await this.#sh(container, starting(enter(process)), [POD_SERVER, String(port)]);
      servers.set(port, Number(started));
    }
  }

  /** The kernel ends a namespace some time after its last process; a pod of the same name wants the same device at once. */
  async #endPod(id: NetnsId, { container, process, uid, outside, servers }: Pod): Promise<void> {
    this.#pods.delete(id);
    this.#applied.delete(id);
    const all = [process, ...servers.values()];
    const marks = all.map((each) => `${SERVING}/${each}`).join(' ');
    await this.#sh(
      container,
      `rm -f /run/sandboxes/${uid} ${marks}; ip link del dev ${outside} || true; kill -9 ${all.join(' ')} || true`,
    );
  }

  async #program(stack: Netns, anew: boolean): Promise<void> {
    const pod = this.#pods.get(stack.id);
    const container = pod?.container ?? this.#options.containers.get(stack.id);
    if (container === undefined) return;
    const program = programOf(stack);
    const before = this.#applied.get(stack.id);
    if (!anew && before && JSON.stringify(before) === JSON.stringify(program)) return;
    this.#applied.set(stack.id, program);
    await this.#sh(container, scriptOf(program, before), [], pod?.process);
  }

  async #sh(
    container: string,
    script: string,
    args: readonly string[] = [],
    process?: number,
  ): Promise<string> {
    const door = process === undefined ? [] : enter(process).split(' ');
    const done = must(
      await this.#options.docker.containers.exec(container, [...door, 'sh', '-e', '/dev/stdin', ...args], {
        signal: NEVER,
        stdin: new TextEncoder().encode(script),
      }),
    );
    if (done.exitCode !== 0) throw new Error(`${container}: ${done.stderr}\n${script.slice(0, 400)}`);
    return done.stdout.trim();
  }
}

const enter = (process: number): string => `nsenter --net=/proc/${process}/ns/net --`;

/**
 * $1 is the server, and its arguments follow. Every step becomes the next, so the process keeps its number; it is in its
 * namespace, and listens, when that is told.
 */
const starting = (door: string): string =>
  `setsid ${door} sh -c 'ip link set dev lo up; server=$1; shift; exec perl -e "$server" "$@"' sh "$@" >/dev/null 2>&1 </dev/null &
until [ -e ${SERVING}/$! ]; do kill -0 $!; sleep 0.02; done
echo $!`;

const leadsTo = ({ link }: Device, id: NetnsId): boolean => link?.kind === 'peer' && link.netns === id;

function uidOf(simulator: Simulator, id: NetnsId): string | undefined {
  const [, namespace = '', name = ''] = id.split('/');
  return simulator.world.cluster.store.get('pods', namespace, name)?.metadata.uid;
}

/** Those that program nodes: uid and node. Another pod of theirs has started anew and does everything again. */
function agentsOf(simulator: Simulator): ReadonlyMap<string, NetnsId> {
  const agents = simulator.world.cluster.store
    .list('pods')
    .filter(
      ({ metadata, status }) =>
        AGENTS.includes(metadata.labels?.['k8s-app'] ?? '') && status?.['phase'] === 'Running',
    );
  return new Map(
    agents.map(({ metadata, spec }) => [metadata.uid ?? '', `node/${String(spec?.['nodeName'])}`]),
  );
}

/** Interface indexes are the kernel's own here; a machine's cables are laid by the fabric. */
function programOf(stack: Netns): Program {
  const { sysctls, ip, bridge, ipset, iptables } = stackProgram(stack);
  return {
    sysctls: [...new Set(sysctls)].map(([path, value]) => `echo ${value} > /proc/sys/net/${path} || true`),
    ip: ip.map((line) => line.replace(/ index \d+/, '')),
    bridge,
    ipset,
    iptables,
  };
}

/** What is no more is taken away, and everything else is made as it is to be, also what a hand had changed. */
function scriptOf(program: Program, before: Program | undefined): string {
  const gone = (which: 'ip' | 'bridge'): readonly string[] =>
    (before?.[which] ?? []).filter((line) => !program[which].includes(line)).flatMap(undo);
  const sets = (of: Program | undefined): readonly string[] =>
    (of?.ipset ?? []).flatMap((line) => /^create (\S+)/.exec(line)?.[1] ?? []);
  const links = program.ip.filter((line) => line.startsWith('link add'));
  const rest = program.ip.filter((line) => !line.startsWith('link add'));
  return [
    'mount -o remount,rw /proc/sys 2>/dev/null || true',
    ...program.sysctls.map((line) => `( ${line} ) 2>/dev/null`),
    ...fed('{ bridge -force -batch - 2>/dev/null || true; }', gone('bridge')),
    ...fed('{ ip -force -batch - 2>/dev/null || true; }', gone('ip')),
    // What is there already cannot be added again.
    ...fed('{ ip -force -batch - || true; }', links),
    ...fed('ip -batch -', rest),
    ...fed('bridge -batch -', program.bridge),
    ...fed(
      'ipset restore -exist',
      program.ipset.flatMap((line) => [
        line,
        ...(line.startsWith('create') ? [`flush ${line.split(' ')[1] ?? ''}`] : []),
      ]),
    ),
    ...fed('iptables-restore', program.iptables),
    ...sets(before)
      .filter((name) => !sets(program).includes(name))
      .map((name) => `ipset destroy ${name} || true`),
    '',
  ].join('\n');
}

const fed = (command: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : [`${command} <<'END_OF_LINES'`, ...lines, 'END_OF_LINES'];

function undo(line: string): readonly string[] {
  const [object = '', verb = '', ...rest] = line.split(' ');
  if (verb === 'replace') {
    const words = object === 'neigh' ? rest.slice(0, 3) : rest;
    return [`${object} del ${words.join(' ')}`];
  }
  if (object === 'link' && verb === 'add') return [`link del dev ${rest[1] ?? ''}`];
  return [];
}
