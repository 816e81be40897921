import { describe, expect, test } from 'vitest';
import { ipv6 } from '../../model/ipv6.ts';
import { DrivenLab } from '../fabric/driven-lab.ts';
import { dualStackLab, inInet6, TUNNEL6 } from '../fabric/dual-stack-lab.ts';
import type { Netns } from './netns.ts';

// The law of mechanism for IPv6: take one cause away, and its effect is gone, and nothing else; IPv4 beside it least of all.

const WEB0 = 'pod/default/web-0';
const SAME_NODE = 'fd00:10:244:1::42';
const SAME_RACK = 'fd00:10:244:2::81';
const FAR = 'fd00:10:244:3::c1';
const FAR_IPV4 = '10.244.135.1';
const TARGETS = [SAME_NODE, SAME_RACK, FAR, FAR_IPV4];
const ALL = Object.fromEntries(TARGETS.map((to) => [to, 'delivered']));

const lab = (): DrivenLab => new DrivenLab(dualStackLab());

const reach = (changed: DrivenLab): Record<string, string> =>
  Object.fromEntries(
    TARGETS.map((to) => {
      const outcome = changed.ping(WEB0, to);
      const lost = outcome.traces[0]?.disposition ?? 'not sent';
      return [to, outcome.reply.kind === 'reply' ? 'delivered' : lost];
    }),
  );

const without: Record<string, readonly [change: (node1: Netns) => Partial<Netns>, effect: object]> = {
  'the FDB entry': [
    ({ fdb }) => ({ fdb: fdb.filter(({ destination }) => destination !== ipv6('fd00:b::13')) }),
    { [FAR]: 'no-fdb-entry' },
  ],
  'the neighbour entry of the remote tunnel device': [
    inInet6(({ neighbours }) => ({
      neighbours: neighbours.filter(({ address }) => address !== ipv6('fd00:10:244:3::c0')),
    })),
    { [FAR]: 'neighbour-unreachable' },
  ],
  'the tunnel route: the default one leads to a router that knows no pods': [
    inInet6(({ routes }) => ({ routes: routes.filter(({ device }) => device !== TUNNEL6) })),
    { [FAR]: 'no-route' },
  ],
  'the route to the other block in the rack': [
    inInet6(({ routes }) => ({ routes: routes.filter(({ via }) => via !== ipv6('fd00:a::12')) })),
    { [SAME_RACK]: 'no-route' },
  ],
  "the other pod's host route: the blackhole takes it": [
    inInet6(({ routes }) => ({ routes: routes.filter(({ device }) => device !== 'cali0761ccbeace') })),
    { [SAME_NODE]: 'blackhole' },
  ],
  forwarding: [
    inInet6(() => ({ forwarding: false })),
    { [SAME_NODE]: 'refused', [SAME_RACK]: 'refused', [FAR]: 'refused' },
  ],
  "the link-local address of the pod's host end": [
    inInet6(() => ({ withoutLinkLocal: new Set(['cali0d7763386da']) })),
    {
      [SAME_NODE]: 'neighbour-unreachable',
      [SAME_RACK]: 'neighbour-unreachable',
      [FAR]: 'neighbour-unreachable',
    },
  ],
  "the tunnel device's power": [
    ({ devices }) => ({
      devices: devices.map((device) => (device.name === TUNNEL6 ? { ...device, up: false } : device)),
    }),
    { [FAR]: 'no-route' },
  ],
  "IPv4's tunnel": [
    ({ devices }) => ({ devices: devices.filter(({ name }) => name !== 'vxlan.calico') }),
    { [FAR_IPV4]: 'no-route' },
  ],
  'all rules, routes and neighbours of IPv4 but the default route': [
    ({ routes, neighbours }) => ({
      routes: routes.filter(({ prefix }) => prefix.length === 0),
      neighbours: neighbours.filter(() => false),
    }),
    { [FAR_IPV4]: 'no-route' },
  ],
};

describe('remove one cause, and exactly its effect is gone', () => {
  test.each(Object.entries(without))('%s', (_, [change, effect]) => {
    expect(reach(lab().change('node/node1', change))).toEqual({ ...ALL, ...effect });
  });

  test('nothing removed, nothing lost', () => {
    expect(reach(lab())).toEqual(ALL);
  });

  test('the remote tunnel device down: its port is closed to IPv6, and only the sending node hears of it', () => {
    const broken = lab().change('node/node3', ({ devices }) => ({
      devices: devices.map((device) => (device.name === TUNNEL6 ? { ...device, up: false } : device)),
    }));
    const outcome = broken.ping(WEB0, FAR);
    expect(outcome.reply.kind).toBe('silence');
    expect(outcome.traces.map(({ disposition, at }) => `${disposition} ${at}`)).toEqual([
      'port-closed node/node3',
      'delivered node/node1',
    ]);
    expect(reach(broken)).toEqual({ ...ALL, [FAR]: 'port-closed' });
  });
});
