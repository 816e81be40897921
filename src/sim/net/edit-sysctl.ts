/**
 * Settings written by hand, with what the kernel does at once: a device on which IPv6 is switched off loses its addresses and
 * routes, and has its link-local address when it is switched on again (net/ipv6/addrconf.c addrconf_disable_change).
 */
import { err, ok, type Result } from '../../base/result.ts';
import type { NetnsEdit } from './edit.ts';
import { switchInet6 } from './edit-inet6.ts';
import { speaksInet6 } from './inet6.ts';
import type { Netns } from './netns.ts';
import { writeSysctl } from './sysctl.ts';

export function setSysctl(
  netns: Netns,
  { key, value }: Extract<NetnsEdit, { kind: 'set-sysctl' }>,
): Result<Netns, string> {
  const written = writeSysctl(netns, key, value);
  if (!written) return err('No such file or directory');
  return ok(written.inet6 && key.endsWith('.disable_ipv6') ? switched(netns, written) : written);
}

function switched(before: Netns, after: Netns): Netns {
  let { inet6 } = after;
  for (const device of after.devices) {
    const speaks = speaksInet6(after, device.name);
    if (inet6 && device.up && speaks !== speaksInet6(before, device.name))
      inet6 = switchInet6(inet6, device, speaks);
  }
  return inet6 ? { ...after, inet6 } : after;
}
