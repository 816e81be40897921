/**
 * Services of a dual-stack cluster as clients meet them: by name, by each address, by a node's port, with who the endpoint thinks
 * it speaks to. Expectations: Kubernetes' documents on virtual IPs and on IPv4/IPv6 dual-stack, 1.35.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseTopology } from '../../src/lab/topology.ts';
import { OpenLab } from '../support/labs.ts';

const FILE = 'labs/topologies/dual-stack.yaml';
const ADDRESS = 'fd00:10:96::55';

/** The cluster's DNS is in both racks, and is asked over IPv4. */
const POOLS = ['10.244.0.0/16', 'fd00:10:244::/56']
  .map(
    (cidr, index) => `apiVersion: projectcalico.org/v3
kind: IPPool
metadata: { name: default-ipv${index === 0 ? 4 : 6}-ippool }
spec: { cidr: "${cidr}", ipipMode: Never, vxlanMode: ${index === 0 ? 'CrossSubnet' : 'Never'}, natOutgoing: true }
`,
  )
  .join('---\n');

/** All endpoints are in one rack: without encapsulation the router between the racks knows no pods of IPv6. */
const MANIFEST = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 3
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      nodeName: node2
      containers: [{ name: web, image: "registry.k8s.io/e2e-test-images/agnhost:2.53", args: [netexec] }]
---
apiVersion: v1
kind: Pod
metadata: { name: client }
spec: { nodeName: node1, containers: [{ name: c, image: "registry.k8s.io/e2e-test-images/agnhost:2.53" }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  type: NodePort
  ipFamilyPolicy: RequireDualStack
  clusterIP: 10.96.5.5
  clusterIPs: [10.96.5.5, "${ADDRESS}"]
  selector: { app: web }
  ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }]
---
apiVersion: v1
kind: Service
metadata: { name: nobody }
spec: { clusterIP: "fd00:10:96::66", selector: { app: nobody }, ports: [{ port: 80 }] }
`;

describe('a service of two families', () => {
  let lab: OpenLab;
  const client = (line: string): Promise<string> => lab.out('workstation', `kubectl exec client -- ${line}`);
  const patched = (spec: string): Promise<string> =>
    lab.out('workstation', `kubectl patch svc web -p '{"spec":${spec}}' && sleep 1`);

  beforeAll(async () => {
    const topology = parseTopology(FILE, readFileSync(FILE, 'utf8'));
    if (!topology.ok) throw new Error(JSON.stringify(topology.error));
    lab = await OpenLab.over({
      id: 'dual-stack',
      topology: topology.value,
      calico: { install: 'manifest', pools: 'user' },
      start: [
        { file: '10-pools.yaml', text: POOLS },
        { file: '20-web.yaml', text: MANIFEST },
      ],
      files: [],
    });
    await lab.out('workstation', 'kubectl wait --for=condition=Available deploy/web --timeout=60s');
  });
  afterAll(() => lab.session.dispose());

  test('has a name with both addresses, and both lead back to it', async () => {
    expect(await client('dig +short AAAA web.default.svc.cluster.local')).toBe(`${ADDRESS}\n`);
    expect(await client('dig +short A web.default.svc.cluster.local')).toBe('10.96.5.5\n');
    expect(await client(`dig +short -x ${ADDRESS}`)).toBe('web.default.svc.cluster.local.\n');
  });

  test('sees pods as who they are, by each family', async () => {
    const [v4, v6] = (
      await lab.out('workstation', "kubectl get pod client -o jsonpath='{.status.podIPs[*].ip}'")
    ).split(' ');
    expect(await client('curl -s http://10.96.5.5/clientip')).toMatch(new RegExp(`^${v4}:\\d+$`));
    expect(await client(`curl -s http://[${ADDRESS}]/clientip`)).toMatch(new RegExp(`^\\[${v6}\\]:\\d+$`));
  });

  test('shares connections among its endpoints', async () => {
    const names = new Set<string>();
    for (let count = 0; count < 20; count += 1)
      names.add(await client(`curl -s http://[${ADDRESS}]/hostname`));
    expect(names.size).toBe(3);
  });

  test('keeps a client with its endpoint when it is asked to', async () => {
    await patched('{"sessionAffinity":"ClientIP"}');
    const names = new Set<string>();
    for (let count = 0; count < 10; count += 1)
      names.add(await client(`curl -s http://[${ADDRESS}]/hostname`));
    expect(names.size).toBe(1);
    await patched('{"sessionAffinity":"None"}');
  });

  test('has a port on every node, which hides the client unless traffic stays local', async () => {
    const from = (node: string): Promise<string> =>
      lab.out('host/outside', `curl -s -m 3 http://[${node}]:30080/clientip || echo nothing`);
    expect(await from('fd00:a::11')).toMatch(/^\[fd00:a::11\]:\d+$/);
    await patched('{"externalTrafficPolicy":"Local"}');
    expect(await from('fd00:a::12')).toMatch(/^\[2001:db8:113::10\]:\d+$/);
    expect(await from('fd00:a::11')).toBe('nothing\n');
    await patched('{"externalTrafficPolicy":"Cluster"}');
  });

  test('without endpoints refuses', async () => {
    const refused = await lab.at('node/node1', 'curl -s -m 3 http://[fd00:10:96::66]/');
    expect(refused.exitCode).toBe(7);
  });

  test('loses an address with its family', async () => {
    await patched('{"ipFamilyPolicy":"SingleStack"}');
    expect(await client('curl -s http://10.96.5.5/hostname')).toMatch(/^web-/);
    expect((await lab.at('node/node1', `curl -s -m 3 http://[${ADDRESS}]/`)).exitCode).not.toBe(0);
    expect(await client('dig +short AAAA web.default.svc.cluster.local')).toBe('');
  });
});
