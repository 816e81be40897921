/**
 * `nc`, OpenBSD's netcat as Debian has it (netcat-openbsd 1.219), on every place of a lab. A client connects, sends what its
 * input holds, prints what comes back; `-l` waits for one connection (more with -k), prints what it hears and sends what its
 * input holds. Texts compared with the real tool. What the client hears from its input it sends at once, and again when nobody
 * acknowledges it, as long as the kernel would (tcp_retries2); what a listener sends it has read before. Left out: a
 * conversation in which the listener types, and listening for datagrams.
 */
import { utf8 } from '../../../base/bytes.ts';
import { formatIp, isIpv6 } from '../../../model/ip-family.ts';
import type { Ip } from '../../../model/ip.ts';
import type { Listener } from '../../net/netns.ts';
import type { Heard, HeldConnection, TcpOutcome, TcpRequest } from '../../net/exchange.ts';
import type { Command, CommandIo } from '../command.ts';
import { hereOf, type Here } from '../network/here.ts';
import { ephemeralPort } from '../network/identifier.ts';
import { speaksInet6 } from '../../net/inet6.ts';
import { LOOK_UP_ERRORS, lookUpAll } from '../network/resolver.ts';
import { serviceName } from '../network/services.ts';
import { NC_HELP, NC_USAGE, parseNc, type NcWishes } from './parse.ts';

export const nc: Command = {
  name: 'nc',
  summary: 'TCP and UDP by hand',
  places: ['workstation', 'node', 'router', 'host', 'pod'],
  run,
  complete: () => ['-z', '-v', '-w', '-u', '-l', '-k', '-n', '-N', '-p', '-s', '-q'],
};

/** Six repeats of SYN (net.ipv4.tcp_syn_retries), as for curl. */
const SYN_GIVEN_UP = 127_000;
const NO_DATA = new Uint8Array(0);

/** TCP_RTO_MIN, TCP_RTO_MAX and net.ipv4.tcp_retries2: milliseconds, and how often. */
const FIRST_TIMEOUT = 200;
const LONGEST_TIMEOUT = 120_000;
const MOST_REPEATS = 15;

interface OpenConnection {
  readonly request: TcpRequest;
  held: HeldConnection;
}

async function run(io: CommandIo): Promise<number> {
  const line = parseNc(io.args);
  if (!line.ok) {
    await io.stderr.write(`${line.error.message}\n`);
    return line.error.status;
  }
  if (line.value.help) {
    await io.stderr.write(NC_HELP);
    return 0;
  }
  const here = hereOf(io);
  const { listen, host, ports } = line.value;
  if (listen) return here ? serve(io, here, line.value) : 1;
  if (host === undefined || ports.length === 0) {
    await io.stderr.write(`${NC_USAGE}\n`);
    return 1;
  }
  try {
    return await new Client(io, line.value, host).run(here);
  } catch (reason) {
    if (!io.signal.aborted) throw reason;
    return 130;
  }
}

class Client {
  readonly #io: CommandIo;
  readonly #wishes: NcWishes;
  readonly #host: string;

  constructor(io: CommandIo, wishes: NcWishes, host: string) {
    this.#io = io;
    this.#wishes = wishes;
    this.#host = host;
  }

  async run(here: Here | undefined): Promise<number> {
    const found = await lookUpAll(this.#io, this.#host, { family: this.#wishes.family });
    const [first = 0] = this.#wishes.ports;
    if (!found.ok) {
      const text = LOOK_UP_ERRORS[found.error];
      await this.#io.stderr.write(`nc: getaddrinfo for host "${this.#host}" port ${first}: ${text}\n`);
      return 1;
    }
    let status = 1;
    for (const port of this.#wishes.ports) {
      const done = await this.#anyOf(here, found.value, port);
      if (done === 0) status = 0;
      if (done === 0 && !this.#wishes.scan) break;
    }
    return status;
  }

  /** The first address that takes the connection. */
  async #anyOf(here: Here | undefined, addresses: readonly Ip[], port: number): Promise<number> {
    for (const to of addresses) {
      const done = here
        ? await this.#connect(here, to, port)
        : await this.#failed(to, port, 'Network is unreachable');
      if (done === 0) return done;
    }
    return 1;
  }

  #connect(here: Here, to: Ip, port: number): Promise<number> {
    if (isIpv6(to) && !here.netns.devices.some(({ name }) => speaksInet6(here.netns, name)))
      return this.#failed(to, port, 'Cannot assign requested address');
    return this.#wishes.udp ? this.#datagram(here, to, port) : this.#stream(here, to, port);
  }

  async #stream(here: Here, to: Ip, port: number): Promise<number> {
    const sourcePort = this.#wishes.sourcePort ?? ephemeralPort(this.#io, `nc ${port}`);
    const request = { from: here.id, to, port, sourcePort, data: NO_DATA };
    const opened = this.#io.network.tcp({ ...request, stays: !this.#wishes.scan });
    if (opened.kind !== 'connected') return this.#notConnected(opened, to, port);
    await this.#wait(opened.rtt);
    await this.#succeeded(to, port);
    return opened.held ? this.#hold({ request, held: opened.held }) : 0;
  }

  /** Until the input ends, or the connection does. */
  async #hold(open: OpenConnection): Promise<number> {
    const { signal, stdin } = this.#io;
    const connection = { ...open };
    try {
      for (let said = await stdin.read(signal); said; said = await stdin.read(signal)) {
        const ended = await this.#say(connection, said);
        if (ended !== undefined) return ended;
      }
    } catch (reason) {
      // Who is killed closes its sockets.
      this.#io.network.tcp({ ...connection.request, held: connection.held });
      throw reason;
    }
    const last = this.#io.network.tcp({ ...connection.request, held: connection.held });
    if (last.kind !== 'connected') return 1;
    await this.#hear(last);
    return last.closed ? 0 : this.#linger();
  }

  /** Sends, and sends again; the exit code when that ends the connection. */
  async #say(connection: OpenConnection, said: Uint8Array): Promise<number | undefined> {
    let rest = said;
    let [wait, again] = [FIRST_TIMEOUT, 0];
    for (;;) {
      const { request, held } = connection;
      const outcome = this.#io.network.tcp({ ...request, held, data: rest, stays: true });
      if (outcome.kind !== 'connected') return 1;
      await this.#hear(outcome);
      if (outcome.closed || !outcome.held) return 0;
      connection.held = outcome.held;
      rest = rest.subarray(outcome.heard);
      if (rest.length === 0) return undefined;
      if (outcome.heard > 0) [wait, again] = [FIRST_TIMEOUT, 0];
      await this.#wait(wait);
      if (again === MOST_REPEATS) return 1;
      [wait, again] = [Math.min(2 * wait, LONGEST_TIMEOUT), again + 1];
    }
  }

  async #hear({ rtt, received }: Extract<TcpOutcome, { kind: 'connected' }>): Promise<void> {
    await this.#wait(rtt);
    if (received.length > 0) await this.#io.stdout.write(received);
  }

  /** The peer keeps the connection open: it ends with -N at the end of input, by -q or -w, or with Ctrl-C. */
  async #linger(): Promise<number> {
    const { shutdown, quitAfter, timeout } = this.#wishes;
    if (shutdown) return 0;
    const longest = Math.min(quitAfter ?? Number.POSITIVE_INFINITY, timeout ?? Number.POSITIVE_INFINITY);
    if (Number.isFinite(longest)) await this.#io.clock.sleep(longest, this.#io.signal);
    else await new Promise<never>((_, reject) => this.#untilAbort(reject));
    return 0;
  }

  #untilAbort(reject: (reason: unknown) => void): void {
    const { signal } = this.#io;
    const end = (): void => reject(signal.reason);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  }

  async #notConnected(
    outcome: Exclude<TcpOutcome, { kind: 'connected' }>,
    to: Ip,
    port: number,
  ): Promise<number> {
    const { timeout = Number.POSITIVE_INFINITY } = this.#wishes;
    const needed = outcome.kind === 'timeout' ? SYN_GIVEN_UP : (outcome.rtt ?? 0);
    await this.#wait(Math.min(needed, timeout));
    if (needed > timeout) return this.#failed(to, port, 'Operation now in progress', 'timed out: ');
    return this.#failed(to, port, ERRORS[outcome.kind === 'unreachable' ? outcome.error : outcome.kind]);
  }

  async #failed(to: Ip, port: number, text: string, how = 'failed: '): Promise<number> {
    // Without -v nothing is said about a connection that failed.
    if (this.#wishes.verbose) {
      const kind = this.#wishes.udp ? 'udp' : 'tcp';
      await this.#io.stderr.write(
        `nc: connect to ${this.#host}${this.#named(to)} port ${port} (${kind}) ${how}${text}\n`,
      );
    }
    return 1;
  }

  async #succeeded(to: Ip, port: number): Promise<void> {
    if (!this.#wishes.verbose) return;
    const kind = this.#wishes.udp ? 'udp' : 'tcp';
    const name = this.#wishes.numeric ? '*' : (serviceName(port, kind) ?? '*');
    await this.#io.stderr.write(
      `Connection to ${this.#host}${this.#named(to)} ${port} port [${kind}/${name}] succeeded!\n`,
    );
  }

  /** The address, where a name was asked for. */
  #named(to: Ip): string {
    const address = formatIp(to);
    return this.#host === address || this.#wishes.numeric ? '' : ` (${address})`;
  }

  async #datagram(here: Here, to: Ip, port: number): Promise<number> {
    const data = this.#wishes.scan ? Uint8Array.of(0x58) : await this.#input();
    const sourcePort = this.#wishes.sourcePort ?? ephemeralPort(this.#io, `nc ${port}`);
    const { reply } = this.#io.network.udpProbe({
      from: here.id,
      to,
      sourcePort,
      destinationPort: port,
      ttl: 64,
      dataLength: data.length,
      data,
    });
    if (reply.kind === 'local-error')
      return this.#failed(to, port, ERRORS[reply.error === 'too-big' ? 'invalid' : reply.error]);
    if (reply.kind === 'icmp-error') {
      await this.#wait(reply.rtt);
      return 1;
    }
    if (reply.kind === 'reply') await this.#wait(reply.rtt);
    // Silence counts as success: nothing told the scanner otherwise.
    if (this.#wishes.scan) {
      await this.#wait(UDP_SCAN_WAIT);
      await this.#succeeded(to, port);
      return 0;
    }
    if (reply.kind === 'reply' && reply.data) await this.#io.stdout.write(reply.data);
    return this.#linger();
  }

  async #input(): Promise<Uint8Array> {
    return utf8(await this.#io.stdin.text());
  }

  async #wait(milliseconds: number): Promise<void> {
    if (milliseconds > 0) await this.#io.clock.sleep(milliseconds, this.#io.signal);
  }
}

/** udptest() sends four times, a second apart (UDP_SCAN_TIMEOUT 3). */
const UDP_SCAN_WAIT = 3000;

const ERRORS = {
  refused: 'Connection refused',
  timeout: 'Connection timed out',
  'host-unreachable': 'No route to host',
  'net-unreachable': 'Network is unreachable',
  'admin-prohibited': 'No route to host',
  invalid: 'Invalid argument',
} as const;

async function serve(io: CommandIo, { id }: Here, wishes: NcWishes): Promise<number> {
  const port = wishes.sourcePort ?? wishes.ports[0];
  if (port === undefined || wishes.udp) {
    await io.stderr.write(
      wishes.udp ? 'nc: listening for datagrams (-l -u) is not simulated\n' : `${NC_USAGE}\n`,
    );
    return 1;
  }
  const says = io.stdin.isTerminal ? NO_DATA : utf8(await io.stdin.text());
  const listener: Listener = { protocol: 'tcp', port, serves: { kind: 'stream', says } };
  const opened = io.network.edit(id, { kind: 'open-socket', listener });
  if (!opened.ok) {
    await io.stderr.write(`nc: ${opened.message}\n`);
    return 1;
  }
  try {
    await listen(io, { id, port, wishes });
  } finally {
    io.network.edit(id, { kind: 'close-socket', listener });
  }
  return io.signal.aborted ? 130 : 0;
}

interface Listening {
  readonly id: Here['id'];
  readonly port: number;
  readonly wishes: NcWishes;
}

/** Until one connection has come (-k: for ever), or Ctrl-C. */
async function listen(io: CommandIo, { id, port, wishes }: Listening): Promise<void> {
  const end = new AbortController();
  const stop = (): void => end.abort();
  io.signal.addEventListener('abort', stop, { once: true });
  try {
    if (wishes.verbose) await io.stderr.write(`Listening on 0.0.0.0 ${port}\n`);
    let current: Heard['peer'] | undefined;
    for await (const heard of io.network.accept(id, port, end.signal)) {
      // Others wait until it is their turn.
      if (current && !isSamePeer(current, heard.peer)) continue;
      await tell(io, heard, !current && wishes.verbose);
      current = heard.part === 'first' || heard.part === 'more' ? heard.peer : undefined;
      if (!current && !wishes.keep) break;
    }
  } finally {
    end.abort();
    io.signal.removeEventListener('abort', stop);
  }
}

const isSamePeer = (a: Heard['peer'], b: Heard['peer']): boolean =>
  a.address === b.address && a.port === b.port;

async function tell(io: CommandIo, { peer, data }: Heard, announces: boolean): Promise<void> {
  if (announces) await io.stderr.write(`Connection received on ${formatIp(peer.address)} ${peer.port}\n`);
  if (data.length > 0) await io.stdout.write(data);
}
