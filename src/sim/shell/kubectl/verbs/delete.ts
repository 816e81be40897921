/** `kubectl delete`. Source: k8s.io/kubectl/pkg/cmd/delete/delete.go v0.35 (since v1.34 the namespace is named). */
import type { JsonObject } from '../../../../base/json.ts';
import { textAt } from '../../../kube/fields.ts';
import type { Call, Verb } from '../call.ts';
import type { ObjectRef } from '../api-client.ts';
import { completeResources } from '../completion.ts';
import { kindName, resourceName } from '../discovery.ts';
import { ApiFailure, combined, Failure } from '../failure.ts';
import { readManifests, refForManifest } from '../manifest.ts';
import { dryRunOf, type DryRun } from '../reporting.ts';
import { MISSING_RESOURCE, nameOf, namespaceOf } from '../selection.ts';
import { refOf, targets } from '../targets.ts';
import { until } from '../watching.ts';
import { listNamespace, listOptions } from './list-request.ts';
import {
  ALL_NAMESPACES,
  bool,
  DRY_RUN,
  duration,
  FIELD_SELECTOR,
  FILENAME,
  int,
  RECURSIVE,
  SELECTOR,
  text,
} from './shared-flags.ts';

export const DELETE: Verb = {
  path: 'delete',
  summary: 'Delete objects',
  about:
    'Deletes objects and, unless --wait=false, waits until they are gone. Objects that others own go with their owner.',
  usage: 'delete ([-f FILENAME] | [-k DIRECTORY] | TYPE [(NAME | -l label | --all)])',
  examples: [
    'kubectl delete pod web',
    'kubectl delete pods,services -l app=web',
    'kubectl delete -f pod.yaml',
  ],
  provenance: 'compared',
  flags: [
    bool('all', 'Every object of the type in the namespace.'),
    ALL_NAMESPACES,
    text('cascade', 'background, orphan or foreground: what becomes of the objects that these own.', {
      initial: 'background',
      bare: 'background',
    }),
    DRY_RUN,
    FIELD_SELECTOR,
    FILENAME,
    bool('force', 'With --grace-period=0, remove it at once.'),
    int('grace-period', -1, 'Seconds a pod gets to stop by itself; -1 takes its own setting.'),
    bool('ignore-not-found', 'Succeed when there is nothing to delete.'),
    bool('now', 'Stop within one second.'),
    text('output', 'name prints TYPE/NAME.', { short: 'o' }),
    RECURSIVE,
    SELECTOR,
    duration('timeout', '0s', 'Give up waiting after this time; 0s has no limit.'),
    bool('wait', 'Return only when the objects are gone.', { initial: 'true' }),
  ],
  run: deleteObjects,
  complete: completeResources,
};

interface Plan {
  readonly dryRun: DryRun;
  readonly gracePeriod: number;
  readonly body: JsonObject;
}

async function deleteObjects(call: Call): Promise<number> {
  const plan = planOf(call);
  const failures: Failure[] = [];
  const wanted = await chosen(call);
  if (plan.gracePeriod === 0 && call.flags.is('force')) {
    await call.err(
      'Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.\n',
    );
  }
  const deleted = await deleteAll(call, plan, { wanted, failures });
  const failure = combined(failures);
  if (failure) throw failure;
  if (wanted.length === 0) await call.out('No resources found\n');
  if (call.flags.is('wait') && plan.dryRun === 'none') await waitForAll(call, deleted);
  return 0;
}

function planOf(call: Call): Plan {
  const output = call.flags.text('output');
  if (output !== '' && output !== 'name') {
    throw new Failure(`error: unexpected -o output mode: ${output}. We only support '-o name'`);
  }
  const gracePeriod = gracePeriodOf(call);
  return { dryRun: dryRunOf(call), gracePeriod, body: deleteBody(call, gracePeriod) };
}

/** Seconds; -1 leaves it to the object. */
function gracePeriodOf(call: Call): number {
  const force = call.flags.is('force');
  if (call.flags.is('now')) {
    if (call.flags.given('grace-period')) {
      throw new Failure('error: --now and --grace-period cannot be specified together');
    }
    return 1;
  }
  const asked = call.flags.int('grace-period');
  if (!force) return asked === 0 ? 1 : asked; // 0 without --force waits for the pod to be gone, as 1 does.
  if (asked > 0) {
    throw new Failure('error: --force and --grace-period greater than 0 cannot be specified together');
  }
  return 0;
}

const POLICIES: ReadonlyMap<string, string> = new Map([
  ['background', 'Background'],
  ['true', 'Background'],
  ['orphan', 'Orphan'],
  ['false', 'Orphan'],
  ['foreground', 'Foreground'],
]);

function deleteBody(call: Call, gracePeriod: number): JsonObject {
  const cascade = call.flags.text('cascade');
  const propagationPolicy = POLICIES.get(cascade);
  if (propagationPolicy === undefined) {
    throw new Failure(
      `error: invalid cascade value (${cascade}). Must be "background", "foreground", or "orphan"`,
    );
  }
  return {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    propagationPolicy,
    ...(gracePeriod < 0 ? {} : { gracePeriodSeconds: gracePeriod }),
  };
}

interface Wanted {
  readonly ref: ObjectRef;
  /** The file that names it. */
  readonly source?: string;
}

async function chosen(call: Call): Promise<readonly Wanted[]> {
  const files = call.flags.all('filename');
  if (files.length > 0) {
    const manifests = await readManifests(call, files);
    return manifests.map((manifest) => ({ ref: refForManifest(call, manifest), source: manifest.source }));
  }
  if (call.args.length === 0) throw new Failure(MISSING_RESOURCE);
  const selector = call.flags.text('selector') !== '' || call.flags.text('field-selector') !== '';
  if (call.flags.is('all') && selector) {
    throw new Failure('error: cannot set --all and --selector at the same time');
  }
  const found = targets(call, call.args, {
    allNamespaces: call.flags.is('all-namespaces'),
    selector,
    all: call.flags.is('all'),
    bareTypes: false,
  });
  return found.flatMap((target) =>
    target.kind === 'object'
      ? [{ ref: target.ref }]
      : call.api
          .items(target.type, listNamespace(call, target.type), listOptions(call))
          .map((item) => ({ ref: refOf(target.type, namespaceOf(item), nameOf(item)) })),
  );
}

interface Deleted {
  readonly ref: ObjectRef;
  readonly uid: string;
}

async function deleteAll(
  call: Call,
  plan: Plan,
  work: { readonly wanted: readonly Wanted[]; readonly failures: Failure[] },
): Promise<readonly Deleted[]> {
  const deleted: Deleted[] = [];
  if (call.namespaceGiven && work.wanted.some(({ ref }) => ref.namespace === undefined)) {
    await call.err('Warning: deleting cluster-scoped resources, not scoped to the provided namespace\n');
  }
  for (const { ref, source } of work.wanted) {
    try {
      deleted.push({ ref, uid: deleteOne(call, plan, ref) });
      await call.out(message(call, plan, ref));
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      if (error.notFound && call.flags.is('ignore-not-found')) continue;
      work.failures.push(source === undefined ? error : error.during('deleting', source));
    }
  }
  return deleted;
}

function deleteOne(call: Call, plan: Plan, ref: ObjectRef): string {
  if (plan.dryRun === 'client') return textAt(call.api.get(ref), 'metadata', 'uid');
  const answer = call.api.delete(ref, plan.body, plan.dryRun === 'server');
  return textAt(answer, 'details', 'uid') || textAt(answer, 'metadata', 'uid');
}

function message(call: Call, plan: Plan, ref: ObjectRef): string {
  const kind = kindName(ref.type);
  if (call.flags.text('output') === 'name') return `${kind}/${ref.name}\n`;
  const operation = plan.gracePeriod === 0 ? 'force deleted' : 'deleted';
  const where = ref.namespace === undefined ? '' : ` from ${ref.namespace} namespace`;
  const dry = plan.dryRun === 'client' ? ' (dry run)' : plan.dryRun === 'server' ? ' (server dry run)' : '';
  return `${kind} ${JSON.stringify(ref.name)} ${operation}${where}${dry}\n`;
}

async function waitForAll(call: Call, deleted: readonly Deleted[]): Promise<void> {
  const timeout = call.flags.millis('timeout');
  for (const { ref, uid } of deleted) {
    const outcome = await until(call, ref, {
      ...(timeout > 0 ? { timeout } : {}),
      // Another object of that name may have taken its place already.
      check: (object) =>
        !object || (uid !== '' && textAt(object, 'metadata', 'uid') !== uid) ? 'done' : 'wait',
    });
    if (outcome === 'timeout')
      throw new Failure(
        `error: timed out waiting for the condition on ${resourceName({ ...ref.type, group: '' })}/${ref.name}`,
      );
  }
}
