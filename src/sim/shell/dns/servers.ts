/** How BIND's tools ask a server: three attempts, five seconds each, and the words for those that fail. */
import { decodeDns, type DnsMessage } from '../../../model/dns.ts';
import type { CommandIo } from '../command.ts';
import { askServer, type DnsQuery } from '../network/resolver.ts';

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
  readonly failures: readonly string[];
}

/** Asks until an answer comes or patience ends; waits as long as it really takes. */
export async function askPatiently(
  io: CommandIo,
  query: DnsQuery,
  { tries, timeout }: Patience,
): Promise<Asked> {
  const failures: string[] = [];
  for (let attempt = 1; ; attempt += 1) {
    const { reply, asked } = askServer(io, query);
    const time = 'rtt' in reply ? reply.rtt : 0;
    await io.clock.sleep(reply.kind === 'silence' ? timeout : time, io.signal);
    const answer = reply.kind === 'reply' && reply.data ? decodeDns(reply.data) : undefined;
    if (answer && reply.kind === 'reply') return { query: asked, answer, bytes: reply.bytes, time, failures };
    failures.push(failureText(reply));
    if (attempt >= tries) return { query: asked, answer: undefined, bytes: 0, time, failures };
  }
}

/** isc_result texts of what a UDP socket reports. */
function failureText(reply: ReturnType<typeof askServer>['reply']): string {
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
