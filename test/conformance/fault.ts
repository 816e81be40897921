/**
 * What goes wrong: changes to stacks that the simulator takes as edits and the kernel as commands. Each is aimed at one pair
 * of nodes, in different racks where there are two, so that flows across it suffer and those beside it do not.
 */
import { cidrContains, cidrOf, ipv4, type Cidr, type Ipv4 } from '../../src/model/ip.ts';
import { parseMac, ZERO_MAC, type Mac } from '../../src/model/mac.ts';
import type { NetnsId } from '../../src/model/trace.ts';
import type { NetnsEdit } from '../../src/sim/net/edit.ts';
import type { Device, Netns, Route } from '../../src/sim/net/netns.ts';
import type { ClusterNetwork } from './cluster.ts';

export interface Fault {
  readonly name: string;
  readonly changes: readonly Change[];
}

export interface Change {
  readonly at: NetnsId;
  readonly edit: NetnsEdit | { readonly kind: 'set-forwarding'; readonly on: boolean };
}

export const NO_FAULT: Fault = { name: 'none', changes: [] };

/** Where faults strike. */
interface Scene {
  readonly near: Netns;
  readonly far: Netns;
  readonly nearPod: Ipv4;
  readonly farPod: Ipv4;
  readonly router: Netns | undefined;
  /** A worker that is neither. */
  readonly third: Netns | undefined;
}

const BLOCK_LENGTH = 26;
const NARROW = 1400;
const NARROWER = 1300;
const DEFAULT_ROUTE: Cidr = { base: ipv4('0.0.0.0'), length: 0 };
/** Nobody's. */
const WRONG_MAC: Mac = parseMac('02:de:ad:be:ef:01') ?? ZERO_MAC;

/** Every fault that this network can have. */
export function faultsOf(cluster: ClusterNetwork): readonly Fault[] {
  const scene = sceneOf(cluster);
  if (!scene) return [];
  return Object.entries(FAULTS).flatMap(([name, changesOf]) => {
    const changes = changesOf(scene);
    return changes.length > 0 ? [{ name, changes }] : [];
  });
}

const FAULTS: Readonly<Record<string, (scene: Scene) => readonly Change[]>> = {
  'no FDB entry': ({ near, far }) =>
    remoteTunnel(near, far).map(({ mac, device, destination }) => ({
      at: near.id,
      edit: { kind: 'delete-fdb', mac, device, ...(destination === undefined ? {} : { destination }) },
    })),
  'wrong FDB entry': ({ near, far, third }) =>
    remoteTunnel(near, far).flatMap((entry): readonly Change[] => {
      const destination = third && uplinkOf(third);
      return destination === undefined
        ? []
        : [
            {
              at: near.id,
              edit: { kind: 'add-fdb', entry: { ...entry, destination }, replace: true, append: false },
            },
          ];
    }),
  'no tunnel neighbour': ({ near, far }) =>
    remoteTunnel(near, far).flatMap(({ mac, device }) =>
      near.neighbours
        .filter((known) => known.mac === mac && known.device === device)
        .map(({ address }): Change => ({ at: near.id, edit: { kind: 'delete-neighbour', address, device } })),
    ),
  'no route to the block': ({ near, farPod }) => withoutRoute(near, farPod),
  'no route back': ({ far, nearPod }) => withoutRoute(far, nearPod),
  'answers past the tunnel': ({ far, nearPod }) =>
    [routeTo(far, nearPod)].flatMap((found) => {
      const tunnelled = far.devices.some((device) => isTunnel(device) && device.name === found?.device);
      const out = far.routes.find(({ prefix }) => prefix.length === 0);
      return found && tunnelled && out ? [setRoute(far, { ...out, prefix: found.prefix })] : [];
    }),
  'stale route of one address': ({ near, farPod, third }) => {
    const thirds = third?.routes.find(({ type, prefix }) => type === 'blackhole' && prefix.length > 0);
    const there = thirds && routeTo(near, thirds.prefix.base);
    return there ? [setRoute(near, { ...there, prefix: { base: farPod, length: 32 } })] : [];
  },
  'no default route': ({ near }) => [{ at: near.id, edit: { kind: 'delete-route', prefix: DEFAULT_ROUTE } }],
  'wrong neighbour': ({ near }) =>
    near.routes
      .filter(({ prefix }) => prefix.length === 0)
      .flatMap(({ via, device }) =>
        via === undefined || device === undefined ? [] : [wrongNeighbour(near, via, device)],
      ),
  'wrong neighbour of the pod': ({ far, farPod }) =>
    far.neighbours
      .filter(({ address }) => address === farPod)
      .map(({ address, device }) => wrongNeighbour(far, address, device)),
  'drop rule': ({ far, farPod }) => [forwardRule(far, farPod, 'drop')],
  'reject rule': ({ far, farPod }) => [forwardRule(far, farPod, 'reject')],
  'uplink down': ({ far }) => [setLink(far, 'eth0', { up: false })],
  'tunnel down': ({ near }) =>
    near.devices.filter(isTunnel).map(({ name }) => setLink(near, name, { up: false })),
  'narrow router port': ({ router, far }) =>
    (router?.devices ?? [])
      .filter((device) => isNeighbourOf(device, far))
      .map(({ name }) => setLink(router ?? far, name, { mtu: NARROW })),
  'narrow pod link': ({ near, nearPod }) =>
    near.routes
      .filter(({ prefix }) => prefix.base === nearPod && prefix.length === 32)
      .flatMap(({ device }) => (device === undefined ? [] : [setLink(near, device, { mtu: NARROWER })])),
  'no forwarding': ({ far }) => [{ at: far.id, edit: { kind: 'set-forwarding', on: false } }],
};

const uplinkOf = ({ devices }: Netns): Ipv4 | undefined =>
  devices.find(({ name }) => name === 'eth0')?.addresses[0]?.address;

const isTunnel = ({ kind }: Device): boolean => kind.type === 'vxlan' || kind.type === 'ipip';

function remoteTunnel(near: Netns, far: Netns): Netns['fdb'] {
  const there = uplinkOf(far);
  return near.fdb.filter(({ destination }) => destination !== undefined && destination === there);
}

/** The route of a block, or of one address. */
function routeTo({ routes }: Netns, to: Ipv4): Route | undefined {
  return routes
    .filter(({ prefix, type }) => type === 'unicast' && prefix.length > 0 && cidrContains(prefix, to))
    .toSorted((a: Route, b: Route) => b.prefix.length - a.prefix.length)[0];
}

function withoutRoute(stack: Netns, to: Ipv4): readonly Change[] {
  const found = routeTo(stack, to);
  return found ? [{ at: stack.id, edit: { kind: 'delete-route', prefix: found.prefix } }] : [];
}

const setRoute = ({ id }: Netns, route: Route): Change => ({
  at: id,
  edit: { kind: 'add-route', route, replace: true },
});

const wrongNeighbour = ({ id }: Netns, address: Ipv4, device: string): Change => ({
  at: id,
  edit: { kind: 'add-neighbour', neighbour: { address, device, mac: WRONG_MAC }, replace: true },
});

/** For all pods of the block: before everything else that Felix and kube-proxy put there. */
const forwardRule = ({ id }: Netns, pod: Ipv4, kind: 'drop' | 'reject'): Change => {
  const matches = [{ kind: 'destination', cidr: cidrOf(pod, BLOCK_LENGTH) }] as const;
  const change = { op: 'insert', chain: 'FORWARD', at: 1, rule: { matches, target: { kind } } } as const;
  return { at: id, edit: { kind: 'netfilter', table: 'filter', change } };
};

const setLink = (
  { id }: Netns,
  device: string,
  to: { readonly up: boolean } | { readonly mtu: number },
): Change => ({ at: id, edit: { kind: 'set-link', device, ...to } });

function isNeighbourOf({ link }: Device, { devices }: Netns): boolean {
  const uplink = devices.find(({ name }) => name === 'eth0')?.link;
  return link?.kind === 'segment' && uplink?.kind === 'segment' && link.segment === uplink.segment;
}

function sceneOf({ topology, stacks }: ClusterNetwork): Scene | undefined {
  const stack = (id: NetnsId): Netns | undefined => stacks.find((known) => known.id === id);
  const workers = topology.nodes.filter(({ role }) => role === 'worker');
  const [first] = workers;
  const other =
    workers.findLast(({ segment }) => segment !== first?.segment) ??
    workers.findLast((worker) => worker !== first);
  const near = stack(`node/${first?.name ?? ''}`);
  const far = stack(`node/${other?.name ?? ''}`);
  const third = workers.find((worker) => worker !== first && worker !== other);
  const nearPod = near && podOf(stacks, near);
  const farPod = far && podOf(stacks, far);
  if (!near || !far || nearPod === undefined || farPod === undefined) return undefined;
  const router = stacks.find(
    ({ id, devices }) => id.startsWith('router/') && devices.some((device) => isNeighbourOf(device, far)),
  );
  return { near, far, nearPod, farPod, router, third: third && stack(`node/${third.name}`) };
}

function podOf(stacks: readonly Netns[], node: Netns): Ipv4 | undefined {
  return stacks
    .filter(({ id }) => id.startsWith('pod/default/'))
    .flatMap(({ devices }) => devices)
    .find(({ link }) => link?.kind === 'peer' && link.netns === node.id)?.addresses[0]?.address;
}
