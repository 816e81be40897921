/**
 * A DNS answer as dig prints it, with its columns: name, time to live at 24, class at 32, type at 40, data at 48, filled with
 * tabs of 8. Layout: dig 9.18, compared with the real tool before a server that answers like CoreDNS.
 */
import type { DnsMessage, DnsRecord } from '../../../model/dns.ts';
import { strftime } from '../builtins/strftime.ts';
import { codeName, dataText, typeName } from './records.ts';
import type { DigDisplay } from './dig-parse.ts';
import type { Asked } from './servers.ts';

const COLUMNS = { ttl: 24, class: 32, type: 40, data: 48 } as const;

/** Writes words at columns: tabs up to it, or one blank when it is passed already. */
class Row {
  text = '';
  #column = 0;

  put(word: string, column?: number): this {
    if (column !== undefined) this.#indent(column);
    this.text += word;
    this.#column += word.length;
    return this;
  }

  #indent(wanted: number): void {
    const to = Math.max(wanted, this.#column + 1);
    const tabs = Math.floor(to / 8) - Math.floor(this.#column / 8);
    const from = tabs > 0 ? Math.floor(to / 8) * 8 : this.#column;
    this.text += '\t'.repeat(tabs) + ' '.repeat(to - from);
    this.#column = to;
  }
}

export const recordRow = (record: DnsRecord): string =>
  new Row()
    .put(record.name)
    .put(String(record.ttl), COLUMNS.ttl)
    .put('IN', COLUMNS.class)
    .put(typeName(record.type), COLUMNS.type)
    .put(dataText(record), COLUMNS.data).text;

export const questionRow = ({ name, type }: DnsMessage['questions'][number]): string =>
  `;${new Row().put(name).put('IN', COLUMNS.class).put(typeName(type), COLUMNS.type).text}`;

export function answerText(asked: Asked, answer: DnsMessage, display: DigDisplay): string {
  const { comments } = display;
  const section = (title: string, rows: readonly string[]): readonly string[] =>
    rows.length === 0 ? [] : comments ? [`;; ${title} SECTION:`, ...rows, ''] : rows;
  return [
    ...(comments ? header(asked, answer) : []),
    ...(display.question ? section('QUESTION', answer.questions.map(questionRow)) : []),
    ...(display.answer ? section('ANSWER', answer.answers.map(recordRow)) : []),
    ...(display.authority ? section('AUTHORITY', answer.authorities.map(recordRow)) : []),
    ...(display.additional ? section('ADDITIONAL', (answer.additionals ?? []).map(recordRow)) : []),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

/** What it is an answer to, and how many records are in it. */
export function summaryRows(answer: DnsMessage): readonly [status: string, flags: string] {
  const { id, code, questions, answers, authorities, additionals = [], edns } = answer;
  const flags = [
    'qr',
    ...(answer.authoritative ? ['aa'] : []),
    ...(answer.recursionDesired ? ['rd'] : []),
    ...(answer.recursionAvailable ? ['ra'] : []),
    ...(answer.authenticData ? ['ad'] : []),
  ];
  const counts = [
    `QUERY: ${questions.length}`,
    `ANSWER: ${answers.length}`,
    `AUTHORITY: ${authorities.length}`,
    `ADDITIONAL: ${additionals.length + (edns ? 1 : 0)}`,
  ];
  return [
    `;; ->>HEADER<<- opcode: QUERY, status: ${codeName(code)}, id: ${id}`,
    `;; flags: ${flags.join(' ')}; ${counts.join(', ')}`,
  ];
}

function header({ query }: Asked, answer: DnsMessage): readonly string[] {
  const { questions, edns } = answer;
  const isMulticast = questions.some(({ name }) => /(^|\.)local\.$/i.test(name));
  return [
    ';; Got answer:',
    ...(isMulticast ? MULTICAST_WARNING : []),
    ...summaryRows(answer),
    ...(query.recursionDesired && !answer.recursionAvailable
      ? [';; WARNING: recursion requested but not available']
      : []),
    '',
    ...(edns ? ednsRows(query, answer) : []),
  ];
}

const MULTICAST_WARNING = [
  ';; WARNING: .local is reserved for Multicast DNS',
  ';; You are currently testing what happens when an mDNS query is leaked to DNS',
];

function ednsRows(query: DnsMessage, { edns }: DnsMessage): readonly string[] {
  if (!edns) return [];
  const hex = (bytes: Uint8Array): string =>
    [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const cookie = edns.cookie && hex(edns.cookie);
  const isEcho =
    cookie !== undefined && query.edns?.cookie !== undefined && hex(query.edns.cookie) === cookie;
  return [
    ';; OPT PSEUDOSECTION:',
    `; EDNS: version: 0, flags:; udp: ${edns.udpSize}`,
    ...(cookie === undefined ? [] : [`; COOKIE: ${cookie}${isEcho ? ' (echoed)' : ''}`]),
  ];
}

/** `date` in milliseconds since 1970. */
export function statisticsText({ time, bytes }: Asked, server: string, port: number, date: number): string {
  return [
    `;; Query time: ${Math.floor(time)} msec`,
    `;; SERVER: ${server}#${port}(${server}) (UDP)`,
    `;; WHEN: ${strftime('%a %b %d %H:%M:%S UTC %Y', date)}`,
    `;; MSG SIZE  rcvd: ${bytes}`,
    '',
    '',
  ].join('\n');
}

export const shortText = ({ answers }: DnsMessage): string =>
  answers.map((record) => `${dataText(record)}\n`).join('');
