/**
 * How calico-node finds its host's address of a family: by the kind of interface, by its name, by its network, by the way to a
 * destination, or as Kubernetes knows it. Interfaces are looked at in the reverse order of their indexes, and a pattern matches
 * anywhere in a name. Source: node/pkg/lifecycle/startup/autodetection, Calico v3.32.1. Left out: destinations of `can-reach=`
 * that are names, which no DNS here would resolve before the network is up.
 */
import type { InterfaceAddress, Ip } from '../../../model/ip.ts';
import {
  addressBits,
  formatIp,
  ipCidrContains,
  ipCidrOf,
  isIpv4,
  parseIp,
  parseIpCidr,
} from '../../../model/ip-family.ts';

/** As one address family sees it. */
export interface HostNetwork {
  /** In the order of their indexes. */
  readonly interfaces: readonly AddressedInterface[];
  /** The Node's InternalIP. */
  readonly internalIp: Ip | undefined;
  /** Where packets to anywhere else leave: the interface of the default route. */
  readonly uplink: string;
}

export interface AddressedInterface {
  readonly name: string;
  readonly addresses: readonly InterfaceAddress<Ip>[];
}

/** What never is a host's way out: names that begin so. */
const EXCLUDED =
  '^docker.* ^cbr.* ^dummy.* ^podman.* ^virbr.* ^lxcbr.* ^veth.* ^lo ^br-.* ^cali.* ^tunl.* ^flannel.* ^kube-ipvs.* ^cni.* ^vxlan\\.calico.* ^vxlan-v6\\.calico.* ^wireguard\\.cali.* ^wg-v6\\.cali.* ^nodelocaldns.*'.split(
    ' ',
  );

/** Address with mask as the Node shows it; undefined when the method finds none. */
export function detectAddress(method: string, host: HostNetwork): string | undefined {
  const [kind = '', argument = ''] = split(method);
  switch (kind) {
    case '':
    case 'first-found':
      return first(host, { exclude: EXCLUDED });
    case 'interface=':
      return first(host, { include: words(argument) });
    case 'skip-interface=':
      return first(host, { exclude: [...EXCLUDED, ...words(argument)] });
    case 'cidr=':
      return inNetworks(host, words(argument));
    case 'can-reach=':
      return reaching(host, argument);
    case 'kubernetes-internal-ip':
      return host.internalIp === undefined ? undefined : localCidr(formatIp(host.internalIp), host);
    default:
      return undefined;
  }
}

/** An address that is configured by hand, with the mask that the host has for it. */
export function localCidr(address: string, { interfaces }: HostNetwork): string {
  if (address.includes('/')) return address;
  const own = parseIp(address);
  const found = interfaces.flatMap(({ addresses }) => addresses).find((each) => each.address === own);
  return found ? text(found) : `${address}/${own === undefined ? 32 : addressBits(own)}`;
}

function split(method: string): readonly string[] {
  const equals = method.indexOf('=');
  if (equals >= 0) return [method.slice(0, equals + 1), method.slice(equals + 1)];
  return [method.startsWith('kubernetes-internal-ip') ? 'kubernetes-internal-ip' : method];
}

const words = (list: string): readonly string[] => list.split(/\s*,\s*/);

const text = ({ address, length }: InterfaceAddress<Ip>): string => `${formatIp(address)}/${length}`;

/** Every interface that is not one of the machine's own making, by name, with its addresses. */
export function knownInterfaces(interfaces: readonly AddressedInterface[]): readonly AddressedInterface[] {
  const excluded = matcher(EXCLUDED);
  return interfaces
    .filter(({ name }) => excluded?.test(name) !== true)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

interface Filter {
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly within?: (address: Ip) => boolean;
}

function first({ interfaces }: HostNetwork, filter: Filter): string | undefined {
  const [included, excluded] = [matcher(filter.include), matcher(filter.exclude)];
  if (filter.include && !included) return undefined;
  if (filter.exclude && !excluded) return undefined;
  const found = [...interfaces]
    .reverse()
    .filter(({ name }) => included?.test(name) !== false && excluded?.test(name) !== true)
    .flatMap(({ addresses }) => addresses)
    .find(({ address }) => isGlobalUnicast(address) && filter.within?.(address) !== false);
  return found && text(found);
}

/** Undefined for what is no pattern: the enumeration fails. */
function matcher(patterns: readonly string[] | undefined): RegExp | undefined {
  if (!patterns) return undefined;
  try {
    return new RegExp(`(${patterns.join(')|(')})`);
  } catch (problem) {
    if (problem instanceof SyntaxError) return undefined;
    throw problem;
  }
}

/** Loopback, link-local, multicast, unspecified and broadcast addresses are none. */
function isGlobalUnicast(address: Ip): boolean {
  if (!isIpv4(address)) return !/^(?:0{31}[01]|fe[89ab]|ff)/.test(address);
  const [high = 0, second = 0] = formatIp(address).split('.').map(Number);
  return high !== 0 && high !== 127 && high < 224 && !(high === 169 && second === 254);
}

function inNetworks(host: HostNetwork, cidrs: readonly string[]): string | undefined {
  const networks = cidrs.map((cidr) => parseIpCidr(cidr));
  if (networks.some((network) => network === undefined)) return undefined;
  return first(host, {
    within: (address) => networks.some((network) => network && ipCidrContains(network, address)),
  });
}

/** The source address that the kernel takes on the way: that of the network it is in, or of the way out. */
function reaching(host: HostNetwork, destination: string): string | undefined {
  const to = parseIp(destination);
  if (to === undefined) return undefined;
  const all = host.interfaces.flatMap(({ addresses }) => addresses);
  const near = all
    .filter(({ address, length }) => ipCidrContains(ipCidrOf(address, length), to))
    .sort((a, b) => b.length - a.length)[0];
  const out = host.interfaces.find(({ name }) => name === host.uplink)?.addresses[0];
  const source = near ?? out;
  return source && text(source);
}
