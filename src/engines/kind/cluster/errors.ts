/**
 * Failures of making and removing clusters, as values with a remedy. What kind printed is read by a table of its own words
 * (kind v0.32.0); what it only hands on from the Docker Engine is read by the engine's table.
 */
import type { LabError } from '../../../lab/ports.ts';
import { KIND_VERSION } from '../versions.ts';
import { dockerError, startRemedy } from '../docker/errors.ts';

export const CREATE_INTERRUPTED: LabError = {
  code: 'interrupted',
  message: 'The making of the cluster was given up.',
  remedy: 'Start the lab again.',
};

export const KIND_MISSING: LabError = {
  code: 'kind-missing',
  message: `kind ${KIND_VERSION} is not on this machine.`,
  remedy: 'Let Underlay download it, or point UNDERLAY_KIND_BIN at your own copy.',
};

export const notRemoved = (cluster: string, what: readonly string[]): LabError => ({
  code: 'cluster-not-removed',
  message: `The Docker Engine still has parts of ${cluster}: ${what.join(', ')}.`,
  remedy: 'Clean up again; if that does not help, restart the Docker Engine first.',
});

export const clusterGone = (cluster: string): LabError => ({
  code: 'cluster-gone',
  message: `The cluster ${cluster} is not whole any more.`,
  remedy: 'Start the lab again: a new one is made.',
});

export const clusterInUse = (cluster: string): LabError => ({
  code: 'cluster-in-use',
  message: `Another Underlay on this machine uses the cluster ${cluster}.`,
  remedy: 'Close the lab there first.',
});

export const noFreeSubnet = (): LabError => ({
  code: 'subnet-taken',
  message: 'Every subnet that Underlay could give to a cluster is used on this machine.',
  remedy: 'Remove networks that nobody uses (`docker network prune`), or leave the VPN that has them.',
});

/** What is known when kind's CLI has failed. */
interface KindFailure {
  /** What it printed, whole. */
  readonly log: string;
  /** Undefined when it was ended by a signal. */
  readonly exitCode: number | undefined;
  readonly host: string;
  readonly platform: NodeJS.Platform;
}

/** The first row that fits the log; otherwise what the engine's table makes of the command that failed under kind. */
export function kindFailed(failure: KindFailure): LabError {
  const { log, host, platform } = failure;
  const row = ROWS.find(({ when }) => when.test(log));
  if (row) return { code: row.code, message: row.message, remedy: told(row.remedy, platform) };
  const daemon = daemonWords(log);
  if (daemon !== undefined) return dockerError({ says: daemon }, { host, platform });
  const said = errorLine(log);
  return {
    code: 'kind-failed',
    message: said === undefined ? endedHow(failure) : `kind could not make the cluster: ${said}`,
    remedy: 'Look at the log for what went before it; `underlay doctor` looks for causes on this machine.',
  };
}

/** A node that did not come up, by what it printed itself: kind only says that it waited in vain. */
export function explained(error: LabError, nodesSaid: string): LabError {
  if (error.code !== 'node-not-started') return error;
  const row = CAUSES.find(({ when }) => when.test(nodesSaid));
  return row ? { code: row.code, message: row.message, remedy: row.remedy } : error;
}

const endedHow = ({ exitCode }: KindFailure): string =>
  exitCode === undefined
    ? 'kind was ended by something else.'
    : `kind ended with exit code ${exitCode} and did not say why.`;

/** What the engine itself answered to a command of kind's. */
const daemonWords = (log: string): string | undefined =>
  /Error response from daemon: (.+)/.exec(log)?.[1]?.trim();

/** `ERROR: failed to create cluster: ...`, without the words that are always there. */
function errorLine(log: string): string | undefined {
  const said = /^ERROR: (?:failed to create cluster: )?(.+)$/m.exec(log)?.[1]?.trim();
  return said === undefined ? undefined : `${said.replace(/[.:\s]+$/, '')}.`;
}

interface Row {
  readonly when: RegExp;
  readonly code: string;
  readonly message: string;
  readonly remedy: string | ((platform: NodeJS.Platform) => string);
}

const told = (words: Row['remedy'], platform: NodeJS.Platform): string =>
  typeof words === 'string' ? words : words(platform);

const INOTIFY =
  'On Linux: `sudo sysctl fs.inotify.max_user_instances=512 fs.inotify.max_user_watches=524288`; ' +
  'then try again.';

const CAUSES = [
  {
    when: /inotify|fsnotify|too many open files/i,
    code: 'inotify-exhausted',
    message: 'The machine of the Docker Engine has no inotify watches left.',
    remedy: INOTIFY,
  },
  {
    // kind's entrypoint (images/base/files/usr/local/bin/entrypoint) and systemd on a machine whose cgroups they cannot use.
    when: /cgroup\.procs to be empty|cgroup v2 needs to be enabled|Failed to mount cgroup|Failed to create .*control group/i,
    code: 'cgroup-unusable',
    message: "A node's system could not use the control groups that the Docker Engine gives it.",
    remedy: 'Use an engine with cgroup v2 and an up-to-date WSL or virtual machine; `underlay doctor` looks.',
  },
] as const;

const ROWS: readonly Row[] = [
  {
    when: /executable file not found in (\$PATH|%PATH%)|exec: "docker"/,
    code: 'docker-cli-missing',
    message: 'kind needs the docker command, and it is not on the PATH.',
    remedy: 'Install the Docker CLI, or point UNDERLAY_DOCKER_BIN at it.',
  },
  {
    when: /Cannot connect to the Docker daemon|error during connect|Is the docker daemon running|connection reset by peer/i,
    code: 'docker-gone',
    message: 'The Docker Engine went away while the cluster was being made.',
    remedy: (platform) => startRemedy(platform).replace(/, or install .*$/, '.'),
  },
  {
    when: /inotify|fsnotify|too many open files/i,
    code: CAUSES[0].code,
    message: CAUSES[0].message,
    remedy: INOTIFY,
  },
  {
    when: /node\(s\) already exist for a cluster with the name/,
    code: 'cluster-exists',
    message: 'There is a cluster of that name already.',
    remedy: 'Clean up what earlier sessions left behind, then start the lab again.',
  },
  {
    // "network kind is ambiguous (2 matches found on name)": kind#1596.
    when: /network \S+ is ambiguous/,
    code: 'network-ambiguous',
    message: 'The Docker Engine has several networks of the same name.',
    remedy: 'Remove those that nobody uses: `docker network prune`.',
  },
  {
    when: /requires cgroup v2/,
    code: 'cgroup-v1',
    message: 'A rootless Docker Engine needs cgroup v2 for kind.',
    remedy:
      'Start the machine with `systemd.unified_cgroup_hierarchy=1`, or use an engine that runs as root.',
  },
  {
    when: /Delegate=yes/,
    code: 'rootless-delegation',
    message: 'The rootless Docker Engine may not limit memory, processes and CPU, which kind needs.',
    remedy:
      'Put `[Service]` and `Delegate=yes` into /etc/systemd/system/user@.service.d/delegate.conf, run ' +
      '`sudo systemctl daemon-reload`, and log in again.',
  },
  {
    // What is behind it is inotify's limits, the cgroups, or a log driver that cannot be read (kind's known issues).
    when: /could not find a log line that matches|failed to read logs/,
    code: 'node-not-started',
    message: "A node's container runs, but the system in it did not come up within 30 seconds.",
    remedy:
      `Most often inotify's limits are too low. ${INOTIFY} Otherwise the engine lacks cgroup v2, or memory: ` +
      '`underlay doctor` looks.',
  },
  {
    when: /failed to lock config file/,
    code: 'kubeconfig-locked',
    message: "The cluster's own kubeconfig is locked by another program.",
    remedy: 'Start the lab again: it gets another folder.',
  },
  {
    when: /failed to init node with kubeadm/,
    code: 'kubeadm-init-failed',
    message: 'Kubernetes did not come up on the control plane.',
    remedy:
      'Most often memory is short: give the engine 6 GB, close other programs, and start the lab again.',
  },
  {
    when: /failed to join node with kubeadm/,
    code: 'kubeadm-join-failed',
    message: 'A node could not join the cluster.',
    remedy:
      'Most often memory is short: give the engine 6 GB, close other programs, and start the lab again.',
  },
  {
    when: /unable to decode config|unknown apiVersion|invalid configuration for node|is not a valid cluster name/,
    code: 'kind-config-refused',
    message: 'kind refused the configuration that Underlay made of the lab.',
    remedy: 'This is a fault of Underlay, not yours; please report it with the log.',
  },
];
