/** `kubectl set`, `events` and `auth can-i`. Wordings: compared with the real kubectl 1.32 in `test/kubectl/in-app.test.ts`. */
import { beforeEach, expect, test } from 'vitest';
import { shopLab, type KubectlLab } from '../lab.contract.ts';

let lab: KubectlLab;
beforeEach(async () => {
  lab = await shopLab();
});

const image = async (): Promise<string> =>
  (await lab.type('get deploy web -o jsonpath={.spec.template.spec.containers[*].image}')).stdout;

test('a new image rolls out; the same image says nothing', async () => {
  const updated = { code: 0, stdout: 'deployment.apps/web image updated\n', stderr: '' };
  expect(await lab.type('set image deploy/web web=nginx:1.28')).toEqual(updated);
  expect(await image()).toBe('nginx:1.28');
  expect(await lab.type('set image deploy/web web=nginx:1.28')).toEqual({ code: 0, stdout: '', stderr: '' });
  expect((await lab.type('rollout status deploy/web')).stdout).toMatch(/successfully rolled out\n$/);
  expect(await lab.type('rollout undo deploy/web')).toMatchObject({ code: 0 });
  expect(await image()).toBe('nginx:1.27');
});

test('variables from a config map, listed, then taken back', async () => {
  expect(await lab.type('set env deploy/web --from=configmap/site --prefix=SITE_ --keys=colour A=1')).toEqual(
    {
      code: 0,
      stdout: 'deployment.apps/web env updated\n',
      stderr: '',
    },
  );
  expect(await lab.type('set env deploy/web --list')).toEqual({
    code: 0,
    stdout: '# Deployment web, container web\n# SITE_COLOUR from configmap site, key colour\nA=1\n',
    stderr: '',
  });
  expect(await lab.type('set env deploy/web A=2 --overwrite=false')).toEqual({
    code: 1,
    stdout: '',
    stderr: "error: 'A' already has a value (1), and --overwrite is false\n",
  });
  expect(await lab.type('set env deploy/web A- SITE_COLOUR-')).toMatchObject({ code: 0 });
  expect((await lab.type('set env deploy/web --list')).stdout).toBe('# Deployment web, container web\n');
});

test('a paused deployment keeps its changes to itself until it is resumed', async () => {
  expect((await lab.type('rollout pause deploy/web')).stdout).toBe('deployment.apps/web paused\n');
  await lab.type('set image deploy/web web=nginx:1.28');
  lab.pass(30_000);
  const running = async (): Promise<string> =>
    (await lab.type('get pods -l app=web -o jsonpath={.items[*].spec.containers[*].image}')).stdout;
  expect(await running()).toBe('nginx:1.27 nginx:1.27');
  expect((await lab.type('rollout resume deploy/web')).stdout).toBe('deployment.apps/web resumed\n');
  await lab.type('rollout status deploy/web');
  lab.pass(60_000);
  expect(await running()).toBe('nginx:1.28 nginx:1.28');
});

test('events come oldest first, and --for keeps to one object', async () => {
  const { stdout } = await lab.type('events --for deployment/web');
  expect(stdout).toMatch(
    /^LAST SEEN {3}TYPE {5}REASON {14}OBJECT {11}MESSAGE\n\S+ +Normal {3}ScalingReplicaSet {3}Deployment\/web {3}Scaled up replica set web-\w+ from 0 to 2\n$/,
  );
});

test('another user may ask what is allowed, and little else', async () => {
  expect(await lab.type('auth can-i list pods')).toEqual({ code: 0, stdout: 'yes\n', stderr: '' });
  expect(await lab.type('auth can-i list pods --as=bob')).toEqual({ code: 1, stdout: 'no\n', stderr: '' });
  expect(await lab.type('get pods --as=bob')).toEqual({
    code: 1,
    stdout: '',
    stderr:
      'Error from server (Forbidden): pods is forbidden: User "bob" cannot list resource "pods" in API group "" in the namespace "default"\n',
  });
});
