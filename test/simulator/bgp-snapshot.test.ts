/** A world whose BIRDs are configured with all that BGP resources can say, and whose routers speak BGP, written down and read. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/base/json.ts';
import { parseTopology } from '../../src/lab/topology.ts';
import { Simulator, worldHash, type WorldSnapshot } from '../../src/sim/index.ts';
import { encodeWorld } from '../../src/sim/snapshot.ts';
import { create, patch } from './cluster.ts';

const FILE = 'labs/topologies/tor-bgp.yaml';
const parsed = parseTopology(FILE, readFileSync(FILE, 'utf8'));
if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
const topology = parsed.value;

const simulator = (): Simulator => new Simulator({ topology, seed: 3, epoch: 0, defaultPool: true });

function write(cluster: Simulator, kind: string, name: string, spec: JsonObject): void {
  const path = `/apis/crd.projectcalico.org/v1/${kind.toLowerCase()}s`;
  const body = { apiVersion: 'crd.projectcalico.org/v1', kind, metadata: { name }, spec };
  expect(create(cluster, path, body).code).toBe(201);
}

function configured(): Simulator {
  const made = simulator();
  made.settle(30_000);
  patch(made, '/apis/crd.projectcalico.org/v1/bgpconfigurations/default', {
    nodeToNodeMeshEnabled: false,
    bindMode: 'NodeIP',
    listenPort: 179,
    ignoredInterfaces: ['eth9'],
    ipv4NormalRoutePriority: 2000,
    serviceClusterIPs: [{ cidr: '10.96.0.0/16' }],
    prefixAdvertisements: [{ cidr: '10.244.0.0/16', communities: ['65000:7', '65000:1:2'] }],
  });
  write(made, 'BGPFilter', 'shape', {
    exportV4: [
      {
        action: 'Accept',
        peerType: 'eBGP',
        source: 'RemotePeers',
        operations: [{ prependASPath: { prefix: [64512] } }, { addCommunity: { value: '65000:9' } }],
      },
      { action: 'Reject', interface: 'eth9' },
    ],
    importV4: [
      {
        action: 'Accept',
        cidr: '10.244.0.0/16',
        matchOperator: 'In',
        prefixLength: { min: 26 },
        asPathPrefix: [65101],
        communities: { values: ['65000:7'] },
        operations: [{ setPriority: { value: 512 } }],
      },
      { action: 'Accept', priority: 7 },
    ],
  });
  write(made, 'BGPPeer', 'tor-a', {
    peerIP: '10.0.0.1',
    asNumber: 65101,
    nodeSelector: "kubernetes.io/hostname != 'node3'",
    numAllowedLocalASNumbers: 1,
    ttlSecurity: 1,
    keepaliveTime: '20s',
    maxRestartTime: '30s',
    nextHopMode: 'Self',
    filters: ['shape'],
  });
  write(made, 'BGPPeer', 'far', {
    node: 'node3',
    peerIP: '172.16.2.2',
    asNumber: 65102,
    localASNumber: 65009,
    reachableBy: '10.0.1.1',
  });
  write(made, 'BGPPeer', 'inner', {
    nodeSelector: 'all()',
    peerSelector: "kubernetes.io/hostname == 'node2'",
  });
  made.advanceTo(made.now + 60_000);
  return made;
}

describe('a snapshot', () => {
  test('holds what BIRD was told, and goes on as before', () => {
    const straight = configured();
    const snapshot = JSON.parse(JSON.stringify(encodeWorld(straight.world))) as WorldSnapshot;
    const there = simulator();
    const decoded = there.decode(snapshot);
    if (!decoded.ok) throw new Error(`${decoded.error.kind}: ${decoded.error.detail}`);
    there.restore(decoded.value);
    expect(worldHash(there.world)).toBe(worldHash(straight.world));
    expect(there.routing.speaker('node1')).toEqual(straight.routing.speaker('node1'));
    for (const cluster of [straight, there]) {
      cluster.cluster.request({
        method: 'DELETE',
        path: '/apis/crd.projectcalico.org/v1/bgppeers/tor-a',
      });
      cluster.advanceTo(cluster.now + 120_000);
    }
    expect(worldHash(there.world)).toBe(worldHash(straight.world));
  });

  test('is the same however often it is made', () => {
    expect(worldHash(configured().world)).toBe(worldHash(configured().world));
  });
});
