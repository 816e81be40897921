/**
 * How long one packet's walk takes, from a pod of rack-a through VXLAN and the router to a pod of rack-b: a packet of a running
 * ping, and the first one, which every stack on the way must also resolve neighbours for. Counted in processor time, of all
 * threads: the collection of garbage is part of it, what else the machine does is not.
 */
import process from 'node:process';
import type { Json, JsonObject } from '../../base/json.ts';
import { formatCidr, parseIpv4, type Ipv4 } from '../../model/ip.ts';
import type { LabEntry } from '../../services/library.ts';
import { Simulator, walk, type WalkStart } from '../../sim/index.ts';
import { figure, type Figure } from './figure.ts';

const RUNS = 7;
const WALKS = 20_000;
/** Virtual milliseconds in which both pods run. */
const SETTLE = 60_000;

export interface Walks {
  readonly running: Figure;
  readonly first: Figure;
  /** Walks that one processor core makes in a second. */
  readonly rate: Figure;
}

export function crossRackWalks({ environment: { topology } }: LabEntry): Walks {
  const simulator = new Simulator({ topology, seed: 1, epoch: 0, defaultPool: false, backend: 'vxlan' });
  createPool(simulator, formatCidr(topology.podCidr));
  const workers = topology.nodes.filter(({ role }) => role === 'worker');
  const [near] = workers;
  const far = workers.find(({ segment }) => segment !== near?.segment);
  if (!near || !far) throw new Error('the lab has no two workers in different racks');
  const packet = echoBetween(runPod(simulator, 'a', near.name), runPod(simulator, 'b', far.name));
  const start = { at: 'pod/default/a', packet };
  const untouched = simulator.networkView();
  const { trace, memory } = walk(untouched, start);
  if (trace.disposition !== 'delivered')
    throw new Error(`the packet was not delivered: ${trace.disposition}`);
  if (!trace.steps.some((step) => step.kind === 'encapsulate' && step.with === 'vxlan'))
    throw new Error('the packet did not go through VXLAN');
  const acquainted = { ...untouched, memory: (id: string) => memory.get(id) ?? untouched.memory(id) };
  const running = timed(acquainted, start);
  const perSecond = running.map((microseconds) => Math.round(1e6 / microseconds));
  return {
    first: figure({ unit: 'microseconds' }, timed(untouched, start)),
    running: figure({ unit: 'microseconds', limit: 50 }, running),
    rate: figure({ unit: 'walks a second', atLeast: 50_000 }, perSecond),
  };
}

type Network = Parameters<typeof walk>[0];
type Packet = WalkStart['packet'];

function timed(network: Network, start: WalkStart): readonly number[] {
  const samples: number[] = [];
  // The compiler settles before anything is counted.
  for (let turn = 0; turn < WALKS; turn += 1) walk(network, start);
  for (let run = 0; run < RUNS; run += 1) {
    const began = process.cpuUsage();
    for (let turn = 0; turn < WALKS; turn += 1) walk(network, start);
    const { user, system } = process.cpuUsage(began);
    samples.push((user + system) / WALKS);
  }
  return samples;
}

function echoBetween(source: Ipv4, destination: Ipv4): Packet {
  return {
    kind: 'ipv4',
    source,
    destination,
    ttl: 64,
    tos: 0,
    id: 1,
    dontFragment: true,
    payload: { kind: 'icmp-echo', reply: false, identifier: 1, sequence: 1, dataLength: 56 },
  };
}

function createPool({ cluster }: Simulator, cidr: string): void {
  cluster.request({
    method: 'POST',
    path: '/apis/crd.projectcalico.org/v1/ippools',
    body: {
      apiVersion: 'crd.projectcalico.org/v1',
      kind: 'IPPool',
      metadata: { name: 'pods' },
      spec: { cidr, ipipMode: 'Never', vxlanMode: 'CrossSubnet', natOutgoing: true, nodeSelector: 'all()' },
    },
  });
}

/** Creates a pod on a node, waits until it runs, and returns its address. */
function runPod(simulator: Simulator, name: string, nodeName: string): Ipv4 {
  const body: JsonObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { nodeName, containers: [{ name, image: 'registry.k8s.io/pause:3.10' }] },
  };
  simulator.cluster.request({ method: 'POST', path: '/api/v1/namespaces/default/pods', body });
  simulator.settle(SETTLE);
  const address: Json | undefined = simulator.world.cluster.store.get('pods', 'default', name)?.status?.[
    'podIP'
  ];
  const parsed = typeof address === 'string' ? parseIpv4(address) : undefined;
  if (parsed === undefined) throw new Error(`pod ${name} got no address`);
  return parsed;
}
