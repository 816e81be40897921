/**
 * Three machines in a row with both families of addresses, `a` - `r` - `b`, as the transcripts of IPv6 were made with: veth
 * pairs between network namespaces, static addresses, `r` forwarding.
 */
import { ipv4 } from '../../../model/ip.ts';
import { cidr6, ipv6, parseInterfaceAddress6 } from '../../../model/ipv6.ts';
import { cidrOf, parseInterfaceAddress } from '../../../model/ip.ts';
import { cidrOf6 } from '../../../model/ipv6.ts';
import type { Ipv6 } from '../../../model/ip.ts';
import type { Mac } from '../../../model/mac.ts';
import { FRESH_INET6, kernelRoute, USER_METRIC } from '../../net/inet6.ts';
import { LOOPBACK } from '../../net/loopback.ts';
import { NO_NETFILTER } from '../../net/netfilter-rules.ts';
import type { Device, DeviceAddress, Listener, Netns, Route } from '../../net/netns.ts';
import type { Command } from '../command.ts';
import { stage, type Stage } from './stage.contract.ts';

interface Port {
  readonly name: string;
  readonly mac: string;
  readonly address: string;
  readonly address6: string;
  readonly peer: readonly [string, string, number];
}

interface Machine {
  readonly id: string;
  readonly ports: readonly Port[];
  readonly gateway?: readonly [string, string];
  readonly listeners?: readonly Listener[];
}

const A = { name: 'eth0', mac: '02:00:0a:00:00:0b', address: '10.0.0.11/24', address6: 'fd00:a::11/64' };
const R0 = { name: 'eth0', mac: '02:00:0a:00:00:01', address: '10.0.0.1/24', address6: 'fd00:a::1/64' };
const R1 = {
  name: 'eth1',
  mac: '02:00:cb:00:71:01',
  address: '203.0.113.1/24',
  address6: '2001:db8:113::1/64',
};
const B = {
  name: 'eth0',
  mac: '02:00:cb:00:71:0a',
  address: '203.0.113.10/24',
  address6: '2001:db8:113::10/64',
};

/** What listens on `b` besides what each machine answers by itself. */
const WEB: Listener = { protocol: 'tcp', port: 80, serves: { kind: 'http', body: 'hello\n' } };

export function dualStage(commands: readonly Command[], listeners: readonly Listener[] = [WEB]): Stage {
  const lab = stage(commands);
  const machines: readonly Machine[] = [
    { id: 'host/a', ports: [{ ...A, peer: ['router/r', 'eth0', 2] }], gateway: ['10.0.0.1', 'fd00:a::1'] },
    {
      id: 'router/r',
      ports: [
        { ...R0, peer: ['host/a', 'eth0', 2] },
        { ...R1, peer: ['host/b', 'eth0', 2] },
      ],
    },
    {
      id: 'host/b',
      ports: [{ ...B, peer: ['router/r', 'eth1', 3] }],
      gateway: ['203.0.113.1', '2001:db8:113::1'],
      listeners,
    },
  ];
  for (const machine of machines) lab.network.stacks.set(machine.id, netnsOf(machine));
  return lab;
}

function netnsOf({ id, ports, gateway, listeners = [] }: Machine): Netns {
  const forwards = gateway === undefined;
  return {
    id,
    hostname: id.slice(id.indexOf('/') + 1),
    devices: [LOOPBACK, ...ports.map(deviceOf)],
    routes: [...ports.map(connected), ...(gateway ? [defaultRoute(gateway[0])] : [])],
    neighbours: [],
    fdb: [],
    netfilter: NO_NETFILTER,
    ipForward: forwards,
    inet6: {
      ...FRESH_INET6,
      forwarding: forwards,
      addresses: new Map(ports.map((port) => [port.name, [address6Of(port)]])),
      routes: [
        ...ports.map((port) =>
          kernelRoute(cidrOf6(address6Of(port).address, address6Of(port).length), port.name),
        ),
        ...(gateway ? [defaultRoute6(gateway[1])] : []),
      ],
    },
    listeners,
  };
}

function deviceOf({ name, mac, address, peer: [netns, device, index] }: Port, at: number): Device {
  const own = parseInterfaceAddress(address);
  return {
    index: at + 2,
    name,
    kind: { type: 'veth' },
    mac: mac as Mac,
    mtu: 1500,
    up: true,
    addresses: own ? [{ ...own, scope: 'global' }] : [],
    proxyArp: false,
    link: { kind: 'peer', netns, device, index },
  };
}

function address6Of({ address6 }: Port): DeviceAddress<Ipv6> {
  const own = parseInterfaceAddress6(address6);
  if (!own) throw new RangeError(`not an IPv6 address: ${address6}`);
  return { ...own, scope: 'global' };
}

function connected({ name, address }: Port): Route {
  const own = parseInterfaceAddress(address);
  if (!own) throw new RangeError(`not an IPv4 address: ${address}`);
  const prefix = cidrOf(own.address, own.length);
  return { prefix, type: 'unicast', device: name, protocol: 'kernel', scope: 'link', source: own.address };
}

const defaultRoute = (via: string): Route => ({
  prefix: cidrOf(ipv4('0.0.0.0'), 0),
  type: 'unicast',
  via: ipv4(via),
  device: 'eth0',
  protocol: 'boot',
  scope: 'global',
});

const defaultRoute6 = (via: string): Route<Ipv6> => ({
  prefix: cidr6('::/0'),
  type: 'unicast',
  via: ipv6(via),
  device: 'eth0',
  protocol: 'boot',
  scope: 'global',
  metric: USER_METRIC,
});
