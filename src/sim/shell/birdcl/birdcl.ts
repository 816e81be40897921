/**
 * `birdcl` and `birdcl6` of Calico's BIRD (v0.3.3+birdv1.6.8), which are part of the calico/node image, and `birdc` and `birdcl`
 * of the BIRD 2 on routers: they talk to the daemon of their own machine through its control socket. What they print comes from the speaker
 * itself. Source: client/{client,birdcl,commands}.c at BIRD 1.6.8 and 2.0.12; compared with the real clients. Left out:
 * paging with --More--, commands that only BIRD 2 has.
 */
import { utf8Text } from '../../../base/bytes.ts';
import { isCalicoNode } from '../calico-node/image.ts';
import type { Command, CommandIo } from '../command.ts';
import { addresses6 } from '../../net/inet6.ts';
import { routesOf } from '../../routing/next-hop.ts';
import { hasCarrier, hereOf } from '../network/here.ts';
import { contextHelp, expand, followers } from './commands.ts';
import { parseOptions, ROUTER_SOCKET, SOCKET, SOCKET_6, type Options } from './options.ts';
import { printed, type Reply } from './reply.ts';
import { answer, type Daemon } from './server.ts';

const complete: NonNullable<Command['complete']> = (words) =>
  followers(words.slice(0, -1).filter((word) => !word.startsWith('-')));

export const birdcl: Command = {
  name: 'birdcl',
  summary: "ask this machine's BIRD about its BGP sessions and routes",
  places: ['pod', 'router'],
  within: (place, cluster) => place.kind === 'router' || isCalicoNode(place, cluster),
  run: (io) => run(io, 'birdcl'),
  complete,
};

/** The same client of the daemon for IPv6. */
export const birdcl6: Command = {
  name: 'birdcl6',
  summary: "ask this machine's BIRD for IPv6 about its BGP sessions and routes",
  places: ['pod'],
  within: isCalicoNode,
  run: (io) => run(io, 'birdcl6'),
  complete,
};

/** Calico's image has no such client. */
export const birdc: Command = {
  name: 'birdc',
  summary: "ask this router's BIRD about its BGP sessions and routes",
  places: ['router'],
  run: (io) => run(io, 'birdc'),
  complete,
};

async function run(io: CommandIo, program: string): Promise<number> {
  const socket = io.place.kind === 'router' ? ROUTER_SOCKET : program === 'birdcl6' ? SOCKET_6 : SOCKET;
  const options = parseOptions(io.args, { program, socket });
  if (typeof options === 'string') {
    await io.stderr.write(`${options}Usage: ${program} [-s <control-socket>] [-v] [-r] [-l]\n`);
    return 1;
  }
  const client = new Client(io, options);
  const refused = client.refusal();
  if (refused !== undefined) {
    await io.stderr.write(`${refused}\n`);
    return 1;
  }
  await client.greet();
  if (options.command === undefined) await client.converse();
  else await client.submit(options.command);
  return 0;
}

class Client {
  readonly #io: CommandIo;
  readonly #options: Options;
  #restricted = false;

  constructor(io: CommandIo, options: Options) {
    this.#io = io;
    this.#options = options;
  }

  /** Why nothing listens at the socket. */
  refusal(): string | undefined {
    const { socket } = this.#options;
    if (this.#asks6() && this.#io.place.kind !== 'router' && !hereOf(this.#io)?.netns.inet6)
      return 'birdcl: BIRD for IPv6 is not simulated where a cluster has no IPv6';
    const sockets = this.#io.place.kind === 'router' ? [ROUTER_SOCKET] : [SOCKET, SOCKET_6];
    if ((sockets.includes(socket) || sockets.includes(this.#path)) && this.#daemon()) return undefined;
    return `Unable to connect to server control socket (${socket}): No such file or directory`;
  }

  get #path(): string {
    return this.#options.socket.replace(/^\/run\//, '/var/run/');
  }

  #asks6(): boolean {
    return this.#path === SOCKET_6;
  }

  async greet(): Promise<void> {
    const version = this.#daemon()?.view.version ?? '';
    await this.#print([{ code: 1, text: `BIRD ${version} ready.` }]);
    if (this.#options.restricted) await this.submit('restrict');
  }

  async submit(typed: string): Promise<void> {
    const expanded = expand(typed);
    if (expanded.kind === 'said') {
      await this.#io.stdout.write(expanded.text);
      return;
    }
    const daemon = this.#daemon();
    if (!daemon) return;
    if (expanded.name === 'restrict') this.#restricted = true;
    await this.#print(answer(expanded.name, expanded.rest, daemon));
  }

  /** Prompt, command, reply, until the end of the input or `quit`. */
  async converse(): Promise<void> {
    const { stdin, stdout } = this.#io;
    let pending = '';
    for (;;) {
      await stdout.write('bird> ');
      while (!pending.includes('\n')) {
        const chunk = await stdin.read(this.#io.signal);
        if (chunk === undefined) break;
        pending += utf8Text(chunk);
      }
      if (pending === '') {
        await stdout.write('\n');
        return;
      }
      const at = pending.indexOf('\n');
      const line = at < 0 ? pending : pending.slice(0, at);
      pending = at < 0 ? '' : pending.slice(at + 1);
      if (!stdin.isTerminal) await stdout.write(`${line}\n`);
      if (await this.#handle(line)) return;
      if (!this.#daemon()) {
        await this.#io.stderr.write('Connection closed by server\n');
        return;
      }
    }
  }

  /** True when the client is to end. */
  async #handle(line: string): Promise<boolean> {
    if (line === '') return false;
    if (/\?[ \t]*$/.test(line)) {
      await this.#io.stdout.write(contextHelp(line));
      return false;
    }
    const expanded = expand(line);
    if (expanded.kind === 'command' && (expanded.name === 'exit' || expanded.name === 'quit')) return true;
    if (expanded.kind === 'command' && expanded.name === 'help') {
      await this.#io.stdout.write("Press `?' for context sensitive help.\n");
      return false;
    }
    await this.submit(line);
    return false;
  }

  #daemon(): Daemon | undefined {
    const here = hereOf(this.#io);
    const view = here && this.#io.routing.at(here.id, this.#asks6() ? 'bird6' : undefined);
    if (!view) return undefined;
    const { families } = view;
    return {
      view,
      epoch: this.#io.clock.epoch,
      kernel: families.flatMap((family) =>
        routesOf(here.netns, family).flatMap(({ prefix, protocol }) => (protocol === 'bird' ? [prefix] : [])),
      ),
      interfaces: here.netns.devices.map((device) => ({
        device,
        carrier: hasCarrier(this.#io, device),
        addresses: [
          ...(families.includes(4) ? device.addresses : []),
          ...(families.includes(6) ? addresses6(here.netns, device) : []),
        ],
      })),
      restricted: this.#restricted,
    };
  }

  async #print(reply: Reply): Promise<void> {
    await this.#io.stdout.write(printed(reply, this.#options.verbose));
  }
}
