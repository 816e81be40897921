/** Large clusters of the bench: one rack, VXLAN, one deployment. */
import { addressAt, cidr } from '../../model/ip.ts';
import type { Topology } from '../../model/topology.ts';
import { Simulator } from '../../sim/index.ts';

/** Virtual milliseconds in which everything runs, and how often one looks whether it does. */
export const SETTLE = 300_000;
const LOOK_EVERY = 5_000;
/** DaemonSets of kube-system: calico-node and kube-proxy. */
const AGENTS = 2;
const RACK = cidr('10.0.0.0/16');
const GATEWAY = addressAt(RACK, 1);

/** All of whose pods run. */
export function broughtUp(nodes: number, pods: number): Simulator {
  const simulator = nodesUp(nodes);
  deployed(simulator, pods);
  return simulator;
}

/** With Calico and kube-proxy on every node. */
export function nodesUp(nodes: number): Simulator {
  const simulator = new Simulator({
    topology: oneRack(nodes),
    seed: 1,
    epoch: 0,
    defaultPool: true,
    backend: 'vxlan',
  });
  untilRunning(simulator, 'kube-system', AGENTS * nodes);
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
  untilRunning(simulator, 'default', replicas);
}

/** At least so many pods of the namespace. What a cluster does when nothing happens is no part of coming up. */
function untilRunning(simulator: Simulator, namespace: string, wanted: number): void {
  const runs = (): number =>
    simulator.world.cluster.store
      .list('pods', namespace)
      .filter(({ status }) => status?.['phase'] === 'Running').length;
  for (let waited = 0; runs() < wanted; waited += LOOK_EVERY) {
    if (waited >= SETTLE) throw new Error(`${runs()} of ${wanted} pods run`);
    simulator.settle(LOOK_EVERY);
  }
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
