/** DNS as tcpdump 4.99.3 prints it (print-domain.c): the question, or the answer's counts and its records. */
import {
  decodeDns,
  DNS_TYPE,
  recordAddress,
  recordAuthority,
  type DnsMessage,
  type DnsRecord,
} from '../../../model/dns.ts';
import { formatIp } from '../../../model/ip-family.ts';
import type { Style } from './print-style.ts';

const CODES = ['', ' FormErr', ' ServFail', ' NXDomain', ' NotImp', ' Refused'];

const TYPES: ReadonlyMap<number, string> = new Map(
  Object.entries(DNS_TYPE).map(([name, type]) => [type, name]),
);

/** Undefined when the bytes are no DNS message. */
export function dnsText(bytes: Uint8Array, length: number, style: Style): string | undefined {
  const message = decodeDns(bytes);
  if (!message) return undefined;
  return `${message.response ? answerText(message, style) : questionText(message)} (${length})`;
}

const typeText = (type: number): string => TYPES.get(type) ?? `Type${type}`;

const asked = ({ questions }: DnsMessage): string =>
  questions.map(({ name, type }) => ` ${typeText(type)}? ${name}`).join('');

const questionText = (message: DnsMessage): string =>
  `${message.id}${message.recursionDesired ? '+' : ''}${asked(message)}`;

function answerText(message: DnsMessage, style: Style): string {
  const { id, code, answers, authorities } = message;
  const head = `${id}${CODES[code] ?? ` Resp${code}`}${message.authoritative ? '*' : ''}${message.recursionAvailable ? '' : '-'}`;
  const question = style.verbose > 1 ? ` q:${asked(message)}` : '';
  const counts = ` ${answers.length}/${authorities.length}/0`;
  const authority =
    style.verbose > 1 && authorities.length > 0 ? ` ns:${recordTexts(authorities, style)}` : '';
  return `${head}${question}${counts}${recordTexts(answers, style)}${authority}`;
}

const recordTexts = (records: readonly DnsRecord[], style: Style): string =>
  records.map((record) => ` ${recordText(record, style)}`).join(',');

function recordText(record: DnsRecord, { verbose }: Style): string {
  const owner = verbose > 0 ? [record.name] : [];
  const lives = verbose > 2 ? [`[${lifeText(record.ttl)}]`] : [];
  return [...owner, ...lives, typeText(record.type), ...dataTexts(record, verbose)].join(' ');
}

function dataTexts(record: DnsRecord, verbose: number): readonly (string | number)[] {
  const address = recordAddress(record);
  if (address !== undefined) return [formatIp(address)];
  const soa = verbose > 0 ? recordAuthority(record) : undefined;
  return soa ? [soa.server, soa.mailbox, ...soa.numbers] : [];
}

/** `1h2m3s`, as unsigned_relts_print has it. */
function lifeText(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const;
  const shown = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count}${unit}`);
  return shown.length === 0 ? '0s' : shown.join('');
}
