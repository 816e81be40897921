/** Answers of a cluster's name server, record by record; expectations: CoreDNS 1.13 plugin/{kubernetes,pkg/...}, RFC 3596. */
import { describe, expect, test } from 'vitest';
import { decodeDns, DNS_TYPE, encodeDns, recordService, type DnsRecord } from '../../model/dns.ts';
import { formatIp } from '../../model/ip-family.ts';
import { ipv4 } from '../../model/ip.ts';
import { ipv6, ipv6FromBytes } from '../../model/ipv6.ts';
import { answerDns } from './dns-server.ts';
import type { DnsServer } from './netns.ts';

const WEB = 'web.default.svc.cluster.local.';
const REVERSE = `5.5.${'0.'.repeat(18)}6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa.`;

const SERVER: DnsServer = {
  kind: 'dns',
  zone: 'cluster.local.',
  names: new Map([
    [WEB, [ipv4('10.96.5.5'), ipv6('fd00:10:96::55')]],
    ['old.default.svc.cluster.local.', [ipv4('10.96.5.6')]],
    ['node1.', [ipv4('10.0.0.11'), ipv6('fd00:a::11')]],
  ]),
  aliases: new Map([['out.default.svc.cluster.local.', WEB]]),
  services: new Map([
    [
      `_http._tcp.${WEB}`,
      [
        { target: WEB, port: 80 },
        { target: WEB, port: 80 },
      ],
    ],
  ]),
  reverse: new Map([[REVERSE, [WEB]]]),
  podNames: true,
};

function text(record: DnsRecord): string {
  const { type, data } = record;
  if (type === DNS_TYPE.A) return `A ${[...data].join('.')}`;
  if (type === DNS_TYPE.AAAA) return `AAAA ${formatIp(ipv6FromBytes(data))}`;
  const place = recordService(record);
  return place ? `SRV ${place.priority} ${place.weight} ${place.port} ${place.target}` : `type ${type}`;
}

function ask(name: string, type: number) {
  const question = {
    id: 7,
    response: false,
    authoritative: false,
    recursionDesired: true,
    recursionAvailable: false,
    code: 0,
    questions: [{ name, type }],
    answers: [],
    authorities: [],
  };
  const answer = decodeDns(answerDns(SERVER, encodeDns(question), 0) ?? new Uint8Array());
  return {
    code: answer?.code,
    answers: answer?.answers.map(text),
    more: answer?.additionals?.map(text) ?? [],
  };
}

describe('a name server of a dual-stack cluster', () => {
  test.each<readonly [what: string, name: string, type: number, answers: readonly string[]]>([
    ['the IPv4 address', WEB, DNS_TYPE.A, ['A 10.96.5.5']],
    ['the IPv6 address', WEB, DNS_TYPE.AAAA, ['AAAA fd00:10:96::55']],
    ['a node', 'node1.', DNS_TYPE.AAAA, ['AAAA fd00:a::11']],
    [
      'what an alias stands for',
      'out.default.svc.cluster.local.',
      DNS_TYPE.AAAA,
      ['type 5', 'AAAA fd00:10:96::55'],
    ],
    ['the way back', REVERSE, DNS_TYPE.PTR, ['type 12']],
    ['a pod by its IPv4 address', '10-244-0-5.default.pod.cluster.local.', DNS_TYPE.A, ['A 10.244.0.5']],
    [
      'a pod by its IPv6 address',
      'fd00-10-244--5.default.pod.cluster.local.',
      DNS_TYPE.AAAA,
      ['AAAA fd00:10:244::5'],
    ],
    ['no IPv4 address for that', 'fd00-10-244--5.default.pod.cluster.local.', DNS_TYPE.A, []],
    ['nothing for a service of IPv4', 'old.default.svc.cluster.local.', DNS_TYPE.AAAA, []],
  ])('says %s', (_, name, type, answers) => {
    expect(ask(name, type).answers).toEqual(answers);
  });

  test('shares the weight of a place among its addresses, and names it once', () => {
    expect(ask(`_http._tcp.${WEB}`, DNS_TYPE.SRV)).toEqual({
      code: 0,
      answers: [`SRV 0 50 80 ${WEB}`],
      more: ['A 10.96.5.5', 'AAAA fd00:10:96::55'],
    });
  });

  test('knows that a name of one family exists, and leaves foreign addresses to others', () => {
    expect(ask('old.default.svc.cluster.local.', DNS_TYPE.AAAA).code).toBe(0);
    expect(ask('10-244-0-5.default.pod.cluster.local.', DNS_TYPE.AAAA).code).toBe(0);
    expect(ask(REVERSE.replace('5.5', '6.6'), DNS_TYPE.PTR).code).toBe(2);
  });
});
