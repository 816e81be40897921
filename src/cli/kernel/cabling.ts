/**
 * The cables of a simulated network as batches for `ip`: one namespace for each stack, one more that holds a bridge for each
 * segment, and a veth pair for every cable, made in place with the interface indexes that the simulator gave them.
 */
import type { Device, Netns } from '../../sim/index.ts';
import type { StackProgram } from './stack-program.ts';

export interface Cabling {
  /** The namespace that stands for a stack. */
  readonly nameOf: ReadonlyMap<string, string>;
  /** Every namespace, also the one of the bridges. */
  readonly names: readonly string[];
  /** Lines of `ip -batch` in the namespace one starts from. */
  readonly cables: readonly string[];
  /** The namespace of the bridges, and what is to be done there. */
  readonly switches: { readonly name: string } & Pick<StackProgram, 'sysctls' | 'ip'>;
}

/** The longest packet a switch passes on: segments never are the narrow place. */
const SWITCH_MTU = 65_535;

export function cabling(stacks: readonly Netns[], prefix: string): Cabling {
  const nameOf = new Map(stacks.map(({ id }, at) => [id, `${prefix}${at}`]));
  const switches = `${prefix}s`;
  const plugs = stacks.flatMap(({ id, devices }) =>
    devices.flatMap((device) => segmentOf(device).map((segment) => ({ id, device, segment }))),
  );
  const segments = [...new Set(plugs.map(({ segment }) => segment))];
  const bridge = (segment: string): string => `br${segments.indexOf(segment)}`;
  return {
    nameOf,
    names: [...nameOf.values(), switches],
    cables: [
      ...plugs.map(
        ({ id, device }, at) =>
          `${veth(device, nameOf.get(id) ?? '')} peer name p${at} mtu ${SWITCH_MTU} netns ${switches}`,
      ),
      ...stacks.flatMap((stack) => podCables(stack, stacks, nameOf)),
    ],
    switches: {
      name: switches,
      // A switch has nothing to say: with IPv6 its bridges would tell every machine of themselves.
      sysctls: ['all', 'default'].map((name) => [`ipv6/conf/${name}/disable_ipv6`, '1'] as const),
      ip: [
        ...segments.map(
          (segment) =>
            `link add name ${bridge(segment)} mtu ${SWITCH_MTU} up type bridge stp_state 0 mcast_snooping 0`,
        ),
        ...plugs.map(({ segment }, at) => `link set dev p${at} master ${bridge(segment)} up`),
      ],
    },
  };
}

/** From a node to its pods; the pods' ends come with it. */
function podCables(
  { id, devices }: Netns,
  stacks: readonly Netns[],
  nameOf: ReadonlyMap<string, string>,
): readonly string[] {
  return devices.flatMap((device) => {
    const { link } = device;
    if (link?.kind !== 'peer' || !link.netns.startsWith('pod/')) return [];
    const pod = stacks.find((stack) => stack.id === link.netns);
    const end = pod?.devices.find(({ name }) => name === link.device);
    if (!end) return [];
    return [`${veth(device, nameOf.get(id) ?? '')} peer ${ending(end, nameOf.get(link.netns) ?? '')}`];
  });
}

function segmentOf({ link }: Device): readonly string[] {
  return link?.kind === 'segment' ? [link.segment] : [];
}

const veth = (device: Device, netns: string): string => `link add ${ending(device, netns)} type veth`;

const ending = ({ name, index, mac, mtu }: Device, netns: string): string =>
  `name ${name} index ${index} address ${mac} mtu ${mtu} netns ${netns}`;
