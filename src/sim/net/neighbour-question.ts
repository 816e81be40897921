/**
 * What is asked on a cable for the MAC of an address, and who answers: ARP (RFC 826, Linux net/ipv4/arp.c) or neighbour
 * discovery (RFC 4861, net/ipv6/ndisc.c). A solicitation goes to the multicast group of the address's last three bytes, and
 * it and its answer are packets of IPv6 that ip6tables sees on both sides; ARP passes iptables by.
 * Left out: router discovery, redirects, duplicate address detection; what rules count of these packets.
 */
import { isIpv4, isIpv6 } from '../../model/ip-family.ts';
import type { Ip, Ipv4, Ipv6 } from '../../model/ip.ts';
import { UNSPECIFIED } from '../../model/ip.ts';
import { ipv6, UNSPECIFIED6 } from '../../model/ipv6.ts';
import type { Mac } from '../../model/mac.ts';
import { BROADCAST_MAC, ZERO_MAC } from '../../model/mac.ts';
import type { ArpPacket, Frame, Ipv6Packet, NeighbourMessage } from '../../model/packet.ts';
import type { CableEnd } from './cable.ts';
import type { Hop } from './hop.ts';
import { hopOf } from './hop.ts';
import { addresses6, isLinkLocal, speaksInet6 } from './inet6.ts';
import type { Journey } from './journey.ts';
import type { HookPlace } from './netfilter.ts';
import { runHook } from './netfilter.ts';
import type { Device, Netns } from './netns.ts';
import { selectAddress, selectAddress6 } from './source-address.ts';
import { forwards, ignoresArp, proxiesArp, proxiesNdp } from './sysctl.ts';

export interface Question {
  /** Whose MAC is wanted. */
  readonly address: Ip;
  /** Of the packet that waits. */
  readonly source: Ip;
}

export function questionFrame(from: CableEnd, { address, source }: Question): Frame {
  if (isIpv6(address)) return solicitation(from, address, source);
  return arpRequest(from, address, isIpv4(source) ? source : UNSPECIFIED);
}

/** arp_announce 0: the request tells the packet's source when it is the stack's own address. */
function arpRequest({ stack, device }: CableEnd, address: Ipv4, source: Ipv4): Frame {
  const own = stack.routes.isLocal(source);
  const senderIp = own ? source : selectAddress(stack, device, { toward: address, scope: 'link' });
  return {
    source: device.mac,
    destination: BROADCAST_MAC,
    payload: {
      kind: 'arp',
      operation: 'request',
      senderMac: device.mac,
      senderIp: senderIp ?? UNSPECIFIED,
      targetMac: ZERO_MAC,
      targetIp: address,
    },
  };
}

const SOLICITED_NODE = ipv6('ff02::1:ff00:0').slice(0, 26);

/** Of all addresses with the same last three bytes (RFC 4291 2.7.1). */
export const solicitedNode = (address: Ipv6): Ipv6 => `${SOLICITED_NODE}${address.slice(26)}` as Ipv6;

/** RFC 2464 7: 33:33 and the last four bytes of the group. */
export const multicastMac = (group: Ipv6): Mac =>
  `33:33:${group.slice(24).replace(/..(?=.)/g, '$&:')}` as Mac;

/** From the packet's source when it is the device's own, else from its link-local address (ndisc_solicit). */
function solicitation({ stack, device }: CableEnd, target: Ipv6, wanted: Ip): Frame {
  const own = addresses6(stack.netns, device);
  const from = own.find(({ address }) => address === wanted) ?? own.find(isLinkLocal);
  const source = from?.address ?? UNSPECIFIED6;
  const destination = solicitedNode(target);
  const mac = from && { mac: device.mac };
  const payload = message(source, destination, { kind: 'neighbour-solicitation', target, ...mac });
  return { source: device.mac, destination: multicastMac(destination), payload };
}

const message = (source: Ipv6, destination: Ipv6, payload: NeighbourMessage): Ipv6Packet => ({
  kind: 'ipv6',
  source,
  destination,
  hopLimit: 255,
  trafficClass: 0,
  flowLabel: 0,
  payload,
});

/** Whoever sent the question. */
export function askerOf({ payload }: Frame): Ip {
  return payload.kind === 'arp' ? payload.senderIp : payload.source;
}

/** Its owner, or a proxy: one that routes it elsewhere (169.254.1.1 on cali devices), or one that was told to. */
export function answersFor({ stack, device }: CableEnd, address: Ip): boolean {
  if (device.arpOff) return false;
  return isIpv4(address)
    ? answersArp({ stack, device }, address)
    : answersSolicitation({ stack, device }, address);
}

function answersArp({ stack, device }: CableEnd, address: Ipv4): boolean {
  if (device.proxied?.includes(address)) return true;
  if (stack.routes.isLocal(address)) {
    return ignoresArp(stack.netns, device) === 0 || device.addresses.some((own) => own.address === address);
  }
  if (!proxiesArp(stack.netns, device) || !forwards(stack.netns, device)) return false;
  const route = stack.routes.lookup(address);
  return route?.type === 'unicast' && route.device?.name !== device.name;
}

/** Unlike with ARP an address is answered for only on its own device, and a proxy must be told each address. */
const answersSolicitation = ({ stack: { netns }, device }: CableEnd, target: Ipv6): boolean =>
  speaksInet6(netns, device.name) && (hasAddress(netns, device, target) || isProxied(netns, device, target));

const hasAddress = (netns: Netns, device: Device, target: Ipv6): boolean =>
  addresses6(netns, device).some(({ address }) => address === target);

const isProxied = (netns: Netns, device: Device, target: Ipv6): boolean =>
  netns.inet6?.forwarding === true &&
  netns.inet6.proxied?.get(device.name)?.includes(target) === true &&
  proxiesNdp(netns, device);

export function answerFrame(answerer: CableEnd, request: Frame): Frame {
  const { payload } = request;
  if (payload.kind === 'arp') return arpReply(answerer, payload);
  if (payload.kind !== 'ipv6' || payload.payload.kind !== 'neighbour-solicitation')
    throw new RangeError(`no question: ${payload.payload.kind}`);
  return advertisement(answerer, request, { asker: payload.source, target: payload.payload.target });
}

function arpReply({ device }: CableEnd, { senderMac, senderIp, targetIp }: ArpPacket): Frame {
  return {
    source: device.mac,
    destination: senderMac,
    payload: {
      kind: 'arp',
      operation: 'reply',
      senderMac: device.mac,
      senderIp: targetIp,
      targetMac: senderMac,
      targetIp: senderIp,
    },
  };
}

/** A proxy's answer gives way to the owner's. */
function advertisement(
  { stack, device }: CableEnd,
  request: Frame,
  { asker, target }: { readonly asker: Ipv6; readonly target: Ipv6 },
): Frame {
  const { netns } = stack;
  const isOwn = hasAddress(netns, device, target);
  const source = isOwn ? target : selectAddress6(stack, device, asker);
  const payload = message(source ?? UNSPECIFIED6, asker, {
    kind: 'neighbour-advertisement',
    target,
    mac: device.mac,
    ...(netns.inet6?.forwarding && { router: true }),
    solicited: true,
    ...(isOwn && { override: true }),
  });
  return { source: device.mac, destination: request.source, payload };
}

/** The answer says that its sender forwards. */
export const isOfRouter = ({ payload }: Frame): boolean =>
  payload.kind === 'ipv6' &&
  payload.payload.kind === 'neighbour-advertisement' &&
  payload.payload.router === true;

/** False when a rule of the sender's stack does not let the frame's packet out. */
export function canLeave(journey: Journey, { stack, device }: CableEnd, { payload }: Frame): boolean {
  if (payload.kind !== 'ipv6') return true;
  const places = [{ hook: 'OUTPUT', out: device } as const, { hook: 'POSTROUTING', out: device } as const];
  return passes(hopOf({ journey, stack, packet: payload }), places);
}

/** False when a rule of the receiver's stack keeps the frame's packet from the kernel. */
export function canReach(journey: Journey, { stack, device }: CableEnd, { payload }: Frame): boolean {
  if (payload.kind !== 'ipv6') return true;
  return passes(hopOf({ journey, stack, packet: payload, input: device }), ARRIVAL);
}

const ARRIVAL: readonly HookPlace[] = [{ hook: 'PREROUTING' }, { hook: 'INPUT' }];

/** Such packets are of no connection. The rules they meet are no part of the story of the packet that waits. */
function passes(hop: Hop, places: readonly HookPlace[]): boolean {
  const { steps } = hop.journey;
  const told = steps.length;
  hop.state = 'UNTRACKED';
  const passed = places.every((place) => runHook(hop, place) === 'accept');
  steps.length = told;
  return passed;
}
