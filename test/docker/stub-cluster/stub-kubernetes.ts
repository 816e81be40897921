/**
 * The Kubernetes of a stub cluster: the simulator with its API server, in this process, at ten times the speed of the wall.
 * Unix sockets lead to it from inside containers, whatever networks they have.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { ApiServer } from '../../../src/engines/sim/apiserver.ts';
import { hostTimers, hostTurn, type HostTimers } from '../../../src/engines/sim/host-clock.ts';
import { ownKubeconfig } from '../../../src/engines/sim/kubeconfig.ts';
import { LivePace } from '../../../src/engines/sim/pace.ts';
import { Places } from '../../../src/engines/sim/places.ts';
import { createTextTools } from '../../../src/engines/sim/text-tools.ts';
import type { LabEnvironment } from '../../../src/lab/ports.ts';
import { WORKSTATION } from '../../../src/model/place.ts';
import { Simulator } from '../../../src/sim/index.ts';

const SPEED = 10;
const SETTLE = 90_000;

const fast = (): HostTimers => {
  const timers = hostTimers();
  return {
    ...timers,
    now: () => timers.now() * SPEED,
    after: (milliseconds, run) => timers.after(milliseconds / SPEED, run),
  };
};

export class StubKubernetes {
  readonly simulator: Simulator;
  /** The port of 127.0.0.1, on this machine and, forwarded, in containers. */
  readonly port: number;
  readonly kubeconfig: string;
  readonly #api: ApiServer;
  readonly #places: Places;
  readonly #pace: LivePace;
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();

  private constructor(
    simulator: Simulator,
    api: ApiServer,
    { places, pace }: { places: Places; pace: LivePace },
  ) {
    this.simulator = simulator;
    this.#api = api;
    this.#places = places;
    this.#pace = pace;
    this.port = Number(new URL(api.url).port);
    this.kubeconfig = ownKubeconfig(api.url, simulator.world.topology);
  }

  /** Calico runs, and nothing of the lab is there yet. */
  static async start({ topology, calico, ...environment }: LabEnvironment): Promise<StubKubernetes> {
    const timers = fast();
    const simulator = new Simulator({
      topology,
      seed: 1,
      epoch: timers.date() - SETTLE,
      install: calico.install,
      defaultPool: calico.pools === 'operator',
    });
    simulator.settle(SETTLE);
    const places = new Places({
      simulator,
      environment: { ...environment, topology, calico, start: [], files: [] },
      belongings: { places: {} },
      textTools: createTextTools(),
      breathe: hostTurn,
    });
    const pace = new LivePace(simulator, timers);
    const api = await ApiServer.listen({ simulator, places, pace, port: 0 });
    if (!api.ok) throw new Error(api.error.message);
    return new StubKubernetes(simulator, api.value, { places, pace });
  }

  /** Sockets for containers: the API's bytes, and tools that the simulator answers. */
  async listen(folder: string): Promise<void> {
    await this.#listen(join(folder, 'api.sock'), (socket) => {
      const api = connect(this.port, '127.0.0.1');
      for (const each of [socket, api]) each.on('error', () => each.destroy());
      this.#sockets.add(api);
      socket.pipe(api).pipe(socket);
    });
    await this.#listen(join(folder, 'tools.sock'), (socket) => {
      socket.on('error', () => socket.destroy());
      const asked: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => asked.push(chunk));
      socket.on(
        'end',
        () => void this.#answer(Buffer.concat(asked).toString()).then((text) => socket.end(text)),
      );
    });
  }

  #listen(path: string, accept: (socket: Socket) => void): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      accept(socket);
    });
    this.#servers.push(server);
    const options = { path, readableAll: true, writableAll: true };
    return new Promise((done, fail) => server.on('error', fail).listen(options, done));
  }

  async #answer(question: string): Promise<string> {
    const [count = '0', ...rest] = question.split('\0');
    const argv = rest.slice(0, Number(count));
    const stdin = rest.slice(Number(count)).join('\0');
    this.#pace.catchUp();
    const { signal } = new AbortController();
    const done = await this.#places.shell(WORKSTATION).exec(argv, { signal, stdin });
    return [done.exitCode, done.stdout, done.stderr].join('\0');
  }

  async close(): Promise<void> {
    this.#pace.dispose();
    for (const socket of this.#sockets) socket.destroy();
    for (const server of this.#servers) server.close();
    await this.#api.close();
  }
}
