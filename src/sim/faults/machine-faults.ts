/** Faults of machines, cables and processes. */
import { err, ok, type Result } from '../../base/result.ts';
import type { NetnsId } from '../../model/trace.ts';
import type { Breakage } from '../kube/machines.ts';
import type { Fault, FaultPlan, FaultScene } from './fault.ts';

const workers = ({ world }: FaultScene): readonly NetnsId[] =>
  world.topology.nodes.filter(({ role }) => role === 'worker').map(({ name }) => `node/${name}`);

const controlPlane = ({ world }: FaultScene): readonly NetnsId[] =>
  world.topology.nodes.filter(({ role }) => role === 'control-plane').map(({ name }) => `node/${name}`);

const routers = ({ world }: FaultScene): readonly NetnsId[] =>
  world.topology.routers.map(({ name }) => `router/${name}`);

/** A router's ports into racks that hold nodes. */
const rackPorts = ({ world: { topology } }: FaultScene): readonly (readonly [NetnsId, string])[] =>
  topology.routers.flatMap(({ name, ports }) =>
    ports.flatMap(({ segment }, at) =>
      topology.nodes.some((node) => node.segment === segment)
        ? [[`router/${name}`, `eth${at}`] as const]
        : [],
    ),
  );

const name = (machine: NetnsId): string => machine.slice(machine.indexOf('/') + 1);

function power(machine: NetnsId | undefined): Result<FaultPlan, string> {
  if (machine === undefined) return err('this lab has no such machine');
  const change = (on: boolean) => ({ kind: 'machine', machine, change: { kind: 'power', on } }) as const;
  return ok({ told: `${name(machine)} is switched off.`, break: [change(false)], heal: [change(true)] });
}

function cable(end: readonly [NetnsId, string] | undefined): Result<FaultPlan, string> {
  if (!end) return err('this lab has no such cable');
  const [machine, device] = end;
  const change = (plugged: boolean) =>
    ({ kind: 'machine', machine, change: { kind: 'cable', device, plugged } }) as const;
  const told = `The cable of ${device} on ${name(machine)} is out.`;
  return ok({ told, break: [change(false)], heal: [change(true)] });
}

const broken =
  (what: Breakage, among: (scene: FaultScene) => readonly NetnsId[], told: string): Fault['plan'] =>
  (scene) => {
    const machine = scene.pick(among(scene));
    if (machine === undefined) return err('this lab has no such node');
    const change = (works: boolean) =>
      ({ kind: 'machine', machine, change: { kind: 'process', name: what, works } }) as const;
    return ok({
      told: told.replace('NODE', name(machine)),
      break: [change(false)],
      heal: [change(true)],
    });
  };

export const MACHINE_FAULTS: readonly Fault[] = [
  {
    name: 'node-down',
    description:
      'A worker is switched off: its pods fall silent at once, it is NotReady within a minute, its pods are evicted after five.',
    plan: (scene) => power(scene.pick(workers(scene))),
  },
  {
    name: 'control-plane-down',
    description: 'The control plane is switched off: the API answers nobody, and what runs runs on.',
    plan: (scene) => power(scene.pick(controlPlane(scene))),
  },
  {
    name: 'router-down',
    description: 'A router is switched off: nothing passes between its segments.',
    plan: (scene) => power(scene.pick(routers(scene))),
  },
  {
    name: 'node-link-down',
    description: 'The cable of a worker is out: its pods still reach each other, and nobody else.',
    plan: (scene) => cable(scene.pick(workers(scene).map((machine) => [machine, 'eth0'] as const))),
  },
  {
    name: 'router-link-down',
    description: 'The cable between a router and a rack is out: the rack is cut off.',
    plan: (scene) => cable(scene.pick(rackPorts(scene))),
  },
  {
    name: 'calico-node-crashing',
    description:
      'calico-node ends whenever it is started on a worker: Felix programs nothing new there, and the routes to it go after two minutes where BGP carries them.',
    plan: broken('calico-node', workers, 'The calico-node container on NODE ends as soon as it is started.'),
  },
  {
    name: 'bird-stopped',
    description:
      'BIRD does not run on a worker: peers drop its routes when its graceful restart takes too long.',
    plan: broken('bird', workers, 'BIRD no longer runs on NODE.'),
  },
  {
    name: 'felix-stopped',
    description: 'Felix does not run on a worker: what it programmed stays, and nothing new comes.',
    plan: broken('felix', workers, 'Felix no longer runs on NODE.'),
  },
  {
    name: 'kube-proxy-crashing',
    description: 'kube-proxy ends whenever it is started on a worker: its rules stay as they were.',
    plan: broken('kube-proxy', workers, 'The kube-proxy container on NODE ends as soon as it is started.'),
  },
  {
    name: 'nodename-missing',
    description: 'A worker has lost /var/lib/calico/nodename: new pods stay in ContainerCreating there.',
    plan: broken('nodename-file', workers, '/var/lib/calico/nodename is gone on NODE.'),
  },
  {
    name: 'api-server-down',
    description: 'kube-apiserver does not run: connections to it are refused, and what runs runs on.',
    plan: broken('kube-apiserver', controlPlane, 'kube-apiserver no longer runs on NODE.'),
  },
];
