/**
 * The programs that make a node's network what the API says: calico-node's (Felix, confd, BIRD) and kube-proxy. Started anew
 * they write everything again, whatever was changed by hand: devices, routes, neighbours, forwarding entries and rules.
 * runit starts calico-node's programs anew when they end (Calico v3.32.1 node/filesystem/etc/service), within a second or
 * two; kube-proxy's pod ends with it, and kubelet would wait longer each time, so that pod is made anew.
 */
import { isJsonObject, type JsonObject } from '../../../base/json.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { containerOf } from '../probe/doors.ts';
import { listAt, parsed, textAt } from '../probe/kubernetes.ts';
import { grouped, type StoredObject } from './inventory.ts';
import type { Restoring } from './restoration.ts';
import { startFailed } from './start-objects.ts';

export interface Restarting extends Restoring {
  readonly cluster: Cluster;
}

const CALICO_NODE = 'k8s-app=calico-node';
const KUBE_PROXY = 'k8s-app=kube-proxy';
/** Seconds until they are ready again. */
const PATIENCE = 150;

export async function restartAgents(restarting: Restarting): Promise<Result<void, LabError>> {
  const ended = await Promise.all([restartCalico(restarting), restartPods(restarting, KUBE_PROXY)]);
  return ended.find((each) => !each.ok) ?? ok(undefined);
}

async function restartCalico(restarting: Restarting): Promise<Result<void, LabError>> {
  const { cluster } = restarting;
  const killed = await Promise.all(cluster.topology.nodes.map(({ name }) => killPrograms(restarting, name)));
  const absent: string[] = [];
  for (const [at, { name }] of cluster.topology.nodes.entries()) {
    const there = killed[at];
    if (there && !there.ok) return there;
    if (there?.value === false) absent.push(`spec.nodeName=${name}`);
  }
  for (const where of absent) {
    const made = await restartPods(restarting, CALICO_NODE, [`--field-selector=${where}`]);
    if (!made.ok) return made;
  }
  // An object that was put back may have given them new pods.
  const rolled = await rolledOut(restarting, CALICO_NODE);
  return rolled.ok ? untilTheySayReady(restarting) : rolled;
}

/** The arguments are regular expressions of command lines. Ends with 1 when there was none. */
const KILL = 'code=1; for line; do pkill -KILL -f "$line" && code=0; done; exit $code';
const PROGRAMS = ['^calico-node -felix', '^calico-node -confd', '^bird ', '^bird6 '];

/** Whether any of them ran on the node. */
async function killPrograms(
  { cluster, signal }: Restarting,
  name: string,
): Promise<Result<boolean, LabError>> {
  const sidecar = containerOf(cluster, { kind: 'node', name });
  const argv = ['sh', '-c', KILL, 'sh', ...PROGRAMS];
  const done = await cluster.docker.containers.exec(sidecar, argv, { signal, seconds: 30 });
  return done.ok ? ok(done.value.exitCode === 0) : done;
}

async function restartPods(
  restoring: Restoring,
  selector: string,
  which: readonly string[] = [],
): Promise<Result<void, LabError>> {
  const sets = await setsOf(restoring, selector);
  if (!sets.ok) return sets;
  for (const { namespace } of sets.value) {
    const ended = await asked(restoring, [
      ...['delete', 'pods', `--namespace=${namespace}`, `--selector=${selector}`, ...which, '--now'],
    ]);
    if (!ended.ok) return ended;
  }
  return waitForSets(restoring, sets.value);
}

async function rolledOut(restoring: Restoring, selector: string): Promise<Result<void, LabError>> {
  const sets = await setsOf(restoring, selector);
  return sets.ok ? waitForSets(restoring, sets.value) : sets;
}

interface DaemonSet {
  readonly namespace: string;
  readonly name: string;
}

/** By their pods, whose labels everybody knows; their sets may be named and labelled by an operator. */
async function setsOf(
  restoring: Restoring,
  selector: string,
): Promise<Result<readonly DaemonSet[], LabError>> {
  const found = await asked(restoring, [
    ...['get', 'pods', '--all-namespaces', `--selector=${selector}`],
    '--output=jsonpath={range .items[*]}{.metadata.namespace} {.metadata.ownerReferences[0].name}{"\\n"}{end}',
  ]);
  if (!found.ok) return found;
  const lines = [...new Set(found.value.split('\n').filter(Boolean))];
  return ok(
    lines.map((line) => {
      const [namespace = '', name = ''] = line.split(' ');
      return { namespace, name };
    }),
  );
}

async function waitForSets(
  restoring: Restoring,
  sets: readonly DaemonSet[],
): Promise<Result<void, LabError>> {
  const ready = await Promise.all(
    sets.map(({ namespace, name }) =>
      asked(restoring, [
        ...['rollout', 'status', `daemonset/${name}`, `--namespace=${namespace}`, `--timeout=${PATIENCE}s`],
      ]),
    ),
  );
  const late = ready.find((each) => !each.ok);
  return late && !late.ok ? late : ok(undefined);
}

/** Milliseconds between two questions. */
const APART = 300;

/** What kubelet asks of them, which looks too seldom to be waited for. */
async function untilTheySayReady(restoring: Restoring): Promise<Result<void, LabError>> {
  const found = await asked(restoring, [
    ...['get', 'pods', '--all-namespaces', `--selector=${CALICO_NODE}`, '--output=json'],
  ]);
  if (!found.ok) return found;
  const listed = parsed(found.value);
  const pods = isJsonObject(listed) ? listAt(listed, 'items') : [];
  const ready = await Promise.all(pods.map((pod) => untilReady(pod, restoring)));
  return ready.find((each) => !each.ok) ?? ok(undefined);
}

async function untilReady(pod: JsonObject, { kubectl, signal }: Restoring): Promise<Result<void, LabError>> {
  const argv = readinessOf(pod);
  if (!argv) return ok(undefined);
  const end = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE * 1000)]);
  for (;;) {
    const done = await kubectl(argv, { signal: end, seconds: 30 });
    if (done.ok && done.value.exitCode === 0) return ok(undefined);
    if (signal.aborted && !done.ok) return done;
    if (end.aborted) return err(startFailed('Calico does not become ready again on every node.'));
    await new Promise((resolve) => setTimeout(resolve, APART));
  }
}

/** What asks calico-node in that pod, if its readiness is a command's. */
function readinessOf({ metadata, spec }: JsonObject): readonly string[] | undefined {
  if (!isJsonObject(metadata) || !isJsonObject(spec)) return undefined;
  const probe = listAt(spec, 'containers').find(({ name }) => name === 'calico-node')?.['readinessProbe'];
  const command = isJsonObject(probe) && isJsonObject(probe['exec']) ? probe['exec']['command'] : undefined;
  if (!Array.isArray(command)) return undefined;
  const where = [`--namespace=${textAt(metadata, 'namespace') ?? ''}`, textAt(metadata, 'name') ?? ''];
  return ['exec', ...where, '--container=calico-node', '--', ...command.map(String)];
}

async function asked(
  { kubectl, signal }: Restoring,
  argv: readonly string[],
): Promise<Result<string, LabError>> {
  const done = await kubectl(argv, { signal, seconds: PATIENCE + 5 });
  if (!done.ok) return done;
  const { exitCode, stdout, stderr } = done.value;
  return exitCode === 0 ? ok(stdout) : err(startFailed(stderr.trim()));
}

/** What was ready at the start is ready again. */
export async function waitReady(
  start: readonly StoredObject[],
  restoring: Restoring,
): Promise<Result<void, LabError>> {
  const pods = start.filter(({ resource, ready, owned }) => resource === 'pods' && ready && !owned);
  for (const group of grouped(pods, ({ namespace = 'default' }) => namespace)) {
    const namespace = group[0]?.namespace ?? 'default';
    const waited = await asked(restoring, [
      ...['wait', '--for=condition=Ready', `--namespace=${namespace}`, `--timeout=${PATIENCE}s`],
      ...group.map(({ name }) => `pod/${name}`),
    ]);
    if (!waited.ok) return waited;
  }
  return ok(undefined);
}
