/**
 * Runs kind's CLI against the engine that we mean. kind v0.32.0 catches no signals: ended midway it leaves what it made, and
 * docker commands under it may have more made of what they had asked for (delete.ts cleans up).
 */
import { basename, delimiter, dirname } from 'node:path';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import { formatCidr } from '../../../model/ip.ts';
import { formatCidr6 } from '../../../model/ipv6.ts';
import type { Topology } from '../../../model/topology.ts';
import { childEnvironment, runChild } from '../process/child.ts';
import { proxiesForContainers } from '../process/proxies.ts';
import { CREATE_INTERRUPTED, KIND_MISSING } from './errors.ts';
import type { ClusterMeans } from './making.ts';

interface KindRun {
  readonly argv: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Handed over after `onStart`, whole: a kind whose input ends without anything has nothing to make. */
  readonly stdin?: string;
  /** Awaited before kind is given anything to do; its error ends kind. */
  readonly onStart?: (pid: number) => Promise<Result<void, LabError>>;
  /** Of standard error, as they come. */
  readonly onLine?: (line: string) => void;
}

interface KindEnd {
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  /** What it printed on standard error. */
  readonly log: string;
}

/** The error is that of the start, of `onStart`, or `interrupted`; how kind itself fared is in the value. */
export async function runKind(program: string, run: KindRun): Promise<Result<KindEnd, LabError>> {
  const { argv, environment, signal, stdin = '', onStart, onLine } = run;
  const ended = await runChild([program, ...argv], {
    env: environment,
    signal,
    stdin,
    ...(onStart && { onStart }),
    onLine: (line, stream) => {
      if (stream === 'stderr') onLine?.(line);
    },
  });
  if (!ended.ok) return err(OURS[ended.error.code]?.(program) ?? ended.error);
  const { exitCode, stdout, stderr } = ended.value;
  return ok({ exitCode, stdout: stdout.trimEnd(), log: stderr.trimEnd() });
}

const OURS: Readonly<Record<string, (program: string) => LabError>> = {
  interrupted: () => CREATE_INTERRUPTED,
  'no-such-program': (program) => ({ ...KIND_MISSING, message: `kind could not be started: ${program}.` }),
};

/**
 * The surroundings in which kind, and the docker commands under it, reach the engine that we mean. kind hands proxies on to
 * the nodes, and kubeadm to the control plane: they are not for what is in the lab, of which kind knows pods and services.
 * @param network where the nodes shall be
 */
export function kindEnvironment(
  { env, docker, platform, home }: Pick<ClusterMeans, 'docker' | 'env' | 'platform' | 'home'>,
  network?: string,
  segments: Topology['segments'] = [],
): NodeJS.ProcessEnv {
  const subnets = segments.flatMap(({ subnet, subnet6 }) => [
    formatCidr(subnet),
    ...(subnet6 ? [formatCidr6(subnet6)] : []),
  ]);
  const around = childEnvironment(
    { env: { HOME: home, ...env }, platform },
    {
      KIND_EXPERIMENTAL_PROVIDER: 'docker',
      ...(network !== undefined && { KIND_EXPERIMENTAL_DOCKER_NETWORK: network }),
      ...proxiesForContainers(env, subnets),
      ...docker.environment,
    },
  );
  const own = env.UNDERLAY_DOCKER_BIN;
  if (!own) return around;
  const name = Object.keys(around).find((known) => known.toUpperCase() === 'PATH') ?? 'PATH';
  return { ...around, [name]: [dirname(own), around[name] ?? ''].join(delimiter) };
}

/** kind calls the command by its name. */
export const isDockerByName = (path: string): boolean => /^docker(\.exe|\.cmd|\.bat)?$/i.test(basename(path));
