import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { parseTopology } from '../../../lab/topology.ts';
import type { Topology } from '../../../model/topology.ts';
import { customResources, nodeVariables, tailorManifest } from './tailor.ts';

const topologyOf = (name: string): Topology => {
  const file = join(import.meta.dirname, '../../../../labs/topologies', `${name}.yaml`);
  const parsed = parseTopology(file, readFileSync(file, 'utf8'));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
};
const TWO_RACKS = topologyOf('two-racks');
const DUAL_STACK = topologyOf('dual-stack');

/** Shaped as Calico's manifest is, with the parts that are tailored and one that is not. */
const MANIFEST = `# A comment that stays.
kind: ConfigMap
apiVersion: v1
metadata: { name: calico-config, namespace: kube-system }
data:
  calico_backend: "bird"
  cni_network_config: |-
    { "plugins": [ { "type": "calico", "mtu": __CNI_MTU__,
      "ipam": {
          "type": "calico-ipam"
      } } ] }
---
kind: DaemonSet
apiVersion: apps/v1
metadata: { name: calico-node, namespace: kube-system }
spec:
  template:
    spec:
      initContainers:
        - name: install-cni
          env: [{ name: CNI_CONF_NAME, value: 10-calico.conflist }]
      containers:
        - name: calico-node
          env:
            - { name: DATASTORE_TYPE, value: kubernetes }
            - name: IP_AUTODETECTION_METHOD
              valueFrom: { configMapKeyRef: { name: calico-config, key: method } }
`;

const variablesOf = (text: string): unknown => {
  const documents = parseAllDocuments(text);
  const found = Array.isArray(documents) ? documents.map((document) => document.toJS() as never) : [];
  type Shape = { spec: { template: { spec: { containers: { env: unknown }[] } } } };
  return (found[1] as unknown as Shape).spec.template.spec.containers[0]?.env;
};

const value = (text: ReturnType<typeof tailorManifest>): string => {
  if (!text.ok) throw new Error(text.error.message);
  return text.value;
};

test('calico-node looks for its address in the racks, and makes no pool where the lab brings its own', () => {
  const tailored = value(tailorManifest(MANIFEST, { topology: TWO_RACKS, defaultPools: false }));
  expect(variablesOf(tailored)).toEqual([
    { name: 'DATASTORE_TYPE', value: 'kubernetes' },
    { name: 'IP_AUTODETECTION_METHOD', value: 'cidr=10.0.0.0/24,10.0.1.0/24' },
    { name: 'NO_DEFAULT_POOLS', value: 'true' },
  ]);
  expect(tailored).toContain('# A comment that stays.');
  expect(tailored).toContain('install-cni');
  expect(tailored).not.toContain('assign_ipv6');
});

test('a default pool is the topology’s', () => {
  expect(nodeVariables({ topology: TWO_RACKS, defaultPools: true })).toEqual({
    IP_AUTODETECTION_METHOD: 'cidr=10.0.0.0/24,10.0.1.0/24',
    CALICO_IPV4POOL_CIDR: '10.244.0.0/16',
  });
});

test('dual stack asks for addresses of both families', () => {
  const wish = { topology: DUAL_STACK, defaultPools: true };
  expect(nodeVariables(wish)).toEqual({
    IP_AUTODETECTION_METHOD: 'cidr=10.0.0.0/24,10.0.1.0/24',
    CALICO_IPV4POOL_CIDR: '10.244.0.0/16',
    IP6: 'autodetect',
    IP6_AUTODETECTION_METHOD: 'cidr=fd00:a::/64,fd00:b::/64',
    FELIX_IPV6SUPPORT: 'true',
    CALICO_IPV6POOL_CIDR: 'fd00:10:244::/56',
  });
  const [, configuration = ''] =
    /cni_network_config: \|-\n([\s\S]*?)\n---/.exec(value(tailorManifest(MANIFEST, wish))) ?? [];
  expect(parse(configuration.replace('__CNI_MTU__', '0'))).toMatchObject({
    plugins: [{ ipam: { type: 'calico-ipam', assign_ipv4: 'true', assign_ipv6: 'true' } }],
  });
});

test.each([
  ['another file', 'kind: ConfigMap\n', /no container calico-node/],
  ['an empty one', '', /empty|no container/],
  ['half of one', 'kind: [DaemonSet\n', /foreign|not the manifest/],
])('%s is told apart', (_, text, message) => {
  const tailored = tailorManifest(text, { topology: TWO_RACKS, defaultPools: true });
  expect(tailored).toMatchObject({ ok: false, error: { code: 'foreign-manifest' } });
  expect(tailored.ok ? '' : tailored.error.message).toMatch(message);
});

test('the operator is given the racks, and a list of pools that is empty where the lab brings its own', () => {
  const [installation, ...others] = customResources({ topology: TWO_RACKS, defaultPools: false });
  expect(installation).toEqual({
    apiVersion: 'operator.tigera.io/v1',
    kind: 'Installation',
    metadata: { name: 'default' },
    spec: {
      calicoNetwork: {
        ipPools: [],
        nodeAddressAutodetectionV4: { cidrs: ['10.0.0.0/24', '10.0.1.0/24'] },
      },
    },
  });
  expect(others.map(({ kind }) => kind)).toEqual(['APIServer', 'Goldmane', 'Whisker']);
  const [dual] = customResources({ topology: DUAL_STACK, defaultPools: true });
  expect(dual).toMatchObject({
    spec: {
      calicoNetwork: {
        ipPools: [
          { name: 'default-ipv4-ippool', cidr: '10.244.0.0/16', blockSize: 26 },
          { name: 'default-ipv6-ippool', cidr: 'fd00:10:244::/56', blockSize: 122 },
        ],
        nodeAddressAutodetectionV6: { cidrs: ['fd00:a::/64', 'fd00:b::/64'] },
      },
    },
  });
});
