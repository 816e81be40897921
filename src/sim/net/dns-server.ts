/**
 * What a name server answers (RFC 1035, RFC 2308, RFC 2782): the records it knows, a name error with the zone's SOA record
 * for names of its zone that do not exist. Other names it would ask elsewhere: an unknown host name does not exist there
 * either, and what belongs to the internet, which no lab has, is a server failure.
 * Record layout and SOA values: CoreDNS 1.13, plugin/kubernetes and plugin/forward.
 */
import {
  addressRecord,
  authorityRecord,
  decodeDns,
  DNS_CODE,
  DNS_TYPE,
  encodeDns,
  nameRecord,
  serviceRecord,
  type DnsMessage,
  type DnsQuestion,
  type DnsRecord,
} from '../../model/dns.ts';
import type { Ip } from '../../model/ip.ts';
import { isIpv6, parseIp } from '../../model/ip-family.ts';
import type { DnsServer } from './netns.ts';

/** Seconds. */
const TTL = 30;

/**
 * The bytes that go back for the bytes that came; undefined for what is no question. `now` is the date
 * in milliseconds since 1970, the zone's serial number.
 */
export function answerDns(server: DnsServer, bytes: Uint8Array, now: number): Uint8Array | undefined {
  const asked = decodeDns(bytes);
  const question = asked?.questions[0];
  if (!asked || asked.response || !question) return undefined;
  const found = lookUp(server, question);
  const { authenticData: _, additionals: __, ...rest } = asked;
  const answer: DnsMessage = {
    ...rest,
    response: true,
    authoritative: found.own,
    recursionAvailable: !found.own,
    code: found.code,
    answers: found.answers,
    authorities: found.answers.length === 0 && found.own ? [authority(found.zone, now)] : [],
    ...(found.additionals.length > 0 && { additionals: found.additionals }),
  };
  return encodeDns(answer);
}

interface Found {
  /** Whether the name is in a zone of this server, and which. */
  readonly own: boolean;
  readonly zone: string;
  readonly code: number;
  readonly answers: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

const REVERSE_ZONES = ['in-addr.arpa.', 'ip6.arpa.'];

function lookUp(server: DnsServer, question: DnsQuestion): Found {
  const name = question.name.toLowerCase();
  const reverse = REVERSE_ZONES.find((zone) => isWithin(name, zone));
  if (reverse !== undefined) return lookUpAddress(server, question, { name, zone: reverse });
  const own = isWithin(name, server.zone);
  const { answers, additionals = [] } = records(server, question, name);
  const exists = answers.length > 0 || name === server.zone || isKnown(server, name);
  const missing = own || isHostName(name) ? DNS_CODE.nameError : DNS_CODE.serverFailure;
  return { own, zone: server.zone, code: exists ? DNS_CODE.noError : missing, answers, additionals };
}

const isWithin = (name: string, zone: string): boolean => name === zone || name.endsWith(`.${zone}`);

/** One label: the name of a machine, not of something on the internet. */
const isHostName = (name: string): boolean => !name.slice(0, -1).includes('.');

/** Addresses that are nobody's here fall through to the servers of the internet. */
function lookUpAddress(
  { reverse }: DnsServer,
  question: DnsQuestion,
  { name, zone }: { readonly name: string; readonly zone: string },
): Found {
  const targets = reverse?.get(name);
  const answers =
    question.type === DNS_TYPE.PTR
      ? (targets ?? []).map((target) => nameRecord(question.name, DNS_TYPE.PTR, TTL, target))
      : [];
  const code = targets ? DNS_CODE.noError : DNS_CODE.serverFailure;
  return { own: targets !== undefined, zone, code, answers, additionals: [] };
}

const isKnown = (server: DnsServer, name: string): boolean =>
  server.names.has(name) ||
  server.aliases?.has(name) === true ||
  server.services?.has(name) === true ||
  podAddresses(server, name).length > 0;

interface Records {
  readonly answers: readonly DnsRecord[];
  readonly additionals?: readonly DnsRecord[];
}

function records(server: DnsServer, { name: asked, type }: DnsQuestion, name: string): Records {
  const alias = server.aliases?.get(name);
  if (alias !== undefined && (type === DNS_TYPE.A || type === DNS_TYPE.AAAA || type === DNS_TYPE.CNAME)) {
    const own = nameRecord(asked, DNS_TYPE.CNAME, TTL, alias);
    const further = ofType(type, server.names.get(alias) ?? []);
    return { answers: [own, ...further.map((address) => addressRecord(alias, TTL, address))] };
  }
  if (type === DNS_TYPE.SRV) return serviceRecords(server, asked, name);
  const addresses = ofType(type, server.names.get(name) ?? podAddresses(server, name));
  return { answers: addresses.map((address) => addressRecord(asked, TTL, address)) };
}

/** Those that are asked for: A records are of IPv4, AAAA records of IPv6. */
function ofType(type: number, addresses: readonly Ip[]): readonly Ip[] {
  if (type !== DNS_TYPE.A && type !== DNS_TYPE.AAAA) return [];
  return addresses.filter((address) => isIpv6(address) === (type === DNS_TYPE.AAAA));
}

/** The places share 100 points of weight, one of two addresses has two shares, and their addresses come along. */
function serviceRecords({ services, names }: DnsServer, asked: string, name: string): Records {
  const shares = services?.get(name) ?? [];
  const weight = Math.floor(100 / Math.max(1, shares.length));
  const places = shares.filter(
    ({ target, port }, index) =>
      shares.findIndex((other) => other.target === target && other.port === port) === index,
  );
  const answers = places.map((place) => serviceRecord(asked, TTL, { priority: 0, weight, ...place }));
  const targets = [...new Set(places.map(({ target }) => target))];
  const additionals = targets.flatMap((target) =>
    (names.get(target) ?? []).map((address) => addressRecord(target, TTL, address)),
  );
  return { answers, additionals };
}

/** Three single dashes make an IPv4 address, others one of IPv6. */
function podAddresses({ podNames, zone }: DnsServer, name: string): readonly Ip[] {
  if (podNames !== true || !name.endsWith(`.pod.${zone}`)) return [];
  const [dashed = '', namespace, ...more] = name.slice(0, -`.pod.${zone}`.length).split('.');
  const isIpv4 = dashed.split('-').length === 4 && !dashed.includes('--');
  const address = parseIp(dashed.replaceAll('-', isIpv4 ? '.' : ':'));
  return address === undefined || namespace === undefined || more.length > 0 ? [] : [address];
}

const authority = (zone: string, now: number): DnsMessage['authorities'][number] =>
  authorityRecord(zone, TTL, {
    server: `ns.dns.${zone}`,
    mailbox: `hostmaster.${zone}`,
    numbers: [Math.floor(now / 1000), 7200, 1800, 86_400, TTL],
  });
