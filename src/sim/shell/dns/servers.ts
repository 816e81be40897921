/** How BIND's tools ask a server: some attempts, five seconds each, and the words for those that fail. */
import { decodeDns, type DnsMessage } from '../../../model/dns.ts';
import { formatIp } from '../../../model/ip-family.ts';
import { ipv4, type Ip } from '../../../model/ip.ts';
import type { CommandIo } from '../command.ts';
import { askServer, lookUp, resolverConfig, type DnsQuery } from '../network/resolver.ts';

const LOCALHOST = ipv4('127.0.0.1');

export interface Patience {
  readonly tries: number;
  /** Milliseconds. */
  readonly timeout: number;
}

export const PATIENCE: Patience = { tries: 3, timeout: 5000 };

export interface Asked {
  readonly query: DnsMessage;
  /** Undefined when no attempt brought an answer. */
  readonly answer: DnsMessage | undefined;
  /** Of the answer. */
  readonly bytes: number;
  /** Milliseconds. */
  readonly time: number;
  /** What became of the attempts that failed. */
  readonly failures: readonly Failure[];
}

export interface Failure {
  readonly words: string;
  /** The machine itself could not send it. */
  readonly unsent: boolean;
}

/** Asks until an answer comes or patience ends; waits as long as it really takes. */
export async function askPatiently(
  io: CommandIo,
  query: DnsQuery,
  { tries, timeout }: Patience,
): Promise<Asked> {
  const failures: Failure[] = [];
  for (let attempt = 1; ; attempt += 1) {
    const { reply, asked } = askServer(io, query);
    const time = 'rtt' in reply ? reply.rtt : 0;
    await io.clock.sleep(reply.kind === 'silence' ? timeout : time, io.signal);
    const answer = reply.kind === 'reply' && reply.data ? decodeDns(reply.data) : undefined;
    if (answer && reply.kind === 'reply') return { query: asked, answer, bytes: reply.bytes, time, failures };
    failures.push({ words: failureWords(reply), unsent: reply.kind === 'local-error' });
    if (attempt >= tries) return { query: asked, answer: undefined, bytes: 0, time, failures };
  }
}

/** Without a server in resolv.conf the machine itself is asked. Undefined when the one that was named has no address: that is told. */
export async function serverToAsk(
  io: CommandIo,
  named: string | undefined,
  { program, missing }: { readonly program: string; readonly missing: string },
): Promise<Ip | undefined> {
  if (named === undefined) return resolverConfig(io)?.server ?? LOCALHOST;
  const found = await lookUp(io, named);
  if (found.ok) return found.value;
  await io.stderr.write(`${program}: couldn't get address for '${named}': ${missing}\n`);
  return undefined;
}

export interface AskedServer {
  readonly server: Ip;
  readonly port: number;
  /** As it was typed. */
  readonly name: string;
}

/** The lines about attempts that failed. */
export function failuresText({ failures }: Asked, { server, port, name }: AskedServer): string {
  const address = formatIp(server);
  return failures
    .map(({ words, unsent }) =>
      unsent
        ? `;; UDP setup with ${address}#${port}(${address}) for ${name} failed: ${words}.\n${UNREACHED}`
        : `;; communications error to ${address}#${port}: ${words}\n`,
    )
    .join('');
}

const UNREACHED = ';; no servers could be reached\n';

/** The line after them when no answer came; an attempt that could not be sent has told it already. */
export const unreachedText = ({ failures }: Asked): string => (failures.at(-1)?.unsent ? '' : UNREACHED);

/** isc_result texts of what a UDP socket reports. */
function failureWords(reply: ReturnType<typeof askServer>['reply']): string {
  if (reply.kind === 'icmp-error') {
    switch (reply.error) {
      case 'port-unreachable':
        return 'connection refused';
      case 'net-unreachable':
        return 'network unreachable';
      case 'host-unreachable':
      case 'admin-prohibited':
        return 'host unreachable';
      default:
        return 'timed out';
    }
  }
  if (reply.kind !== 'local-error') return 'timed out';
  if (reply.error === 'invalid') return 'invalid argument';
  return reply.error === 'host-unreachable' ? 'host unreachable' : 'network unreachable';
}
