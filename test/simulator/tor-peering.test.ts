/**
 * Nodes that peer with their top-of-rack routers by BGPPeers, without a mesh: routes travel from rack to rack through other
 * autonomous systems, and from a router to the outside. Route lines: as the kernel prints what BIRD programs, with metric 32 on
 * routers (BIRD 2) and on nodes what Calico v3.32.1's template makes of the local preference of an outer neighbour's routes,
 * 2147483647 - 100.
 */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { parseTopology } from '../../src/lab/topology.ts';
import { OpenLab } from '../support/labs.ts';

const FILE = 'labs/topologies/tor-bgp.yaml';

let lab: OpenLab;
afterEach(() => lab.session.dispose());

const apply = (...documents: readonly string[]): Promise<string> =>
  lab.out('workstation', `calicoctl apply -f - <<'EOF'\n${documents.join('---\n')}EOF`);

const document = (kind: string, name: string, spec: string): string =>
  `apiVersion: projectcalico.org/v3\nkind: ${kind}\nmetadata: {name: ${name}}\nspec: ${spec}\n`;

const inRack = (...nodes: readonly string[]): string =>
  `"kubernetes.io/hostname in {${nodes.map((node) => `'${node}'`).join(', ')}}"`;
const RACK_A = inRack('control-plane', 'node1', 'node2');
/** All nodes are of one AS, so that what comes from the other rack has it in its path already. */
const ALLOWED = 'numAllowedLocalASNumbers: 1';
const TOR_A = document(
  'BGPPeer',
  'tor-a',
  `{nodeSelector: ${RACK_A}, peerIP: 10.0.0.1, asNumber: 65101, ${ALLOWED}}`,
);
const TOR_B = document('BGPPeer', 'tor-b', `{node: node3, peerIP: 10.0.1.1, asNumber: 65102, ${ALLOWED}}`);
const mesh = (rest = ''): string =>
  document('BGPConfiguration', 'default', `{nodeToNodeMeshEnabled: false${rest}}`);

/** A lab with two ToRs in which nothing but BGP joins the racks, and one pod in each. */
async function open(): Promise<void> {
  const topology = parseTopology(FILE, readFileSync(FILE, 'utf8'));
  if (!topology.ok) throw new Error(JSON.stringify(topology.error));
  lab = await OpenLab.over({
    id: 'tor-bgp',
    topology: topology.value,
    calico: { install: 'manifest', pools: 'user' },
    start: [],
    files: [],
  });
  const plain = '{"spec":{"ipipMode":"Never"}}';
  await lab.out('workstation', `calicoctl patch ippool default-ipv4-ippool -p '${plain}'`);
  await runPod('near', 'node1');
  await runPod('far', 'node3');
}

async function runPod(name: string, node: string): Promise<void> {
  const overrides = JSON.stringify({ spec: { nodeName: node } });
  await lab.out(
    'workstation',
    `kubectl run ${name} --image=nginx --labels=app=${name} --port=80 --overrides='${overrides}'`,
  );
  await lab.out('workstation', `kubectl wait --for=condition=Ready pod/${name} --timeout=60s`);
}

const wait = (seconds: number): Promise<string> => lab.out('workstation', `sleep ${seconds}`);

const lines = async (place: string, line: string): Promise<readonly string[]> =>
  (await lab.out(place, line)).split('\n').map((each) => each.trimEnd());

/** Routes of the two pods' blocks and of services. */
const routes = async (place: string): Promise<readonly string[]> =>
  (await lines(place, 'ip route show proto bird')).filter((line) =>
    /^(\w+ )?10\.(244\.1[36]|96)|nexthop/.test(line),
  );

const peers = async (node: string): Promise<readonly string[]> =>
  (await lines(`node/${node}`, 'calicoctl node status'))
    .filter((line) => /^\| \d/.test(line))
    .map((line) => line.replace(/\d\d:\d\d:\d\d/, 'HH:MM:SS'));

describe('a peering of each rack with its router', () => {
  test('carries routes from rack to rack, and only while it lasts', async () => {
    await open();
    expect((await lab.reach('pod/default/near', 'pod/default/far')).delivered).toBe(false);
    await apply(mesh(), TOR_A, TOR_B);
    await wait(30);
    expect(await peers('node1')).toEqual([
      '| 10.0.0.1     | node specific | up    | HH:MM:SS | Established |',
    ]);
    expect(await routes('node/node1')).toEqual([
      '10.244.135.0/26 via 10.0.0.1 dev eth0 metric 2147483547',
      'blackhole 10.244.166.128/26',
    ]);
    expect(await routes('router/tor-a')).toEqual([
      '10.244.135.0/26 via 172.16.1.1 dev eth1 metric 32',
      '10.244.166.128/26 via 10.0.0.11 dev eth0 metric 32',
    ]);
    expect((await lab.reach('pod/default/near', 'pod/default/far')).delivered).toBe(true);
    expect((await lab.reach('host/outside', 'pod/default/far')).delivered).toBe(true);

    // A peering that is taken away takes its routes along, everywhere.
    await lab.out('workstation', 'calicoctl delete bgppeer tor-b');
    await wait(10);
    expect(await peers('node3')).toEqual([]);
    expect(await routes('node/node1')).toEqual(['blackhole 10.244.166.128/26']);
    expect(await routes('router/tor-a')).toEqual(['10.244.166.128/26 via 10.0.0.11 dev eth0 metric 32']);
    expect((await lab.reach('pod/default/near', 'pod/default/far')).delivered).toBe(false);
    await apply(TOR_B);
    await wait(30);

    // So does one that breaks, once the hold time is over.
    await lab.out('node/node3', 'iptables -I INPUT -p tcp --sport 179 -j DROP');
    await lab.out('node/node3', 'iptables -I INPUT -p tcp --dport 179 -j DROP');
    await wait(250);
    expect(await routes('router/tor-a')).toEqual(['10.244.166.128/26 via 10.0.0.11 dev eth0 metric 32']);
    expect((await lab.reach('pod/default/near', 'pod/default/far')).delivered).toBe(false);
  });

  test('tells a node nothing of its own AS, unless allowed: then its default route has to do', async () => {
    await open();
    await apply(mesh(), TOR_A.replace(`, ${ALLOWED}`, ''), TOR_B.replace(`, ${ALLOWED}`, ''));
    await wait(30);
    expect(await routes('router/tor-a')).toHaveLength(2);
    expect(await routes('node/node1')).toEqual(['blackhole 10.244.166.128/26']);
    expect((await lab.reach('pod/default/near', 'pod/default/far')).delivered).toBe(true);
  });
});

describe('one BGPPeer for all nodes', () => {
  test('is global; a node out of reach of that router stays without', async () => {
    await open();
    await apply(mesh(), document('BGPPeer', 'tor', `{peerIP: 10.0.0.1, asNumber: 65101, ${ALLOWED}}`));
    await wait(30);
    expect(await peers('node2')).toEqual(['| 10.0.0.1     | global    | up    | HH:MM:SS | Established |']);
    expect(await routes('router/tor-a')).toEqual(['10.244.166.128/26 via 10.0.0.11 dev eth0 metric 32']);
    const [far] = await peers('node3');
    expect(far).toMatch(/^\| 10\.0\.0\.1 {5}\| global {4}\| start \|/);
  });
});

describe('where a daemon listens, and by which gateway a peer is reached', () => {
  test('is as configured', async () => {
    await open();
    await apply(
      mesh(', bindMode: NodeIP'),
      TOR_B.replace(ALLOWED, `${ALLOWED}, reachableBy: 10.0.1.1`).replace('10.0.1.1,', '172.16.2.2,'),
    );
    await wait(10);
    expect(await lines('node/node3', 'ip route show proto bird')).toContain(
      '172.16.2.2 via 10.0.1.1 dev eth0',
    );
    expect(await lines('node/node3', 'ss -Htln sport = 179')).toEqual([
      expect.stringMatching(/^LISTEN +0 +8 +10\.0\.1\.13:179 +0\.0\.0\.0:\*$/),
      '',
    ]);
    const direct = async (): Promise<string> =>
      lab.out(
        'workstation',
        'kubectl exec -n kube-system $(kubectl get pods -n kube-system -l k8s-app=calico-node --field-selector spec.nodeName=node3 -o name) -c calico-node -- birdcl show route protocol direct1',
      );
    expect(await direct()).toContain('10.0.1.0/24        dev eth0 [direct1 ');
    await apply(mesh(', ignoredInterfaces: [eth*]'), TOR_B);
    await wait(10);
    expect(await direct()).not.toContain('eth0');
    expect(await routes('node/node3')).toContain('blackhole 10.244.135.0/26');
    expect(await lines('node/node3', 'ip route show proto bird')).not.toContain(
      '172.16.2.2 via 10.0.1.1 dev eth0',
    );
    expect((await lines('node/node3', 'ss -Htln sport = 179')).join()).toContain('0.0.0.0:179');
  });
});

describe('a wrong AS number', () => {
  test('is refused by the router, and both sides say so', async () => {
    await open();
    await apply(mesh(), TOR_A.replace('65101', '65999'));
    await wait(5);
    const [tor] = await peers('node1');
    expect(tor).toMatch(/^\| 10\.0\.0\.1 {5}\| node specific \| start \|/);
    expect((await lines('node/node1', 'calicoctl node status')).join(' ')).toContain('Bad peer');
    expect(await routes('router/tor-a')).toEqual([]);
  });
});

describe('filters and communities', () => {
  test('keep a block from a router, and mark what goes out', async () => {
    await open();
    await apply(
      mesh(', prefixAdvertisements: [{cidr: 10.244.0.0/16, communities: ["65000:7"]}]'),
      document(
        'BGPFilter',
        'not-here',
        '{exportV4: [{action: Reject, cidr: 10.244.135.0/26, matchOperator: Equal}], importV4: [{action: Reject, cidr: 10.244.0.0/16, matchOperator: In, prefixLength: {min: 26}}]}',
      ),
      TOR_A,
      TOR_B.replace(ALLOWED, `${ALLOWED}, filters: [not-here]`),
    );
    await wait(30);
    expect(await routes('router/tor-b')).toEqual(['10.244.166.128/26 via 172.16.2.1 dev eth1 metric 32']);
    expect(await routes('node/node3')).toEqual(['blackhole 10.244.135.0/26']);
    await apply(TOR_B);
    await wait(30);
    expect(await routes('router/tor-b')).toEqual([
      '10.244.135.0/26 via 10.0.1.13 dev eth0 metric 32',
      '10.244.166.128/26 via 172.16.2.1 dev eth1 metric 32',
    ]);
  });

  test('lengthen paths, mark routes and give priorities', async () => {
    await open();
    const prefix = 'cidr: 10.244.0.0/16, matchOperator: In';
    const out =
      'operations: [{prependASPath: {prefix: [64512, 64512]}}, {addCommunity: {value: "65000:99"}}]';
    await apply(
      mesh(', prefixAdvertisements: [{cidr: 10.244.0.0/16, communities: ["65000:7", "65000:1:2"]}]'),
      document(
        'BGPFilter',
        'shape',
        `{exportV4: [{action: Accept, peerType: eBGP, ${prefix}, ${out}}], importV4: [{action: Accept, ${prefix}, operations: [{setPriority: {value: 512}}]}]}`,
      ),
      TOR_A,
      TOR_B.replace('numAllowedLocalASNumbers: 1', 'numAllowedLocalASNumbers: 3, filters: [shape]'),
    );
    await wait(30);
    const attributes = async (router: string, block: string): Promise<readonly string[]> =>
      (await lines(`router/${router}`, `birdc show route all ${block}`)).filter((line) =>
        /as_path|community/.test(line),
      );
    // A filter that accepts is the end of it: what Calico does for all routes comes behind.
    expect(await attributes('tor-b', '10.244.135.0/26')).toEqual([
      '\tBGP.as_path: 64512 64512 64512',
      '\tBGP.community: (65000,99)',
    ]);
    expect(await attributes('tor-b', '10.244.166.128/26')).toEqual([
      '\tBGP.as_path: 65100 65101 64512',
      '\tBGP.community: (65000,7)',
      '\tBGP.large_community: (65000, 1, 2)',
    ]);
    expect(await routes('node/node3')).toContain('10.244.166.128/26 via 10.0.1.1 dev eth0 metric 512');
  });
});

const SERVICE = `apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, externalTrafficPolicy: Local, clusterIP: 10.96.0.50, selector: {app: near}, ports: [{port: 80}]}
`;

describe('services', () => {
  test('are announced whole by every node, and singly by those with endpoints', async () => {
    await open();
    await apply(mesh(', serviceClusterIPs: [{cidr: 10.96.0.0/16}]'), TOR_A, TOR_B);
    await wait(30);
    const range = '10.96.0.0/16 metric 32';
    expect((await routes('router/tor-a')).filter((line) => !line.startsWith('10.244'))).toEqual([
      range,
      '\tnexthop via 10.0.0.10 dev eth0 weight 1',
      '\tnexthop via 10.0.0.11 dev eth0 weight 1',
      '\tnexthop via 10.0.0.12 dev eth0 weight 1',
    ]);
    // What is announced is not programmed.
    expect((await routes('node/node1')).filter((line) => line.includes('10.96'))).toEqual([]);

    await lab.out('workstation', `kubectl apply -f - <<'EOF'\n${SERVICE}EOF`);
    await wait(10);
    const single = async (): Promise<readonly string[]> =>
      (await routes('router/tor-a')).filter((line) => line.startsWith('10.96.0.50'));
    expect(await single()).toEqual(['10.96.0.50 via 10.0.0.11 dev eth0 metric 32']);
    expect(
      (await lab.at('host/outside', 'curl -s -o /dev/null -w "%{http_code}" http://10.96.0.50')).stdout,
    ).toBe('200');

    await lab.out(
      'workstation',
      'kubectl label node node1 node.kubernetes.io/exclude-from-external-load-balancers=true',
    );
    await wait(10);
    expect(await single()).toEqual([]);
    expect((await routes('router/tor-a')).filter((line) => !line.startsWith('10.244'))).toEqual([
      range,
      '\tnexthop via 10.0.0.10 dev eth0 weight 1',
      '\tnexthop via 10.0.0.12 dev eth0 weight 1',
    ]);

    await lab.out(
      'workstation',
      'kubectl label node node1 node.kubernetes.io/exclude-from-external-load-balancers-',
    );
    await runPod('other', 'node2');
    await lab.out('workstation', `kubectl patch service web -p '{"spec":{"selector":{"app":"other"}}}'`);
    await wait(10);
    expect(await single()).toEqual(['10.96.0.50 via 10.0.0.12 dev eth0 metric 32']);
    await lab.out('workstation', 'kubectl delete service web');
    await wait(10);
    expect(await single()).toEqual([]);
  });
});
