/**
 * The control plane's static pods as their mirrors in the API. Source: kubeadm v1.35 app/phases/controlplane, app/phases/etcd
 * (images, labels, main flags, requests); health probes and host paths are left out.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { hex, utf8 } from '../../base/bytes.ts';
import type { JsonObject } from '../../base/json.ts';
import { formatIpv4 } from '../../model/ip.ts';
import { formatIpCidr, type IpCidr } from '../../model/ip-family.ts';
import type { ClusterNode, Topology } from '../../model/topology.ts';
import { VERSION } from './discovery.ts';
import type { KubeObject } from './object.ts';
import type { ClusterTransaction } from './transaction.ts';

const REGISTRY = 'registry.k8s.io';
export const KUBE_IMAGE_TAG = String(VERSION['gitVersion']);

/** Ranges as the flags of Kubernetes take them: one, or one of each family. */
export const rangesText = (range: IpCidr, range6: IpCidr | undefined): string =>
  [range, ...(range6 ? [range6] : [])].map(formatIpCidr).join(',');

export function staticPods(
  topology: Topology,
  node: ClusterNode,
  tx: ClusterTransaction,
): readonly KubeObject[] {
  const address = formatIpv4(node.address.address);
  const podRange = rangesText(topology.podCidr, topology.podCidr6);
  const serviceRange = rangesText(topology.serviceCidr, topology.serviceCidr6);
  const pod = (
    component: string,
    image: string,
    command: readonly string[],
    requests: JsonObject,
  ): KubeObject => mirrorPod(tx, node, { component, image, command, requests, address });
  return [
    pod(
      'etcd',
      `${REGISTRY}/etcd:3.6.6-0`,
      [
        'etcd',
        `--advertise-client-urls=https://${address}:2379`,
        `--listen-client-urls=https://127.0.0.1:2379,https://${address}:2379`,
        `--name=${node.name}`,
      ],
      { cpu: '100m', memory: '100Mi' },
    ),
    pod(
      'kube-apiserver',
      `${REGISTRY}/kube-apiserver:${KUBE_IMAGE_TAG}`,
      [
        'kube-apiserver',
        `--advertise-address=${address}`,
        '--etcd-servers=https://127.0.0.1:2379',
        '--secure-port=6443',
        `--service-cluster-ip-range=${serviceRange}`,
      ],
      { cpu: '250m' },
    ),
    pod(
      'kube-controller-manager',
      `${REGISTRY}/kube-controller-manager:${KUBE_IMAGE_TAG}`,
      [
        'kube-controller-manager',
        '--allocate-node-cidrs=true',
        `--cluster-cidr=${podRange}`,
        `--cluster-name=${topology.name}`,
        `--service-cluster-ip-range=${serviceRange}`,
      ],
      { cpu: '200m' },
    ),
    pod(
      'kube-scheduler',
      `${REGISTRY}/kube-scheduler:${KUBE_IMAGE_TAG}`,
      ['kube-scheduler', '--leader-elect=true'],
      { cpu: '100m' },
    ),
  ];
}

interface Static {
  readonly component: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly requests: JsonObject;
  readonly address: string;
}

function mirrorPod(
  tx: ClusterTransaction,
  node: ClusterNode,
  { component, image, command, requests, address }: Static,
): KubeObject {
  const hash = hex(sha256(utf8(`${component} ${command.join(' ')}`))).slice(0, 32);
  const owner = tx.get('nodes', undefined, node.name);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${component}-${node.name}`,
      namespace: 'kube-system',
      labels: { component, tier: 'control-plane' },
      annotations: {
        ...(component === 'kube-apiserver'
          ? { 'kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint': `${address}:6443` }
          : {}),
        'kubernetes.io/config.hash': hash,
        'kubernetes.io/config.mirror': hash,
        'kubernetes.io/config.seen': tx.timestamp,
        'kubernetes.io/config.source': 'file',
      },
      ...(owner?.metadata.uid === undefined
        ? {}
        : {
            ownerReferences: [
              { apiVersion: 'v1', kind: 'Node', name: node.name, uid: owner.metadata.uid, controller: true },
            ],
          }),
    },
    spec: {
      containers: [{ name: component, image, command, resources: { requests } }],
      hostNetwork: true,
      nodeName: node.name,
      priorityClassName: 'system-node-critical',
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
      tolerations: [{ effect: 'NoExecute', operator: 'Exists' }],
    },
  };
}
