/**
 * Route reflectors on two racks without a mesh, as Calico's documentation has one set them up: annotate, label, peer, switch the
 * mesh off. Route lines: kernel transcripts of the same lab with the mesh; attributes: RFC 4456.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { OpenLab } from '../support/labs.ts';

let lab: OpenLab;
afterEach(() => lab.session.dispose());

const PODS = { left: 'node1', right: 'node3' } as const;

async function open(): Promise<void> {
  lab = await OpenLab.open('encap-cross-subnet');
  for (const [name, node] of Object.entries(PODS)) {
    const overrides = JSON.stringify({ spec: { nodeName: node } });
    await lab.out('workstation', `kubectl run ${name} --image=nginx --port=80 --overrides='${overrides}'`);
    await lab.out('workstation', `kubectl wait --for=condition=Ready pod/${name} --timeout=60s`);
  }
}

const wait = (seconds: number): Promise<string> => lab.out('workstation', `sleep ${seconds}`);
const workstation = (line: string): Promise<string> => lab.out('workstation', line);

async function reflect(node: string, cluster: string): Promise<void> {
  await workstation(`kubectl annotate node ${node} projectcalico.org/RouteReflectorClusterID=${cluster}`);
  await workstation(`kubectl label node ${node} route-reflector=true`);
}

const apply = (kind: string, name: string, spec: string): Promise<string> =>
  workstation(
    `calicoctl apply -f - <<'EOF'\napiVersion: projectcalico.org/v3\nkind: ${kind}\nmetadata: {name: ${name}}\nspec: ${spec}\nEOF`,
  );

const PEERS = `{nodeSelector: "all()", peerSelector: route-reflector == 'true'}`;

const birdRoutes = async (node: string): Promise<readonly string[]> =>
  (await lab.out(`node/${node}`, 'ip route show proto bird'))
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => /10\.244\.(135|166)\./.test(line));

const peersOf = async (node: string): Promise<readonly string[]> =>
  (await lab.out(`node/${node}`, 'calicoctl node status'))
    .split('\n')
    .filter((line) => /^\| \d/.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, 4)
        .map((cell) => cell.trim())
        .join(' '),
    );

describe('a pair of reflectors', () => {
  test.each([
    ['of one cluster', '244.0.0.1', '244.0.0.1'],
    ['of two clusters', '244.0.0.1', '244.0.0.2'],
  ])('%s passes every route on, and each may fail', async (_, first, second) => {
    await open();
    await wait(15);
    const meshed = await birdRoutes('node1');
    expect(meshed).toHaveLength(2);
    await reflect('control-plane', first);
    await reflect('node2', second);
    await apply('BGPPeer', 'peer-with-reflectors', PEERS);
    await apply('BGPConfiguration', 'default', '{nodeToNodeMeshEnabled: false}');
    await wait(30);
    expect(await peersOf('node1')).toEqual(['10.0.0.10 node specific up', '10.0.0.12 node specific up']);
    expect(await peersOf('node2')).toEqual([
      '10.0.0.10 node specific up',
      '10.0.0.11 node specific up',
      '10.0.1.13 node specific up',
    ]);
    expect(await birdRoutes('node1')).toEqual(meshed);
    expect((await lab.reach('pod/default/left', 'pod/default/right')).delivered).toBe(true);

    // One of them stops peering: the other is enough.
    await workstation('kubectl label node node2 route-reflector-');
    await workstation('kubectl annotate node node2 projectcalico.org/RouteReflectorClusterID-');
    await wait(30);
    expect(await peersOf('node1')).toEqual(['10.0.0.10 node specific up']);
    expect(await birdRoutes('node1')).toEqual(meshed);
    await workstation('kubectl label node control-plane route-reflector-');
    await wait(30);
    expect(await peersOf('node1')).toEqual([]);
    expect(await birdRoutes('node1')).toEqual(meshed.filter((line) => line.startsWith('blackhole')));
  });
});

describe('a node that becomes a reflector before it has peers', () => {
  test('leaves the mesh, and is cut off', async () => {
    await open();
    await workstation('kubectl annotate node node3 projectcalico.org/RouteReflectorClusterID=244.0.0.1');
    await wait(30);
    expect(await peersOf('node3')).toEqual([]);
    expect(await birdRoutes('node1')).toEqual(['blackhole 10.244.166.128/26']);
    expect((await lab.reach('pod/default/left', 'pod/default/right')).delivered).toBe(false);
  });
});
