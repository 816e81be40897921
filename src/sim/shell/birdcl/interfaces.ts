/**
 * `show interfaces [summary]`: the devices of the stack as BIRD's device protocol sees them.
 * Source: nest/iface.c, sysdep/linux/netlink.c of BIRD 1.6.8 and 2.0.12; compared with the real tool's output.
 */
import { formatIpv4, type InterfaceAddress } from '../../../model/ip.ts';
import type { Device } from '../../net/netns.ts';
import { DONE, lines, type Reply, type ReplyLine } from './reply.ts';

export interface SeenInterface {
  readonly device: Device;
  readonly carrier: boolean;
}

type Software = 'bird-1.6' | 'bird-2';

export function showInterfaces(interfaces: readonly SeenInterface[], software: Software): Reply {
  return [...interfaces.flatMap((each) => details(each, software)), DONE];
}

export function showInterfacesSummary(interfaces: readonly SeenInterface[], software: Software): Reply {
  const [head, line] = software === 'bird-2' ? [SUMMARY_2, summary2] : ['interface state address', summary];
  return [{ code: 2005, text: head }, ...lines(1005, interfaces.map(line)), DONE];
}

const SUMMARY_2 = 'Interface  State  IPv4 address       IPv6 address';

function summary2({ device }: SeenInterface): string {
  const [first] = device.addresses;
  return `${device.name.padEnd(10)} ${state(device).padEnd(6)} ${(first ? withLength(first) : '').padEnd(18)} `;
}

const state = ({ up }: Device): string => (up ? 'up' : 'DOWN');

function summary({ device }: SeenInterface): string {
  const [first] = device.addresses;
  return `${device.name.padEnd(9)} ${state(device).padEnd(5)} ${first ? withLength(first) : ''}`;
}

const withLength = ({ address, length }: InterfaceAddress): string => `${formatIpv4(address)}/${length}`;

function details({ device, carrier }: SeenInterface, software: Software): readonly ReplyLine[] {
  const { name, index, mtu, up, kind, addresses } = device;
  const broadcast = kind.type === 'loopback' || kind.type === 'ipip' ? '' : ' Broadcast Multicast';
  const loopback = kind.type === 'loopback' ? ' Loopback Ignored' : '';
  const link = up && carrier ? 'Up' : 'Down';
  return [
    { code: 1001, text: `${name} ${state(device)} (index=${index})` },
    {
      code: 1004,
      text: `\tMultiAccess${broadcast} Admin${up ? 'Up' : 'Down'} Link${link}${loopback} MTU=${mtu}`,
    },
    ...lines(
      1003,
      addresses.map((address, at) => {
        const rank = at > 0 ? 'Unselected' : software === 'bird-2' ? 'Preferred' : 'Primary';
        return `\t${withLength(address)} (${rank}, scope ${scope(address)})`;
      }),
    ),
  ];
}

/** BIRD judges an address by what it is: private ones are of a site. */
function scope({ address }: InterfaceAddress): string {
  const [first = 0, second = 0] = [address >>> 24, (address >>> 16) & 0xff];
  if (first === 127) return 'host';
  if (first === 169 && second === 254) return 'link';
  const isPrivate = first === 10 || (first === 172 && second >> 4 === 1) || (first === 192 && second === 168);
  return isPrivate ? 'site' : 'univ';
}
