/** `kubectl replace`. Source: k8s.io/kubectl/pkg/cmd/replace/replace.go v0.35. */
import type { JsonObject } from '../../../../base/json.ts';
import { textAt } from '../../../kube/fields.ts';
import type { ObjectRef } from '../api-client.ts';
import type { Call, Verb } from '../call.ts';
import { kindName } from '../discovery.ts';
import { ApiFailure, combined, Failure } from '../failure.ts';
import { readManifests, refForManifest, requireKind, withNamespace, type Manifest } from '../manifest.ts';
import { Reporter } from '../reporting.ts';
import { until } from '../watching.ts';
import {
  bool,
  DRY_RUN,
  duration,
  fieldManager,
  FILENAME,
  int,
  PRINT_FLAGS,
  RECURSIVE,
  text,
} from './shared-flags.ts';
import { fieldValidation, VALIDATE } from './validation-flag.ts';

export const REPLACE: Verb = {
  path: 'replace',
  summary: 'Put a manifest in the place of an object',
  about:
    'Replaces objects by what the manifests say, whole: fields that a manifest leaves out fall back to their defaults.\nWith --force the object is deleted and created anew, which also changes what cannot change.',
  usage: 'replace -f FILENAME',
  examples: ['kubectl replace -f pod.yaml', 'kubectl replace --force -f pod.yaml'],
  provenance: 'compared',
  flags: [
    text('cascade', 'With --force: background, orphan or foreground.', {
      initial: 'background',
      bare: 'background',
    }),
    DRY_RUN,
    fieldManager('kubectl-replace'),
    FILENAME,
    bool('force', 'Delete the object and create it anew.'),
    int('grace-period', -1, 'With --force: seconds a pod gets to stop by itself; -1 takes its own setting.'),
    ...PRINT_FLAGS,
    RECURSIVE,
    text('subresource', 'status or scale: replace that part.'),
    duration('timeout', '0s', 'With --force: give up waiting for the deletion after this time.'),
    VALIDATE,
    bool('wait', 'With --force, which always waits.'),
  ],
  run: replace,
};

async function replace(call: Call): Promise<number> {
  const reporter = new Reporter(call);
  const force = checkFlags(call, reporter);
  const manifests = await readManifests(call, call.flags.all('filename'));
  if (fieldValidation(call) === 'Strict') manifests.forEach(requireKind);
  const wanted = manifests.map((manifest) => ({ manifest, ref: refForManifest(call, manifest) }));
  if (force) for (const { ref } of wanted) await remove(call, ref);
  const failures: Failure[] = [];
  for (const one of wanted) {
    try {
      await reporter.report(force ? recreated(call, one) : replaced(call, reporter, one), 'replaced');
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failures.push(error);
    }
  }
  const failure = combined(failures);
  if (failure) throw failure;
  return 0;
}

/** True with --force. */
function checkFlags(call: Call, reporter: Reporter): boolean {
  const force = call.flags.is('force');
  const complaint =
    call.flags.all('filename').length === 0
      ? 'must specify one of -f and -k'
      : force
        ? reporter.dryRun === 'none'
          ? undefined
          : '--dry-run can not be used when --force is set'
        : flagOfForce(call);
  if (complaint !== undefined) throw new Failure(`error: ${complaint}`);
  return force;
}

function flagOfForce(call: Call): string | undefined {
  if (call.flags.int('grace-period') >= 0) return '--grace-period must have --force specified';
  return call.flags.millis('timeout') === 0 ? undefined : '--timeout must have --force specified';
}

interface Wanted {
  readonly manifest: Manifest;
  readonly ref: ObjectRef;
}

function replaced(call: Call, reporter: Reporter, { manifest, ref }: Wanted): JsonObject {
  const object = withNamespace(manifest.object, ref);
  if (reporter.dryRun === 'client') return object;
  const subresource = call.flags.text('subresource');
  try {
    return call.api.replace(ref, object, {
      ...written(call),
      dryRun: reporter.dryRun === 'server',
      ...(subresource === '' ? {} : { subresource }),
    });
  } catch (error) {
    throw error instanceof ApiFailure ? error.during('replacing', manifest.source) : error;
  }
}

const written = (call: Call): { readonly fieldManager: string; readonly fieldValidation: string } => ({
  fieldManager: call.flags.text('field-manager'),
  fieldValidation: fieldValidation(call),
});

function recreated(call: Call, { manifest, ref }: Wanted): JsonObject {
  return call.api.create(ref.type, ref.namespace, withNamespace(manifest.object, ref), written(call));
}

const POLICIES: ReadonlyMap<string, string> = new Map([
  ['background', 'Background'],
  ['orphan', 'Orphan'],
  ['foreground', 'Foreground'],
]);

/** Deletes what is there, and waits until it is gone. */
async function remove(call: Call, ref: ObjectRef): Promise<void> {
  const cascade = call.flags.text('cascade');
  const propagationPolicy = POLICIES.get(cascade);
  if (propagationPolicy === undefined) {
    throw new Failure(
      `error: invalid cascade value (${cascade}). Must be "background", "foreground", or "orphan"`,
    );
  }
  const before = call.api.find(ref);
  if (!before) return;
  const asked = call.flags.int('grace-period');
  const grace = asked < 0 ? {} : { gracePeriodSeconds: asked };
  call.api.delete(ref, { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy, ...grace }, false);
  const where = ref.namespace === undefined ? '' : ` from ${ref.namespace} namespace`;
  await call.out(`${kindName(ref.type)} ${JSON.stringify(ref.name)} deleted${where}\n`);
  const limit = call.flags.millis('timeout');
  const outcome = await until(call, ref, {
    ...(limit > 0 ? { timeout: limit } : {}),
    check: (object) =>
      !object || textAt(object, 'metadata', 'uid') !== textAt(before, 'metadata', 'uid') ? 'done' : 'wait',
  });
  if (outcome === 'timeout') {
    throw new Failure(`error: timed out waiting for the condition on ${ref.type.plural}/${ref.name}`);
  }
}
