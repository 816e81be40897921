/**
 * One transfer: from a URL to a response or an error, with the virtual time that it takes. Error texts and codes: curl 7.88.1,
 * compared with the real tool. A connection that nobody answers is given up by the kernel after 127 seconds (six repeats
 * of SYN, net.ipv4.tcp_syn_retries), a request whose answer is lost after 15 minutes (tcp_retries2). Of two families that race,
 * the one tried second wins if the first is silent for 200 ms: the answer of a late first one is not waited for.
 */
import { formatIp, isIpv6 } from '../../../model/ip-family.ts';
import type { Ip } from '../../../model/ip.ts';
import type { HttpOutcome } from '../../net/exchange.ts';
import type { CommandIo } from '../command.ts';
import { hereOf, type Here } from '../network/here.ts';
import { ephemeralPort } from '../network/identifier.ts';
import { lookUpAll } from '../network/resolver.ts';
import type { CurlWishes } from './parse.ts';
import { hostHeader, type HttpUrl } from './url.ts';

export type TransferResult = {
  /** Lines of -v, without `* `. */
  readonly notes: readonly string[];
  readonly remote: string;
  readonly local: string;
} & (
  | { readonly kind: 'response'; readonly response: Extract<HttpOutcome, { readonly kind: 'response' }> }
  | { readonly kind: 'failed'; readonly code: number; readonly error: string }
);

const SYN_GIVEN_UP = 127_000;
const DATA_GIVEN_UP = 924_600;
/** Milliseconds (CURL_HET_DEFAULT). */
const HAPPY_EYEBALLS = 200;

/** `localhost` is looked up in curl itself, IPv4 first. */
const inetFirst = (a: Ip, b: Ip): number => Number(isIpv6(a)) - Number(isIpv6(b));

const CONNECT_ERRORS: Readonly<
  Record<Extract<HttpOutcome, { readonly kind: 'unreachable' }>['error'], string>
> = {
  'host-unreachable': 'No route to host',
  'net-unreachable': 'Network is unreachable',
  'admin-prohibited': 'No route to host',
  invalid: 'Invalid argument',
};

export class Transfer {
  readonly #io: CommandIo;
  readonly #wishes: CurlWishes;
  readonly #url: HttpUrl;
  readonly #start: number;

  constructor(io: CommandIo, wishes: CurlWishes, url: HttpUrl) {
    this.#io = io;
    this.#wishes = wishes;
    this.#url = url;
    this.#start = io.clock.now();
  }

  async run(): Promise<TransferResult> {
    const { host } = this.#url;
    const { maxTime = Number.POSITIVE_INFINITY, connectTimeout = Number.POSITIVE_INFINITY } = this.#wishes;
    const { family } = this.#wishes;
    const found = await lookUpAll(this.#io, host, { within: Math.min(maxTime, connectTimeout), family });
    if (!found.ok) {
      if (found.error === 'family') return nameless(7, "Couldn't connect to server");
      return found.error === 'late'
        ? nameless(28, `Resolving timed out after ${this.#elapsed()} milliseconds`)
        : nameless(6, `Could not resolve host: ${host}`);
    }
    return this.#tried(host === 'localhost' ? found.value.toSorted(inetFirst) : found.value);
  }

  /** One address after the other, as long as nobody answers there; what was said of the earlier ones comes first. */
  async #tried([address, ...others]: readonly Ip[]): Promise<TransferResult> {
    if (address === undefined) return nameless(6, `Could not resolve host: ${this.#url.host}`);
    const here = hereOf(this.#io);
    const trying = `  Trying ${isIpv6(address) ? `[${formatIp(address)}]` : formatIp(address)}:${this.#url.port}...`;
    if (!here) return this.#notConnected(address, [trying, immediate(address, 'Network is unreachable')]);
    const outcome = this.#ask(here, address);
    const failure = others.length === 0 ? undefined : await this.#failure(outcome, { address, others });
    if (failure !== undefined) {
      const rest = await this.#tried(others);
      return { ...rest, notes: [trying, ...failure, ...rest.notes] };
    }
    return this.#outcome(outcome, address, trying);
  }

  /** Why the next address is tried, in the words of -v; undefined when it is not. */
  async #failure(
    outcome: HttpOutcome,
    { address, others }: { readonly address: Ip; readonly others: readonly Ip[] },
  ): Promise<readonly string[] | undefined> {
    const { port } = this.#url;
    switch (outcome.kind) {
      case 'refused':
        await this.#pause(outcome.rtt);
        return [failed(address, port, 'Connection refused')];
      case 'unreachable': {
        const text = CONNECT_ERRORS[outcome.error];
        await this.#pause(outcome.rtt ?? 0);
        return [outcome.rtt === undefined ? immediate(address, text) : failed(address, port, text)];
      }
      case 'timeout': {
        // RFC 8305: the other family has its turn while the first is still silent.
        const isOther = others.some((each) => isIpv6(each) !== isIpv6(address));
        if (outcome.sourceSeen !== undefined || !isOther) return undefined;
        await this.#pause(HAPPY_EYEBALLS);
        return [];
      }
      default:
        return undefined;
    }
  }

  #outcome(outcome: HttpOutcome, address: Ip, trying: string): Promise<TransferResult> {
    const { port } = this.#url;
    switch (outcome.kind) {
      case 'response':
        return this.#answered(outcome, address, trying);
      case 'refused':
        return this.#refused(address, [trying, failed(address, port, 'Connection refused')], outcome.rtt);
      case 'empty':
        return this.#empty(address, trying, outcome.rtt);
      case 'unreachable':
        return this.#unreachable(outcome, address, trying);
      case 'timeout':
        return outcome.sourceSeen === undefined
          ? this.#unanswered(address, trying)
          : this.#stalled(address, trying);
    }
  }

  #ask(here: Here, address: Ip): HttpOutcome {
    const { port, path } = this.#url;
    const own = this.#wishes.headers.find((header) => /^host:/i.test(header));
    return this.#io.network.http({
      from: here.id,
      to: address,
      port,
      sourcePort: ephemeralPort(this.#io, `curl ${this.#url.whole}`),
      host: own === undefined ? hostHeader(this.#url) : own.slice(own.indexOf(':') + 1).trim(),
      path,
      method: this.#wishes.method,
    });
  }

  async #answered(
    response: Extract<HttpOutcome, { readonly kind: 'response' }>,
    address: Ip,
    trying: string,
  ): Promise<TransferResult> {
    const remote = formatIp(address);
    await this.#pause(response.rtt);
    const { host, port } = this.#url;
    const notes = [trying, `Connected to ${host} (${remote}) port ${port} (#0)`];
    const local = response.sourceSeen === undefined ? '' : formatIp(response.sourceSeen);
    return { kind: 'response', response, notes, remote, local };
  }

  async #refused(address: Ip, notes: readonly string[], rtt: number): Promise<TransferResult> {
    const late = await this.#timedOut(rtt, address, notes);
    return late ?? this.#notConnected(address, notes);
  }

  async #unreachable(
    outcome: Extract<HttpOutcome, { readonly kind: 'unreachable' }>,
    address: Ip,
    trying: string,
  ): Promise<TransferResult> {
    const text = CONNECT_ERRORS[outcome.error];
    if (outcome.rtt === undefined) return this.#notConnected(address, [trying, immediate(address, text)]);
    return this.#refused(address, [trying, failed(address, this.#url.port, text)], outcome.rtt);
  }

  async #unanswered(address: Ip, trying: string): Promise<TransferResult> {
    const late = await this.#timedOut(SYN_GIVEN_UP, address, [trying]);
    return (
      late ?? {
        ...this.#notConnected(address, [trying, failed(address, this.#url.port, 'Connection timed out')]),
        code: 28,
      }
    );
  }

  async #empty(address: Ip, trying: string, rtt: number): Promise<TransferResult> {
    const { host, port } = this.#url;
    const remote = formatIp(address);
    await this.#pause(rtt);
    const error = 'Empty reply from server';
    const connected = `Connected to ${host} (${remote}) port ${port} (#0)`;
    const notes = [trying, connected, error, 'Closing connection 0'];
    return { kind: 'failed', code: 52, error, notes, remote, local: '' };
  }

  /** Connected, but the answer never comes. */
  async #stalled(address: Ip, trying: string): Promise<TransferResult> {
    const { host, port } = this.#url;
    const remote = formatIp(address);
    const { maxTime = Number.POSITIVE_INFINITY } = this.#wishes;
    await this.#pause(Math.min(maxTime, DATA_GIVEN_UP));
    const [code, error] =
      maxTime <= DATA_GIVEN_UP
        ? [28, `Operation timed out after ${this.#elapsed()} milliseconds with 0 bytes received`]
        : [56, 'Recv failure: Connection timed out'];
    const notes = [
      trying,
      `Connected to ${host} (${remote}) port ${port} (#0)`,
      error,
      'Closing connection 0',
    ];
    return { kind: 'failed', code, error, notes, remote, local: '' };
  }

  #notConnected(address: Ip, notes: readonly string[]): Extract<TransferResult, { readonly kind: 'failed' }> {
    const { host, port } = this.#url;
    const error = `Failed to connect to ${host} port ${port} after ${this.#elapsed()} ms: Couldn't connect to server`;
    const all = [...notes, error, 'Closing connection 0'];
    return { kind: 'failed', code: 7, error, notes: all, remote: formatIp(address), local: '' };
  }

  /** Waits for what takes `needed`; a limit of the learner's that is shorter ends the transfer. */
  async #timedOut(
    needed: number,
    address: Ip,
    notes: readonly string[],
  ): Promise<TransferResult | undefined> {
    const { maxTime = Number.POSITIVE_INFINITY, connectTimeout = Number.POSITIVE_INFINITY } = this.#wishes;
    const limit = Math.min(maxTime, connectTimeout);
    await this.#pause(Math.min(limit, needed));
    if (needed <= limit) return undefined;
    const { host, port } = this.#url;
    const byMaxTime = maxTime <= connectTimeout;
    const error = byMaxTime
      ? `Connection timed out after ${this.#elapsed()} milliseconds`
      : `Failed to connect to ${host} port ${port} after ${this.#elapsed()} ms: Timeout was reached`;
    const moveOn = byMaxTime
      ? []
      : [`${isIpv6(address) ? 'ipv6' : 'ipv4'} connect timeout after ${this.#elapsed()}ms, move on!`];
    const all = [...notes.slice(0, 1), ...moveOn, error, 'Closing connection 0'];
    return { kind: 'failed', code: 28, error, notes: all, remote: formatIp(address), local: '' };
  }

  #elapsed(): number {
    return Math.round(this.#io.clock.now() - this.#start);
  }

  async #pause(milliseconds: number): Promise<void> {
    if (milliseconds > 0) await this.#io.clock.sleep(milliseconds, this.#io.signal);
  }
}

const nameless = (code: number, error: string): TransferResult => ({
  kind: 'failed',
  code,
  error,
  notes: [error, 'Closing connection 0'],
  remote: '',
  local: '',
});

const failed = (address: Ip, port: number, text: string): string =>
  `connect to ${formatIp(address)} port ${port} failed: ${text}`;

const immediate = (address: Ip, text: string): string =>
  `Immediate connect fail for ${formatIp(address)}: ${text}`;
