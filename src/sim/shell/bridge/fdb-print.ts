/** Lines of `bridge fdb`. Format: iproute2 6.1 bridge/fdb.c print_fdb, compared with real transcripts of a VXLAN device. */
import type { Json } from '../../../base/json.ts';
import { formatIpv4 } from '../../../model/ip.ts';
import type { FdbEntry } from '../../net/netns.ts';

/** `onDevice`: the device was asked for, so that the lines leave it out. */
export function fdbLine(entry: FdbEntry, onDevice: boolean): string {
  const device = onDevice ? '' : ` dev ${entry.device}`;
  const destination = entry.destination === undefined ? '' : ` dst ${formatIpv4(entry.destination)}`;
  return `${entry.mac}${device}${destination} self permanent\n`;
}

export function fdbJson(entry: FdbEntry, onDevice: boolean): Json {
  return {
    mac: entry.mac,
    ...(onDevice ? {} : { ifname: entry.device }),
    ...(entry.destination === undefined ? {} : { dst: formatIpv4(entry.destination) }),
    flags: ['self'],
    state: 'permanent',
  };
}
