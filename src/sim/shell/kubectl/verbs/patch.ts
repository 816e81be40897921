/** `kubectl patch`. Source: k8s.io/kubectl/pkg/cmd/patch/patch.go v0.35. */
import { utf8Text } from '../../../../base/bytes.ts';
import { jsonEquals, type Json } from '../../../../base/json.ts';
import { CONTENT_TYPE } from '../../../kube/api.ts';
import type { Call, Verb } from '../call.ts';
import { completeResources } from '../completion.ts';
import { ApiFailure, Failure } from '../failure.ts';
import { parseYaml, resolvePath } from '../manifest.ts';
import { Reporter } from '../reporting.ts';
import { select } from '../selection.ts';
import { DRY_RUN, fieldManager, FILENAME, PRINT_FLAGS, RECURSIVE, text } from './shared-flags.ts';

export const PATCH: Verb = {
  path: 'patch',
  summary: 'Change some fields of an object',
  about:
    'Changes some fields of an object: by strategic merge (lists of built-in kinds merge by key), by JSON merge patch,\nor by the operations of a JSON patch.',
  usage: 'patch (-f FILENAME | TYPE NAME) [-p PATCH|--patch-file FILE]',
  examples: [
    `kubectl patch node node1 -p '{"spec":{"unschedulable":true}}'`,
    `kubectl patch ippools.crd.projectcalico.org default-ipv4-ippool --type merge -p '{"spec":{"natOutgoing":false}}'`,
    `kubectl patch pod web --type json -p '[{"op":"replace","path":"/metadata/labels/app","value":"web2"}]'`,
  ],
  provenance: 'source',
  flags: [
    DRY_RUN,
    fieldManager('kubectl-patch'),
    FILENAME,
    ...PRINT_FLAGS,
    text('patch', 'The patch, as JSON or YAML.', { short: 'p' }),
    text('patch-file', 'A file with the patch.'),
    RECURSIVE,
    text('subresource', 'status or scale: patch that part.'),
    text('type', 'json, merge or strategic.', { initial: 'strategic' }),
  ],
  run: patch,
  complete: completeResources,
};

const CONTENT_TYPES: ReadonlyMap<string, string> = new Map([
  ['json', CONTENT_TYPE.jsonPatch],
  ['merge', CONTENT_TYPE.mergePatch],
  ['strategic', CONTENT_TYPE.strategicMergePatch],
]);

async function patch(call: Call): Promise<number> {
  const { body, contentType } = wantedPatch(call);
  const reporter = new Reporter(call);
  const selected = await select(call, call.args);
  if (selected.length === 0) throw new Failure('error: no objects passed to patch');
  const subresource = call.flags.text('subresource');
  for (const { ref, object } of selected) {
    try {
      // A client-side dry run is judged by the server too, which alone knows how lists of this kind merge.
      const patched = call.api.patch(ref, body, {
        contentType,
        fieldManager: call.flags.text('field-manager'),
        dryRun: reporter.dryRun !== 'none',
        ...(subresource === '' ? {} : { subresource }),
      });
      await reporter.report(patched, jsonEquals(patched, object) ? 'patched (no change)' : 'patched');
    } catch (error) {
      if (!(error instanceof ApiFailure) || error.code !== 415) throw error;
      const { group, version, kind } = ref.type;
      throw new Failure(
        `error: ${contentType} is not supported by ${group}/${version}, Kind=${kind}: ${error.detail}`,
      );
    }
  }
  return 0;
}

function wantedPatch(call: Call): { readonly body: Json; readonly contentType: string } {
  const inline = call.flags.text('patch');
  const file = call.flags.text('patch-file');
  if (inline !== '' && file !== '')
    throw new Failure('error: cannot specify --patch and --patch-file together');
  if (inline === '' && file === '') {
    throw new Failure('error: must specify --patch or --patch-file containing the contents of the patch');
  }
  const type = call.flags.text('type');
  const contentType = CONTENT_TYPES.get(type.toLowerCase());
  if (contentType === undefined)
    throw new Failure(`error: --type must be one of [json merge strategic], not ${JSON.stringify(type)}`);
  const text = inline === '' ? patchFile(call, file) : inline;
  return { body: patchBody(text), contentType };
}

function patchFile(call: Call, file: string): string {
  const bytes = call.io.files.read(resolvePath(call.io, file));
  if (!bytes) throw new Failure(`error: unable to read patch file: open ${file}: no such file or directory`);
  return utf8Text(bytes);
}

function patchBody(text: string): Json {
  try {
    return parseYaml('the patch', text)[0] ?? null;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const reason = error.message.replace(
      /^error: error parsing the patch: error converting YAML to JSON: /,
      '',
    );
    throw new Failure(`error: unable to parse ${JSON.stringify(text)}: ${reason}`);
  }
}
