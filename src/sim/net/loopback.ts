/** The device that every network namespace has from the beginning (drivers/net/loopback.c). */
import { ipv4 } from '../../model/ip.ts';
import { ZERO_MAC } from '../../model/mac.ts';
import type { Device } from './netns.ts';

/** As it is once `lo` is up. */
export const LOOPBACK: Device = {
  index: 1,
  name: 'lo',
  kind: { type: 'loopback' },
  mac: ZERO_MAC,
  mtu: 65536,
  up: true,
  addresses: [{ address: ipv4('127.0.0.1'), length: 8, scope: 'host' }],
  proxyArp: false,
};
