/** Draining nodes. Wordings: the real kubectl 1.32 against this API server (`test/kubectl`), and pkg/drain of k8s.io/kubectl v0.35. */
import { beforeEach, describe, expect, test } from 'vitest';
import { shopLab, type KubectlLab } from '../lab.contract.ts';

const POD = (name: string, more = ''): string => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { app: ${name} } }
spec:
  nodeName: node3
  ${more}
  containers: [{ name: c, image: nginx }]
`;

const BUDGET = `apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: alone }
spec: { minAvailable: 1, selector: { matchLabels: { app: alone } } }
`;

describe('drain', () => {
  let lab: KubectlLab;
  beforeEach(async () => {
    lab = await shopLab();
  });

  const create = async (...manifests: readonly string[]): Promise<void> => {
    lab.write('/root/more.yaml', manifests.join('---\n'));
    expect(await lab.type('create -f more.yaml')).toMatchObject({ code: 0 });
    lab.pass(30_000);
  };

  test('a pod that nothing would replace, and one that keeps data, stop it', async () => {
    await create(POD('alone'), POD('data', 'volumes: [{ name: scratch, emptyDir: {} }]'));
    const refused =
      'cannot delete cannot delete Pods that declare no controller (use --force to override): default/alone';
    const keeps =
      'cannot delete Pods with local storage (use --delete-emptydir-data to override): default/data';
    expect(await lab.type('drain node3 --ignore-daemonsets --pod-selector=app')).toEqual({
      code: 1,
      stdout: 'node/node3 cordoned\n',
      stderr: `error: unable to drain node "node3" due to error: [${refused}, ${keeps}], continuing command...
There are pending nodes to be drained:
 node3
${refused}
${keeps}
`,
    });
  });

  test('a pod that has been leaving for long is left to it, whatever else could be said of it', async () => {
    await create(POD('held').replace('name: held,', 'name: held, finalizers: [example.org/wait],'));
    expect(await lab.type('delete pod held --wait=false')).toMatchObject({ code: 0 });
    lab.pass(60_000);
    expect(await lab.type('drain node3 --pod-selector=app=held --skip-wait-for-delete-timeout=10')).toEqual({
      code: 0,
      stdout: 'node/node3 cordoned\nnode/node3 drained\n',
      stderr: '',
    });
  });

  test('a budget refuses evictions until the time is up', async () => {
    await create(POD('alone'), BUDGET);
    const what = 'error when evicting pods/"alone" -n "default"';
    const denied = `${what} (will retry after 5s): Cannot evict pod as it would violate the pod's disruption budget.\n`;
    const evicting = 'evicting pod default/alone\n';
    const late = `${what}: global timeout reached: 25s`;
    expect(
      await lab.type('drain node3 --ignore-daemonsets --force --timeout=25s --pod-selector=app=alone'),
    ).toEqual({
      code: 1,
      stdout: `node/node3 cordoned\n${evicting.repeat(6)}`,
      stderr: `Warning: deleting Pods that declare no controller: default/alone
${denied.repeat(5)}There are pending pods in node "node3" when an error occurred: ${late}
pod/alone
error: unable to drain node "node3" due to error: ${late}, continuing command...
There are pending nodes to be drained:
 node3
${late}
`,
    });
  });

  test('without a budget the pod goes, and comes back elsewhere when it has a controller', async () => {
    await create(POD('alone'));
    expect(await lab.type('drain node3 --ignore-daemonsets --force --pod-selector=app=alone')).toEqual({
      code: 0,
      stdout: `node/node3 cordoned
evicting pod default/alone
pod/alone evicted
node/node3 drained
`,
      stderr: 'Warning: deleting Pods that declare no controller: default/alone\n',
    });
    expect(await lab.type('drain node1 --ignore-daemonsets --pod-selector=app=web')).toMatchObject({
      code: 0,
    });
    lab.pass(60_000);
    const places = await lab.type('get pods -l app=web -o jsonpath={.items[*].spec.nodeName}');
    expect(places.stdout.split(' ')).toHaveLength(2);
    expect(places.stdout).not.toContain('node1');
  });

  test('--disable-eviction deletes past the budget', async () => {
    await create(POD('alone'), BUDGET);
    const line = 'drain node3 --ignore-daemonsets --force --disable-eviction --pod-selector=app=alone';
    expect(await lab.type(line)).toMatchObject({
      code: 0,
      stdout: 'node/node3 cordoned\npod/alone deleted\nnode/node3 drained\n',
    });
  });
});
