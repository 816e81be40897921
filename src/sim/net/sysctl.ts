/**
 * Settings of a stack below /proc/sys/net, by the names that sysctl(8) uses. What the walk honours: forwarding, proxy_arp,
 * rp_filter, accept_local and arp_ignore; of IPv6 disable_ipv6, forwarding and proxy_ndp, where the stack has IPv6. The others that are known here only tune what a lab never reaches (sizes of tables,
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

/** net.ipv6.conf.{all,default,DEVICE}.<name> */
const CONF6: Readonly<Record<string, string>> = {
  accept_dad: '1',
  accept_ra: '1',
  accept_redirects: '1',
  autoconf: '1',
  disable_ipv6: '0',
  forwarding: '0',
  ndisc_notify: '0',
  proxy_ndp: '0',
  use_tempaddr: '0',
};

const NEIGHBOUR: Readonly<Record<string, string>> = { gc_stale_time: '60', proxy_delay: '80' };

const COLLECTION: Readonly<Record<string, string>> = {
  gc_interval: '30',
  gc_thresh1: '128',
  gc_thresh2: '512',
  gc_thresh3: '1024',
};

const collectionOf = (family: 'ipv4' | 'ipv6'): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(COLLECTION).map(([name, value]) => [`net.${family}.neigh.default.${name}`, value]),
  );

const GLOBAL: Readonly<Record<string, string>> = {
  ...collectionOf('ipv4'),
  'net.netfilter.nf_conntrack_max': '262144',
};
const GLOBAL6 = collectionOf('ipv6');

export const IP_FORWARD = 'net.ipv4.ip_forward';

/** Every setting that is known in this stack, in the order of `sysctl -a`. */
export function sysctlKeys({ devices, inet6 }: Netns): readonly string[] {
  const names = ['all', 'default', ...devices.map(({ name }) => name)].map(spelt);
  const family = (version: 'ipv4' | 'ipv6', conf: Readonly<Record<string, string>>): readonly string[] => [
    ...names.flatMap((name) => Object.keys(conf).map((setting) => `net.${version}.conf.${name}.${setting}`)),
    ...names
      .filter((name) => name !== 'all')
      .flatMap((name) => Object.keys(NEIGHBOUR).map((setting) => `net.${version}.neigh.${name}.${setting}`)),
  ];
  return [
    IP_FORWARD,
    ...Object.keys(GLOBAL),
    ...family('ipv4', CONF),
    ...(inet6 ? [...Object.keys(GLOBAL6), ...family('ipv6', CONF6)] : []),
  ].sort();
}

/** Dots in a device's name are written as slashes: `net.ipv4.conf.vxlan/calico.rp_filter`. */
export const spelt = (device: string): string => device.replaceAll('.', '/');

/** Undefined for what is not known here. */
export function readSysctl(netns: Netns, key: string): string | undefined {
  if (key === IP_FORWARD) return netns.ipForward ? '1' : '0';
  const written = netns.sysctls?.get(key);
  if (written !== undefined) return written;
  return GLOBAL[key] ?? (netns.inet6 ? GLOBAL6[key] : undefined) ?? deviceDefault(netns, key);
}

/** Of `net.ipv[46].{conf,neigh}.<device>.<setting>`. */
function deviceDefault(netns: Netns, key: string): string | undefined {
  const [, version, family, name = '', setting = ''] =
    /^net\.ipv([46])\.(conf|neigh)\.([^.]+)\.([^.]+)$/.exec(key) ?? [];
  if (version === '6' && !netns.inet6) return undefined;
  const device = netns.devices.find((each) => spelt(each.name) === name);
  if (!device && name !== 'all' && name !== 'default') return undefined;
  if (family === 'neigh') return neighbourDefault(name, setting, device);
  return version === '6' ? confDefault6(netns, setting, device) : confDefault(netns, setting, device);
}

function confDefault6({ inet6 }: Netns, setting: string, device: Device | undefined): string | undefined {
  if (setting === 'forwarding') return inet6?.forwarding ? '1' : '0';
  // Felix sets it where it sets proxy_arp.
  if (setting === 'proxy_ndp' && device?.proxyArp) return '1';
  return CONF6[setting];
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
  return key.startsWith('net.ipv6.conf.all.')
    ? writeAll6(netns, sysctls, { key, value })
    : { ...netns, sysctls: sysctls.set(key, value) };
}

/** What of `all` is a switch of every device at once: forwarding and disable_ipv6. */
function writeAll6(
  netns: Netns,
  sysctls: Map<string, string>,
  { key, value }: { readonly key: string; readonly value: string },
): Netns {
  const setting = key.slice(key.lastIndexOf('.') + 1);
  const isSwitch = setting === 'forwarding' || setting === 'disable_ipv6';
  if (isSwitch)
    for (const known of sysctls.keys())
      if (known.startsWith('net.ipv6.conf.') && known.endsWith(`.${setting}`)) sysctls.delete(known);
  if (setting === 'forwarding' && netns.inet6)
    return { ...netns, inet6: { ...netns.inet6, forwarding: Number(value) !== 0 }, sysctls };
  const names =
    setting === 'disable_ipv6' ? ['default', ...netns.devices.map(({ name }) => spelt(name))] : [];
  for (const name of ['all', ...names]) sysctls.set(`net.ipv6.conf.${name}.${setting}`, value);
  return { ...netns, sysctls };
}

/** A device that goes takes its settings along; one that comes starts with those of `default`. */
export function withoutDevice(netns: Netns, device: string): Netns {
  if (!netns.sysctls) return netns;
  const own = new RegExp(`^net\\.ipv[46]\\.(conf|neigh)\\.${spelt(device)}\\.`);
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

/** It answers neighbour solicitations for the addresses that are proxied there. */
export const proxiesNdp = (netns: Netns, { name }: Device): boolean =>
  ['all', spelt(name)].some((of) => readSysctl(netns, `net.ipv6.conf.${of}.proxy_ndp`) !== '0');

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
