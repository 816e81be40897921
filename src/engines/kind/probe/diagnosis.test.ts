import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { explain, lastSighting, tunnelEnd, type Loss } from './diagnosis.ts';
import { readTables, type KernelTables } from './kernel-tables.ts';
import type { Sighting } from './sighting.ts';

function transcript(name: string): KernelTables {
  const text = readFileSync(join(import.meta.dirname, `kernel-tables.${name}.transcript.txt`), 'utf8');
  const tables = readTables(text);
  if (!tables) throw new Error(`unreadable: ${name}`);
  return tables;
}

const [P0, ETH0, VXLAN] = [2, 3, 4];

const seen = (change: Partial<Sighting> = {}): Sighting => ({
  ...{ at: 'node/node1', device: P0, direction: 'in', foreign: false, time: 1, way: 'there' },
  packet: {
    source: '10.244.166.129',
    destination: '10.244.135.1',
    ttl: 63,
    length: 60,
    content: { kind: 'other' },
  },
  ...{ encapsulation: 'none', length: 60 },
  ...change,
});

const loss = (last: Sighting | undefined, change: Partial<Loss> = {}): Loss => ({
  ...{ at: 'node/node1', last, source: '10.244.166.129', destination: '10.244.135.1', bytes: 60 },
  ...change,
});

const overlay = transcript('overlay');
const out = seen({ direction: 'out', device: VXLAN });

const told = (which: Loss, tables: KernelTables): string | undefined => {
  const ending = explain(which, tables);
  return ending && `${ending.disposition}: ${ending.reason}`;
};

const changed = (
  tables: KernelTables,
  name: string,
  change: Partial<KernelTables['links'][number]>,
): KernelTables => ({
  ...tables,
  links: tables.links.map((link) => (link.name === name ? { ...link, ...change } : link)),
});

describe('why a packet went no further', () => {
  test.each<[string, Loss, KernelTables, string | undefined]>([
    ['nothing is wrong with the tables', loss(seen()), overlay, undefined],
    [
      'blackhole',
      loss(seen(), { destination: '10.244.166.168' }),
      transcript('blackhole'),
      'blackhole: the route is a blackhole',
    ],
    [
      'a neighbour that is not there',
      loss(seen(), { destination: '10.0.0.99' }),
      transcript('absent'),
      'neighbour-unreachable: nobody on eth0 answers ARP for the next hop',
    ],
    [
      'no FDB entry',
      loss(out),
      { ...overlay, fdb: [] },
      'no-fdb-entry: vxlan.calico has no FDB entry for 66:a4:6f:e0:c4:da',
    ],
    [
      'a device that is down',
      loss(seen()),
      changed(overlay, 'vxlan.calico', { up: false }),
      'link-down: vxlan.calico is down',
    ],
    [
      'a cable without another end',
      loss(seen({ direction: 'out', device: ETH0 })),
      changed(overlay, 'eth0', { carrier: false }),
      'link-down: eth0 is down',
    ],
    [
      'too big',
      loss(seen(), { bytes: 1480 }),
      overlay,
      "too-big: 1480 bytes with Don't Fragment do not fit the MTU of 1450",
    ],
    [
      'no forwarding',
      loss(seen()),
      { ...overlay, forwards: false },
      'refused: the host does not forward (ip_forward=0)',
    ],
    ...(
      [
        ['Network is unreachable', 'no-route: no route to the destination'],
        ['No route to host', 'no-route: the route says unreachable'],
        ['Permission denied', 'no-route: the route says prohibit'],
        ['Invalid cross-device link', 'refused: the way back to its source leads elsewhere (rp_filter)'],
        ['Invalid argument', 'refused: the kernel takes its source for a martian'],
      ] as const
    ).map(([says, expected]): [string, Loss, KernelTables, string] => [
      says,
      loss(seen()),
      { ...overlay, route: { ok: false, says } },
      expected,
    ]),
  ])('%s', (_, which, tables, expected) => {
    expect(told(which, tables)).toBe(expected);
  });

  test('what never left its sender is not forwarded', () => {
    expect(told(loss(undefined), { ...overlay, forwards: false })).toBeUndefined();
  });

  test('a tunnel leads to the other end that the forwarding database names', () => {
    expect(tunnelEnd(loss(out), overlay)).toBe('10.0.1.13');
    expect(tunnelEnd(loss(seen({ direction: 'out', device: ETH0 })), overlay)).toBeUndefined();
  });
});

test('a packet was last where it was seen last, but for frames that a switch flooded', () => {
  const sightings = [
    seen({ time: 2, device: VXLAN }),
    seen({ time: 1 }),
    seen({ time: 9, foreign: true }),
    seen({ time: 8, way: 'back' }),
  ];
  expect(lastSighting(sightings, 'there')?.device).toBe(VXLAN);
});
