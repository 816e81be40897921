/**
 * From a host name to an address as glibc's stub resolver goes about it: /etc/hosts first, then the name server of
 * /etc/resolv.conf, with its search list and ndots, over the lab's network. Defaults: resolv.conf(5). Only the first name
 * server is asked, and only for IPv4 addresses.
 */
import { utf8Text } from '../../../base/bytes.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import { decodeDns, DNS_CODE, DNS_PORT, DNS_TYPE, encodeDns, recordAddress } from '../../../model/dns.ts';
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

interface ResolverConfig {
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
  const deadline = io.clock.now() + within;
  for (const candidate of candidates(name, config)) {
    const found = await query(io, config.server, { name: candidate, deadline });
    if (found.ok || found.error !== 'unknown') return found;
  }
  return err('unknown');
}

function resolverConfig(io: CommandIo): ResolverConfig | undefined {
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
function candidates(name: string, { search, ndots }: ResolverConfig): readonly string[] {
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
): Promise<Result<Ipv4, LookUpError>> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const reply = ask(io, server, name);
    const needed = reply.kind === 'silence' ? TIMEOUT : reply.kind === 'local-error' ? 0 : reply.rtt;
    const left = deadline - io.clock.now();
    await io.clock.sleep(Math.max(0, Math.min(needed, left)), io.signal);
    if (needed > left) return err('late');
    if (reply.kind === 'reply') return answered(reply.data);
  }
  return err('temporary');
}

function ask(io: CommandIo, server: Ipv4, name: string): ProbeReply {
  const here = hereOf(io);
  if (!here) return { kind: 'local-error', error: 'net-unreachable' };
  const data = encodeDns({
    id: identifierOf(io, `dns ${name}`),
    response: false,
    authoritative: false,
    recursionDesired: true,
    recursionAvailable: false,
    code: DNS_CODE.noError,
    questions: [{ name, type: DNS_TYPE.A }],
    answers: [],
    authorities: [],
  });
  const sourcePort = ephemeralPort(io, `dns ${name}`);
  const destinationPort = DNS_PORT;
  return io.network.udpProbe({
    from: here.id,
    to: server,
    sourcePort,
    destinationPort,
    ttl: 64,
    dataLength: data.length,
    data,
  }).reply;
}

function answered(data: Uint8Array | undefined): Result<Ipv4, LookUpError> {
  const message = data && decodeDns(data);
  if (!message || message.code === DNS_CODE.serverFailure) return err('temporary');
  const address = message.answers.map(recordAddress).find((found) => found !== undefined);
  return address === undefined ? err('unknown') : ok(address);
}
