/**
 * The sockets `kubectl port-forward` listens on, address by address, and what it says of each. The lab's stacks speak IPv4: a
 * socket on ::1 is told of, as the real tool does, and nothing comes to it.
 * Source: k8s.io/client-go/tools/portforward v0.35 (parseAddresses, listenOnPort).
 */
import { parseIpv4 } from '../../../model/ip.ts';
import type { NetnsId } from '../../../model/trace.ts';
import type { ForwardServer, Listener } from '../../net/netns.ts';
import type { Here } from '../network/here.ts';
import { ephemeralPort } from '../network/identifier.ts';
import { stackOf } from '../../net/stack.ts';
import type { Call } from './call.ts';
import { Failure } from './failure.ts';
import type { ForwardedPort } from './forwarded-ports.ts';

export interface ListenAddress {
  readonly text: string;
  readonly protocol: 'tcp4' | 'tcp6';
  /** Of the addresses that `localhost` stands for one may be missing. */
  readonly optional: boolean;
}

export function listenAddresses(words: readonly string[]): readonly ListenAddress[] {
  const found = new Map<string, ListenAddress>();
  for (const word of words) {
    if (word === 'localhost') {
      for (const one of LOCALHOST) if (!found.has(one.text)) found.set(one.text, one);
      continue;
    }
    const isIpv4 = parseIpv4(word) !== undefined;
    if (!isIpv4 && !/^[\da-f]*:[\da-f:.]+$/i.test(word))
      throw new Failure(`error: ${word} is not a valid IP`);
    found.set(word, { text: word, protocol: isIpv4 ? 'tcp4' : 'tcp6', optional: false });
  }
  if (found.size === 0) throw new Failure('error: you must specify at least 1 address');
  return [...found.values()].sort((a, b) => (a.text < b.text ? -1 : 1));
}

const LOCALHOST: readonly ListenAddress[] = [
  { text: '127.0.0.1', protocol: 'tcp4', optional: true },
  { text: '::1', protocol: 'tcp6', optional: true },
];

interface Open {
  readonly local: number;
  readonly listener: Listener;
}

export class ForwardListeners {
  readonly #call: Call;
  readonly #here: Here['id'];
  #open: readonly Open[] = [];

  constructor(call: Call, here: Here['id']) {
    this.#call = call;
    this.#here = here;
  }

  /** The ports it listens on, each with what it forwards to. Fails when none could be had. */
  async open(
    ports: readonly ForwardedPort[],
    addresses: readonly ListenAddress[],
    to: NetnsId,
  ): Promise<readonly ForwardedPort[]> {
    const heard: ForwardedPort[] = [];
    for (const port of ports) {
      const own = port.local === 0 ? { ...port, local: this.#freePort(port.remote) } : port;
      const complaint = await this.#listen(own, addresses, to);
      if (complaint === undefined) heard.push(own);
      else await this.#call.err(`Unable to listen on port ${port.local}: ${complaint}\n`);
    }
    if (heard.length === 0) {
      const list = ports.map(({ local, remote }) => `{${local} ${remote}}`).join(' ');
      throw new Failure(`error: unable to listen on any of the requested ports: [${list}]`);
    }
    return heard;
  }

  /** The pod has gone: its name may come to stand for another one, to which nothing is forwarded. */
  cutOff(): void {
    const { network } = this.#call.io;
    this.#open = this.#open.map(({ local, listener }) => {
      const serves: Listener['serves'] =
        listener.serves.kind === 'forward' ? { ...listener.serves, to: undefined } : listener.serves;
      network.edit(this.#here, { kind: 'close-socket', listener });
      network.edit(this.#here, { kind: 'open-socket', listener: { ...listener, serves } });
      return { local, listener: { ...listener, serves } };
    });
  }

  close(): void {
    for (const { listener } of this.#open)
      this.#call.io.network.edit(this.#here, { kind: 'close-socket', listener });
    this.#open = [];
  }

  /** Undefined when enough of the addresses could be bound. */
  async #listen(
    { local, remote }: ForwardedPort,
    addresses: readonly ListenAddress[],
    to: NetnsId,
  ): Promise<string | undefined> {
    const serves: ForwardServer = { kind: 'forward', to, port: remote };
    const taken = this.#isTakenInBoth(local);
    const errors: string[] = [];
    let failedOptional = 0;
    let failedOther = 0;
    for (const { text, protocol, optional } of addresses) {
      const shown = protocol === 'tcp6' ? `[${text}]` : text;
      const problem = protocol === 'tcp6' ? taken : this.#bind(local, text, serves);
      if (problem === undefined) await this.#call.out(`Forwarding from ${shown}:${local} -> ${remote}\n`);
      else {
        errors.push(
          `unable to create listener: Error listen ${protocol} ${shown}:${local}: bind: ${problem}`,
        );
        if (optional) failedOptional += 1;
        else failedOther += 1;
      }
    }
    const allOptional = addresses.filter(({ optional }) => optional).length === failedOptional;
    const fails = failedOther > 0 || (failedOptional > 0 && allOptional);
    return fails ? `Listeners failed to create with the following errors: [${errors.join(' ')}]` : undefined;
  }

  /** A server that was given no address, and another kubectl, have the port in IPv6 as well. */
  #isTakenInBoth(port: number): string | undefined {
    const listeners = this.#call.io.network.netns(this.#here)?.listeners ?? [];
    const both = listeners.some(
      ({ protocol, port: own, serves }) =>
        protocol === 'tcp' && own === port && serves.kind !== 'stream' && serves.kind !== 'bgp',
    );
    return both ? IN_USE : undefined;
  }

  #bind(local: number, text: string, serves: ForwardServer): string | undefined {
    const { network } = this.#call.io;
    const stack = network.netns(this.#here);
    const address = parseIpv4(text);
    const isAny = text === '0.0.0.0';
    if (address === undefined || !stack || !(isAny || stackOf(stack).routes.isLocal(address)))
      return 'cannot assign requested address';
    const listener: Listener = { protocol: 'tcp', port: local, ...(!isAny && { address }), serves };
    const opened = network.edit(this.#here, { kind: 'open-socket', listener });
    if (!opened.ok) return opened.message === 'Address already in use' ? IN_USE : opened.message;
    this.#open = [...this.#open, { local, listener }];
    return undefined;
  }

  #freePort(remote: number): number {
    const listeners = this.#call.io.network.netns(this.#here)?.listeners ?? [];
    let port = ephemeralPort(this.#call.io, `port-forward ${remote}`);
    while (listeners.some((listener) => listener.port === port)) port += 1;
    return port;
  }
}

const IN_USE = 'address already in use';
