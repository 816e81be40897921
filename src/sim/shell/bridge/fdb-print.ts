/** Lines of `bridge fdb`. Format: iproute2 6.1 bridge/fdb.c print_fdb, compared with the real tool. */
import type { Json } from '../../../base/json.ts';
import { formatIp } from '../../../model/ip-family.ts';
import type { Ip } from '../../../model/ip.ts';
import type { Mac } from '../../../model/mac.ts';

/** An entry of any table, as it is listed. */
export interface ListedEntry {
  readonly mac: Mac;
  readonly device: string;
  readonly destination?: Ip;
  /** The underlay device of a VXLAN's default entry. */
  readonly parent?: string;
  /** The bridge it belongs to; otherwise the device itself has it. */
  readonly bridge?: string;
  /** Empty for what was learnt. */
  readonly state: 'permanent' | 'static' | '';
  /** Whole seconds since it was last heard of. */
  readonly age: number;
}

export interface FdbFormat {
  /** The device was asked for, so that the lines leave it out. */
  readonly onDevice: boolean;
  readonly statistics: boolean;
}

export function fdbLine(entry: ListedEntry, { onDevice, statistics }: FdbFormat): string {
  const { mac, destination, parent, bridge, state, age } = entry;
  const words = [
    mac,
    ...(onDevice ? [] : [`dev ${entry.device}`]),
    ...(destination === undefined ? [] : [`dst ${formatIp(destination)}`]),
    ...(parent ? [`via ${parent}`] : []),
    ...(statistics ? [`used ${age}/${age}`] : []),
    bridge === undefined ? 'self' : `master ${bridge}`,
    state,
  ];
  return `${words.join(' ')}\n`;
}

export function fdbJson(entry: ListedEntry, { onDevice }: FdbFormat): Json {
  const { mac, device, destination, parent, bridge, state } = entry;
  return {
    mac,
    ...(onDevice ? {} : { ifname: device }),
    ...(destination === undefined ? {} : { dst: formatIp(destination) }),
    ...(parent ? { viaIf: parent } : {}),
    flags: bridge === undefined ? ['self'] : [],
    ...(bridge === undefined ? {} : { master: bridge }),
    state,
  };
}
