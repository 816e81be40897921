/** A way to an engine's socket that can be cut, for tests in which the engine goes away and comes back. */
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';

export class CuttableSocket {
  readonly #path: string;
  readonly #to: string;
  readonly #open = new Set<Socket>();
  #server: Server | undefined;

  /** @param to the engine's own socket */
  constructor(path: string, to: string) {
    this.#path = path;
    this.#to = to;
  }

  get host(): string {
    return `unix://${this.#path}`;
  }

  async connect(): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (from) => this.#join(from));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#path, resolve));
  }

  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#open) socket.destroy();
    if (server) await new Promise((resolve) => server.close(resolve));
    await rm(this.#path, { force: true });
  }

  #join(from: Socket): void {
    const to = connect({ path: this.#to, allowHalfOpen: true });
    for (const [socket, other] of [
      [from, to],
      [to, from],
    ] as const) {
      this.#open.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => this.#open.delete(socket));
    }
    from.pipe(to);
    to.pipe(from);
  }
}
