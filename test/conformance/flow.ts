/** One question asked of both networks: who sends what to whom, and what it is a case of. */
import { formatIp, isIpv4 } from '../../src/model/ip-family.ts';
import type { Ip } from '../../src/model/ip.ts';
import type { NetnsId } from '../../src/model/trace.ts';

export const LOCALITIES = [
  'pod to pod, same node',
  'pod to pod, same rack',
  'pod to pod, cross rack',
  'pod to own node',
  'pod to other node',
  'node to pod, same node',
  'node to pod, same rack',
  'node to pod, cross rack',
  'pod to outside',
  'outside to pod',
  'pod to service',
  'pod to free address',
] as const;
/** Between ends of which none is a pod: asked where a node's own traffic is in question. */
export const NODE_LOCALITIES = [
  'node to node',
  'outside to node',
  'node to outside',
  'to node port',
] as const;
/** Every network is asked these, as far as it has ends for them. */
export type DrawnLocality = (typeof LOCALITIES)[number];
export type Locality = DrawnLocality | (typeof NODE_LOCALITIES)[number];

export const PROTOCOLS = ['icmp', 'udp', 'tcp'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/**
 * Bytes of IP packet: an ordinary one, the largest that fits the sender's device, one byte more, and one that no device
 * takes whole. The last may be fragmented, the two in the middle may not.
 */
export const SIZES = ['small', 'full', 'one over', 'jumbo'] as const;
export type Size = (typeof SIZES)[number];

export interface Flow {
  readonly from: NetnsId;
  readonly to: Ip;
  readonly locality: Locality;
  readonly protocol: Protocol;
  readonly size: Size;
  /** Bytes of IP packet; TCP asks and is answered in what it needs. */
  readonly bytes: number;
  /** UDP and TCP. */
  readonly port: number;
}

/** Bytes of IP and ICMP, or of IP and UDP, before the data. */
export const headersTo = (to: Ip): number => (isIpv4(to) ? 28 : 48);

export function flowText({ from, to, protocol, size, bytes, port }: Flow): string {
  const where = protocol === 'icmp' ? formatIp(to) : `${formatIp(to)}:${port}`;
  return `${from} > ${where} ${protocol} ${size} (${bytes})`;
}

/** What the program that sent it learnt: an answer, an error of its own kernel, or nothing. */
export type Outcome = 'answered' | 'refused' | 'nothing' | `error ${string}`;

/** How a flow went: the sender's outcome, and each packet at each device, one line each, sorted. */
export interface Course {
  readonly outcome: Outcome;
  readonly crossings: readonly string[];
  readonly facts: Facts;
}

/** What a person would call the result. Undefined where nothing arrived. */
export interface Facts {
  readonly arrivedAt: NetnsId | undefined;
  readonly sourceSeen: string | undefined;
  readonly ttlSeen: number | undefined;
  /** Of the request, on any device between the sender and the end. */
  readonly encapsulation: 'none' | 'vxlan' | 'ipip';
}
