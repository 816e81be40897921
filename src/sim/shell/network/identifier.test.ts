import { expect, test } from 'vitest';
import type { CommandIo } from '../command.ts';
import { ephemeralPort, identifierOf } from './identifier.ts';

function io(name: string, clock: CommandIo['clock']): CommandIo {
  return { place: { kind: 'node', name }, clock } as CommandIo;
}

function clock(): CommandIo['clock'] & { time: number } {
  return {
    epoch: 0,
    time: 1000,
    now() {
      return this.time;
    },
    sleep: () => Promise.resolve(),
  };
}

test('of those drawn at one place in one instant no two are alike', () => {
  const at = clock();
  const draw = (): readonly number[] =>
    Array.from({ length: 300 }, () => ephemeralPort(io('node1', at), 'curl'));
  const [identifiers, ports] = [
    Array.from({ length: 300 }, () => identifierOf(io('node1', at), 'ping')),
    draw(),
  ];
  expect(new Set(identifiers).size).toBe(300);
  expect(new Set(ports).size).toBe(300);
  expect(Math.min(...ports)).toBeGreaterThanOrEqual(32_768);
  expect(Math.max(...ports)).toBeLessThanOrEqual(60_999);
});

test('the first follows from place and time alone', () => {
  const [one, other] = [clock(), clock()];
  const first = identifierOf(io('node1', one), 'ping');
  expect(identifierOf(io('node1', other), 'ping')).toBe(first);
  expect(identifierOf(io('node2', other), 'ping')).not.toBe(first);
  one.time = 2_000;
  expect(identifierOf(io('node1', one), 'ping')).not.toBe(first);
});
