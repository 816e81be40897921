import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ipv4 } from '../../model/ip.ts';
import {
  ConnectionDraft,
  ConnectionIndex,
  findConnection,
  putConnection,
  sameConnection,
} from './connection-table.ts';
import type { ConntrackEntry, Tuple } from './netns.ts';

const CLIENT = ipv4('10.244.0.5');
const SERVER = ipv4('10.244.1.7');

const there: Tuple = { source: CLIENT, destination: SERVER, sourcePort: 40_000, destinationPort: 80 };
const back: Tuple = { source: SERVER, destination: CLIENT, sourcePort: 80, destinationPort: 40_000 };
const tcp: ConntrackEntry = { protocol: 'tcp', original: there, reply: back, assured: false, expires: 1_000 };

const ping: Tuple = { source: CLIENT, destination: SERVER, sourcePort: 7, destinationPort: 0 };
const pong: Tuple = { source: SERVER, destination: CLIENT, sourcePort: 7, destinationPort: 0 };
const icmp: ConntrackEntry = { ...tcp, protocol: 'icmp', original: ping, reply: pong };

describe('a packet among the connections', () => {
  test('belongs to one of TCP by either tuple, whatever it was looked for as', () => {
    for (const direction of ['original', 'reply'] as const) {
      const sought = { protocol: 'tcp', direction } as const;
      expect(findConnection([icmp, tcp], { ...sought, tuple: there })).toEqual({
        entry: tcp,
        direction: 'original',
      });
      expect(findConnection([icmp, tcp], { ...sought, tuple: back })).toEqual({
        entry: tcp,
        direction: 'reply',
      });
      expect(findConnection([tcp], { protocol: 'udp', direction, tuple: there })).toBeUndefined();
    }
  });

  test('is an echo only in the direction in which it was looked for', () => {
    const request = { protocol: 'icmp', tuple: ping } as const;
    expect(findConnection([icmp], { ...request, direction: 'original' })?.entry).toBe(icmp);
    expect(findConnection([icmp], { ...request, direction: 'reply' })).toBeUndefined();
  });
});

describe('an entry put among the connections', () => {
  test('takes the place of the connection as it was before', () => {
    const entries = [tcp, icmp];
    const refreshed = { ...tcp, expires: 2_000 };
    putConnection(entries, refreshed);
    expect(entries).toEqual([refreshed, icmp]);
  });

  test('takes the place of one the other way round, which is over; a ping back is another connection', () => {
    const entries = [tcp, icmp];
    const reversed = { ...tcp, original: back, reply: there };
    putConnection(entries, reversed);
    const pinged = { ...icmp, original: pong, reply: ping };
    putConnection(entries, pinged);
    expect(entries).toEqual([reversed, icmp, pinged]);
  });
});

describe('many connections', () => {
  const tuple = fc.record<Tuple>({
    source: fc.constantFrom(CLIENT, SERVER),
    destination: fc.constantFrom(CLIENT, SERVER),
    sourcePort: fc.integer({ min: 1, max: 9 }),
    destinationPort: fc.integer({ min: 1, max: 3 }),
  });
  const protocol = fc.constantFrom<ConntrackEntry['protocol']>('tcp', 'tcp', 'tcp', 'icmp');
  const entry = fc
    .record({ protocol, original: tuple, reply: tuple, expires: fc.nat() })
    .map((each): ConntrackEntry => ({ ...each, assured: false }));
  const sought = fc.record({
    protocol,
    tuple,
    direction: fc.constantFrom<'original' | 'reply'>('original', 'reply'),
  });

  test('are found and replaced as if each were looked at', () => {
    let mostAtOnce = 0;
    fc.assert(
      fc.property(fc.array(fc.tuple(entry, sought), { minLength: 30, maxLength: 90 }), (steps) => {
        const draft = new ConnectionDraft();
        const list: ConntrackEntry[] = [];
        for (const [put, look] of steps) {
          draft.put(put);
          putConnection(list, put);
          expect(draft.find(look)).toEqual(findConnection(list, look));
        }
        expect(draft.entries).toEqual(list);
        const index = new ConnectionIndex(list);
        for (const [put, look] of steps) {
          expect(index.find(look)).toEqual(findConnection(list, look));
          expect(index.has(put)).toBe(list.some((known) => sameConnection(known, put)));
        }
        mostAtOnce = Math.max(mostAtOnce, list.length);
      }),
      { numRuns: 200 },
    );
    expect(mostAtOnce).toBeGreaterThan(40);
  });
});
