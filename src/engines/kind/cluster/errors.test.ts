import { expect, test } from 'vitest';
import { explained, kindFailed } from './errors.ts';
import golden from './kind-output.golden.json' with { type: 'json' };

const failed = (log: string, exitCode: number | undefined = 1): ReturnType<typeof kindFailed> =>
  kindFailed({ log, exitCode, host: 'unix:///var/run/docker.sock', platform: 'linux' });

// Real kind on stub nodes.
test.each([
  ['init fails', 'kubeadm-init-failed'],
  ['join fails', 'kubeadm-join-failed'],
  ['machine ends', 'node-not-started'],
] as const)('real: %s', (run, code) => {
  expect(failed(golden.transcripts[run]).code).toBe(code);
});

const DOCKER =
  'ERROR: failed to create cluster: command "docker run --name lab-worker" failed with error: exit status 125\n';

// Constructed after kind v0.32.0's source, moby's words, and the issues named in kind's known issues.
test.each([
  [
    'ERROR: failed to create cluster: node(s) already exist for a cluster with the name "lab"',
    'cluster-exists',
  ],
  [
    `${DOCKER}Command Output: docker: Error response from daemon: driver failed programming external connectivity: Bind for 127.0.0.1:6443 failed: port is already allocated.`,
    'port-taken',
  ],
  [
    `${DOCKER}Command Output: docker: Error response from daemon: mkdir /var/lib/docker/overlay2/x: no space left on device.`,
    'docker-no-space',
  ],
  [
    `${DOCKER}Command Output: docker: Error response from daemon: network lab is ambiguous (2 matches found on name).`,
    'network-ambiguous',
  ],
  [
    `${DOCKER}Command Output: Error response from daemon: Pool overlaps with other one on this address space`,
    'subnet-taken',
  ],
  [
    `${DOCKER}Command Output: Error response from daemon: all predefined address pools have been fully subnetted`,
    'address-pool-exhausted',
  ],
  [`${DOCKER}Command Output: Failed to create inotify object: Too many open files`, 'inotify-exhausted'],
  [
    'ERROR: failed to create cluster: running kind with rootless provider requires cgroup v2, see https://kind.sigs.k8s.io/docs/user/rootless/',
    'cgroup-v1',
  ],
  [
    'ERROR: failed to create cluster: running kind with rootless provider requires setting systemd property "Delegate=yes", see',
    'rootless-delegation',
  ],
  [
    `${DOCKER}Command Output: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?`,
    'docker-gone',
  ],
  [
    'ERROR: failed to create cluster: failed to get docker info: exec: "docker": executable file not found in $PATH',
    'docker-cli-missing',
  ],
  [
    'ERROR: failed to create cluster: unable to decode config: yaml: unmarshal errors: field bogus not found',
    'kind-config-refused',
  ],
  [
    'ERROR: failed to create cluster: failed to lock config file: open /data/kubeconfig.lock: file exists',
    'kubeconfig-locked',
  ],
])('constructed: %s', (log, code) => {
  expect(failed(log).code).toBe(code);
});

test('what no row knows is told in its own words, or by how it ended', () => {
  expect(failed('Creating cluster ...\nERROR: failed to create cluster: the moon is full.\n')).toMatchObject({
    code: 'kind-failed',
    message: 'kind could not make the cluster: the moon is full.',
  });
  expect(failed('', 2).message).toBe('kind ended with exit code 2 and did not say why.');
  expect(kindFailed({ log: '', exitCode: undefined, host: '', platform: 'linux' }).message).toBe(
    'kind was ended by something else.',
  );
});

test('a machine that did not come up is explained by its own log', () => {
  const error = failed(golden.transcripts['machine ends']);
  expect(explained(error, 'Failed to create inotify object: Too many open files').code).toBe(
    'inotify-exhausted',
  );
  expect(explained(error, 'ERROR: this script needs /sys/fs/cgroup/cgroup.procs to be empty').code).toBe(
    'cgroup-unusable',
  );
  expect(explained(error, 'Welcome!')).toBe(error);
  const other = failed(golden.transcripts['init fails']);
  expect(explained(other, 'inotify')).toBe(other);
});
