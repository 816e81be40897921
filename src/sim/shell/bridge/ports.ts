/** `bridge link`: the ports of bridges. Format: iproute2 6.1 bridge/link.c, compared with the real tool. */
import type { Json } from '../../../base/json.ts';
import { ok } from '../../../base/result.ts';
import { flagNames, fullName, type SeenDevice } from '../ip/device-text.ts';
import { seen } from '../ip/device-list.ts';
import { complain, type Parsed } from '../network/complaint.ts';
import { deviceNamed } from '../network/here.ts';
import type { FdbSubject } from './fdb.ts';

export function showPorts({ io, here, json, details }: FdbSubject, words: readonly string[]): Parsed<string> {
  const wanted = words.includes('dev') ? words[words.indexOf('dev') + 1] : undefined;
  if (wanted !== undefined && !deviceNamed(here.netns, wanted))
    return complain(255, `Cannot find device "${wanted}"`);
  const master = words.includes('master') ? words[words.indexOf('master') + 1] : undefined;
  const ports = here.netns.devices
    .filter((device) => device.master !== undefined && (master === undefined || device.master === master))
    .filter(({ name }) => wanted === undefined || name === wanted)
    .map((device) => seen(io, here, device));
  if (json) return ok(`${JSON.stringify(ports.map(portJson))}\n`);
  return ok(ports.map((port) => `${portLine(port)}\n${details ? `${SETTINGS}\n` : ''}`).join(''));
}

/** Without spanning tree a port forwards as soon as it is up, its cable has carrier and its bridge is up. */
function stateOf({ device, carrier, stack }: SeenDevice): string {
  const bridge = stack.devices.find(({ name }) => name === device.master);
  return device.up && carrier && bridge?.up ? 'forwarding' : 'disabled';
}

function portLine(port: SeenDevice): string {
  const { device } = port;
  return (
    `${device.index}: ${fullName(port)}: <${flagNames(port).join(',')}> mtu ${device.mtu} ` +
    `master ${device.master ?? ''} state ${stateOf(port)} priority 32 cost 2 `
  );
}

const SETTINGS =
  '    hairpin off guard off root_block off fastleave off learning on flood on mcast_flood on bcast_flood on ' +
  'mcast_router 1 mcast_to_unicast off neigh_suppress off vlan_tunnel off isolated off locked off ';

function portJson(port: SeenDevice): Json {
  const { device } = port;
  return {
    ifindex: device.index,
    ...(device.link?.kind === 'peer' ? { link: device.link.device } : {}),
    ifname: device.name,
    flags: flagNames(port),
    mtu: device.mtu,
    master: device.master ?? '',
    state: stateOf(port),
    priority: 32,
    cost: 2,
  };
}
