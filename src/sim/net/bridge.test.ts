import { describe, expect, test } from 'vitest';
import { formatIpv4, ipv4 } from '../../model/ip.ts';
import { parseMac, type Mac } from '../../model/mac.ts';
import type { NetnsId } from '../../model/trace.ts';
import { applyEdit } from './apply-edit.ts';
import type { NetnsEdit } from './edit.ts';
import { echo, type EchoOutcome, type TimedFrame } from './exchange.ts';
import { networkOf } from './journey.ts';
import { planLinkChange, type LinkChange } from './link-change.ts';
import { newNetns } from './named-netns.ts';
import { NO_NETFILTER } from './netfilter-rules.ts';
import type { Netns, NetnsMemory } from './netns.ts';
import { NO_MEMORY } from './netns.ts';

const HUB = 'host/hub';
const NAMES = ['a', 'b', 'c'] as const;
const address = (name: string): string => `192.168.0.${NAMES.indexOf(name as 'a') + 1}`;

const mac = (text: string): Mac => {
  const parsed = parseMac(text);
  if (!parsed) throw new Error(text);
  return parsed;
};

/** Three stacks on the ports of one bridge, made as a person makes them. */
class Hub {
  now = 0;
  frames: readonly TimedFrame[] = [];
  readonly #stacks = new Map<NetnsId, Netns>();
  readonly #memories = new Map<NetnsId, NetnsMemory>();

  constructor() {
    const bare: Netns = {
      id: HUB,
      hostname: 'hub',
      devices: [],
      routes: [],
      neighbours: [],
      fdb: [],
      netfilter: NO_NETFILTER,
      ipForward: false,
      listeners: [],
    };
    this.#stacks.set(HUB, newNetns(HUB, bare, false));
    this.links({ kind: 'create', device: { name: 'br0', kind: { type: 'bridge' }, mtu: 1500 } });
    this.edit(HUB, { kind: 'set-link', device: 'br0', up: true });
    for (const name of NAMES) {
      this.#stacks.set(name, newNetns(name, bare, false));
      const end = { kind: { type: 'veth' }, mtu: 1500 } as const;
      this.links({
        kind: 'create',
        device: { ...end, name: `p-${name}` },
        peer: { ...end, name: 'eth0', at: name },
      });
      this.edit(HUB, { kind: 'set-link', device: `p-${name}`, master: 'br0', up: true });
      this.edit(name, { kind: 'set-link', device: 'eth0', up: true });
      const own = { address: ipv4(address(name)), length: 24, scope: 'global' } as const;
      this.edit(name, { kind: 'add-address', device: 'eth0', address: own });
    }
  }

  stack(id: NetnsId): Netns {
    const stack = this.#stacks.get(id);
    if (!stack) throw new Error(`no stack ${id}`);
    return stack;
  }

  mac(id: NetnsId, device: string): Mac {
    return this.stack(id).devices.find(({ name }) => name === device)?.mac ?? mac('00:00:00:00:00:00');
  }

  memory(id: NetnsId): NetnsMemory {
    return this.#memories.get(id) ?? NO_MEMORY;
  }

  edit(id: NetnsId, edit: NetnsEdit): this {
    const done = applyEdit(this.stack(id), edit);
    if (!done.ok) throw new Error(done.error);
    this.#stacks.set(id, done.value);
    return this;
  }

  links(change: LinkChange): this {
    const nextIndex = (id: NetnsId): number =>
      1 + Math.max(...this.stack(id).devices.map(({ index }) => index));
    const plan = planLinkChange({ netns: (id) => this.#stacks.get(id), nextIndex }, HUB, change);
    if (!plan.ok) throw new Error(plan.error);
    for (const { netns, edit } of plan.value) this.edit(netns, edit);
    return this;
  }

  ping(from: NetnsId, to: string): EchoOutcome {
    const network = networkOf({
      stacks: this.#stacks,
      memories: this.#memories,
      segments: new Map(),
      now: this.now,
    });
    const exchange = echo(network, {
      from,
      to: ipv4(to),
      identifier: 1,
      sequence: 1,
      ttl: 64,
      dataLength: 56,
      pmtuDiscovery: 'want',
    });
    for (const [id, memory] of exchange.memory) this.#memories.set(id, memory);
    this.frames = exchange.frames;
    return exchange.outcome;
  }

  /** IPv4 frames that a device saw: `in` or `out`. */
  seen(id: NetnsId, device: string): readonly string[] {
    return this.frames
      .filter((each) => each.netns === id && each.device === device && each.frame.payload.kind === 'ipv4')
      .map(({ direction }) => direction);
  }
}

test('a bridge forwards between its ports, and the packet keeps its TTL', () => {
  const hub = new Hub();
  const { reply } = hub.ping('a', address('b'));
  expect(reply).toMatchObject({ kind: 'reply', ttl: 64 });
  expect([hub.seen(HUB, 'p-a'), hub.seen(HUB, 'p-b')]).toEqual([
    ['in', 'out'],
    ['out', 'in'],
  ]);
});

test('what it knows goes to one port, what it has forgotten to all', () => {
  const hub = new Hub();
  hub.ping('a', address('b'));
  expect(hub.seen('c', 'eth0')).toEqual([]);
  const stations = (hub.memory(HUB).stations ?? []).map(({ device, bridge }) => `${bridge} ${device}`);
  expect(stations.sort()).toEqual(['br0 p-a', 'br0 p-b']);

  // The neighbours are permanent now, so that nobody asks by ARP and the bridge hears nothing new.
  for (const [from, to] of [
    ['a', 'b'],
    ['b', 'a'],
  ] as const) {
    const neighbour = { address: ipv4(address(to)), device: 'eth0', mac: hub.mac(to, 'eth0') };
    hub.edit(from, { kind: 'add-neighbour', neighbour, replace: true });
  }
  hub.now += 301_000;
  expect(hub.ping('a', address('b')).reply.kind).toBe('reply');
  expect(hub.seen('c', 'eth0')).toEqual(['in']);
});

describe('what stops a frame', () => {
  const asks: Record<string, (hub: Hub) => void> = {
    'its port is down': (hub) => void hub.edit(HUB, { kind: 'set-link', device: 'p-b', up: false }),
    'the bridge is down': (hub) => void hub.edit(HUB, { kind: 'set-link', device: 'br0', up: false }),
    'the receiver is no port any more': (hub) =>
      void hub.edit(HUB, { kind: 'set-link', device: 'p-b', master: '' }),
    'the far end is down': (hub) => void hub.edit('b', { kind: 'set-link', device: 'eth0', up: false }),
    'the receiver does not speak ARP': (hub) =>
      void hub.edit('b', { kind: 'set-link', device: 'eth0', arp: false }),
    'somebody fixed its address to another port': (hub) => {
      const entry = { mac: hub.mac('b', 'eth0'), device: 'p-c', bridge: 'br0', state: 'static' } as const;
      hub.edit(HUB, { kind: 'add-fdb', entry, replace: false, append: false });
    },
    'somebody gave its address to the bridge': (hub) => {
      const entry = { mac: hub.mac('b', 'eth0'), device: 'p-b', bridge: 'br0' };
      hub.edit(HUB, { kind: 'add-fdb', entry, replace: false, append: false });
    },
  };
  test.each(Object.entries(asks))('%s', (what, change) => {
    const hub = new Hub();
    change(hub);
    expect(hub.ping('a', address('b')).reply.kind).not.toBe('reply');
    const others = hub.ping('a', address('c')).reply.kind;
    expect(others === 'reply').toBe(what !== 'the bridge is down');
  });
});

test('the bridge takes part with an address of its own', () => {
  const hub = new Hub();
  const own = { address: ipv4('192.168.0.254'), length: 24, scope: 'global' } as const;
  hub.edit(HUB, { kind: 'add-address', device: 'br0', address: own });
  expect(hub.ping('a', '192.168.0.254').reply.kind).toBe('reply');
  expect(hub.ping(HUB, address('c')).reply.kind).toBe('reply');
  expect(hub.seen(HUB, 'br0')).toEqual(['out', 'in']);
});

test('two bridges with two cables between them: a broadcast ends', () => {
  const hub = new Hub();
  hub.links({ kind: 'create', device: { name: 'br1', kind: { type: 'bridge' }, mtu: 1500 } });
  hub.edit(HUB, { kind: 'set-link', device: 'br1', up: true });
  for (const number of [1, 2]) {
    const end = { kind: { type: 'veth' }, mtu: 1500 } as const;
    hub.links({
      kind: 'create',
      device: { ...end, name: `x${number}` },
      peer: { ...end, name: `y${number}` },
    });
    hub.edit(HUB, { kind: 'set-link', device: `x${number}`, master: 'br0', up: true });
    hub.edit(HUB, { kind: 'set-link', device: `y${number}`, master: 'br1', up: true });
  }
  expect(hub.ping('a', '192.168.0.99').reply.kind).not.toBe('reply');
});

test('a stack answers ARP for an address that it stands in for, and for its own as its settings say', () => {
  const hub = new Hub();
  const absent = ipv4('192.168.0.77');
  const answers = (to: number): boolean => {
    hub.ping('a', formatIpv4(to as typeof absent));
    const known = hub.memory('a').neighbours.find((each) => each.address === to);
    return known?.mac === hub.mac('b', 'eth0');
  };
  expect(answers(absent)).toBe(false);
  hub.now += 10_000;
  hub.edit('b', { kind: 'proxy-neighbour', device: 'eth0', address: absent, on: true });
  expect(answers(absent)).toBe(true);

  const elsewhere = { address: ipv4('192.168.0.200'), length: 32, scope: 'global' } as const;
  hub.edit('b', { kind: 'add-address', device: 'lo', address: elsewhere });
  hub.edit('b', { kind: 'set-sysctl', key: 'net.ipv4.conf.all.arp_ignore', value: '1' });
  expect(answers(elsewhere.address)).toBe(false);
  hub.now += 10_000;
  hub.edit('b', { kind: 'set-sysctl', key: 'net.ipv4.conf.all.arp_ignore', value: '0' });
  expect(answers(elsewhere.address)).toBe(true);
});
