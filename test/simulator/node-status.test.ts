/** Source: node/pkg/status, Calico v3.32.1; times as BIRD 1.6.8 shows them. */
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/base/json.ts';
import type { Simulator } from '../../src/sim/index.ts';
import { create, perform, settled } from './cluster.ts';

const PATH = '/apis/crd.projectcalico.org/v1/caliconodestatuses';

function wish(cluster: Simulator, name: string, spec: JsonObject): void {
  const body = { apiVersion: 'crd.projectcalico.org/v1', kind: 'CalicoNodeStatus', metadata: { name }, spec };
  expect(create(cluster, PATH, body).code).toBe(201);
  wait(cluster, 1);
}

const wait = (cluster: Simulator, seconds: number): void => cluster.advanceTo(cluster.now + seconds * 1000);
const status = (cluster: Simulator, name: string): JsonObject | undefined =>
  cluster.world.cluster.store.get('caliconodestatuses.crd.projectcalico.org', undefined, name)?.status;
const bird = (cluster: Simulator, node: string, works: boolean): unknown =>
  perform(cluster, {
    kind: 'machine',
    machine: `node/${node}`,
    change: { kind: 'process', name: 'bird', works },
  });

const DAEMON = {
  state: 'Ready',
  version: 'v0.3.3+birdv1.6.8',
  routerID: '10.0.0.11',
  lastBootTime: expect.stringMatching(/^2026-05-01 10:00:\d\d$/) as string,
  lastReconfigurationTime: expect.stringMatching(/^2026-05-01 10:00:\d\d$/) as string,
};
const peer = (peerIP: string) => ({
  peerIP,
  since: expect.stringMatching(/^10:00:\d\d$/) as string,
  state: 'Established',
  type: 'NodeMesh',
});

describe('a CalicoNodeStatus', () => {
  test('is filled by the calico-node of its node, as far as its classes go', () => {
    const cluster = settled();
    wish(cluster, 'whole', { node: 'node1', classes: ['Agent', 'BGP', 'Routes'], updatePeriodSeconds: 10 });
    wish(cluster, 'daemons', { node: 'node1', classes: ['Agent'], updatePeriodSeconds: 0 });
    const nobody = {
      numberEstablishedV4: 0,
      numberEstablishedV6: 0,
      numberNotEstablishedV4: 0,
      numberNotEstablishedV6: 0,
    };
    const agent = { birdV4: DAEMON, birdV6: DAEMON };
    const lastUpdated = expect.stringMatching(/^2026-05-01T10:\d\d:\d\dZ$/) as string;
    expect(status(cluster, 'daemons')).toEqual({ agent, bgp: nobody, routes: {}, lastUpdated });
    const whole = status(cluster, 'whole');
    expect(whole).toMatchObject({
      agent,
      bgp: {
        ...nobody,
        numberEstablishedV4: 3,
        peersV4: [peer('10.0.0.10'), peer('10.0.0.12'), peer('10.0.1.13')],
      },
      lastUpdated,
    });
    const { routesV4 } = whole?.['routes'] as { readonly routesV4: readonly JsonObject[] };
    expect(routesV4).toContainEqual({
      destination: '10.244.166.128/26',
      gateway: 'N/A',
      interface: 'blackhole',
      learnedFrom: { sourceType: 'Static' },
      type: 'FIB',
    });
    expect(routesV4).toContainEqual({
      destination: expect.stringMatching(/^10\.244\./) as string,
      gateway: '10.0.0.12',
      interface: 'eth0',
      learnedFrom: { peerIP: '10.0.0.12', sourceType: 'NodeMesh' },
      type: 'FIB',
    });
  });

  test('is looked after every so many seconds, and written when something has changed', () => {
    const cluster = settled();
    wait(cluster, 60);
    wish(cluster, 'often', { node: 'node1', classes: ['Agent', 'BGP'], updatePeriodSeconds: 10 });
    wish(cluster, 'once', { node: 'node1', classes: ['Agent', 'BGP'], updatePeriodSeconds: 0 });
    const [often, once] = [status(cluster, 'often'), status(cluster, 'once')];
    wait(cluster, 25);
    expect(status(cluster, 'often')).toBe(often);
    bird(cluster, 'node1', false);
    wait(cluster, 10);
    expect(status(cluster, 'often')).toMatchObject({
      agent: { birdV4: { state: 'NotReady' }, birdV6: { state: 'NotReady' } },
      bgp: { numberEstablishedV4: 0, numberNotEstablishedV4: 0 },
    });
    expect(status(cluster, 'once')).toBe(once);
  });

  test('of another node, or that does not say how often, nobody fills', () => {
    const cluster = settled();
    wish(cluster, 'elsewhere', { node: 'node9', classes: ['Agent'], updatePeriodSeconds: 10 });
    wish(cluster, 'timeless', { node: 'node1', classes: ['Agent'] });
    expect([status(cluster, 'elsewhere'), status(cluster, 'timeless')]).toEqual([undefined, undefined]);
  });
});
