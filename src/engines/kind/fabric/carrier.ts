/**
 * Docker's own network under a lab: it carries the segments, each as a VXLAN of its own (RFC 7348), and is none of them. What
 * crosses it is UDP between containers of one bridge, which no firewall of Docker's looks at.
 */
import type { Topology } from '../../../model/topology.ts';
import type { NetworkState } from '../docker/docker.ts';

/**
 * What Docker's device is called once a place is laid: `eth0` is the lab's. Calico's first-found autodetection leaves
 * `docker.*` alone (v3.32.1 node/pkg/lifecycle/startup/autodetection), and so does its search for the MTU.
 */
export const CARRIER = 'docker0';

/** UDP; Calico's own VXLAN has 4789, and in one namespace a port can serve one of the two only. */
export const CARRIER_PORT = 14_789;

/**
 * The routing table for ways that are not the lab's, and the priority of the rule that leads there: on routers and outside
 * hosts for what carries segments, on nodes for what their own programs want of the Internet.
 */
export const SIDE_TABLE = 1000;

/** Outer Ethernet, IPv4, UDP and VXLAN headers around a packet of a segment. */
const OVERHEAD = 50;

/** Bytes of IP that a cluster's Docker network must carry (`com.docker.network.driver.mtu`). */
export const carrierMtu = ({ segments }: Topology): number =>
  Math.max(...segments.map(({ mtu }) => mtu)) + OVERHEAD;

/** What an uplink carries unless somebody says otherwise. */
const ETHERNET = 1500;

/**
 * Bytes of IP that leave this machine for the Internet. Segments never do, so a lesson's numbers hold on every machine; what a
 * node fetches for itself does, and behind a VPN it hangs when it is larger than the way. People tell Docker of such a way by
 * dockerd's `mtu`, which the default network shows; kind's own network follows it too (kind v0.32.0 providers/docker/network.go).
 */
export const internetMtu = (defaultNetwork: Pick<NetworkState, 'mtu'> | undefined): number =>
  Math.min(ETHERNET, defaultNetwork?.mtu ?? ETHERNET);
