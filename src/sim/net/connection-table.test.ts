import { describe, expect, test } from 'vitest';
import { ipv4 } from '../../model/ip.ts';
import { findConnection, putConnection } from './connection-table.ts';
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
