/**
 * How long a large cluster takes to come up: 500 nodes, 5,000 pods of one deployment, scheduled, addressed and running, from
 * nothing. Without BGP, as clusters of that size run VXLAN: a full mesh would be 124,750 sessions.
 */
import { addressAt, cidr } from '../../model/ip.ts';
import type { Topology } from '../../model/topology.ts';
import { Simulator } from '../../sim/index.ts';
import { figure, type Figure } from './figure.ts';

const NODES = 500;
const PODS = 5_000;
const RUNS = 3;
const LIMIT = 5;
/** Virtual milliseconds in which everything runs. */
const SETTLE = 120_000;
const RACK = cidr('10.0.0.0/16');
const GATEWAY = addressAt(RACK, 1);

export function largeCluster(): Figure {
  const seconds = Array.from({ length: RUNS }, () => {
    const began = performance.now();
    const simulator = broughtUp();
    const took = (performance.now() - began) / 1000;
    const running = simulator.world.cluster.store
      .list('pods', 'default')
      .filter(({ status }) => status?.['phase'] === 'Running');
    if (running.length !== PODS) throw new Error(`${running.length} of ${PODS} pods run`);
    return took;
  });
  return figure({ unit: 's', limit: LIMIT }, seconds);
}

function broughtUp(): Simulator {
  const simulator = new Simulator({
    topology: oneRack(),
    seed: 1,
    epoch: 0,
    defaultPool: true,
    backend: 'vxlan',
  });
  simulator.settle(SETTLE);
  simulator.cluster.request({
    method: 'POST',
    path: '/apis/apps/v1/namespaces/default/deployments',
    body: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'many' },
      spec: {
        replicas: PODS,
        selector: { matchLabels: { app: 'many' } },
        template: {
          metadata: { labels: { app: 'many' } },
          spec: { containers: [{ name: 'c', image: 'registry.k8s.io/pause:3.10' }] },
        },
      },
    },
  });
  simulator.settle(SETTLE);
  return simulator;
}

const oneRack = (): Topology => ({
  name: 'one-rack',
  podCidr: cidr('10.244.0.0/16'),
  serviceCidr: cidr('10.96.0.0/16'),
  segments: [{ name: 'rack', subnet: RACK, mtu: 1500 }],
  routers: [
    { name: 'router', routes: [], ports: [{ segment: 'rack', address: { address: GATEWAY, length: 16 } }] },
  ],
  hosts: [],
  nodes: Array.from({ length: NODES }, (_, at) => ({
    name: at === 0 ? 'control-plane' : `node${at}`,
    role: at === 0 ? 'control-plane' : 'worker',
    segment: 'rack',
    address: { address: addressAt(RACK, at + 2), length: 16 },
    gateway: GATEWAY,
    labels: {},
  })),
});
