/** Names as pods ask for them: what their resolver is told, and what CoreDNS answers. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OpenLab } from '../support/labs.ts';

const TOOLS =
  'containers: [{ name: c, image: registry.k8s.io/e2e-test-images/agnhost:2.47, args: [netexec], ports: [{ name: http, containerPort: 8080 }] }]';
const NONE =
  'dnsPolicy: None, dnsConfig: { nameservers: [10.96.0.10], searches: [svc.cluster.local], options: [{ name: ndots, value: "3" }, { name: use-vc }] }';
const pod = (name: string, spec: string): string =>
  `{ apiVersion: v1, kind: Pod, metadata: { name: ${name}, labels: { app: ${name} } }, spec: { nodeName: node1, ${spec}, ${TOOLS} } }`;

const OBJECTS = `
${pod('plain', 'hostname: first, subdomain: each')}
---
${pod('host', 'hostNetwork: true')}
---
${pod('both', 'hostNetwork: true, dnsPolicy: ClusterFirstWithHostNet')}
---
${pod('node', 'dnsPolicy: Default')}
---
${pod('own', NONE)}
---
${pod('more', 'dnsConfig: { searches: [example.com], options: [{ name: ndots, value: "2" }] }')}
---
{ apiVersion: v1, kind: Service, metadata: { name: web }, spec: { selector: { app: plain }, clusterIP: 10.96.9.9, ports: [{ name: http, port: 80, targetPort: http }] } }
---
{ apiVersion: v1, kind: Service, metadata: { name: each }, spec: { selector: { app: plain }, clusterIP: None, ports: [{ name: http, port: 8080 }] } }
---
{ apiVersion: v1, kind: Service, metadata: { name: far-away }, spec: { type: ExternalName, externalName: web.default.svc.cluster.local } }
`;

let lab: OpenLab;
let address: string;
beforeAll(async () => {
  lab = await OpenLab.open('first-overlay');
  await lab.out('workstation', `kubectl apply -f - <<'EOF'\n${OBJECTS}EOF\nsleep 20`);
  address = await lab.out('workstation', "kubectl get pod plain -o jsonpath='{.status.podIP}'");
});
afterAll(() => lab.session.dispose());

describe('resolv.conf', () => {
  const CLUSTER =
    'search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n';
  test.each([
    ['plain', 'of the cluster', CLUSTER],
    ['both', 'of the cluster, on the node', CLUSTER],
    ['own', 'its own', 'search svc.cluster.local\nnameserver 10.96.0.10\noptions ndots:3 use-vc\n'],
    [
      'more',
      'of the cluster and its own',
      'search default.svc.cluster.local svc.cluster.local cluster.local example.com\nnameserver 10.96.0.10\noptions ndots:2\n',
    ],
  ])('pod %s has that %s', async (name, _, text) => {
    expect(await lab.out(`pod/${name}`, 'cat /etc/resolv.conf')).toBe(text);
  });

  test.each(['host', 'node'])('pod %s has its node’s, without the cluster', async (name) => {
    // The lab's nodes ask nobody.
    expect((await lab.at(`pod/${name}`, 'cat /etc/resolv.conf')).stdout).toBe('');
  });
});

describe('answers', () => {
  const dig = async (question: string, place = 'pod/plain'): Promise<string> =>
    (await lab.out(place, `dig +short ${question}`)).trim();

  test('a service, its ports and its name from its address', async () => {
    expect(await dig('web.default.svc.cluster.local')).toBe('10.96.9.9');
    expect(await dig('_http._tcp.web.default.svc.cluster.local SRV')).toBe(
      '0 100 80 web.default.svc.cluster.local.',
    );
    expect(await dig('-x 10.96.9.9')).toBe('web.default.svc.cluster.local.');
  });

  test('a headless service is its pods, each with a name', async () => {
    expect(await dig('each.default.svc.cluster.local')).toBe(address);
    expect(await dig('first.each.default.svc.cluster.local')).toBe(address);
    expect(await dig('-x ' + address)).toContain('first.each.default.svc.cluster.local.');
  });

  test('an external name is an alias; a pod’s dashed address is that address', async () => {
    expect(await dig('far-away.default.svc.cluster.local')).toBe('web.default.svc.cluster.local.\n10.96.9.9');
    expect(await dig('10-1-2-3.default.pod.cluster.local')).toBe('10.1.2.3');
  });

  test('short names go through the search list, and what is not there is denied', async () => {
    expect(await lab.out('pod/plain', 'nslookup web')).toContain('Name:\tweb.default.svc.cluster.local');
    expect(await lab.out('pod/own', 'nslookup web.default')).toContain('Address: 10.96.9.9');
    const missing = await lab.at('pod/plain', 'nslookup nothing');
    expect(missing.stdout).toContain("** server can't find nothing");
    expect(missing.stdout).toContain('NXDOMAIN');
    expect((await lab.at('pod/plain', 'curl -sS http://far-away/hostname')).stdout).toBe('plain');
  });

  test('a pod with its node’s resolver does not know services', async () => {
    expect((await lab.at('pod/node', 'curl -sS -m 2 http://web/')).exitCode).toBe(6);
  });
});
