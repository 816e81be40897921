/**
 * BIRD as people ask it, on a whole cluster: birdcl in calico-node's container, calicoctl on a node, and the check `bgp`.
 * Layout of the outputs: real BIRD 1.6.8 with Calico's configuration, and upstream's samples (calicoctl node status).
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCheck } from '../../src/lab/check.ts';
import type { Verdict } from '../../src/lab/verdict.ts';
import { labWith } from '../support/lab-text.ts';
import { OpenLab } from '../support/labs.ts';

let lab: OpenLab;

beforeAll(async () => {
  lab = await OpenLab.open('encap-cross-subnet');
  // Sessions need a moment after calico-node has started.
  await lab.at('workstation', 'sleep 15');
});
afterAll(() => lab.session.dispose());

const podOn = async (node: string): Promise<string> =>
  (
    await lab.out(
      'workstation',
      `kubectl get pods -n kube-system -l k8s-app=calico-node --field-selector spec.nodeName=${node} -o name`,
    )
  ).trim();

const birdcl = async (node: string, line: string): Promise<string> =>
  lab.out('workstation', `kubectl exec -n kube-system ${await podOn(node)} -c calico-node -- birdcl ${line}`);

/** Times of day differ from run to run. */
const timeless = (text: string): string => text.replaceAll(/\d\d:\d\d:\d\d/g, 'HH:MM:SS');

async function verdict(check: string): Promise<Verdict> {
  const [only] = labWith({ checks: `- ${check}` }).steps.flatMap(({ checks }) => checks);
  if (!only) throw new Error('no check');
  return runCheck(only, lab.session, AbortSignal.timeout(60_000));
}

describe('birdcl', () => {
  test('show protocols', async () => {
    expect(timeless(await birdcl('node1', 'show protocols'))).toBe(
      [
        'BIRD v0.3.3+birdv1.6.8 ready.',
        'name     proto    table    state  since       info',
        'static1  Static   master   up     HH:MM:SS    ',
        'kernel1  Kernel   master   up     HH:MM:SS    ',
        'device1  Device   master   up     HH:MM:SS    ',
        'direct1  Direct   master   up     HH:MM:SS    ',
        'Mesh_10_0_0_10 BGP      master   up     HH:MM:SS    Established   ',
        'Mesh_10_0_0_12 BGP      master   up     HH:MM:SS    Established   ',
        'Mesh_10_0_1_13 BGP      master   up     HH:MM:SS    Established   ',
        '',
      ].join('\n'),
    );
  });

  test('show route: what others own is learnt, what is here is not told back', async () => {
    const learnt = timeless(await birdcl('node1', 'show route all 10.244.135.0/26'));
    expect(learnt.split('\n').slice(1)).toEqual([
      '10.244.135.0/26    via 10.0.0.1 on eth0 [Mesh_10_0_1_13 HH:MM:SS from 10.0.1.13] * (100/?) [i]',
      '\tType: BGP unicast univ',
      '\tBGP.origin: IGP',
      '\tBGP.as_path: ',
      '\tBGP.next_hop: 10.0.1.13',
      '\tBGP.local_pref: 2147482623',
      '',
    ]);
    const told = await birdcl('node1', 'show route export Mesh_10_0_1_13');
    expect(timeless(told).split('\n').slice(1)).toEqual([
      '10.244.166.128/26  blackhole [static1 HH:MM:SS] * (200)',
      '',
    ]);
    const kept = await birdcl('node1', 'show route noexport Mesh_10_0_1_13');
    expect(kept).not.toContain('10.244.135.0/26');
    expect(kept).toContain('10.0.0.0/24        dev eth0 [direct1');
    expect(await birdcl('node1', 'show route export kernel1')).toContain('10.244.135.0/26');
  });

  test('show status and the session in detail', async () => {
    expect(await birdcl('node3', 'show status')).toMatch(
      /^BIRD v0\.3\.3\+birdv1\.6\.8 ready\.\nBIRD v0\.3\.3\+birdv1\.6\.8\nRouter ID is 10\.0\.1\.13\nCurrent server time is \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\n/,
    );
    const detail = await birdcl('node3', 'show protocols all \'"Mesh_10_0_0_11"\'');
    expect(detail).toContain('    Neighbor address: 10.0.0.11\n');
    expect(detail).toContain('    Session:          internal multihop AS4 add-path-rx add-path-tx\n');
    expect(detail).toMatch(/Hold timer: {7}\d+\/240\n/);
    expect(await birdcl('node3', 'show interfaces summary')).toContain('eth0      up    10.0.1.13/24\n');
  });

  test('is part of that image, and of nothing else', async () => {
    expect((await lab.at('node/node1', 'birdcl show status')).stderr).toContain('command not found');
    expect((await lab.at('pod/client', 'birdcl show status')).exitCode).toBe(127);
    const elsewhere = await lab.at('workstation', 'kubectl exec client -- birdcl show status');
    expect(elsewhere.stderr).toContain('exec: "birdcl": executable file not found in $PATH');
  });
});

describe('calicoctl node status', () => {
  test('on a node', async () => {
    expect(timeless(await lab.out('node/node1', 'calicoctl node status'))).toBe(
      [
        'Calico process is running.',
        '',
        'IPv4 BGP status',
        '+--------------+-------------------+-------+----------+-------------+',
        '| PEER ADDRESS |     PEER TYPE     | STATE |  SINCE   |    INFO     |',
        '+--------------+-------------------+-------+----------+-------------+',
        '| 10.0.0.10    | node-to-node mesh | up    | HH:MM:SS | Established |',
        '| 10.0.0.12    | node-to-node mesh | up    | HH:MM:SS | Established |',
        '| 10.0.1.13    | node-to-node mesh | up    | HH:MM:SS | Established |',
        '+--------------+-------------------+-------+----------+-------------+',
        '',
        'IPv6 BGP status',
        'No IPv6 peers found.',
        '',
        '',
      ].join('\n'),
    );
  });

  test('elsewhere it has no socket and no right to one', async () => {
    expect(await lab.at('workstation', 'calicoctl node status')).toMatchObject({
      exitCode: 1,
      stdout: 'Need super user privileges: Operation not permitted\n',
      stderr: '',
    });
  });
});

describe('check bgp', () => {
  test.each([
    [
      'bgp: { node: node1, sessions: 3 }',
      '10.0.0.10 established, 10.0.0.12 established, 10.0.1.13 established',
    ],
    [
      'bgp: { node: node3, peer: 10.0.0.11 }',
      '10.0.0.10 established, 10.0.0.11 established, 10.0.0.12 established',
    ],
    [
      'bgp: { node: node1, route: 10.244.135.0/26, from: 10.0.1.13 }',
      'from 10.0.1.13 via 10.0.0.1 on eth0, in use',
    ],
  ])('%s', async (check, observed) => {
    expect(await verdict(check)).toMatchObject({ outcome: 'pass', observed });
  });

  test('fails once the mesh is off', async () => {
    const off = `
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata: { name: default }
spec: { nodeToNodeMeshEnabled: false }`;
    await lab.out('workstation', `calicoctl apply -f - <<'END'${off}\nEND\n`);
    await lab.at('workstation', 'sleep 15');
    expect(await verdict('bgp: { node: node1, sessions: 3 }')).toMatchObject({
      outcome: 'fail',
      observed: 'no BGP sessions at all',
      why: '0 of 0 are established.',
    });
    expect(await verdict('bgp: { node: node1, route: 10.244.135.0/26 }')).toMatchObject({
      outcome: 'fail',
      observed: 'not learnt by BGP',
    });
    expect(await verdict('bgp: { node: node1, peer: 10.0.1.13, absent: true }')).toMatchObject({
      outcome: 'pass',
    });
    expect(await lab.out('node/node1', 'calicoctl node status')).toContain(
      'IPv4 BGP status\nNo IPv4 peers found.\n',
    );
  });
});
