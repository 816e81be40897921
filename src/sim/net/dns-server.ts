/**
 * What a name server answers (RFC 1035, RFC 2308): the addresses it knows, a name error with the zone's SOA record for
 * names of its zone that do not exist. Record layout and SOA values: CoreDNS 1.13, plugin/kubernetes. Only IPv4 addresses
 * have records; reverse look-ups, SRV and CNAME records are left out.
 */
import {
  addressRecord,
  authorityRecord,
  decodeDns,
  DNS_CODE,
  DNS_TYPE,
  encodeDns,
  type DnsMessage,
} from '../../model/dns.ts';
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
  const name = question.name.toLowerCase();
  const own = name === server.zone || name.endsWith(`.${server.zone}`);
  const addresses = server.names.get(name);
  const answers = question.type === DNS_TYPE.A ? (addresses ?? []) : [];
  const answer: DnsMessage = {
    ...asked,
    response: true,
    authoritative: own,
    recursionAvailable: !own,
    code: addresses || name === server.zone ? DNS_CODE.noError : DNS_CODE.nameError,
    answers: answers.map((address) => addressRecord(question.name, TTL, address)),
    authorities: answers.length === 0 && own ? [authority(server.zone, now)] : [],
  };
  return encodeDns(answer);
}

const authority = (zone: string, now: number): DnsMessage['authorities'][number] =>
  authorityRecord(zone, TTL, {
    server: `ns.dns.${zone}`,
    mailbox: `hostmaster.${zone}`,
    numbers: [Math.floor(now / 1000), 7200, 1800, 86_400, TTL],
  });
