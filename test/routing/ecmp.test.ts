/** Packets over a route with several next hops: flows are spread, each keeps to its way, and a way that is down is not taken. */
import { expect, test } from 'vitest';
import { formatIpv4, ipv4 } from '../../src/model/ip.ts';
import { walk } from '../../src/sim/net/forward.ts';
import { netnsOf, SCENARIOS } from './scenarios.ts';
import { SpeakerLab } from './speaker-lab.ts';

const scenario = SCENARIOS.find(({ speakers }) => 't3' in speakers);
if (!scenario) throw new RangeError('no scenario with three ToRs');

const settled = (): SpeakerLab =>
  new SpeakerLab(scenario.topology)
    .configure(
      Object.fromEntries(Object.entries(scenario.speakers).map(([name, config]) => [netnsOf(name), config])),
    )
    .wait(60_000);

/** Who gets a packet from the node to an address in 192.0.2.0/24. */
function reaches(lab: SpeakerLab, last: number): string {
  const { trace } = walk(lab.network, {
    at: 'router/node',
    packet: {
      kind: 'ipv4',
      source: ipv4('10.0.0.11'),
      destination: ipv4(`192.0.2.${last}`),
      ttl: 64,
      tos: 0,
      id: 1,
      dontFragment: true,
      payload: { kind: 'icmp-echo', reply: false, identifier: 1, sequence: 1, dataLength: 8 },
    },
  });
  return trace.at;
}

test('flows are spread over both, and each goes one way', () => {
  const lab = settled();
  const ways = Array.from({ length: 64 }, (_, last) => reaches(lab, last + 1));
  expect(new Set(ways)).toEqual(new Set(['router/t1', 'router/t2']));
  expect(Array.from({ length: 64 }, (_, last) => reaches(lab, last + 1))).toEqual(ways);
  const share = ways.filter((way) => way === 'router/t1').length;
  expect(share).toBeGreaterThan(16);
  expect(share).toBeLessThan(48);
});

test('when a neighbour has said farewell, the other carries all', () => {
  const lab = settled();
  const { t2 } = scenario.speakers;
  if (!t2) throw new RangeError('t2');
  lab.configure({ 'router/t2': { ...t2, neighbours: [] } });
  const route = lab.stack('router/node').routes.find(({ prefix }) => formatIpv4(prefix.base) === '192.0.2.0');
  expect(route).toMatchObject({ via: ipv4('10.0.0.1'), device: 'eth0' });
  expect(route).not.toHaveProperty('hops');
  expect(new Set(Array.from({ length: 16 }, (_, last) => reaches(lab, last + 1)))).toEqual(
    new Set(['router/t1']),
  );
});
