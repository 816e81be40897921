/** What an ICMP error quotes, and how many of them one hears. Measured on Linux 6.18 with default sysctls. */
import { expect, test } from 'vitest';
import { DrivenLab } from '../fabric/driven-lab.ts';
import { referenceLab } from '../fabric/reference-lab.ts';
import { packetLength } from '../../model/wire-length.ts';

const OUTSIDE = 'host/outside';
const POD = '10.244.166.129';

/** Sequence numbers that `ping` prints an error for. */
function heard(driven: DrivenLab, count: number, interval: number): readonly number[] {
  return Array.from({ length: count }, (_, at) => at + 1).filter((sequence) => {
    const { reply } = driven.ping(OUTSIDE, POD, { sequence });
    driven.wait(interval);
    return reply.kind === 'icmp-error' && reply.error === 'net-unreachable';
  });
}

test('without a route, ping hears four errors, one a second, and then none', () => {
  expect(heard(new DrivenLab(referenceLab()), 12, 1_000)).toEqual([1, 2, 3, 4]);
});

test('without a route and faster than the limits refill, two', () => {
  const driven = new DrivenLab(referenceLab());
  expect(heard(driven, 12, 10)).toEqual([1, 2]);
  expect(heard(driven.wait(8_000), 12, 10)).toEqual([1, 2]);
});

test('a router quotes the first fragment as it came', () => {
  const driven = new DrivenLab(referenceLab());
  driven.ping(OUTSIDE, POD, { dataLength: 2972 });
  const quotes = driven.frames.flatMap(({ netns, direction, frame: { payload } }) =>
    netns === OUTSIDE &&
    direction === 'in' &&
    payload.kind === 'ipv4' &&
    payload.payload.kind === 'icmp-error'
      ? [payload.payload.original]
      : [],
  );
  expect(quotes.map((original) => [packetLength(original), original.fragment])).toEqual([
    [1500, { offset: 0, more: true }],
  ]);
});

test('an error is not answered by one, but the tunnel packet that carries it is', () => {
  const driven = new DrivenLab(referenceLab()).change('node/node1', ({ devices }) => ({
    devices: devices.map((device) => (device.name === 'vxlan.calico' ? { ...device, up: false } : device)),
  }));
  driven.probe('pod/default/web-0', '10.0.1.13', 64);
  const told = driven.frames.flatMap(({ netns, direction, frame: { payload } }) =>
    netns === 'node/node3' &&
    direction === 'in' &&
    payload.kind === 'ipv4' &&
    payload.payload.kind === 'icmp-error'
      ? [{ error: payload.payload.error, about: payload.payload.original.payload.kind }]
      : [],
  );
  expect(told).toEqual([{ error: 'port-unreachable', about: 'udp' }]);
});
