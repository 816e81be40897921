/**
 * The learner's desk on a real cluster: a container of the tool image with kubectl out of the node image, calicoctl out of
 * Calico's own, and a kubeconfig by which the control plane's container is reached on the Docker network. The learner is no
 * root there, as on the simulator.
 */
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabEnvironment, LabError, Progress } from '../../../lab/ports.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { FileEntry } from '../docker/docker.ts';
import { networkName, ownContainer } from '../names.ts';
import { CALICOCTL_IMAGE } from '../versions.ts';
import { ensureRuns, labelsOf } from './containers.ts';
import { notThere, unreadable } from './errors.ts';

export interface WorkstationOptions {
  readonly signal: AbortSignal;
  /** Of `toolImage`. */
  readonly image: string;
  /** The lab's own, put into the home unless absolute. */
  readonly files: LabEnvironment['files'];
  readonly onProgress?: (progress: Progress) => void;
}

const LEARNER = 'learner';
const LEARNER_HOME = `/home/${LEARNER}`;

const KUBECTL = { from: '/usr/bin/kubectl', to: '/usr/local/bin/kubectl' } as const;
const CALICOCTL = { from: '/calicoctl', to: '/usr/local/bin/calicoctl' } as const;
const ADMIN_CONF = '/etc/kubernetes/admin.conf';
/** Bytes: kubectl has some 60 MB. */
const LARGEST_PROGRAM = 256 * 1024 * 1024;
const EXECUTABLE = 0o755;
const PRIVATE = 0o600;

/** Idempotent: what is there stays, but the lab's files are as the lab has them. */
export async function raiseWorkstation(
  cluster: Cluster,
  options: WorkstationOptions,
): Promise<Result<void, LabError>> {
  const { signal, image, files } = options;
  const name = ownContainer(cluster.name, 'workstation');
  const runs = await ensureRuns(
    cluster,
    {
      name,
      image,
      labels: labelsOf(cluster, 'workstation', 'workstation'),
      command: ['sleep', 'infinity'],
      hostname: 'workstation',
      network: networkName(cluster.name),
    },
    signal,
  );
  if (!runs.ok) return runs;
  const programs = await missingPrograms(cluster, name, options);
  if (!programs.ok) return programs;
  const config = await kubeconfig(cluster, signal);
  if (!config.ok) return config;
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const written = await cluster.docker.containers.writeFiles(
    name,
    [
      ...programs.value,
      { path: `${LEARNER_HOME}/.kube/config`, content: bytes(config.value), mode: PRIVATE },
      { path: '/etc/calico/calicoctl.cfg', content: bytes(CALICOCTL_CONFIG) },
      ...files.map(({ path, text }) => ({
        path: path.startsWith('/') ? path : `${LEARNER_HOME}/${path}`,
        content: bytes(text),
      })),
    ],
    signal,
  );
  if (!written.ok) return written;
  const owned = await cluster.docker.containers.exec(
    name,
    ['chown', '--recursive', `${LEARNER}:${LEARNER}`, LEARNER_HOME],
    { signal, seconds: 30 },
  );
  if (!owned.ok) return owned;
  return owned.value.exitCode === 0 ? ok(undefined) : err(unreadable('workstation', owned.value.stderr));
}

const CALICOCTL_CONFIG = `apiVersion: projectcalico.org/v3
kind: CalicoAPIConfig
metadata:
spec:
  datastoreType: kubernetes
  kubeconfig: ${LEARNER_HOME}/.kube/config
`;

async function missingPrograms(
  cluster: Cluster,
  workstation: string,
  options: WorkstationOptions,
): Promise<Result<readonly FileEntry[], LabError>> {
  const { signal } = options;
  const [kubectl, calicoctl] = await Promise.all(
    [KUBECTL, CALICOCTL].map(({ to }) =>
      cluster.docker.containers.exec(workstation, ['test', '-x', to], { signal }),
    ),
  );
  const found: FileEntry[] = [];
  for (const [there, program, get] of [
    [kubectl, KUBECTL, () => fromNode(cluster, signal)],
    [calicoctl, CALICOCTL, () => fromImage(cluster, options)],
  ] as const) {
    if (there && !there.ok) return there;
    if (there?.value.exitCode === 0) continue;
    const content = await get();
    if (!content.ok) return content;
    found.push({ path: program.to, content: content.value, mode: EXECUTABLE });
  }
  return ok(found);
}

function headOf({ topology, nodes }: Cluster): string {
  const head = topology.nodes.find(({ role }) => role === 'control-plane');
  const container = head && nodes.get(head.name);
  if (container === undefined) throw new Error('a topology without a control plane');
  return container;
}

/** The node image's own: it is always of the cluster's version. */
async function fromNode(cluster: Cluster, signal: AbortSignal): Promise<Result<Uint8Array, LabError>> {
  const options = { signal, limit: LARGEST_PROGRAM };
  const read = await cluster.docker.containers.readFile(headOf(cluster), KUBECTL.from, options);
  if (!read.ok) return read;
  return read.value ? ok(read.value) : err(notThere(`${KUBECTL.from} in the node image`));
}

/** Out of a container of Calico's image that has done its work: files can be read of one that does not run. */
async function fromImage(
  { name: cluster, docker }: Cluster,
  { signal, onProgress }: WorkstationOptions,
): Promise<Result<Uint8Array, LabError>> {
  const found = await docker.images.inspect(CALICOCTL_IMAGE, signal);
  if (!found.ok) return found;
  if (!found.value) {
    const pulled = await docker.images.pull(CALICOCTL_IMAGE, {
      signal,
      onProgress: ({ status }) =>
        onProgress?.({ phase: 'Fetching calicoctl', detail: `${CALICOCTL_IMAGE}: ${status}` }),
    });
    if (!pulled.ok) return pulled;
  }
  const name = ownContainer(cluster, 'probe', 'calicoctl');
  const cleared = await docker.containers.remove(name, signal);
  if (!cleared.ok) return cleared;
  const ran = await docker.containers.run(
    {
      name,
      image: CALICOCTL_IMAGE,
      labels: labelsOf({ name: cluster }, 'probe', 'workstation'),
      command: ['version', '--client'],
      network: 'none',
    },
    signal,
  );
  if (!ran.ok) return ran;
  const options = { signal, limit: LARGEST_PROGRAM };
  const read = await docker.containers.readFile(name, CALICOCTL.from, options);
  const removed = await docker.containers.remove(name, signal);
  if (!read.ok) return read;
  if (!removed.ok) return removed;
  return read.value ? ok(read.value) : err(notThere(`${CALICOCTL.from} in ${CALICOCTL_IMAGE}`));
}

const KUBECONFIG = z.object({
  clusters: z.tuple([z.object({ cluster: z.record(z.string(), z.unknown()) })]),
  users: z.tuple([z.object({ user: z.record(z.string(), z.unknown()) })]),
});

/** kubeadm's own, with the names that it has on a cluster which nobody named. */
async function kubeconfig(cluster: Cluster, signal: AbortSignal): Promise<Result<string, LabError>> {
  const read = await cluster.docker.containers.exec(headOf(cluster), ['cat', ADMIN_CONF], { signal });
  if (!read.ok) return read;
  if (read.value.exitCode !== 0) return err(notThere(`${ADMIN_CONF} on the control plane`));
  const parsed = KUBECONFIG.safeParse(parse(read.value.stdout));
  if (!parsed.success) return err(unreadable(ADMIN_CONF, 'it is no kubeconfig of one cluster and one user'));
  const { clusters, users } = parsed.data;
  const [user, context, name] = ['kubernetes-admin', 'kubernetes-admin@kubernetes', 'kubernetes'];
  return ok(
    stringify(
      {
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ cluster: clusters[0].cluster, name }],
        contexts: [{ context: { cluster: name, user }, name: context }],
        'current-context': context,
        users: [{ name: user, user: users[0].user }],
      },
      { lineWidth: 0 },
    ),
  );
}
