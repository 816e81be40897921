/** Large clusters of the bench: one rack, VXLAN, one deployment. */
import { addressAt, cidr } from '../../model/ip.ts';
import type { Topology } from '../../model/topology.ts';
import { Simulator } from '../../sim/index.ts';

/** Virtual milliseconds in which everything runs. */
export const SETTLE = 300_000;
const RACK = cidr('10.0.0.0/16');
const GATEWAY = addressAt(RACK, 1);

/** All of whose pods run. */
export function broughtUp(nodes: number, pods: number): Simulator {
  const simulator = nodesUp(nodes);
  deployed(simulator, pods);
  return simulator;
}

export function nodesUp(nodes: number): Simulator {
  const simulator = new Simulator({
    topology: oneRack(nodes),
    seed: 1,
    epoch: 0,
    defaultPool: true,
    backend: 'vxlan',
  });
  simulator.settle(SETTLE);
  return simulator;
}

/** One deployment's pods, until they all run. */
export function deployed(simulator: Simulator, replicas: number): void {
  simulator.cluster.request({
    method: 'POST',
    path: '/apis/apps/v1/namespaces/default/deployments',
    body: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'many' },
      spec: {
        replicas,
        selector: { matchLabels: { app: 'many' } },
        template: {
          metadata: { labels: { app: 'many' } },
          spec: { containers: [{ name: 'c', image: 'registry.k8s.io/pause:3.10' }] },
        },
      },
    },
  });
  simulator.settle(SETTLE);
  const running = simulator.world.cluster.store
    .list('pods', 'default')
    .filter(({ status }) => status?.['phase'] === 'Running');
  if (running.length !== replicas) throw new Error(`${running.length} of ${replicas} pods run`);
}

const oneRack = (nodes: number): Topology => ({
  name: 'one-rack',
  podCidr: cidr('10.244.0.0/15'),
  serviceCidr: cidr('10.96.0.0/16'),
  segments: [{ name: 'rack', subnet: RACK, mtu: 1500 }],
  routers: [
    { name: 'router', routes: [], ports: [{ segment: 'rack', address: { address: GATEWAY, length: 16 } }] },
  ],
  hosts: [],
  nodes: Array.from({ length: nodes }, (_, at) => ({
    name: at === 0 ? 'control-plane' : `node${at}`,
    role: at === 0 ? 'control-plane' : 'worker',
    segment: 'rack',
    address: { address: addressAt(RACK, at + 2), length: 16 },
    gateway: GATEWAY,
    labels: {},
  })),
});
