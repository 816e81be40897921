import { describe, expect, test } from 'vitest';
import { hex } from '../base/bytes.ts';
import {
  addressRecord,
  authorityRecord,
  decodeDns,
  DNS_CODE,
  DNS_TYPE,
  encodeDns,
  recordAddress,
  recordAuthority,
  type DnsMessage,
} from './dns.ts';
import { ipv4 } from './ip.ts';

const question: DnsMessage = {
  id: 0x1234,
  response: false,
  authoritative: false,
  recursionDesired: true,
  recursionAvailable: false,
  code: DNS_CODE.noError,
  questions: [{ name: 'web.default.', type: DNS_TYPE.A }],
  answers: [],
  authorities: [],
};

test('a question as it crosses the wire (RFC 1035, section 4.1)', () => {
  expect(hex(encodeDns(question))).toBe(
    '123401000001000000000000' + '03776562' + '0764656661756c74' + '00' + '00010001',
  );
});

describe('bytes and messages', () => {
  test('what is written is read again', () => {
    const answer: DnsMessage = {
      ...question,
      response: true,
      authoritative: true,
      answers: [addressRecord('web.default.', 30, ipv4('10.96.5.5'))],
    };
    expect(decodeDns(encodeDns(answer))).toEqual(answer);
    expect(answer.answers.map(recordAddress)).toEqual([ipv4('10.96.5.5')]);
  });

  test('a start of authority keeps its names and numbers', () => {
    const soa = {
      server: 'ns.dns.cluster.local.',
      mailbox: 'hostmaster.cluster.local.',
      numbers: [1, 7200, 1800, 86_400, 30],
    } as const;
    expect(recordAuthority(authorityRecord('cluster.local.', 30, soa))).toEqual(soa);
  });

  test('a compressed name is followed; one that points to itself is refused', () => {
    const bytes = encodeDns({ ...question, answers: [addressRecord('web.default.', 30, ipv4('10.96.5.5'))] });
    const start = bytes.length - 13 - 14;
    const pointing = (at: number): Uint8Array =>
      Uint8Array.from([...bytes.subarray(0, start), 0xc0, at, ...bytes.subarray(bytes.length - 14)]);
    expect(decodeDns(pointing(12))?.answers[0]?.name).toBe('web.default.');
    expect(decodeDns(pointing(start))).toBeUndefined();
  });

  test('what is cut off is no message', () => {
    const whole = encodeDns(question);
    for (let length = 0; length < whole.length; length += 1)
      expect(decodeDns(whole.subarray(0, length))).toBeUndefined();
  });
});
