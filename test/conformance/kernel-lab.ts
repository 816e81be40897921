/**
 * A simulated network rebuilt in network namespaces: in each runs an agent that serves and probes, and a capture of all its
 * devices. Everything ends with `dispose`, and with this process if that never happens.
 */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { inside, Namespaces, type Ended } from '../../src/cli/kernel/namespaces.ts';
import { stackProgram, type StackWish } from '../../src/cli/kernel/stack-program.ts';
import { formatIp } from '../../src/model/ip-family.ts';
import type { NetnsId } from '../../src/model/trace.ts';
import type { Netns } from '../../src/sim/net/netns.ts';
import { Capture } from './capture.ts';
import { sightingOf, type Sighting } from './sighting.ts';

const AGENT = join(import.meta.dirname, 'agent.mjs');

/** What the kernel does sooner here than by default, and how much of what it limits we want to see. */
const PACE: readonly (readonly [path: string, value: string])[] = [
  ['ipv4/icmp_ratelimit', '0'],
  ['ipv4/icmp_msgs_per_sec', '100000'],
  ['ipv4/icmp_msgs_burst', '10000'],
  ['ipv6/icmp/ratelimit', '0'],
];

/** Routing daemons answer there. */
const BGP_PORT = 179;

/** A neighbour that does not answer is given up after three tries; a try lasts a second by default. */
const RETRANSMIT = '60';

export class KernelLab {
  readonly #namespaces: Namespaces;
  readonly #stacks: ReadonlyMap<NetnsId, Netns>;
  #wish: StackWish;
  readonly #agents = new Map<NetnsId, Agent>();
  readonly #captures = new Map<NetnsId, Capture>();
  #sightings: Sighting[] = [];
  #marks = 0;

  private constructor(namespaces: Namespaces, stacks: readonly Netns[], wish: StackWish) {
    this.#namespaces = namespaces;
    this.#stacks = new Map(stacks.map((stack) => [stack.id, stack]));
    this.#wish = wish;
  }

  static async build(stacks: readonly Netns[], wish: StackWish = {}): Promise<KernelLab> {
    const lab = new KernelLab(await Namespaces.cable(stacks), stacks, wish);
    try {
      await Promise.all(stacks.map((stack) => lab.#start(stack)));
    } catch (error) {
      await lab.dispose();
      throw error;
    }
    return lab;
  }

  get sightings(): readonly Sighting[] {
    return this.#sightings;
  }

  /** The stacks have learnt nothing yet, and nothing has been seen. */
  async forget(): Promise<void> {
    await Promise.all(
      [...this.#agents].map(([id, agent]) =>
        agent.ask({ task: 'forget', inet6: this.stack(id).inet6 !== undefined }),
      ),
    );
    this.#sightings = [];
  }

  namespaceOf(id: NetnsId): string {
    return this.#namespaces.nameOf(id);
  }

  ask(id: NetnsId, question: Question): Promise<Answer> {
    const agent = this.#agents.get(id);
    if (!agent) throw new RangeError(`no agent at ${id}`);
    return agent.ask(question);
  }

  async type(id: NetnsId, argv: readonly string[], input = ''): Promise<Ended> {
    return (await this.ask(id, { task: 'run', argv, input })) as unknown as Ended;
  }

  /** Resolves when the captures have seen all that has happened so far. */
  async caughtUp(): Promise<void> {
    this.#marks += 1;
    const text = `mark ${this.#marks}`;
    await Promise.all(
      [...this.#captures].map(async ([id, capture]) => {
        const seen = capture.seen(text);
        await this.ask(id, { task: 'mark', text });
        await seen;
      }),
    );
  }

  everywhere(question: Question): Promise<readonly Answer[]> {
    return Promise.all([...this.#agents.values()].map((agent) => agent.ask(question)));
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.#captures.values()].map((capture) => capture.close()));
    await Promise.all([...this.#agents.values()].map((agent) => agent.close()));
    this.#namespaces.dispose();
  }

  async #start(stack: Netns): Promise<void> {
    const { id, listeners, inet6 } = stack;
    const agent = new Agent(this.#namespaces.nameOf(id));
    this.#agents.set(id, agent);
    await agent.ask({ task: 'sysctl', values: PACE });
    await this.#namespaces.program(id, stackProgram(stack, this.#wish));
    const retransmit = stack.devices.flatMap(({ name }) =>
      (inet6 ? ['ipv4', 'ipv6'] : ['ipv4']).map((family) => [
        `${family}/neigh/${name}/retrans_time_ms`,
        RETRANSMIT,
      ]),
    );
    await agent.ask({ task: 'sysctl', values: retransmit });
    const anywhere = inet6 ? ['0.0.0.0', '::'] : ['0.0.0.0'];
    const sockets = (wanted: 'tcp' | 'udp'): readonly SocketName[] =>
      listeners
        .filter(({ protocol, port }) => protocol === wanted && port !== BGP_PORT)
        .flatMap(({ port, address }) =>
          (address === undefined ? anywhere : [formatIp(address)]).map((host) => ({ port, host })),
        );
    await agent.ask({ task: 'listen', tcp: sockets('tcp'), udp: sockets('udp') });
    this.#captures.set(
      id,
      await Capture.open(this.#namespaces.nameOf(id), (captured) => {
        const sighting = sightingOf(stack, captured);
        if (sighting) this.#sightings.push(sighting);
      }),
    );
  }

  /** The stack as it was asked for. */
  stack(id: NetnsId): Netns {
    const stack = this.#stacks.get(id);
    if (!stack) throw new RangeError(`no stack ${id}`);
    return stack;
  }

  /** From now on nobody else brings any routes. */
  restoreWithEverything(): void {
    this.#wish = {};
  }

  /** Makes a stack of the kernel what it was at the beginning. */
  async restore(id: NetnsId): Promise<void> {
    const { ip, bridge, iptables } = stackProgram(this.stack(id), this.#wish);
    const lines = ip.filter((line) => !line.startsWith('link add'));
    await this.type(
      id,
      ['ip', '-force', '-batch', '-'],
      ['route flush table main', 'neigh flush all nud all', ...lines].join('\n'),
    );
    await this.type(id, ['bridge', '-force', '-batch', '-'], bridge.join('\n'));
    if (iptables.length > 0) await this.type(id, ['iptables-restore'], `${iptables.join('\n')}\n`);
  }
}

interface SocketName {
  readonly port: number;
  readonly host: string;
}

export interface Question {
  readonly task: 'listen' | 'ping' | 'udp' | 'tcp' | 'mark' | 'run' | 'sysctl' | 'forget' | 'quit';
  readonly [key: string]: unknown;
}

export type Answer = Readonly<Record<string, unknown>>;

/** The process in a namespace that does what it is asked. */
class Agent {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<
    number,
    { readonly done: (answer: Answer) => void; readonly fail: (error: Error) => void }
  >();
  #asked = 0;
  #complaint: Error | undefined;

  constructor(namespace: string) {
    const [command = '', ...args] = inside(namespace, [process.execPath, AGENT]);
    this.#process = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let complaint = '';
    this.#process.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
    this.#process.stdin.on('error', () => undefined);
    this.#process.once('exit', () => this.#lost(complaint));
    this.#process.once('error', (error) => this.#lost(error.message));
    createInterface({ input: this.#process.stdout }).on('line', (line) => this.#hear(line));
  }

  ask(question: Question): Promise<Answer> {
    const id = (this.#asked += 1);
    if (this.#complaint !== undefined) return Promise.reject(this.#complaint);
    return new Promise((done, fail) => {
      this.#waiting.set(id, { done, fail });
      this.#process.stdin.write(`${JSON.stringify({ id, ...question })}\n`);
    });
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }

  #hear(line: string): void {
    const { id, broken, ...answer } = JSON.parse(line) as Answer & {
      readonly id: number;
      readonly broken?: string;
    };
    const waiter = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (broken === undefined) waiter?.done(answer);
    else waiter?.fail(new Error(broken));
  }

  #lost(why: string): void {
    this.#complaint = new Error(`the agent in the namespace ended: ${why}`);
    for (const { fail } of this.#waiting.values()) fail(this.#complaint);
    this.#waiting.clear();
  }
}
