import { describe, expect, test } from 'vitest';
import type { NetnsId } from '../../model/trace.ts';
import { applyEdit } from './apply-edit.ts';
import { planLinkChange, type LinkChange, type NewDevice } from './link-change.ts';
import { machineOf, namedNetnsId, namedNetnsOf, newNetns } from './named-netns.ts';
import { NO_NETFILTER } from './netfilter-rules.ts';
import type { Netns } from './netns.ts';

const HERE = 'host/h';
const RED = namedNetnsId(HERE, 'red');

const bare: Netns = {
  id: HERE,
  hostname: 'h',
  devices: [],
  routes: [],
  neighbours: [],
  fdb: [],
  netfilter: NO_NETFILTER,
  ipForward: false,
  listeners: [],
};

const veth = (name: string, at?: NetnsId): NewDevice => ({
  name,
  kind: { type: 'veth' },
  mtu: 1500,
  ...(at === undefined ? {} : { at }),
});

class Machine {
  readonly stacks = new Map<NetnsId, Netns>([
    [HERE, { ...newNetns(HERE, bare, false), namespaces: [{ name: 'red', ipForward: false }] }],
    [RED, newNetns(RED, bare, false)],
  ]);

  try(change: LinkChange): string {
    const nextIndex = (id: NetnsId): number => 1 + (this.stacks.get(id)?.devices.at(-1)?.index ?? 0);
    const plan = planLinkChange({ netns: (id) => this.stacks.get(id), nextIndex }, HERE, change);
    if (!plan.ok) return plan.error;
    for (const { netns, edit } of plan.value) {
      const stack = this.stacks.get(netns);
      const edited = stack && applyEdit(stack, edit);
      if (!edited?.ok) return edited?.error ?? `no ${netns}`;
      this.stacks.set(netns, edited.value);
    }
    return '';
  }

  /** `3 v0 -> red:eth0` of every device but lo. */
  ends(id: NetnsId): readonly string[] {
    return (this.stacks.get(id)?.devices ?? [])
      .filter(({ kind }) => kind.type !== 'loopback')
      .map(({ index, name, link }) =>
        link?.kind === 'peer'
          ? `${index} ${name} -> ${namedNetnsOf(link.netns)?.name ?? 'here'}:${link.device}`
          : `${index} ${name}`,
      );
  }
}

test('the far end of a pair is made first, here or in another namespace', () => {
  const machine = new Machine();
  expect(machine.try({ kind: 'create', device: veth('v0'), peer: veth('v1') })).toBe('');
  expect(machine.try({ kind: 'create', device: veth('w0'), peer: veth('eth0', RED) })).toBe('');
  expect(machine.ends(HERE)).toEqual(['2 v1 -> here:v0', '3 v0 -> here:v1', '4 w0 -> red:eth0']);
  expect(machine.ends(RED)).toEqual(['2 eth0 -> here:w0']);
});

test('a device that moves keeps its number when it is free, and the other end follows', () => {
  const machine = new Machine();
  machine.try({ kind: 'create', device: veth('v0'), peer: veth('v1') });
  expect(machine.try({ kind: 'move', device: 'v1', to: RED, name: 'eth0' })).toBe('');
  expect(machine.ends(HERE)).toEqual(['3 v0 -> red:eth0']);
  expect(machine.ends(RED)).toEqual(['2 eth0 -> here:v0']);
  machine.try({ kind: 'create', device: veth('w0'), peer: veth('w1') });
  expect(machine.try({ kind: 'move', device: 'w1', to: RED })).toBe('');
  expect(machine.try({ kind: 'rename', device: 'w0', name: 'x0' })).toBe('');
  expect(machine.ends(RED)).toEqual(['2 eth0 -> here:v0', '4 w1 -> here:x0']);
});

describe('nothing is changed by', () => {
  test.each<readonly [string, LinkChange, string]>([
    ['a name that is taken', { kind: 'create', device: veth('lo') }, 'RTNETLINK answers: File exists'],
    [
      'the same name twice',
      { kind: 'create', device: veth('v'), peer: veth('v') },
      'RTNETLINK answers: File exists',
    ],
    ['deleting lo', { kind: 'delete', device: 'lo' }, 'RTNETLINK answers: Operation not supported'],
    ['moving lo', { kind: 'move', device: 'lo', to: RED }, 'RTNETLINK answers: Invalid argument'],
    ['deleting what is not there', { kind: 'delete', device: 'v' }, 'Cannot find device "v"'],
  ])('%s', (_, change, message) => {
    const machine = new Machine();
    const before = new Map(machine.stacks);
    expect(machine.try(change)).toBe(message);
    expect(machine.stacks).toEqual(before);
  });
});

test('a namespace that goes takes the other ends of its pairs along', () => {
  const machine = new Machine();
  machine.try({ kind: 'create', device: veth('w0'), peer: veth('eth0', RED) });
  expect(machine.try({ kind: 'delete-namespace', name: 'red' })).toBe('');
  expect(machine.ends(HERE)).toEqual([]);
  expect(machine.stacks.get(HERE)?.namespaces).toEqual([]);
  expect([machineOf(RED), machineOf(HERE), namedNetnsOf(HERE)]).toEqual([HERE, HERE, undefined]);
});
