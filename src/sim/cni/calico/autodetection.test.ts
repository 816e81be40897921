/** Methods and patterns: node/pkg/lifecycle/startup/autodetection, Calico v3.32.1. */
import { describe, expect, test } from 'vitest';
import { ipv4, parseInterfaceAddress } from '../../../model/ip.ts';
import { detectAddress, localCidr, type HostNetwork } from './autodetection.ts';

const DEVICES: readonly (readonly [name: string, ...addresses: string[]])[] = [
  ['lo', '127.0.0.1/8'],
  ['eth0', '10.0.0.11/24', '10.0.0.99/24'],
  ['eth1', '169.254.10.1/16', '192.168.7.2/16'],
  ['docker0', '172.17.0.1/16'],
  ['cali0123', '10.244.0.1/32'],
  ['dummy7', '198.51.100.1/24'],
];

const HOST: HostNetwork = {
  interfaces: DEVICES.map(([name, ...addresses]) => ({
    name,
    addresses: addresses.flatMap((text) => parseInterfaceAddress(text) ?? []),
  })),
  internalIp: ipv4('10.0.0.99'),
  uplink: 'eth0',
};

describe('detectAddress', () => {
  test.each([
    ['', '192.168.7.2/16'],
    ['first-found', '192.168.7.2/16'],
    ['interface=eth0', '10.0.0.11/24'],
    ['interface=eth.*', '192.168.7.2/16'],
    ['interface=0$', '172.17.0.1/16'],
    ['interface=wlan.* , eth0', '10.0.0.11/24'],
    ['interface=nothing', undefined],
    ['interface=(', undefined],
    ['skip-interface=eth1', '10.0.0.11/24'],
    ['skip-interface=eth.*', undefined],
    ['cidr=10.0.0.0/8', '10.244.0.1/32'],
    ['cidr=192.168.0.0/24,10.0.0.0/24', '10.0.0.11/24'],
    ['cidr=10.0.0.0', undefined],
    ['can-reach=192.168.200.1', '192.168.7.2/16'],
    ['can-reach=8.8.8.8', '10.0.0.11/24'],
    ['can-reach=www.example.com', undefined],
    ['kubernetes-internal-ip', '10.0.0.99/24'],
    ['second-found', undefined],
  ])('by %s finds %s', (method, found) => {
    expect(detectAddress(method, HOST)).toBe(found);
  });

  test('looks past interfaces that belong to something else', () => {
    const own = HOST.interfaces.filter(({ name }) => !name.startsWith('eth'));
    expect(detectAddress('first-found', { ...HOST, interfaces: own })).toBeUndefined();
  });
});

test.each([
  ['10.0.0.99', '10.0.0.99/24'],
  ['10.0.0.12', '10.0.0.12/32'],
  ['10.0.0.12/16', '10.0.0.12/16'],
])('an address that is given as %s is written as %s', (given, written) => {
  expect(localCidr(given, HOST)).toBe(written);
});
