/** What the learner finds on the desk of a real cluster. The engine is a fake. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FakeDocker, type FakeRun } from '../../../../test/support/fake-docker.ts';
import { parseTopology } from '../../../lab/topology.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { kindFolder } from '../data-folder.ts';
import { nodeContainers } from '../names.ts';
import { CALICOCTL_IMAGE } from '../versions.ts';
import { raiseWorkstation } from './workstation.ts';

const { signal } = new AbortController();
const NAME = 'underlay-abcdef-lab-0001';
const DESK = `${NAME}-workstation`;
const HEAD = `${NAME}-control-plane`;

const ADMIN_CONF = `apiVersion: v1
kind: Config
clusters: [{ cluster: { certificate-authority-data: Q0E=, server: 'https://${HEAD}:6443' }, name: ${NAME} }]
contexts: [{ context: { cluster: ${NAME}, user: kubernetes-admin }, name: kubernetes-admin@${NAME} }]
current-context: kubernetes-admin@${NAME}
users: [{ name: kubernetes-admin, user: { client-certificate-data: Q1JU, client-key-data: S0VZ } }]
`;

function desk(conf = ADMIN_CONF): { readonly docker: FakeDocker; readonly cluster: Cluster } {
  const file = 'labs/topologies/two-racks.yaml';
  const parsed = parseTopology(file, readFileSync(file, 'utf8'));
  if (!parsed.ok) throw new Error('no topology');
  const docker = new FakeDocker({
    images: ['tools:1', CALICOCTL_IMAGE],
    exec: ({ argv }: FakeRun) => {
      if (argv[0] === 'cat') return conf;
      return argv[0] === 'test' ? 1 : undefined;
    },
  });
  docker.containers.add({ name: HEAD });
  docker.containers.files.set(
    HEAD,
    new Map([['/usr/bin/kubectl', { path: '/usr/bin/kubectl', content: Buffer.from('kubectl') }]]),
  );
  docker.containers.files.set(
    `${NAME}-probe-calicoctl`,
    new Map([['/calicoctl', { path: '/calicoctl', content: Buffer.from('calicoctl') }]]),
  );
  const nodes = nodeContainers(NAME, parsed.value);
  const folder = kindFolder('/nonexistent').cluster(NAME);
  return { docker, cluster: { name: NAME, lab: 'lab', topology: parsed.value, docker, nodes, folder } };
}

test('has both programs, a kubeconfig, and the lab’s files, all the learner’s', async () => {
  const { docker, cluster } = desk();
  await docker.networks.create({ name: NAME, labels: {} }, signal);
  const files = [{ path: 'notes/hello.txt', text: 'hello\n' }];
  expect(await raiseWorkstation(cluster, { signal, image: 'tools:1', files })).toEqual({
    ok: true,
    value: undefined,
  });
  const written = docker.containers.files.get(DESK) ?? new Map<string, never>();
  expect([...written.values()].map(({ path, mode }) => [path, mode])).toEqual([
    ['/usr/local/bin/kubectl', 0o755],
    ['/usr/local/bin/calicoctl', 0o755],
    ['/home/learner/.kube/config', 0o600],
    ['/etc/calico/calicoctl.cfg', undefined],
    ['/home/learner/notes/hello.txt', undefined],
  ]);
  expect(Buffer.from(written.get('/home/learner/.kube/config')?.content ?? []).toString())
    .toBe(`apiVersion: v1
kind: Config
clusters:
  - cluster:
      certificate-authority-data: Q0E=
      server: https://${HEAD}:6443
    name: kubernetes
contexts:
  - context:
      cluster: kubernetes
      user: kubernetes-admin
    name: kubernetes-admin@kubernetes
current-context: kubernetes-admin@kubernetes
users:
  - name: kubernetes-admin
    user:
      client-certificate-data: Q1JU
      client-key-data: S0VZ
`);
  expect(docker.calls).toContain(`exec ${DESK}: chown --recursive learner:learner /home/learner`);
  expect(docker.containers.all.has(`${NAME}-probe-calicoctl`)).toBe(false);
  expect(docker.containers.specs.get(DESK)?.capabilities).toBeUndefined();
});

test('says what is no kubeconfig', async () => {
  const { docker, cluster } = desk('nothing: here\n');
  await docker.networks.create({ name: NAME, labels: {} }, signal);
  expect(await raiseWorkstation(cluster, { signal, image: 'tools:1', files: [] })).toMatchObject({
    ok: false,
    error: { code: 'fabric-unreadable' },
  });
});
