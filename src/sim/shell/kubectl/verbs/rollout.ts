/** `kubectl rollout status`, `restart` and `undo`. Source: k8s.io/kubectl/pkg/cmd/rollout, polymorphichelpers v0.35. */
import { jsonEquals, type JsonObject } from '../../../../base/json.ts';
import { at, listAt, numberAt, objectAt, textAt } from '../../../kube/fields.ts';
import { timestamp } from '../../../core/time.ts';
import { CONTENT_TYPE } from '../../../kube/api.ts';
import { replicaSetsOf, revisionOf } from '../deployments.ts';
import type { Call, Verb } from '../call.ts';
import { completeResources } from '../completion.ts';
import { resourceName } from '../discovery.ts';
import { combined, Failure } from '../failure.ts';
import { Reporter } from '../reporting.ts';
import { select, type Selected } from '../selection.ts';
import { until } from '../watching.ts';
import { requireHistory, templateText } from './rollout-history.ts';
import {
  bool,
  DRY_RUN,
  duration,
  fieldManager,
  FILENAME,
  int,
  PRINT_FLAGS,
  RECURSIVE,
  SELECTOR,
} from './shared-flags.ts';

export async function chosen(call: Call): Promise<readonly Selected[]> {
  if (call.args.length === 0 && call.flags.all('filename').length === 0)
    throw new Failure('error: required resource not specified');
  return select(call, call.args, { bareTypes: true });
}

export const ROLLOUT_STATUS: Verb = {
  path: 'rollout status',
  summary: 'Follow a rollout until it is done',
  about:
    'Says how far the newest version of a deployment or daemon set has come, and returns when all of it is there.',
  usage: 'rollout status (TYPE NAME | TYPE/NAME) [flags]',
  examples: ['kubectl rollout status deployment/web'],
  provenance: 'source',
  flags: [
    FILENAME,
    RECURSIVE,
    int('revision', 0, 'Fail when another revision than this is the newest; 0 takes any.'),
    SELECTOR,
    duration('timeout', '0s', 'Give up after this time; 0s has no limit.'),
    bool('watch', 'Go on until it is done.', { short: 'w', initial: 'true' }),
  ],
  run: status,
  complete: completeResources,
};

interface Progress {
  readonly text: string;
  readonly done: boolean;
}

async function status(call: Call): Promise<number> {
  const selected = await chosen(call);
  if (selected.length === 0) await call.err(`No resources found in ${call.namespace} namespace.\n`);
  for (const { ref } of selected) {
    const timeout = call.flags.millis('timeout');
    const outcome = await until(call, ref, {
      ...(timeout > 0 ? { timeout } : {}),
      async check(object) {
        if (!object) throw new Failure('error: object has been deleted');
        checkRevision(call, ref.type.kind, object);
        const progress = progressOf(ref.type.kind, object);
        await call.out(progress.text);
        return progress.done || !call.flags.is('watch') ? 'done' : 'wait';
      },
    });
    if (outcome === 'timeout') throw new Failure('error: timed out waiting for the condition');
  }
  return 0;
}

function checkRevision(call: Call, kind: string, object: JsonObject): void {
  const [wanted, running] = [call.flags.int('revision'), revisionOf(object)];
  if (kind !== 'Deployment' || wanted === 0 || wanted === running) return;
  throw new Failure(
    `error: desired revision (${wanted}) is different from the running revision (${running})`,
  );
}

function progressOf(kind: string, object: JsonObject): Progress {
  if (kind === 'Deployment') return deploymentProgress(object);
  if (kind === 'DaemonSet') return daemonSetProgress(object);
  if (kind === 'StatefulSet') return statefulSetProgress(object);
  throw new Failure(`error: no status viewer has been implemented for ${kind}`);
}

const waiting = (text: string): Progress => ({ text: `${text}\n`, done: false });

function deploymentProgress(object: JsonObject): Progress {
  const name = JSON.stringify(textAt(object, 'metadata', 'name'));
  const now = objectAt(object, 'status');
  if (numberAt(object, 'metadata', 'generation') > numberAt(now, 'observedGeneration')) {
    return waiting('Waiting for deployment spec update to be observed...');
  }
  const late = listAt(now, 'conditions').some(
    (one) => one['type'] === 'Progressing' && one['reason'] === 'ProgressDeadlineExceeded',
  );
  if (late) throw new Failure(`error: deployment ${name} exceeded its progress deadline`);
  const obstacle = unfinished(now, numberAt(object, 'spec', 'replicas'));
  return obstacle === undefined
    ? { text: `deployment ${name} successfully rolled out\n`, done: true }
    : waiting(`Waiting for deployment ${name} rollout to finish: ${obstacle}...`);
}

function unfinished(now: JsonObject, wanted: number): string | undefined {
  const updated = numberAt(now, 'updatedReplicas');
  const replicas = numberAt(now, 'replicas');
  const available = numberAt(now, 'availableReplicas');
  if (updated < wanted) return `${updated} out of ${wanted} new replicas have been updated`;
  if (replicas > updated) return `${replicas - updated} old replicas are pending termination`;
  if (available < updated) return `${available} of ${updated} updated replicas are available`;
  return undefined;
}

function daemonSetProgress(object: JsonObject): Progress {
  const name = JSON.stringify(textAt(object, 'metadata', 'name'));
  const now = objectAt(object, 'status');
  if (textAt(object, 'spec', 'updateStrategy', 'type') !== 'RollingUpdate') {
    throw new Failure('error: rollout status is only available for RollingUpdate strategy type');
  }
  if (numberAt(object, 'metadata', 'generation') > numberAt(now, 'observedGeneration')) {
    return waiting('Waiting for daemon set spec update to be observed...');
  }
  const desired = numberAt(now, 'desiredNumberScheduled');
  const updated = numberAt(now, 'updatedNumberScheduled');
  if (updated < desired) {
    return waiting(
      `Waiting for daemon set ${name} rollout to finish: ${updated} out of ${desired} new pods have been updated...`,
    );
  }
  const available = numberAt(now, 'numberAvailable');
  if (available < desired) {
    return waiting(
      `Waiting for daemon set ${name} rollout to finish: ${available} of ${desired} updated pods are available...`,
    );
  }
  return { text: `daemon set ${name} successfully rolled out\n`, done: true };
}

function statefulSetProgress(object: JsonObject): Progress {
  const now = objectAt(object, 'status');
  if (textAt(object, 'spec', 'updateStrategy', 'type') !== 'RollingUpdate') {
    throw new Failure('error: rollout status is only available for RollingUpdate strategy type');
  }
  const [observed, wanted] = [numberAt(now, 'observedGeneration'), numberAt(object, 'spec', 'replicas')];
  if (observed === 0 || numberAt(object, 'metadata', 'generation') > observed) {
    return waiting('Waiting for statefulset spec update to be observed...');
  }
  const missing = wanted - numberAt(now, 'readyReplicas');
  if (missing > 0) return waiting(`Waiting for ${missing} pods to be ready...`);
  const revision = textAt(now, 'updateRevision');
  if (revision !== textAt(now, 'currentRevision')) {
    return waiting(
      `waiting for statefulset rolling update to complete ${numberAt(now, 'updatedReplicas')} pods at revision ${revision}...`,
    );
  }
  const done = `statefulset rolling update complete ${numberAt(now, 'currentReplicas')} pods at revision ${textAt(now, 'currentRevision')}...\n`;
  return { text: done, done: true };
}

export const ROLLOUT_RESTART: Verb = {
  path: 'rollout restart',
  summary: 'Replace all pods of an object by new ones',
  about:
    'Writes the time into the pod template, so that the deployment or daemon set replaces its pods one after the other.',
  usage: 'rollout restart RESOURCE',
  examples: ['kubectl rollout restart deployment/web', 'kubectl rollout restart daemonset -n kube-system'],
  provenance: 'source',
  flags: [fieldManager('kubectl-rollout'), FILENAME, ...PRINT_FLAGS, RECURSIVE, SELECTOR],
  run: restart,
  complete: completeResources,
};

const RESTARTABLE = new Set(['Deployment', 'DaemonSet', 'StatefulSet']);

async function restart(call: Call): Promise<number> {
  const reporter = new Reporter(call);
  const selected = await chosen(call);
  if (selected.length === 0) await call.err(`No resources found in ${call.namespace} namespace.\n`);
  const restartedAt = timestamp(call.io.clock.epoch, call.io.clock.now());
  const failures: Failure[] = [];
  for (const { ref, object } of selected) {
    if (!RESTARTABLE.has(ref.type.kind)) {
      failures.push(
        new Failure(
          `error: ${resourceName(ref.type)} ${JSON.stringify(ref.name)} restarting is not supported`,
        ),
      );
      continue;
    }
    if (at(object, 'spec', 'paused') === true) {
      failures.push(
        new Failure(
          `error: ${resourceName(ref.type)} ${JSON.stringify(ref.name)} can't restart paused deployment (run rollout resume first)`,
        ),
      );
      continue;
    }
    const patched = call.api.patch(
      ref,
      {
        spec: {
          template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': restartedAt } } },
        },
      },
      { contentType: CONTENT_TYPE.strategicMergePatch, fieldManager: call.flags.text('field-manager') },
    );
    await reporter.report(patched, 'restarted');
  }
  const failure = combined(failures);
  if (failure) throw failure;
  return 0;
}

export const ROLLOUT_UNDO: Verb = {
  path: 'rollout undo',
  summary: 'Go back to an earlier version of a deployment',
  about:
    'Gives a deployment the pod template of its previous revision, or of the one given with --to-revision.',
  usage: 'rollout undo (TYPE NAME | TYPE/NAME) [flags]',
  examples: ['kubectl rollout undo deployment/web', 'kubectl rollout undo deployment/web --to-revision=2'],
  provenance: 'source',
  flags: [
    DRY_RUN,
    FILENAME,
    ...PRINT_FLAGS,
    RECURSIVE,
    SELECTOR,
    int('to-revision', 0, 'The revision to go back to; 0 is the last one.'),
  ],
  run: undo,
  complete: completeResources,
};

async function undo(call: Call): Promise<number> {
  const reporter = new Reporter(call);
  for (const chosenOne of await chosen(call)) {
    requireHistory(chosenOne, 'rollbacker');
    await undoOne(call, reporter, chosenOne);
  }
  return 0;
}

async function undoOne(call: Call, reporter: Reporter, { ref, object }: Selected): Promise<void> {
  const wanted = rollbackTarget(call, object);
  if (at(object, 'spec', 'paused') === true) {
    throw new Failure(
      "error: you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again",
    );
  }
  const template = objectAt(wanted, 'spec', 'template');
  if (reporter.dryRun === 'client') {
    return reporter.report(object, templateText(call, template));
  }
  const { 'pod-template-hash': _hash, ...labels } = objectAt(template, 'metadata', 'labels');
  const restored = { ...template, metadata: { ...objectAt(template, 'metadata'), labels } };
  if (jsonEquals(restored, objectAt(object, 'spec', 'template'))) {
    return reporter.report(
      object,
      `skipped rollback (current template already matches revision ${revisionOf(wanted)})`,
    );
  }
  const patched = call.api.patch(ref, [{ op: 'replace', path: '/spec/template', value: restored }], {
    contentType: CONTENT_TYPE.jsonPatch,
    fieldManager: 'kubectl-rollout',
    dryRun: reporter.dryRun === 'server',
  });
  return reporter.report(patched, 'rolled back');
}

function rollbackTarget(call: Call, deployment: JsonObject): JsonObject {
  const name = textAt(deployment, 'metadata', 'name');
  const sets = [...replicaSetsOf(call, deployment)].sort((a, b) => revisionOf(b) - revisionOf(a));
  const wanted = call.flags.int('to-revision');
  if (wanted > 0) {
    const found = sets.find((set) => revisionOf(set) === wanted);
    if (!found) throw new Failure(`error: unable to find specified revision ${wanted} in history`);
    return found;
  }
  const [, previous] = sets;
  if (!previous) throw new Failure(`error: no rollout history found for deployment ${JSON.stringify(name)}`);
  return previous;
}
