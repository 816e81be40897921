/**
 * From a host name to an address as glibc's stub resolver goes about it: /etc/hosts first, then the name server of
 * /etc/resolv.conf, with its search list and ndots, over the lab's network. Defaults: resolv.conf(5). Only the first name
 * server is asked; which address of several is tried first is in `address-order.ts`.
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
import { parseIp } from '../../../model/ip-family.ts';
import type { Ip } from '../../../model/ip.ts';
import { addresses6 } from '../../net/inet6.ts';
import type { ProbeReply } from '../../net/exchange.ts';
import type { CommandIo } from '../command.ts';
import { orderedAddresses } from './address-order.ts';
import { hereOf } from './here.ts';
import { ephemeralPort, identifierOf } from './identifier.ts';
import { knownHosts, parseNumber, type WantedFamily } from './names.ts';

/** `late`: the caller's own limit ran out first; `family`: an address of the family that was not asked for. */
export type LookUpError = 'unknown' | 'temporary' | 'late' | 'family';

/** getaddrinfo's words for it (EAI_NONAME, EAI_AGAIN, EAI_ADDRFAMILY). */
export const LOOK_UP_ERRORS: Readonly<Record<LookUpError, string>> = {
  unknown: 'Name or service not known',
  temporary: 'Temporary failure in name resolution',
  late: 'Temporary failure in name resolution',
  family: 'Address family for hostname not supported',
};

const TIMEOUT = 5000;
const ATTEMPTS = 2;

export interface ResolverConfig {
  readonly server: Ip;
  readonly search: readonly string[];
  readonly ndots: number;
}

export interface LookUpWishes {
  /** Virtual milliseconds the caller is willing to wait. */
  readonly within?: number;
  readonly family?: WantedFamily;
}

/** The address to be tried first. */
export async function lookUp(
  io: CommandIo,
  name: string,
  wishes: LookUpWishes = {},
): Promise<Result<Ip, LookUpError>> {
  const found = await lookUpAll(io, name, wishes);
  if (!found.ok) return found;
  const [first] = found.value;
  return first === undefined ? err('unknown') : ok(first);
}

/** All addresses of the name, in the order in which a program tries them. */
export async function lookUpAll(
  io: CommandIo,
  name: string,
  wishes: LookUpWishes = {},
): Promise<Result<readonly Ip[], LookUpError>> {
  const { within = Number.POSITIVE_INFINITY, family = 'any' } = wishes;
  if (knownHosts(io, name).length > 0 && isNumeric(name) && knownHosts(io, name, family).length === 0)
    return err('family');
  const known = knownHosts(io, name, family);
  if (known.length > 0) return ok(ordered(io, known));
  const config = resolverConfig(io);
  if (!config) return err('unknown');
  const found = await ask(io, config, { name, within, family });
  return found.ok
    ? ok(
        ordered(
          io,
          found.value.map(({ address }) => address),
        ),
      )
    : found;
}

const isNumeric = (name: string): boolean => parseIp(name) !== undefined || parseNumber(name) !== undefined;

function ordered(io: CommandIo, addresses: readonly Ip[]): readonly Ip[] {
  const here = hereOf(io);
  return here ? orderedAddresses(here, addresses) : addresses;
}

interface NamedAddress {
  readonly address: Ip;
  readonly name: string;
}

/** The same for a name that nobody here knows, with the names that were found: of the search list, or the end of a chain. */
export async function lookUpByDns(
  io: CommandIo,
  name: string,
  family: WantedFamily = 'any',
): Promise<Result<readonly NamedAddress[], LookUpError>> {
  const config = resolverConfig(io);
  if (!config) return err('unknown');
  const found = await ask(io, config, { name, within: Number.POSITIVE_INFINITY, family });
  if (!found.ok) return found;
  const order = ordered(
    io,
    found.value.map(({ address }) => address),
  );
  return ok(order.flatMap((address) => found.value.find((each) => each.address === address) ?? []));
}

interface Asked {
  readonly name: string;
  readonly within: number;
  readonly family: WantedFamily;
}

async function ask(
  io: CommandIo,
  config: ResolverConfig,
  { name, within, family }: Asked,
): Promise<Result<readonly NamedAddress[], LookUpError>> {
  const deadline = io.clock.now() + within;
  const types = askedTypes(io, family);
  for (const candidate of candidates(name, config)) {
    const found = await query(io, config.server, { name: candidate, deadline, types });
    if (found.ok || found.error !== 'unknown') return found;
  }
  return err('unknown');
}

/** AI_ADDRCONFIG: IPv6 addresses are asked for only where a device has one itself. */
function askedTypes(io: CommandIo, family: WantedFamily): readonly number[] {
  if (family !== 'any') return [family === 4 ? DNS_TYPE.A : DNS_TYPE.AAAA];
  const netns = hereOf(io)?.netns;
  const speaks6 = netns?.devices.some(
    (device) => device.kind.type !== 'loopback' && addresses6(netns, device).length > 0,
  );
  return speaks6 ? [DNS_TYPE.A, DNS_TYPE.AAAA] : [DNS_TYPE.A];
}

export function resolverConfig(io: CommandIo): ResolverConfig | undefined {
  const file = io.files.read('/etc/resolv.conf');
  const lines = (file === undefined ? '' : utf8Text(file))
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  const words = (key: string): readonly string[] =>
    lines.findLast(([first]) => first === key)?.slice(1) ?? [];
  const first = lines.find(([key]) => key === 'nameserver')?.[1] ?? '';
  const server = parseIp(first);
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
  readonly types: readonly number[];
}

/** All types are asked for at once, and what is missing is asked for again. */
async function query(
  io: CommandIo,
  server: Ip,
  { name, deadline, types }: Query,
): Promise<Result<readonly NamedAddress[], LookUpError>> {
  const found: NamedAddress[] = [];
  let open = types;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const replies = open.map((type) => ({ type, ...askServer(io, { server, name, type }) }));
    const left = deadline - io.clock.now();
    const needed = Math.max(...replies.map(({ reply }) => waitFor(reply)));
    await io.clock.sleep(Math.max(0, Math.min(needed, left)), io.signal);
    if (needed > left) return err('late');
    for (const { reply } of replies) {
      const answer = reply.kind === 'reply' ? answered(reply.data) : ok([]);
      if (!answer.ok && answer.error === 'temporary') return answer;
      if (answer.ok) found.push(...answer.value);
    }
    open = replies.filter(({ reply }) => reply.kind !== 'reply').map(({ type }) => type);
    if (open.length === 0) return found.length > 0 ? ok(found) : err('unknown');
  }
  return found.length > 0 ? ok(found) : err('temporary');
}

function waitFor(reply: ProbeReply): number {
  if (reply.kind === 'silence') return TIMEOUT;
  return reply.kind === 'local-error' ? 0 : reply.rtt;
}

export interface DnsQuery {
  readonly server: Ip;
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

function answered(data: Uint8Array | undefined): Result<readonly NamedAddress[], LookUpError> {
  const message = data && decodeDns(data);
  if (!message || message.code === DNS_CODE.serverFailure) return err('temporary');
  const found = message.answers.flatMap((record) => {
    const address = recordAddress(record);
    return address === undefined ? [] : [{ address, name: record.name.replace(/\.$/, '') }];
  });
  return found.length > 0 ? ok(found) : err('unknown');
}
