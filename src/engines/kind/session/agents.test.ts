/** How the agents of all nodes are started anew, and when they count as ready again. */
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FakeDocker, type FakeRun } from '../../../../test/support/fake-docker.ts';
import { parseTopology } from '../../../lab/topology.ts';
import { kubectlOf, type Cluster } from '../cluster/cluster.ts';
import { kindFolder } from '../data-folder.ts';
import { nodeContainers, ownContainer } from '../names.ts';
import { restartAgents } from './agents.ts';

const { signal } = new AbortController();
const NAME = 'underlay-a1b2c3-small-00ff';
const FILE = join(import.meta.dirname, '../../../../labs/topologies/two-racks.yaml');

const READY = ['/bin/calico-node', '-felix-ready', '-bird-ready'];
const PODS = JSON.stringify({
  items: ['one', 'two'].map((name) => ({
    metadata: { name: `calico-node-${name}`, namespace: 'kube-system' },
    spec: { containers: [{ name: 'calico-node', readinessProbe: { exec: { command: READY } } }] },
  })),
});

/** @param answer to a program; what it leaves open succeeds without a word */
async function restarted(answer: (run: FakeRun) => string | number | undefined): Promise<{
  readonly outcome: unknown;
  readonly lines: readonly string[];
}> {
  const parsed = parseTopology(FILE, readFileSync(FILE, 'utf8'));
  if (!parsed.ok) throw new Error('no topology');
  const topology = parsed.value;
  const lines: string[] = [];
  const docker = new FakeDocker({
    images: ['node'],
    exec: (run) => {
      lines.push(`${run.container.slice(NAME.length + 1)}: ${run.line}`);
      const own = answer(run);
      if (own !== undefined) return own;
      if (run.line.includes('--output=json ') || run.line.endsWith('--output=json')) return PODS;
      if (run.line.includes('jsonpath'))
        return run.line.includes('proxy') ? 'kube-system kube-proxy\n' : 'kube-system calico-node\n';
      return '';
    },
  });
  const nodes = nodeContainers(NAME, topology);
  const names = [...nodes.values(), ...topology.nodes.map(({ name }) => ownContainer(NAME, 'sidecar', name))];
  for (const name of names)
    await docker.containers.run({ name, image: 'node', labels: {}, network: 'none' }, signal);
  const folder = kindFolder(tmpdir()).cluster(NAME);
  const cluster: Cluster = { name: NAME, lab: 'small', topology, docker, nodes, folder };
  const outcome = await restartAgents({ cluster, kubectl: kubectlOf(cluster), signal });
  return { outcome, lines };
}

test('the programs of calico-node end on every node, kube-proxy’s pods are made anew, and all are asked whether they are ready', async () => {
  let asked = 0;
  const { outcome, lines } = await restarted(({ line }) => {
    if (!line.includes('-felix-ready') || !line.includes('calico-node-two')) return undefined;
    asked += 1;
    return asked < 3 ? 1 : 0;
  });
  expect(outcome).toEqual({ ok: true, value: undefined });
  expect(lines.filter((line) => line.includes('pkill')).map((line) => line.split(':')[0])).toEqual(
    ['control-plane', 'node1', 'node2', 'node3'].map((node) => `sidecar-${node}`),
  );
  const deleted = lines.filter((line) => line.includes('kubectl delete'));
  expect(deleted).toEqual([
    'control-plane: kubectl delete pods --namespace=kube-system --selector=k8s-app=kube-proxy --now',
  ]);
  expect(lines.filter((line) => line.includes('kubectl exec')).toSorted()).toEqual([
    'control-plane: kubectl exec --namespace=kube-system calico-node-one --container=calico-node -- /bin/calico-node -felix-ready -bird-ready',
    ...Array.from(
      { length: 3 },
      () =>
        'control-plane: kubectl exec --namespace=kube-system calico-node-two --container=calico-node -- /bin/calico-node -felix-ready -bird-ready',
    ),
  ]);
});

test('where none of them runs, the node’s pod is made anew', async () => {
  const { outcome, lines } = await restarted(({ container, line }) =>
    line.includes('pkill') && container.endsWith('node3') ? 1 : undefined,
  );
  expect(outcome).toMatchObject({ ok: true });
  expect(lines).toContain(
    'control-plane: kubectl delete pods --namespace=kube-system --selector=k8s-app=calico-node --field-selector=spec.nodeName=node3 --now',
  );
});

test('what the API refuses is said', async () => {
  const { outcome } = await restarted(({ line }) => (line.includes('rollout') ? 1 : undefined));
  expect(outcome).toMatchObject({ ok: false, error: { code: 'lab-start-failed' } });
});
