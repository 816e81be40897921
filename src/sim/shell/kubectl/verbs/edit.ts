/**
 * `kubectl edit`: objects as text, an editor, and what was changed sent as a patch; what the server refuses comes back to the
 * editor with the reasons above it. Source: k8s.io/kubectl/pkg/cmd/util/editor/editoptions.go v0.35.
 */
import { isJsonObject, jsonEquals, type Json, type JsonObject } from '../../../../base/json.ts';
import { CONTENT_TYPE } from '../../../kube/api.ts';
import { threeWayPatch } from '../apply-patch.ts';
import type { ObjectRef } from '../api-client.ts';
import type { Call, Verb } from '../call.ts';
import { completeResources } from '../completion.ts';
import { resourceName } from '../discovery.ts';
import { editTemporary } from '../edit-program.ts';
import { ApiFailure, Failure } from '../failure.ts';
import { parseManifests, parseYaml } from '../manifest.ts';
import { compactJson } from '../output/json-text.ts';
import { printerFor, Reporter } from '../reporting.ts';
import { metadataOf, namespaceOf, select, type Selected } from '../selection.ts';
import { isBuiltIn, withLastApplied } from './apply.ts';
import { bool, fieldManager, FILENAME, RECURSIVE, TEMPLATE_FLAGS, text } from './shared-flags.ts';
import { fieldValidation, VALIDATE } from './validation-flag.ts';

export const EDIT: Verb = {
  path: 'edit',
  summary: 'Change an object in an editor',
  about:
    'Opens objects in an editor and sends what was changed to the API server when the editor is left. The editor is the\none in KUBE_EDITOR or EDITOR, else vi; nano is here too. A change that the server refuses opens the editor again.',
  usage: 'edit (RESOURCE/NAME | -f FILENAME)',
  examples: [
    'kubectl edit deployment/web',
    'KUBE_EDITOR=nano kubectl edit service web',
    "KUBE_EDITOR='sed -i s/Always/CrossSubnet/' kubectl edit ippools.crd.projectcalico.org default-ipv4-ippool",
  ],
  provenance: 'source',
  flags: [
    fieldManager('kubectl-edit'),
    FILENAME,
    text('output', 'yaml or json: the form to edit in, and to print the result in.', { short: 'o' }),
    bool('output-patch', 'Print the patch that is sent.'),
    RECURSIVE,
    bool('save-config', 'Remember the new state in the annotation that kubectl apply reads.'),
    ...TEMPLATE_FLAGS,
    VALIDATE,
  ],
  run: edit,
  complete: completeResources,
};

interface Reason {
  readonly head: string;
  readonly others: readonly string[];
}

interface Work {
  readonly call: Call;
  readonly reporter: Reporter;
  readonly originals: readonly Selected[];
}

/** What became of the edited objects. */
interface Outcome {
  readonly reasons: Reason[];
  refused: boolean;
  missing: boolean;
}

async function edit(call: Call): Promise<number> {
  const output = call.flags.text('output');
  const reporter = new Reporter(call);
  const print = printerFor(call, output === '' ? 'yaml' : output, ['json', 'yaml']);
  const originals = (await select(call, call.args, { bareTypes: true })).map(withoutManagedFields);
  if (originals.length === 0) throw new Failure('error: edit cancelled, no objects found');
  const [first] = originals;
  const shown = print(originals.length === 1 && first ? first.object : listOf(originals));
  if (!shown.ok) throw new Failure(`error: ${shown.error}`);
  return editLoop({ call, reporter, originals }, shown.value, output === 'json');
}

function withoutManagedFields({ ref, object }: Selected): Selected {
  const { managedFields: _hidden, ...metadata } = metadataOf(object);
  return { ref, object: { ...object, metadata } };
}

function listOf(originals: readonly Selected[]): JsonObject {
  return { apiVersion: 'v1', items: originals.map(({ object }) => object), kind: 'List', metadata: {} };
}

async function editLoop(work: Work, original: string, json: boolean): Promise<number> {
  const { call } = work;
  let body = original;
  let last: { readonly text: string; readonly path: string } | undefined;
  let reasons: readonly Reason[] = [];
  for (;;) {
    const edited = await preserving(call, last?.path, () =>
      editTemporary(call.io, (json ? '' : header(reasons)) + body, json ? '.json' : '.yaml'),
    );
    if (last !== undefined && sameContent(last.text, edited.text)) {
      await preserved(call, edited.path);
      throw new Failure('error: Edit cancelled, no valid changes were saved.');
    }
    if (last !== undefined) call.io.files.remove(last.path);
    const nothing = nothingToDo(original, edited.text);
    if (nothing !== undefined) {
      call.io.files.remove(edited.path);
      await call.err(`${nothing}\n`);
      return 0;
    }
    const outcome = await preserving(call, edited.path, () => submit(work, edited.text));
    if (outcome.refused || outcome.missing) return leftOver(call, edited.path, outcome);
    if (outcome.reasons.length === 0) {
      call.io.files.remove(edited.path);
      return 0;
    }
    reasons = outcome.reasons;
    last = edited;
    body = withoutComments(edited.text);
  }
}

function nothingToDo(original: string, edited: string): string | undefined {
  if (sameContent(original, edited)) return 'Edit cancelled, no changes made.';
  return withoutComments(edited).trim() === '' ? 'Edit cancelled, saved file was empty.' : undefined;
}

async function leftOver(call: Call, path: string, { refused }: Outcome): Promise<number> {
  await call.err(
    refused
      ? `You can run \`kubectl replace -f ${path}\` to try this update again.\n`
      : `The edits you made on deleted resources have been saved to ${JSON.stringify(path)}\n`,
  );
  return 1;
}

async function preserved(call: Call, path: string): Promise<void> {
  if (call.io.files.stat(path) === undefined) return;
  await call.err(`A copy of your changes has been stored to ${JSON.stringify(path)}\n`);
}

/** A failure says first where the edited text is kept. */
async function preserving<T>(call: Call, path: string | undefined, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof Failure && path !== undefined) await preserved(call, path);
    throw error;
  }
}

const HEADER = `# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
`;

function header(reasons: readonly Reason[]): string {
  const comment = (text: string): string => text.replace(/\n(?=[^#])/g, '\n# ');
  const lines = reasons.flatMap(({ head, others }) => [
    `# ${comment(head)}${others.length > 0 ? ':' : ''}`,
    ...others.map((other) => `# * ${comment(other)}`),
    '#',
  ]);
  return HEADER + lines.map((line) => `${line}\n`).join('');
}

/** Compared as data: comments and layout are no change. Text that does not parse is compared line by line. */
function sameContent(a: string, b: string): boolean {
  const [left, right] = [dataOf(a), dataOf(b)];
  if (left === undefined || right === undefined) return withoutComments(a) === withoutComments(b);
  return jsonEquals(left, right);
}

function dataOf(source: string): Json | undefined {
  try {
    return parseYaml('edited-file', source)[0] ?? null;
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

function withoutComments(source: string): string {
  return source
    .split('\n')
    .filter((line) => !line.trim().startsWith('#'))
    .join('\n');
}

async function submit(work: Work, source: string): Promise<Outcome> {
  const outcome: Outcome = { reasons: [], refused: false, missing: false };
  const objects = parsed(source, outcome);
  if (objects === undefined) return outcome;
  for (const object of objects) requireNamespace(work.call, object);
  for (const object of objects) await submitOne(work, object, outcome);
  return outcome;
}

/** Undefined, with the reason, when the text is not YAML or not an object. */
function parsed(source: string, outcome: Outcome): readonly JsonObject[] | undefined {
  try {
    return parseManifests('edited-file', source).map(({ object }) => {
      if (typeof object['kind'] === 'string' && object['kind'] !== '') return object;
      throw new Failure(
        `error: unable to decode "edited-file": Object 'Kind' is missing in '${compactJson(object)}'`,
      );
    });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const [sentence = ''] = error.message.replace(/^error: /, '').split('\n');
    outcome.reasons.push({ head: `The edited file had a syntax error: ${sentence}`, others: [] });
    return undefined;
  }
}

function requireNamespace(call: Call, object: JsonObject): void {
  const own = namespaceOf(object);
  if (own === undefined || own === call.namespace) return;
  throw new Failure(
    `error: the namespace from the provided object ${JSON.stringify(own)} does not match the namespace ${JSON.stringify(call.namespace)}. You must pass '--namespace=${own}' to perform this operation.`,
  );
}

async function submitOne(
  { call, reporter, originals }: Work,
  object: JsonObject,
  outcome: Outcome,
): Promise<void> {
  const uid = metadataOf(object)['uid'];
  const original = originals.find((each) => metadataOf(each.object)['uid'] === uid);
  if (original === undefined) throw new Failure(`error: no original object found for ${compactJson(object)}`);
  const { ref } = original;
  const wanted = call.flags.is('save-config') ? withLastApplied(object) : object;
  if (jsonEquals(wanted, original.object)) return reporter.report(original.object, 'skipped');
  const style = isBuiltIn(ref) ? 'strategic' : 'merge';
  const patch = threeWayPatch(
    { original: original.object, modified: wanted, current: original.object },
    style,
  );
  requireSameIdentity(patch);
  if (call.flags.is('output-patch')) await call.out(`Patch: ${compactJson(patch)}\n`);
  try {
    const changed = call.api.patch(ref, patch, {
      contentType: style === 'strategic' ? CONTENT_TYPE.strategicMergePatch : CONTENT_TYPE.mergePatch,
      fieldManager: call.flags.text('field-manager'),
      fieldValidation: fieldValidation(call),
    });
    await reporter.report(changed, 'edited');
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    await call.err(`${refusal(ref, error, outcome)}\n`);
  }
}

function requireSameIdentity(patch: JsonObject): void {
  const metadata = patch['metadata'];
  if ('apiVersion' in patch || 'kind' in patch || (isJsonObject(metadata) && 'name' in metadata))
    throw new Failure('error: At least one of apiVersion, kind and name was changed');
}

/** Sorts a refusal: invalid objects are edited again, the others are given up with their text kept. */
function refusal(ref: ObjectRef, error: ApiFailure, outcome: Outcome): string {
  const what = `${resourceName(ref.type)} ${JSON.stringify(ref.name)}`;
  if (error.status['reason'] === 'Invalid') {
    outcome.reasons.push({ head: `${what} was not valid`, others: causesOf(error) });
    return `error: ${what} is invalid`;
  }
  if (error.notFound) {
    outcome.missing = true;
    return `error: ${what} could not be found on the server`;
  }
  outcome.refused = true;
  return `error: ${what} could not be patched: ${error.detail}`;
}

function causesOf({ status }: ApiFailure): readonly string[] {
  const details = status['details'];
  const causes = isJsonObject(details) ? details['causes'] : undefined;
  if (!Array.isArray(causes)) return [];
  return causes
    .filter(isJsonObject)
    .map((cause: JsonObject) => `${String(cause['field'] ?? '')}: ${String(cause['message'] ?? '')}`);
}
