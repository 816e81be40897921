/** Faults of what somebody has configured: objects of the API, and a node's kernel. */
import { err, ok } from '../../base/result.ts';
import type { Json } from '../../base/json.ts';
import { formatCidr } from '../../model/ip.ts';
import { CONTENT_TYPE, type ApiRequest } from '../kube/api.ts';
import { at, numberAt } from '../kube/fields.ts';
import type { Netns, Route } from '../net/netns.ts';
import type { Fault, FaultScene, FaultStep } from './fault.ts';

const patch = (path: string, spec: Json): FaultStep => {
  const request: ApiRequest = {
    method: 'PATCH',
    path,
    contentType: CONTENT_TYPE.mergePatch,
    body: { spec },
    userAgent: 'learner',
  };
  return { kind: 'request', request };
};

/** Scales a Deployment of kube-system to nothing. */
const scaledAway =
  (deployment: string, told: string): Fault['plan'] =>
  ({ world }) => {
    const found = world.cluster.store.get('deployments.apps', 'kube-system', deployment);
    const replicas = numberAt(found?.spec, 'replicas');
    if (!found || replicas === 0) return err(`there is no running ${deployment}`);
    const path = `/apis/apps/v1/namespaces/kube-system/deployments/${deployment}`;
    return ok({ told, break: [patch(path, { replicas: 0 })], heal: [patch(path, { replicas })] });
  };

const POOLS = 'ippools.crd.projectcalico.org';

/** One member of one pool's spec. */
const poolMember =
  (member: 'disabled' | 'natOutgoing', value: boolean, told: string): Fault['plan'] =>
  ({ world, pick }) => {
    const pools = world.cluster.store.list(POOLS).filter(({ spec }) => (at(spec, member) ?? false) !== value);
    const pool = pick(pools);
    if (!pool) return err('there is no such pool');
    const path = `/apis/crd.projectcalico.org/v1/ippools/${pool.metadata.name}`;
    const before = at(pool.spec, member) ?? null;
    return ok({
      told: told.replace('POOL', pool.metadata.name),
      break: [patch(path, { [member]: value })],
      heal: [patch(path, { [member]: before })],
    });
  };

interface Machine {
  readonly name: string;
  readonly stack: Netns;
}

const stacks = ({ world, stack }: FaultScene): readonly Machine[] =>
  world.topology.nodes.flatMap(({ name, role }) => {
    const found = role === 'worker' ? stack(`node/${name}`) : undefined;
    return found ? [{ name, stack: found }] : [];
  });

const leadsToPods = ({ protocol, type, via }: Route): boolean =>
  type === 'unicast' && via !== undefined && (protocol === '80' || protocol === 'bird');

export const CONFIGURATION_FAULTS: readonly Fault[] = [
  {
    name: 'dns-down',
    description: 'CoreDNS has no pods: names are not resolved, addresses work.',
    plan: scaledAway('coredns', 'The Deployment coredns has no replicas.'),
  },
  {
    name: 'kube-controllers-down',
    description: 'calico-kube-controllers does not run: nobody collects leaked addresses.',
    plan: scaledAway('calico-kube-controllers', 'The Deployment calico-kube-controllers has no replicas.'),
  },
  {
    name: 'pool-disabled',
    description: 'An IP pool gives out no more addresses: pods keep theirs, new ones may get none.',
    plan: poolMember('disabled', true, 'The IP pool POOL is disabled.'),
  },
  {
    name: 'nat-outgoing-off',
    description: 'Pods of an IP pool leave the cluster with their own addresses: nobody outside answers.',
    plan: poolMember('natOutgoing', false, 'The IP pool POOL has natOutgoing off.'),
  },
  {
    name: 'ip-forward-off',
    description: 'A worker no longer forwards: its pods reach nobody.',
    plan: (scene) => {
      const node = scene.pick(stacks(scene).filter(({ stack }) => stack.ipForward));
      if (!node) return err('no node forwards');
      const set = (value: string): FaultStep => ({
        kind: 'edit',
        netns: `node/${node.name}`,
        edit: { kind: 'set-sysctl', key: 'net.ipv4.ip_forward', value },
      });
      return ok({
        told: `net.ipv4.ip_forward is 0 on ${node.name}.`,
        break: [set('0')],
        heal: [set('1')],
      });
    },
  },
  {
    name: 'mtu-lowered',
    description: 'The underlay port of a worker has a smaller MTU: small packets pass, large ones do not.',
    plan: (scene) => {
      const node = scene.pick(stacks(scene));
      const port = node?.stack.devices.find(({ name }) => name === 'eth0');
      if (!node || !port) return err('no node has a port');
      const set = (mtu: number): FaultStep => ({
        kind: 'edit',
        netns: `node/${node.name}`,
        edit: { kind: 'set-link', device: port.name, mtu },
      });
      return ok({
        told: `eth0 on ${node.name} has an MTU of 1300.`,
        break: [set(1300)],
        heal: [set(port.mtu)],
      });
    },
  },
  {
    name: 'route-deleted',
    description: 'A route to another node’s pods is gone: Felix or BIRD puts it back when it next looks.',
    plan: (scene) => {
      const node = scene.pick(stacks(scene).filter(({ stack }) => stack.routes.some(leadsToPods)));
      const route = scene.pick(node?.stack.routes.filter(leadsToPods) ?? []);
      if (!node || !route) return err('no node has a route to the pods of another');
      const told = `The route to ${formatCidr(route.prefix)} is gone on ${node.name}.`;
      const edit = { kind: 'delete-route', prefix: route.prefix } as const;
      return ok({ told, break: [{ kind: 'edit', netns: `node/${node.name}`, edit }], heal: [] });
    },
  },
  {
    name: 'fdb-deleted',
    description: 'A VXLAN forwarding entry is gone: one node’s pods are not reached until Felix looks again.',
    plan: (scene) => {
      const node = scene.pick(stacks(scene).filter(({ stack }) => stack.fdb.length > 0));
      const entry = scene.pick(node?.stack.fdb ?? []);
      if (!node || !entry) return err('no node has a VXLAN');
      const { mac, device, destination } = entry;
      const edit = {
        kind: 'delete-fdb',
        mac,
        device,
        ...(destination !== undefined && { destination }),
      } as const;
      const told = `The forwarding entry for ${mac} is gone on ${node.name}.`;
      return ok({ told, break: [{ kind: 'edit', netns: `node/${node.name}`, edit }], heal: [] });
    },
  },
];
