/** `kubectl apply`. Source: k8s.io/kubectl/pkg/cmd/apply/apply.go, patcher.go v0.35. */
import { isJsonObject, type Json, type JsonObject } from '../../../../base/json.ts';
import { CONTENT_TYPE } from '../../../kube/api.ts';
import { threeWayPatch } from '../apply-patch.ts';
import type { ObjectRef } from '../api-client.ts';
import type { Call, Verb } from '../call.ts';
import { resourceName } from '../discovery.ts';
import { ApiFailure, combined, Failure, usageFailure } from '../failure.ts';
import { readManifests, refForManifest, requireKind, withNamespace, type Manifest } from '../manifest.ts';
import { compactJson } from '../output/json-text.ts';
import { Reporter } from '../reporting.ts';
import { metadataOf } from '../selection.ts';
import { bool, DRY_RUN, fieldManager, FILENAME, PRINT_FLAGS, RECURSIVE } from './shared-flags.ts';
import { fieldValidation, VALIDATE } from './validation-flag.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

export const APPLY: Verb = {
  path: 'apply',
  summary: 'Make the cluster look like a manifest',
  about:
    'Makes the cluster look like the manifests: creates what is missing and changes what differs. What was applied is\nremembered in an annotation, so that a field removed from the manifest is removed from the object too.',
  usage: 'apply (-f FILENAME | -k DIRECTORY)',
  examples: ['kubectl apply -f pod.yaml', 'kubectl apply -f manifests/', 'cat pod.yaml | kubectl apply -f -'],
  provenance: 'compared',
  flags: [
    DRY_RUN,
    fieldManager('kubectl-client-side-apply'),
    FILENAME,
    bool('force-conflicts', 'With --server-side, take over fields that others manage.'),
    ...PRINT_FLAGS,
    RECURSIVE,
    bool('server-side', 'Let the API server do the merging.'),
    VALIDATE,
  ],
  run: apply,
};

async function apply(call: Call): Promise<number> {
  if (call.args.length > 0) throw usageFailure('apply', `Unexpected args: [${call.args.join(' ')}]`);
  const files = call.flags.all('filename');
  if (files.length === 0) throw new Failure('error: must specify one of -f and -k');
  const reporter = new Reporter(call, { asList: true });
  checkCombination(call, reporter);
  const manifests = await readManifests(call, files);
  if (manifests.length === 0) throw new Failure('error: no objects passed to apply');
  const { wanted, failures } = resolved(call, manifests);
  for (const [manifest, ref] of wanted) {
    try {
      await applyOne({ call, reporter, manifest, ref });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failures.push(error);
    }
  }
  const failure = combined(failures);
  if (failure) throw failure;
  await reporter.finish();
  return 0;
}

function checkCombination(call: Call, reporter: Reporter): void {
  const serverSide = call.flags.is('server-side');
  if (call.flags.is('force-conflicts') && !serverSide)
    throw new Failure('error: --force-conflicts only works with --server-side');
  if (serverSide && reporter.dryRun === 'client') {
    throw new Failure(
      "error: --dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)",
    );
  }
}

function resolved(
  call: Call,
  manifests: readonly Manifest[],
): { readonly wanted: readonly (readonly [Manifest, ObjectRef])[]; readonly failures: Failure[] } {
  const wanted: (readonly [Manifest, ObjectRef])[] = [];
  const failures: Failure[] = [];
  for (const manifest of manifests) {
    if (fieldValidation(call) === 'Strict') requireKind(manifest);
    try {
      wanted.push([manifest, refForManifest(call, manifest)]);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failures.push(error);
    }
  }
  return { wanted, failures };
}

interface Work {
  readonly call: Call;
  readonly reporter: Reporter;
  readonly manifest: Manifest;
  readonly ref: ObjectRef;
}

async function applyOne(work: Work): Promise<void> {
  const { call, reporter, manifest, ref } = work;
  if (ref.name === '') {
    const generate = metadataOf(manifest.object)['generateName'];
    throw new Failure(
      typeof generate === 'string'
        ? `error: from ${generate}: cannot use generate name with apply`
        : `error: error when retrieving current configuration of:\nResource: ${JSON.stringify(resourceLine(ref))}, GroupVersionKind: ${JSON.stringify(kindLine(ref))}\nName: "", Namespace: ${JSON.stringify(ref.namespace ?? '')}\nfrom server for: ${JSON.stringify(manifest.source)}: resource name may not be empty`,
    );
  }
  if (call.flags.is('server-side')) return applyServerSide(work);
  const modified = withLastApplied(withNamespace(manifest.object, ref));
  const current = call.api.find(ref);
  if (!current) {
    const sent = withoutNulls(modified);
    const created = reporter.dryRun === 'client' ? sent : creating(work, sent);
    return reporter.report(created, 'created');
  }
  if (reporter.dryRun === 'client')
    return reporter.report(reporter.printsObjects ? current : modified, 'configured');
  await warnAboutMissingAnnotation(work, current);
  return patchCurrent(work, modified, current);
}

function creating({ call, reporter, manifest, ref }: Work, sent: JsonObject): JsonObject {
  return duringApply('creating', manifest.source, () =>
    call.api.create(ref.type, ref.namespace, sent, {
      fieldManager: call.flags.text('field-manager'),
      fieldValidation: fieldValidation(call),
      dryRun: reporter.dryRun === 'server',
    }),
  );
}

async function patchCurrent(work: Work, modified: JsonObject, current: JsonObject): Promise<void> {
  const { call, reporter, manifest, ref } = work;
  const style = isBuiltIn(ref) ? 'strategic' : 'merge';
  const patch = threeWayPatch({ original: lastApplied(current), modified, current }, style);
  if (Object.keys(patch).length === 0)
    return reporter.report(current, reporter.printsObjects ? 'configured' : 'unchanged');
  const verb = `applying patch:\n${compactJson(patch)}\nto:\nResource: ${JSON.stringify(resourceLine(ref))}, GroupVersionKind: ${JSON.stringify(kindLine(ref))}\nName: ${JSON.stringify(ref.name)}, Namespace: ${JSON.stringify(ref.namespace ?? '')}\nfor:`;
  const patched = duringApply(verb, manifest.source, () =>
    call.api.patch(ref, patch, {
      contentType: style === 'strategic' ? CONTENT_TYPE.strategicMergePatch : CONTENT_TYPE.mergePatch,
      fieldManager: call.flags.text('field-manager'),
      fieldValidation: fieldValidation(call),
      dryRun: reporter.dryRun === 'server',
    }),
  );
  await warnAboutDeletion(call, patched);
  return reporter.report(patched, 'configured');
}

async function applyServerSide({ call, reporter, manifest, ref }: Work): Promise<void> {
  try {
    const applied = call.api.patch(ref, withNamespace(manifest.object, ref), {
      contentType: CONTENT_TYPE.applyPatch,
      fieldManager: call.flags.given('field-manager') ? call.flags.text('field-manager') : 'kubectl',
      fieldValidation: fieldValidation(call),
      dryRun: reporter.dryRun === 'server',
      force: call.flags.is('force-conflicts'),
    });
    await warnAboutDeletion(call, applied);
    return await reporter.report(applied, 'serverside-applied');
  } catch (error) {
    if (error instanceof ApiFailure && error.code === 409)
      throw new Failure(`error: ${error.detail}\n${CONFLICT_ADVICE}`);
    throw error;
  }
}

const CONFLICT_ADVICE = `Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the \`--force-conflicts\` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts`;

function duringApply(verb: string, source: string, request: () => JsonObject): JsonObject {
  try {
    return request();
  } catch (error) {
    throw error instanceof ApiFailure ? error.during(verb, source) : error;
  }
}

async function warnAboutMissingAnnotation({ call, ref }: Work, current: JsonObject): Promise<void> {
  const annotations = metadataOf(current)['annotations'];
  if (isJsonObject(annotations) && annotations[LAST_APPLIED] !== undefined) return;
  await call.err(
    `Warning: resource ${resourceName(ref.type)}/${ref.name} is missing the ${LAST_APPLIED} annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.\n`,
  );
}

async function warnAboutDeletion(call: Call, object: JsonObject): Promise<void> {
  const metadata = metadataOf(object);
  if (metadata['deletionTimestamp'] === undefined) return;
  await call.err(
    `Warning: Detected changes to resource ${String(metadata['name'])} which is currently being deleted.\n`,
  );
}

/** Groups whose Go types kubectl is compiled with: their lists merge by key. */
const BUILT_IN = /^$|^(apps|batch|autoscaling|policy)$|\.k8s\.io$/;

/** Custom resources may live under k8s.io too, but none that this cluster serves does. */
export function isBuiltIn(ref: Pick<ObjectRef, 'type'>): boolean {
  return BUILT_IN.test(ref.type.group);
}

const resourceLine = ({ type }: ObjectRef): string =>
  `${type.group}/${type.version}, Resource=${type.plural}`;

const kindLine = ({ type }: ObjectRef): string => `${type.group}/${type.version}, Kind=${type.kind}`;

/** The manifest with itself, as one line of JSON, in its annotation. */
export function withLastApplied(object: JsonObject): JsonObject {
  const metadata = metadataOf(object);
  const annotations = isJsonObject(metadata['annotations']) ? metadata['annotations'] : {};
  const { [LAST_APPLIED]: _old, ...others } = annotations;
  const bare = { ...object, metadata: { ...metadata, annotations: others } };
  const applied = `${compactJson(bare)}\n`;
  return { ...object, metadata: { ...metadata, annotations: { ...others, [LAST_APPLIED]: applied } } };
}

function lastApplied(current: JsonObject): JsonObject {
  const annotations = metadataOf(current)['annotations'];
  const text = isJsonObject(annotations) ? annotations[LAST_APPLIED] : undefined;
  if (typeof text !== 'string') return {};
  try {
    const parsed = JSON.parse(text) as Json;
    return isJsonObject(parsed) ? parsed : {};
  } catch {
    return {}; // Somebody edited the annotation: kubectl too goes on without it.
  }
}

function withoutNulls(value: JsonObject): JsonObject {
  const members = Object.entries(value)
    .filter(([, member]) => member !== null && member !== undefined)
    .map(([key, member]) => [key, isJsonObject(member) ? withoutNulls(member) : member] as const);
  return Object.fromEntries(members);
}
