/**
 * How a packet crosses the underlay, and what that costs.
 * Overheads: felix/dataplane/linux/int_dataplane.go, Calico v3.32.1 (VXLAN over IPv4: outer IPv4 20 + UDP 8 + VXLAN 8 +
 * inner Ethernet 14 = 50; IP in IP: outer IPv4 20).
 */
export type Encapsulation = 'none' | 'vxlan' | 'ipip';

export const ENCAPSULATIONS = ['none', 'vxlan', 'ipip'] as const;

/** Bytes an encapsulation adds on an IPv4 underlay. */
export const OVERHEAD: Readonly<Record<Encapsulation, number>> = { none: 0, vxlan: 50, ipip: 20 };

/** The same over an IPv6 underlay, whose header is 20 bytes longer. */
export const VXLAN6_OVERHEAD = 70;

/** RFC 7348; Linux and Calico use the IANA port and Calico's own VNI. */
export const VXLAN_PORT = 4789;
export const CALICO_VNI = 4096;
