/**
 * The programs that make a node's network what the API says: calico-node and kube-proxy. Started anew they write everything
 * again, whatever was changed by hand: devices, routes, neighbours, forwarding entries and rules.
 */
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import { grouped, type StoredObject } from './inventory.ts';
import type { Restoring } from './restoration.ts';
import { startFailed } from './start-objects.ts';

const AGENTS = 'k8s-app in (calico-node, kube-proxy)';
/** Seconds until they are ready again. */
const PATIENCE = 150;

export async function restartAgents(restoring: Restoring): Promise<Result<void, LabError>> {
  // By their pods, whose labels everybody knows; their sets may be named and labelled by an operator.
  const found = await asked(restoring, [
    ...['get', 'pods', '--all-namespaces', `--selector=${AGENTS}`],
    '--output=jsonpath={range .items[*]}{.metadata.namespace} {.metadata.ownerReferences[0].name}{"\\n"}{end}',
  ]);
  if (!found.ok) return found;
  const sets = [...new Set(found.value.split('\n').filter(Boolean))].map((line) => line.split(' '));
  const namespaces = new Set(sets.map(([namespace = '']) => namespace));
  const ended = await Promise.all(
    [...namespaces].map((namespace) =>
      asked(restoring, ['delete', 'pods', `--namespace=${namespace}`, `--selector=${AGENTS}`, '--now']),
    ),
  );
  const failed = ended.find((each) => !each.ok);
  if (failed && !failed.ok) return failed;
  const ready = await Promise.all(
    sets.map(([namespace = '', name = '']) =>
      asked(restoring, [
        ...['rollout', 'status', `daemonset/${name}`, `--namespace=${namespace}`, `--timeout=${PATIENCE}s`],
      ]),
    ),
  );
  const late = ready.find((each) => !each.ok);
  return late && !late.ok ? late : ok(undefined);
}

export async function asked(
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
