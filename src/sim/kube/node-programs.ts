/**
 * The programs of a node's own that listen in its network namespace: kubelet, containerd, kube-proxy, Felix and, on the control
 * plane, the static pods. Who connects is answered, over HTTP at the ports for health and metrics; what speaks TLS says that it
 * does. Which ports and addresses: a cluster of kubeadm v1.35 with Calico v3.32.1. Left out: containerd's port for streams, which
 * is another one after each start; metrics; what stands behind TLS.
 */
import type { ClusterNode, Topology } from '../../model/topology.ts';
import { ipv4, type Ipv4 } from '../../model/ip.ts';
import { memoize } from '../core/memo.ts';
import type { HttpServer, Listener } from '../net/netns.ts';
import type { ClusterState } from './controller.ts';
import { lastSeen } from './last-seen.ts';
import { isBroken, nodeMachine } from './machines.ts';

const LOOPBACK = ipv4('127.0.0.1');

/** What Go's TLS servers say to somebody who does not speak it. */
const TLS: HttpServer = {
  kind: 'http',
  status: 400,
  body: 'Client sent an HTTP request to an HTTPS server.\n',
};

const pages = (found: Readonly<Record<string, string>>): HttpServer => ({
  kind: 'http',
  status: 404,
  body: '404 page not found\n',
  headers: [['X-Content-Type-Options', 'nosniff']],
  pages: found,
});

const listener = (process: string, port: number, serves: HttpServer, address?: Ipv4): Listener => ({
  protocol: 'tcp',
  port,
  ...(address !== undefined && { address }),
  serves,
  process,
});

const KUBELET: readonly Listener[] = [
  listener('kubelet', 10248, pages({ '/healthz': 'ok' }), LOOPBACK),
  listener('kubelet', 10250, TLS),
];

const PROXY_HEALTH = '{"lastUpdated": "{now}","currentTime": "{now}", "nodeEligible": true}';
const KUBE_PROXY: readonly Listener[] = [
  listener('kube-proxy', 10249, pages({ '/healthz': 'ok', '/proxyMode': 'iptables' }), LOOPBACK),
  listener('kube-proxy', 10256, pages({ '/healthz': PROXY_HEALTH, '/livez': PROXY_HEALTH })),
];

const FELIX = listener('calico-node', 9099, pages({ '/liveness': '', '/readiness': '' }), LOOPBACK);

const API_SERVER = listener('kube-apiserver', 6443, TLS);

const controlPlane = (address: Ipv4): readonly Listener[] => [
  listener('etcd', 2379, TLS, address),
  listener('etcd', 2380, TLS, address),
  listener('etcd', 2379, TLS, LOOPBACK),
  listener('etcd', 2381, pages({ '/health': '{"health":"true","reason":""}' }), LOOPBACK),
  listener('kube-controller', 10257, TLS, LOOPBACK),
  listener('kube-scheduler', 10259, TLS, LOOPBACK),
];

/** Which of the programs run: nodes that are alike have one list. */
const listenersOf = memoize(
  (home: Ipv4 | undefined, apiServer: boolean, felix: boolean, kubeProxy: boolean): readonly Listener[] => [
    ...(home === undefined ? [] : [...controlPlane(home), ...(apiServer ? [API_SERVER] : [])]),
    ...(felix ? [FELIX] : []),
    ...(kubeProxy ? KUBE_PROXY : []),
    ...KUBELET,
  ],
  8,
);

const nodesByName = memoize(
  ({ nodes }: Topology): ReadonlyMap<string, ClusterNode> => new Map(nodes.map((node) => [node.name, node])),
  2,
);

/** The sockets of a node's own programs that run now. */
export function nodeListeners(
  cluster: Pick<ClusterState, 'store' | 'frozen'>,
  topology: Topology,
  name: string,
): readonly Listener[] {
  const node = nodesByName(topology).get(name);
  if (!node) return [];
  const machine = nodeMachine(cluster.store, name);
  const felix = lastSeen(cluster, 'calico-node', name) ?? lastSeen(cluster, 'felix', name);
  const kubeProxy = lastSeen(cluster, 'kube-proxy', name);
  return listenersOf(
    homeOf(node),
    !isBroken(machine, 'kube-apiserver'),
    felix?.alive !== false,
    kubeProxy?.alive !== false,
  );
}

const homeOf = ({ role, address }: ClusterNode): Ipv4 | undefined =>
  role === 'control-plane' ? address.address : undefined;
