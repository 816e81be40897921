/**
 * Settings of a stack below /proc/sys/net, by the names that sysctl(8) uses. What the walk honours: forwarding, proxy_arp,
 * rp_filter, accept_local and arp_ignore. The others that are known here only tune what a lab never reaches (sizes of tables,
 * ICMP redirects, which no stack of a lab sends). Source: Documentation/networking/ip-sysctl.rst, Linux 6.x.
 */
import type { Device, Netns } from './netns.ts';

/** net.ipv4.conf.{all,default,DEVICE}.<name> and the kernel's default, in the order of /proc. */
const CONF: Readonly<Record<string, string>> = {
  accept_local: '0',
  accept_redirects: '1',
  arp_announce: '0',
  arp_ignore: '0',
  forwarding: '0',
  log_martians: '0',
  proxy_arp: '0',
  route_localnet: '0',
  rp_filter: '0',
  send_redirects: '1',
};

const NEIGHBOUR: Readonly<Record<string, string>> = { gc_stale_time: '60', proxy_delay: '80' };

const GLOBAL: Readonly<Record<string, string>> = {
  'net.ipv4.neigh.default.gc_interval': '30',
  'net.ipv4.neigh.default.gc_thresh1': '128',
  'net.ipv4.neigh.default.gc_thresh2': '512',
  'net.ipv4.neigh.default.gc_thresh3': '1024',
  'net.netfilter.nf_conntrack_max': '262144',
};

export const IP_FORWARD = 'net.ipv4.ip_forward';

/** Every setting that is known in this stack, in the order of `sysctl -a`. */
export function sysctlKeys({ devices }: Netns): readonly string[] {
  const names = ['all', 'default', ...devices.map(({ name }) => name)].map(spelt);
  return [
    IP_FORWARD,
    ...Object.keys(GLOBAL),
    ...names.flatMap((name) => Object.keys(CONF).map((setting) => `net.ipv4.conf.${name}.${setting}`)),
    ...names
      .filter((name) => name !== 'all')
      .flatMap((name) => Object.keys(NEIGHBOUR).map((setting) => `net.ipv4.neigh.${name}.${setting}`)),
  ].sort();
}

/** Dots in a device's name are written as slashes: `net.ipv4.conf.vxlan/calico.rp_filter`. */
export const spelt = (device: string): string => device.replaceAll('.', '/');

/** Undefined for what is not known here. */
export function readSysctl(netns: Netns, key: string): string | undefined {
  if (key === IP_FORWARD) return netns.ipForward ? '1' : '0';
  const written = netns.sysctls?.get(key);
  if (written !== undefined) return written;
  return GLOBAL[key] ?? deviceDefault(netns, key);
}

/** Of `net.ipv4.{conf,neigh}.<device>.<setting>`. */
function deviceDefault(netns: Netns, key: string): string | undefined {
  const [, family, name = '', setting = ''] = /^net\.ipv4\.(conf|neigh)\.([^.]+)\.([^.]+)$/.exec(key) ?? [];
  const device = netns.devices.find((each) => spelt(each.name) === name);
  if (!device && name !== 'all' && name !== 'default') return undefined;
  return family === 'neigh' ? neighbourDefault(name, setting, device) : confDefault(netns, setting, device);
}

function confDefault(netns: Netns, setting: string, device: Device | undefined): string | undefined {
  if (setting === 'forwarding') return netns.ipForward ? '1' : '0';
  if (setting === 'proxy_arp' && device?.proxyArp) return '1';
  // What Felix sets on the host's end of a pod's cable besides proxy_arp.
  if (setting === 'route_localnet' && device?.proxyArp) return '1';
  return CONF[setting];
}

function neighbourDefault(name: string, setting: string, device: Device | undefined): string | undefined {
  if (name === 'all') return undefined;
  return setting === 'proxy_delay' && device?.proxyArp ? '0' : NEIGHBOUR[setting];
}

/** The stack after a write, or undefined when there is no such setting. `ip_forward` is the switch of every device. */
export function writeSysctl(netns: Netns, key: string, value: string): Netns | undefined {
  if (readSysctl(netns, key) === undefined) return undefined;
  const sysctls = new Map(netns.sysctls);
  if (key === IP_FORWARD || key === 'net.ipv4.conf.all.forwarding') {
    for (const known of sysctls.keys()) if (known.endsWith('.forwarding')) sysctls.delete(known);
    return { ...netns, ipForward: Number(value) !== 0, sysctls };
  }
  return { ...netns, sysctls: sysctls.set(key, value) };
}

/** A device that goes takes its settings along; one that comes starts with those of `default`. */
export function withoutDevice(netns: Netns, device: string): Netns {
  if (!netns.sysctls) return netns;
  const own = new RegExp(`^net\\.ipv4\\.(conf|neigh)\\.${spelt(device)}\\.`);
  return { ...netns, sysctls: new Map([...netns.sysctls].filter(([key]) => !own.test(key))) };
}

export function withDefaults(netns: Netns, device: string): Netns {
  const defaults = [...(netns.sysctls ?? [])].filter(([key]) => key.includes('.default.'));
  if (defaults.length === 0) return netns;
  const own = defaults.map(
    ([key, value]) => [key.replace('.default.', `.${spelt(device)}.`), value] as const,
  );
  return { ...netns, sysctls: new Map([...(netns.sysctls ?? []), ...own]) };
}

/** Whether a packet that came in by `input` may leave again (IN_DEV_FORWARD). */
export function forwards(netns: Netns, input: Device | undefined): boolean {
  if (!netns.sysctls || !input) return netns.ipForward;
  const own = netns.sysctls.get(`net.ipv4.conf.${spelt(input.name)}.forwarding`);
  return own === undefined ? netns.ipForward : own !== '0';
}

/** IN_DEV_PROXY_ARP: of the device or of all. */
export function proxiesArp(netns: Netns, device: Device): boolean {
  return netns.sysctls ? greater(netns, device, 'proxy_arp') > 0 : device.proxyArp;
}

/** 0: none, 1: the way back must lead out of the same device (RFC 3704 strict), 2: there must be a way back. */
export const reversePathFilter = (netns: Netns, device: Device): number =>
  netns.sysctls ? greater(netns, device, 'rp_filter') : 0;

/** Packets from outside may carry an own address. */
export const acceptsLocal = (netns: Netns, device: Device): boolean =>
  netns.sysctls !== undefined && greater(netns, device, 'accept_local') > 0;

/** From 1 on it answers ARP only for its own addresses. */
export const ignoresArp = (netns: Netns, device: Device): number =>
  netns.sysctls ? greater(netns, device, 'arp_ignore') : 0;

/** Most settings of a device count as the greater of its own and that of `all`. */
function greater(netns: Netns, { name }: Device, setting: string): number {
  const value = (of: string): number => Number(readSysctl(netns, `net.ipv4.conf.${of}.${setting}`) ?? 0);
  return Math.max(value('all'), value(spelt(name)));
}
