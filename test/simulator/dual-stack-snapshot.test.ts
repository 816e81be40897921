/** What IPv6 leaves behind in a world, written down and read again: neighbours, connections, path MTUs, changes by hand. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { parseTopology } from '../../src/lab/topology.ts';
import { formatIp } from '../../src/model/ip-family.ts';
import { cidr6, ipv6 } from '../../src/model/ipv6.ts';
import type { Mac } from '../../src/model/mac.ts';
import { Simulator, worldHash } from '../../src/sim/index.ts';
import { encodeWorld } from '../../src/sim/snapshot.ts';

const FILE = 'labs/topologies/dual-stack.yaml';
const EPOCH = Date.parse('2026-05-01T10:00:00Z');
const OUTSIDE = ipv6('2001:db8:113::10');

function cluster(): Simulator {
  const topology = parseTopology(FILE, readFileSync(FILE, 'utf8'));
  if (!topology.ok) throw new Error(JSON.stringify(topology.error));
  return new Simulator({ topology: topology.value, seed: 1, epoch: EPOCH, defaultPool: true });
}

function used(): Simulator {
  const lab = cluster();
  lab.settle(30_000);
  lab.network.edit('router/router', { kind: 'set-link', device: 'eth2', mtu: 1400 });
  lab.network.edit('node/node1', {
    kind: 'add-route',
    replace: false,
    route: {
      prefix: cidr6('2001:db8:99::/48'),
      type: 'unicast',
      via: ipv6('fd00:a::1'),
      device: 'eth0',
      protocol: 'boot',
      scope: 'global',
    },
  });
  lab.network.edit('node/node1', {
    kind: 'add-neighbour',
    replace: false,
    neighbour: { address: ipv6('fd00:a::77'), device: 'eth0', mac: '02:00:00:00:00:77' as Mac },
  });
  lab.network.edit('node/node2', {
    kind: 'add-address',
    device: 'eth0',
    address: { address: ipv6('fd00:a::112'), length: 64, scope: 'global' },
  });
  ping(lab, 1400);
  ping(lab, 56);
  return lab;
}

const ping = (lab: Simulator, dataLength: number) =>
  lab.network.echo({
    from: 'node/node1',
    to: OUTSIDE,
    identifier: 7,
    sequence: 1,
    ttl: 64,
    dataLength,
    pmtuDiscovery: 'want',
  });

const written = (lab: Simulator): Json => JSON.parse(JSON.stringify(encodeWorld(lab.world))) as Json;

test('is the same world with the same future', () => {
  const straight = used();
  const memory = straight.network.memory('node/node1');
  expect(memory.neighbours.map(({ address, router }) => `${formatIp(address)} ${router}`)).toContain(
    'fd00:a::1 true',
  );
  expect(memory.pathMtu.get(OUTSIDE)?.mtu).toBe(1400);

  const there = cluster();
  const decoded = there.decode(written(straight));
  if (!decoded.ok) throw new Error(decoded.error.detail);
  there.restore(decoded.value);
  expect(worldHash(there.world)).toBe(worldHash(straight.world));
  expect(there.network.netns('node/node1')?.inet6).toEqual(straight.network.netns('node/node1')?.inet6);
  for (const lab of [straight, there]) {
    ping(lab, 1200);
    lab.settle(60_000);
  }
  expect(worldHash(there.world)).toBe(worldHash(straight.world));
});

test('what differs in one address of IPv6 is another world', () => {
  const [one, other] = [used(), used()];
  other.network.edit('node/node2', {
    kind: 'delete-address',
    device: 'eth0',
    address: { address: ipv6('fd00:a::112'), length: 64, scope: 'global' },
  });
  expect(worldHash(one.world)).not.toBe(worldHash(other.world));
});
