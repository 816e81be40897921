/**
 * Felix's IPIP manager: tunl0, the kernel's fallback device, gets the node's tunnel address while some pool asks for IPIP,
 * and loses it afterwards; its routes are BIRD's.
 * Source: felix/dataplane/linux/ipip_mgr.go, int_dataplane.go cleanUpIPIPAddrs, Calico v3.32.1.
 */
import { ZERO_MAC } from '../../../../model/mac.ts';
import type { Device } from '../../../net/netns.ts';
import { IPIP_DEVICE } from '../names.ts';
import type { FelixView } from './view.ts';

export function ipipDevices({ local, encapsulations, mtus, indexes }: FelixView): readonly Device[] {
  const index = indexes.devices[IPIP_DEVICE];
  if (index === undefined) return [];
  const tunnel = encapsulations.ipip ? local.ipipTunnel : undefined;
  return [
    {
      index,
      name: IPIP_DEVICE,
      kind: { type: 'ipip', local: undefined },
      mac: ZERO_MAC,
      mtu: mtus.ipip,
      up: true,
      addresses: tunnel === undefined ? [] : [{ address: tunnel, length: 32, scope: 'global' }],
      proxyArp: false,
    },
  ];
}
