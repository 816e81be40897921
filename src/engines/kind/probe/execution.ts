/**
 * Runs a program at a place: in our own container of a machine, or by `kubectl exec` in a pod's own container, so that a pod
 * has what its image has and nothing more.
 */
import { err, ok, type Result } from '../../../base/result.ts';
import type { ExecResult, LabError } from '../../../lab/ports.ts';
import { formatPlace, type Place } from '../../../model/place.ts';
import { containerOf } from './doors.ts';
import { INTERRUPTED, noSuchPlace } from './errors.ts';
import { podOf } from './kubernetes.ts';
import type { Measured } from './target.ts';

/** Seconds after which a program that a check runs has hung; the check's own limit is shorter. */
const LONGEST = 120;

/** Who works at the workstation; elsewhere one is root, as on the simulator. */
export const LEARNER = { user: 'learner', home: '/home/learner' } as const;

/** Where programs of a place start, and as whom. */
export function workingAt(place: Place): {
  readonly user?: string;
  readonly workingDir: string;
  readonly environment: Readonly<Record<string, string>>;
} {
  return place.kind === 'workstation'
    ? { user: LEARNER.user, workingDir: LEARNER.home, environment: { HOME: LEARNER.home } }
    : { workingDir: '/root', environment: { HOME: '/root' } };
}

export async function execute(
  measured: Measured,
  { place, argv }: { readonly place: Place; readonly argv: readonly string[] },
  signal: AbortSignal,
): Promise<Result<ExecResult, LabError>> {
  if (signal.aborted) return err(INTERRUPTED);
  if (place.kind === 'pod') return inPod(measured, { place, argv }, signal);
  if (!isIn(measured, place)) return err(noSuchPlace(formatPlace(place)));
  const container = containerOf(measured.cluster, place);
  return measured.cluster.docker.containers.exec(container, argv, {
    ...workingAt(place),
    signal,
    seconds: LONGEST,
  });
}

/** A machine of the lab's topology, or the workstation. */
export function isIn({ cluster }: Pick<Measured, 'cluster'>, place: Place): boolean {
  const { nodes, routers, hosts } = cluster.topology;
  switch (place.kind) {
    case 'workstation':
      return true;
    case 'node':
      return nodes.some(({ name }) => name === place.name);
    case 'router':
      return routers.some(({ name }) => name === place.name);
    case 'host':
      return hosts.some(({ name }) => name === place.name);
    case 'pod':
      return false;
  }
}

type PodPlace = Extract<Place, { readonly kind: 'pod' }>;

async function inPod(
  measured: Measured,
  { place, argv }: { readonly place: PodPlace; readonly argv: readonly string[] },
  signal: AbortSignal,
): Promise<Result<ExecResult, LabError>> {
  const pod = await podOf(measured.kubectl, place, signal);
  if (!pod.ok) return pod;
  if (pod.value?.phase !== 'Running') return err(noSuchPlace(formatPlace(place)));
  const done = await measured.kubectl([...podExec(place, pod.value.container), '--', ...argv], {
    signal,
    seconds: LONGEST,
  });
  return done.ok ? ok(withoutKubectl(done.value)) : done;
}

/** `kubectl exec` without its own remarks, in one container. */
export const podExec = ({ namespace, name }: PodPlace, container: string | undefined): readonly string[] => [
  ...['exec', '--quiet', `--namespace=${namespace}`, name],
  ...(container === undefined ? [] : [`--container=${container}`]),
];

const ENDED = /command terminated with exit code \d+\n?$/;
/** runc's words for a program that is not there (opencontainers/runc libcontainer/init_linux.go). */
const MISSING = /executable file not found in \$PATH|exec: ".*": stat .*: no such file or directory/;
const NOT_FOUND = 127;

/** The pod's own program, without what kubectl says about it. */
export function withoutKubectl({ exitCode, stdout, stderr }: ExecResult): ExecResult {
  if (exitCode !== 0 && MISSING.test(stderr)) return { exitCode: NOT_FOUND, stdout, stderr };
  return { exitCode, stdout, stderr: exitCode === 0 ? stderr : stderr.replace(ENDED, '') };
}
