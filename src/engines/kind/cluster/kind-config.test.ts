import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseTopology } from '../../../lab/topology.ts';
import type { Topology } from '../../../model/topology.ts';
import { nodeContainers } from '../names.ts';
import { kindConfig } from './kind-config.ts';

function topology(name: string): Topology {
  const path = join(import.meta.dirname, `../../../../labs/topologies/${name}.yaml`);
  const parsed = parseTopology(path, readFileSync(path, 'utf8'));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

test('two racks: names, roles, addresses and networks as the topology has them', () => {
  expect(kindConfig('underlay-abc123-lab-0001', topology('two-racks'), 'kindest/node:v1.35.5'))
    .toBe(`kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
name: underlay-abc123-lab-0001
networking:
  ipFamily: ipv4
  apiServerAddress: 127.0.0.1
  podSubnet: 10.244.0.0/16
  serviceSubnet: 10.96.0.0/16
  disableDefaultCNI: true
  kubeProxyMode: iptables
  dnsSearch: []
kubeadmConfigPatches:
  - |
    kind: KubeletConfiguration
    failCgroupV1: false
nodes:
  - role: control-plane
    image: kindest/node:v1.35.5
    kubeadmConfigPatches:
      - |
        kind: InitConfiguration
        localAPIEndpoint:
          advertiseAddress: 10.0.0.10
        nodeRegistration:
          name: control-plane
          kubeletExtraArgs:
            node-ip: 10.0.0.10
  - role: worker
    image: kindest/node:v1.35.5
    kubeadmConfigPatches:
      - |
        kind: JoinConfiguration
        nodeRegistration:
          name: node1
          kubeletExtraArgs:
            node-ip: 10.0.0.11
  - role: worker
    image: kindest/node:v1.35.5
    kubeadmConfigPatches:
      - |
        kind: JoinConfiguration
        nodeRegistration:
          name: node2
          kubeletExtraArgs:
            node-ip: 10.0.0.12
  - role: worker
    image: kindest/node:v1.35.5
    kubeadmConfigPatches:
      - |
        kind: JoinConfiguration
        nodeRegistration:
          name: node3
          kubeletExtraArgs:
            node-ip: 10.0.1.13
`);
});

interface Config {
  readonly networking: Readonly<Record<string, unknown>>;
  readonly nodes: readonly {
    readonly role: string;
    readonly labels?: unknown;
    readonly kubeadmConfigPatches: readonly string[];
  }[];
}

const read = (text: string): Config => parse(text) as Config;

test('a dual-stack topology gives both families, IPv4 first', () => {
  const { networking, nodes } = read(kindConfig('c', topology('dual-stack'), 'image'));
  const { podCidr6, nodes: described } = topology('dual-stack');
  expect(networking).toMatchObject({ ipFamily: 'dual' });
  expect(podCidr6).toBeDefined();
  expect(String(networking['podSubnet']).split(',')).toHaveLength(2);
  expect(String(networking['serviceSubnet']).split(',')).toHaveLength(2);
  expect(nodes).toHaveLength(described.length);
  for (const { kubeadmConfigPatches } of nodes)
    expect(kubeadmConfigPatches.join()).toMatch(/node-ip: \d+\.\d+\.\d+\.\d+,fd/);
});

test.each(['two-racks', 'tor-bgp', 'dual-stack'])('%s: the order is that of the containers', (name) => {
  const lab = topology(name);
  const { nodes } = read(kindConfig('c', lab, 'image'));
  const roles = [...nodeContainers('c', lab).values()].map((container) =>
    container.replace(/^c-/, '').replace(/\d+$/, ''),
  );
  expect(nodes.map(({ role }) => role)).toEqual(roles);
  expect(nodes.map(({ labels }) => labels ?? {})).toEqual(lab.nodes.map(({ labels }) => labels));
});

test('only the first control plane is initialised, the others join', () => {
  const lab = topology('two-racks');
  const nodes = lab.nodes.map((node, index) =>
    index === 2 ? { ...node, role: 'control-plane' as const } : node,
  );
  const config = read(kindConfig('c', { ...lab, nodes }, 'image'));
  expect(config.nodes.map(({ kubeadmConfigPatches: [patch = ''] }) => patch.split('\n')[0])).toEqual([
    'kind: InitConfiguration',
    'kind: JoinConfiguration',
    'kind: JoinConfiguration',
    'kind: JoinConfiguration',
  ]);
});

test('each control plane speaks for its address in the rack, the first and those that join', () => {
  const lab = topology('two-racks');
  const nodes = lab.nodes.map((node, index) =>
    index === 2 ? { ...node, role: 'control-plane' as const } : node,
  );
  const config = read(kindConfig('c', { ...lab, nodes }, 'image'));
  const patches = config.nodes.map(({ kubeadmConfigPatches: [patch = ''] }) => parse(patch) as object);
  expect(patches[0]).toMatchObject({ localAPIEndpoint: { advertiseAddress: '10.0.0.10' } });
  expect(patches[2]).toMatchObject({
    controlPlane: { localAPIEndpoint: { advertiseAddress: '10.0.0.12' } },
  });
  expect(patches[3]).not.toHaveProperty('controlPlane');
});
