/**
 * `show interfaces [summary]`: the devices of the stack as BIRD's device protocol sees them.
 * Source: nest/iface.c, sysdep/linux/netlink.c of BIRD 1.6.8 and 2.0.12; compared with the real tool's output.
 */
import { familyOf, formatIp, ipCidrContains, isIpv4, isIpv6 } from '../../../model/ip-family.ts';
import type { InterfaceAddress, Ip, Ipv4, Ipv6 } from '../../../model/ip.ts';
import { cidr6, LOOPBACK6 } from '../../../model/ipv6.ts';
import { LINK_LOCAL } from '../../net/inet6.ts';
import type { Device } from '../../net/netns.ts';
import { DONE, lines, type Reply, type ReplyLine } from './reply.ts';

export interface SeenInterface {
  readonly device: Device;
  readonly carrier: boolean;
  /** Of the families that the daemon knows; IPv6 addresses behind the others, the one on the link last. */
  readonly addresses: readonly InterfaceAddress<Ip>[];
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

function summary2({ device, addresses }: SeenInterface): string {
  const text = (isWanted: (address: Ip) => boolean): string => {
    const first = addresses.find(({ address }) => isWanted(address));
    return first ? withLength(first) : '';
  };
  return `${device.name.padEnd(10)} ${state(device.up).padEnd(6)} ${text(isIpv4).padEnd(18)} ${text(isIpv6)}`;
}

const state = (up: boolean): string => (up ? 'up' : 'DOWN');

/** BIRD 1.6 takes an interface for down as long as it has no address of the daemon's family. */
const isUp = ({ device, addresses }: SeenInterface): boolean => device.up && addresses.length > 0;

function summary(seen: SeenInterface): string {
  const { device, addresses } = seen;
  const [first] = addresses;
  return `${device.name.padEnd(9)} ${state(isUp(seen)).padEnd(5)} ${first ? withLength(first) : ''}`;
}

const withLength = ({ address, length }: InterfaceAddress<Ip>): string => `${formatIp(address)}/${length}`;

function details(seen: SeenInterface, software: Software): readonly ReplyLine[] {
  const { device, carrier, addresses } = seen;
  const { name, index, mtu, up, kind } = device;
  const broadcast = kind.type === 'loopback' || kind.type === 'ipip' ? '' : ' Broadcast Multicast';
  const loopback = kind.type === 'loopback' ? ' Loopback Ignored' : '';
  const link = up && carrier ? 'Up' : 'Down';
  return [
    { code: 1001, text: `${name} ${state(software === 'bird-2' ? up : isUp(seen))} (index=${index})` },
    {
      code: 1004,
      text: `\tMultiAccess${broadcast} Admin${up ? 'Up' : 'Down'} Link${link}${loopback} MTU=${mtu}`,
    },
    ...lines(
      1003,
      addresses.map((address, at) => {
        const rank = isChosen(addresses, at, software)
          ? software === 'bird-2'
            ? 'Preferred'
            : 'Primary'
          : 'Unselected';
        return `\t${withLength(address)} (${rank}, scope ${scope(address)})`;
      }),
    ),
  ];
}

/** BIRD 1.6 chooses one address, BIRD 2 one of each family and the one on the link. */
function isChosen(addresses: SeenInterface['addresses'], at: number, software: Software): boolean {
  const address = addresses[at]?.address;
  if (software !== 'bird-2' || at === 0 || address === undefined) return at === 0;
  const family = familyOf(address);
  const isFirst = addresses.findIndex((each) => familyOf(each.address) === family) === at;
  return isFirst || (isIpv6(address) && ipCidrContains(LINK_LOCAL, address));
}

const SITE_6 = cidr6('fc00::/7');

/** BIRD judges an address by what it is: private ones are of a site. */
const scope = ({ address }: InterfaceAddress<Ip>): string =>
  isIpv6(address) ? scope6(address) : scope4(address);

function scope6(address: Ipv6): string {
  if (address === LOOPBACK6) return 'host';
  if (ipCidrContains(LINK_LOCAL, address)) return 'link';
  return ipCidrContains(SITE_6, address) ? 'site' : 'univ';
}

function scope4(address: Ipv4): string {
  const [first = 0, second = 0] = [address >>> 24, (address >>> 16) & 0xff];
  if (first === 127) return 'host';
  if (first === 169 && second === 254) return 'link';
  const isPrivate = first === 10 || (first === 172 && second >> 4 === 1) || (first === 192 && second === 168);
  return isPrivate ? 'site' : 'univ';
}
