/**
 * What Underlay adds to a real cluster: the same nodes, images, manifest and pods by kind's CLI and `kubectl apply` alone,
 * then the lab as a learner opens it, on the same engine one after the other. What is fetched or built once is there before.
 * Then the lab's own checks on that cluster, once its solution is typed.
 */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseAllDocuments, stringify } from 'yaml';
import { ok, type Result } from '../../base/result.ts';
import type { CompiledLab } from '../../course/compile/course.ts';
import { runScript } from '../../course/script-run.ts';
import { installCalico, prepareCalico, type CalicoParts } from '../../engines/kind/calico/install.ts';
import { kubectlOf, type Cluster } from '../../engines/kind/cluster/cluster.ts';
import { deleteCluster } from '../../engines/kind/cluster/delete.ts';
import { findKind } from '../../engines/kind/cluster/kind-binary.ts';
import { kindEnvironment, runKind } from '../../engines/kind/cluster/kind-cli.ts';
import type { ClusterMeans } from '../../engines/kind/cluster/making.ts';
import { createNetwork } from '../../engines/kind/cluster/network.ts';
import { NODE_IMAGE_TAG } from '../../engines/kind/cluster/node-image.ts';
import { installationId, kindFolder } from '../../engines/kind/data-folder.ts';
import { connectDocker } from '../../engines/kind/docker/connect.ts';
import { clusterName, networkName, nodeContainers } from '../../engines/kind/names.ts';
import { runStep } from '../../lab/check.ts';
import type { LabEnvironment, LabError, LabSession } from '../../lab/ports.ts';
import { formatCidr, parseCidr } from '../../model/ip.ts';
import { readCourse } from '../course-files.ts';
import { dataFolder, PATHS } from '../paths.ts';
import { realClustersHere } from '../real-clusters.ts';
import { figure, type Figure, type Measured, type Measurements } from './figure.ts';

const OVERHEAD = { unit: 'times', limit: 1.05 };
const CHECKS = { unit: 's', limit: 10 };
const TEN = 10;
/** Milliseconds for all of it. */
const PATIENCE = 3_600_000;

/** In the order of a lab's opening; what is not named is kind's. */
const PARTS = [
  ['before kind', /^$/],
  ['kind', /^Looking for the node image/],
  ['racks, routers and hosts', /^Starting routers and hosts/],
  ['images, workstation and Calico', /^(Bringing the images|Applying the manifests|Waiting for Calico)/],
  ['the lab’s objects', /^Putting the lab/],
] as const;

interface Found {
  /** Seconds. */
  readonly bare: number;
  readonly lab: number;
  readonly parts: readonly number[];
  readonly checks: readonly number[];
}

export function clusterMeasurements(): Measurements {
  let found: Promise<Found | string> | undefined;
  const of = (tell: (found: Found) => Figure) => async (): Promise<Measured> => {
    const measured = await (found ??= compare());
    return typeof measured === 'string' ? { unmeasured: measured } : tell(measured);
  };
  const seconds = (tell: (found: Found) => number): (() => Promise<Measured>) =>
    of((all) => figure({ unit: 's' }, [tell(all)]));
  return {
    'real cluster, by kind create and kubectl apply': seconds(({ bare }) => bare),
    'real cluster with a lab': seconds(({ lab }) => lab),
    'real cluster with a lab, times kind create and kubectl apply': of(({ bare, lab }) =>
      figure(OVERHEAD, [lab / bare]),
    ),
    ...Object.fromEntries(
      PARTS.map(([name], at) => [
        `real cluster with a lab, of it ${name}`,
        seconds(({ parts }) => parts[at] ?? Number.NaN),
      ]),
    ),
    'ten checks on a warm real cluster': of(({ checks }) => figure(CHECKS, checks)),
  };
}

/** A sentence where nothing can be measured. */
async function compare(): Promise<Found | string> {
  const signal = AbortSignal.timeout(PATIENCE);
  const means = await meansHere(signal);
  const image = process.env.UNDERLAY_NODE_IMAGE || NODE_IMAGE_TAG;
  const there = must(await means.docker.images.inspect(image, signal));
  if (!there)
    return `there is no node image ${image} on this Docker Engine: open a lab on a real cluster once, or set UNDERLAY_NODE_IMAGE`;
  const lab = await firstLab();
  if (typeof lab === 'string') return lab;
  const { env } = process;
  const calico = must(
    await prepareCalico(means.docker, lab.environment.calico, { folder: means.folder, env, signal }),
  );
  const bare = await bareCluster({ lab, means, calico, image, signal });
  return { bare, ...(await labCluster(lab, signal)) };
}

async function meansHere(signal: AbortSignal): Promise<ClusterMeans> {
  const { env, platform, arch } = process;
  const machine = { env, platform, home: homedir(), folder: kindFolder(dataFolder()) };
  const docker = must(await connectDocker(machine));
  const kind = must(await findKind({ ...machine, arch, signal }));
  return { ...machine, docker, kind: kind.path, installation: await installationId(machine.folder) };
}

/** Of those that this machine can run; else why the last one cannot be. */
async function firstLab(): Promise<CompiledLab | string> {
  const course = await readCourse(PATHS.root);
  if (!course.ok) throw new Error(course.error);
  const { trials, care } = realClustersHere();
  // Only a look at the machine tells what its kernel has.
  await care.doctor({ signal: AbortSignal.timeout(120_000) });
  let why = 'the course has no lab for real clusters';
  for (const lab of course.value.labs.values()) {
    if (!lab.spec.engines.includes('kind')) continue;
    const obstacle = await trials.preflight(lab.environment);
    if (!obstacle) return lab;
    why = obstacle.message;
  }
  return why;
}

interface Bare {
  readonly lab: CompiledLab;
  readonly means: ClusterMeans;
  readonly calico: CalicoParts;
  readonly image: string;
  readonly signal: AbortSignal;
}

/** Seconds, by nothing but what one would type. */
async function bareCluster({ lab, means, calico, image, signal }: Bare): Promise<number> {
  const { topology, start } = lab.environment;
  const { docker, folder } = means;
  const name = clusterName(means.installation, 'bare', randomBytes(2).toString('hex'));
  const network = must(await createNetwork({ name, lab: 'bare', topology }, docker, signal));
  // Calico looks for its addresses in Docker's network, the only one there is.
  const [subnet] = network.subnets.flatMap((text) => parseCidr(text) ?? []);
  const [segment] = topology.segments;
  if (!subnet || !segment) throw new Error(`the network ${name} has no subnet`);
  const own = {
    ...topology,
    segments: [{ ...segment, subnet }],
    nodes: topology.nodes.map((node) => ({ ...node, segment: segment.name })),
  };
  const nodes = nodeContainers(name, topology);
  const cluster: Cluster = { name, lab: 'bare', topology: own, docker, nodes, folder: folder.cluster(name) };
  const kubectl = kubectlOf(cluster);
  const typed = async (argv: readonly string[], stdin?: string): Promise<void> => {
    const input = stdin === undefined ? {} : { stdin: new TextEncoder().encode(stdin) };
    const { exitCode, stderr } = must(await kubectl(argv, { signal, seconds: 200, ...input }));
    if (exitCode !== 0) throw new Error(stderr);
  };
  const [pools, others] = startDocuments(start);
  const kubeconfig = join(folder.root, name);
  const began = performance.now();
  try {
    const made = must(
      await runKind(means.kind ?? '', {
        argv: ['create', 'cluster', '--name', name, '--config', '-', '--kubeconfig', kubeconfig],
        environment: kindEnvironment(means, networkName(name)),
        stdin: plainConfig(lab.environment, image),
        signal,
      }),
    );
    if (made.exitCode !== 0) throw new Error(made.log);
    const configure = async (): Promise<Result<void, LabError>> => {
      await typed(['apply', '--filename=-'], pools);
      return ok(undefined);
    };
    const wish = { ...calico, install: lab.environment.calico.install, defaultPools: false, configure };
    must(await installCalico(cluster, kubectl, wish, { signal }));
    await typed(['apply', '--filename=-'], others);
    await typed(['wait', '--for=condition=Ready', 'pods', '--all', '--timeout=180s']);
    return (performance.now() - began) / 1000;
  } finally {
    await deleteCluster(name, means, { signal });
    await rm(kubeconfig, { force: true });
  }
}

/** Pools as the API stores them, and the rest. */
function startDocuments(start: LabEnvironment['start']): readonly [string, string] {
  const all = start.flatMap(({ text }) => {
    const documents = parseAllDocuments(text);
    return Array.isArray(documents) ? documents.map((each) => each.toJS() as { apiVersion?: unknown }) : [];
  });
  const isCalicos = ({ apiVersion }: { apiVersion?: unknown }): boolean =>
    apiVersion === 'projectcalico.org/v3';
  const text = (documents: readonly object[]): string =>
    documents.map((each) => stringify(each)).join('---\n');
  const stored = all.filter(isCalicos).map((each) => ({ ...each, apiVersion: 'crd.projectcalico.org/v1' }));
  return [text(stored), text(all.filter((each) => !isCalicos(each)))];
}

/** Nodes of the lab's number and names, and no addresses but Docker's. */
const plainConfig = ({ topology }: LabEnvironment, image: string): string =>
  stringify({
    kind: 'Cluster',
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    networking: {
      disableDefaultCNI: true,
      podSubnet: formatCidr(topology.podCidr),
      serviceSubnet: formatCidr(topology.serviceCidr),
    },
    kubeadmConfigPatches: [stringify({ kind: 'KubeletConfiguration', failCgroupV1: false })],
    nodes: topology.nodes.map(({ name, role }) => ({
      role,
      image,
      kubeadmConfigPatches: [
        stringify({
          kind: role === 'control-plane' ? 'InitConfiguration' : 'JoinConfiguration',
          nodeRegistration: { name },
        }),
      ],
    })),
  });

async function labCluster(lab: CompiledLab, signal: AbortSignal): Promise<Omit<Found, 'bare'>> {
  const began = performance.now();
  const since = (): number => (performance.now() - began) / 1000;
  const begins: number[] = [0];
  const session = must(
    await realClustersHere().trials.open(lab.environment, {
      signal,
      onProgress: ({ phase }) => {
        const at = PARTS.findIndex(([, says]) => says.test(phase));
        if (at > 0) begins[at] ??= since();
      },
    }),
  );
  try {
    const whole = since();
    const ends = PARTS.map((_, at) => begins[at + 1] ?? whole);
    const parts = ends.map((end, at) => end - (begins[at] ?? end));
    must(await runScript(lab.solution, session, signal));
    return { lab: whole, parts, checks: await checkTimes(lab, session, signal) };
  } finally {
    await session.dispose();
  }
}

/** Seconds for ten checks, several times. */
async function checkTimes(lab: CompiledLab, session: LabSession, signal: AbortSignal): Promise<number[]> {
  const times: number[] = [];
  for (let run = 0; run < 3; run += 1) {
    const began = performance.now();
    let checked = 0;
    while (checked < TEN)
      for (const step of lab.spec.steps) {
        await runStep(step, session, signal);
        checked += step.checks.length;
      }
    times.push((((performance.now() - began) / 1000) * TEN) / checked);
  }
  return times;
}

function must<T>(result: Result<T, LabError>): T {
  if (result.ok) return result.value;
  throw new Error(`${result.error.message} ${result.error.remedy}`);
}
