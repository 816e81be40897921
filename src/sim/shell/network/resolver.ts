/**
 * From a host name to an address as glibc's stub resolver goes about it: /etc/hosts first, then the name server of
 * /etc/resolv.conf, with its search list and ndots, over the lab's network. Defaults: resolv.conf(5). Only the first name
 * server is asked, and only for IPv4 addresses.
 */
import { utf8Text } from '../../../base/bytes.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import {
  decodeDns,
  DNS_CODE,
  DNS_PORT,
  DNS_TYPE,
  encodeDns,
  recordAddress,
  type DnsMessage,
  type Edns,
} from '../../../model/dns.ts';
import { parseIpv4, type Ipv4 } from '../../../model/ip.ts';
import type { ProbeReply } from '../../net/exchange.ts';
import type { CommandIo } from '../command.ts';
import { hereOf } from './here.ts';
import { ephemeralPort, identifierOf } from './identifier.ts';
import { knownHost } from './names.ts';

/** `late`: the caller's own limit ran out first. */
export type LookUpError = 'unknown' | 'temporary' | 'late';

/** getaddrinfo's words for it (EAI_NONAME, EAI_AGAIN). */
export const LOOK_UP_ERRORS: Readonly<Record<LookUpError, string>> = {
  unknown: 'Name or service not known',
  temporary: 'Temporary failure in name resolution',
  late: 'Temporary failure in name resolution',
};

const TIMEOUT = 5000;
const ATTEMPTS = 2;

export interface ResolverConfig {
  readonly server: Ipv4;
  readonly search: readonly string[];
  readonly ndots: number;
}

/** `within`: virtual milliseconds the caller is willing to wait. */
export async function lookUp(
  io: CommandIo,
  name: string,
  within = Number.POSITIVE_INFINITY,
): Promise<Result<Ipv4, LookUpError>> {
  const known = knownHost(io, name);
  if (known !== undefined) return ok(known);
  const config = resolverConfig(io);
  if (!config) return err('unknown');
  const found = await ask(io, config, name, within);
  return found.ok ? ok(found.value.address) : found;
}

/** The same for a name that nobody here knows, with the name that was found: of the search list, or the end of a chain. */
export async function lookUpByDns(
  io: CommandIo,
  name: string,
): Promise<Result<{ readonly address: Ipv4; readonly name: string }, LookUpError>> {
  const config = resolverConfig(io);
  return config ? ask(io, config, name, Number.POSITIVE_INFINITY) : err('unknown');
}

async function ask(
  io: CommandIo,
  config: ResolverConfig,
  name: string,
  within: number,
): Promise<Result<{ readonly address: Ipv4; readonly name: string }, LookUpError>> {
  const deadline = io.clock.now() + within;
  for (const candidate of candidates(name, config)) {
    const found = await query(io, config.server, { name: candidate, deadline });
    if (found.ok || found.error !== 'unknown') return found;
  }
  return err('unknown');
}

export function resolverConfig(io: CommandIo): ResolverConfig | undefined {
  const file = io.files.read('/etc/resolv.conf');
  const lines = (file === undefined ? '' : utf8Text(file))
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  const words = (key: string): readonly string[] =>
    lines.findLast(([first]) => first === key)?.slice(1) ?? [];
  const first = lines.find(([key]) => key === 'nameserver')?.[1] ?? '';
  const server = parseIpv4(first);
  if (server === undefined) return undefined;
  const ndots = words('options').map((option) => /^ndots:(\d+)$/.exec(option)?.[1]);
  return { server, search: words('search'), ndots: Number(ndots.find((found) => found !== undefined) ?? 1) };
}

/** A name with few dots is tried in the search domains first, one with many as it is. */
export function candidates(name: string, { search, ndots }: ResolverConfig): readonly string[] {
  if (name.endsWith('.')) return [name];
  const within = search.map((domain) => `${name}.${domain.replace(/\.$/, '')}.`);
  const dots = name.split('.').length - 1;
  return dots >= ndots ? [`${name}.`, ...within] : [...within, `${name}.`];
}

interface Query {
  readonly name: string;
  readonly deadline: number;
}

async function query(
  io: CommandIo,
  server: Ipv4,
  { name, deadline }: Query,
): Promise<Result<{ readonly address: Ipv4; readonly name: string }, LookUpError>> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const { reply } = askServer(io, { server, name, type: DNS_TYPE.A });
    const needed = reply.kind === 'silence' ? TIMEOUT : reply.kind === 'local-error' ? 0 : reply.rtt;
    const left = deadline - io.clock.now();
    await io.clock.sleep(Math.max(0, Math.min(needed, left)), io.signal);
    if (needed > left) return err('late');
    if (reply.kind === 'reply') return answered(reply.data);
  }
  return err('temporary');
}

export interface DnsQuery {
  readonly server: Ipv4;
  readonly port?: number;
  readonly name: string;
  readonly type: number;
  readonly recurse?: boolean;
  readonly edns?: Edns;
  readonly authenticData?: boolean;
}

/** One question and what came of it; waiting for it is the caller's. */
export function askServer(
  io: CommandIo,
  query: DnsQuery,
): { readonly reply: ProbeReply; readonly asked: DnsMessage } {
  const { server, port = DNS_PORT, name, type, recurse = true, edns, authenticData } = query;
  const purpose = `dns ${type} ${name}`;
  const asked: DnsMessage = {
    id: identifierOf(io, purpose),
    response: false,
    authoritative: false,
    recursionDesired: recurse,
    recursionAvailable: false,
    code: DNS_CODE.noError,
    questions: [{ name, type }],
    answers: [],
    authorities: [],
    ...(edns && { edns }),
    ...(authenticData === true && { authenticData }),
  };
  const here = hereOf(io);
  if (!here) return { reply: { kind: 'local-error', error: 'net-unreachable' }, asked };
  const data = encodeDns(asked);
  const { reply } = io.network.udpProbe({
    from: here.id,
    to: server,
    sourcePort: ephemeralPort(io, purpose),
    destinationPort: port,
    ttl: 64,
    dataLength: data.length,
    data,
  });
  return { reply, asked };
}

function answered(
  data: Uint8Array | undefined,
): Result<{ readonly address: Ipv4; readonly name: string }, LookUpError> {
  const message = data && decodeDns(data);
  if (!message || message.code === DNS_CODE.serverFailure) return err('temporary');
  for (const record of message.answers) {
    const address = recordAddress(record);
    if (address !== undefined) return ok({ address, name: record.name.replace(/\.$/, '') });
  }
  return err('unknown');
}
