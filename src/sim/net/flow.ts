/**
 * The addresses and ports that name a flow, and packets with some of them rewritten. ICMP echoes count their identifier as
 * the source port, as conntrack does.
 */
import type { Ipv4 } from '../../model/ip.ts';
import type { Ipv4Packet } from '../../model/packet.ts';
import { protocolNumber } from '../../model/packet.ts';
import type { FlowTuple } from '../../model/trace.ts';
import { mix, scaleHash } from './flow-hash.ts';

export function flowTuple(packet: Ipv4Packet): FlowTuple {
  const { source, destination, payload } = packet;
  const protocol = protocolNumber(payload);
  switch (payload.kind) {
    case 'udp':
    case 'tcp':
      return {
        protocol,
        source,
        destination,
        sourcePort: payload.sourcePort,
        destinationPort: payload.destinationPort,
      };
    case 'icmp-echo':
      return { protocol, source, destination, sourcePort: payload.identifier, destinationPort: 0 };
    default:
      return { protocol, source, destination, sourcePort: 0, destinationPort: 0 };
  }
}

/** What to put in place of a packet's own fields; for an echo `sourcePort` is the identifier. */
export interface Rewrite {
  readonly source?: Ipv4;
  readonly destination?: Ipv4;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
}

export function rewrite(packet: Ipv4Packet, change: Rewrite): Ipv4Packet {
  return {
    ...packet,
    source: change.source ?? packet.source,
    destination: change.destination ?? packet.destination,
    payload: rewritePorts(packet.payload, change),
  };
}

function rewritePorts(payload: Ipv4Packet['payload'], change: Rewrite): Ipv4Packet['payload'] {
  switch (payload.kind) {
    case 'udp':
    case 'tcp':
      return {
        ...payload,
        sourcePort: change.sourcePort ?? payload.sourcePort,
        destinationPort: change.destinationPort ?? payload.destinationPort,
      };
    case 'icmp-echo':
      return { ...payload, identifier: change.sourcePort ?? payload.identifier };
    default:
      return payload;
  }
}

/**
 * The hash from which the kernel draws a tunnel's source port (skb_get_hash): equal in both directions of a flow, and for
 * ICMP of the address pair alone, so every echo of a pair uses one port.
 */
export function symmetricHash(packet: Ipv4Packet): number {
  const { protocol, source, destination, sourcePort, destinationPort } = flowTuple(packet);
  const ports = packet.payload.kind === 'icmp-echo' ? 0 : sourcePort ^ destinationPort;
  return mix(protocol, Math.min(source, destination), Math.max(source, destination), ports);
}

/** An identification for a packet that may be fragmented: it differs from packet to packet and never is zero. */
export function packetId(source: Ipv4, destination: Ipv4, now: number): number {
  return scaleHash(mix(source, destination, now * 1000), 1, 0x10000);
}
