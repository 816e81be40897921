/** The objects a verb works on: given by arguments, by `-l`, or by files. Fails on the first that cannot be had. */
import type { JsonObject } from '../../../base/json.ts';
import { isJsonObject } from '../../../base/json.ts';
import type { ObjectRef } from './api-client.ts';
import type { Call } from './call.ts';
import { Failure } from './failure.ts';
import { readManifests, refForManifest } from './manifest.ts';
import { refOf, targets } from './targets.ts';

export interface Selected {
  readonly ref: ObjectRef;
  readonly object: JsonObject;
}

/** kubectl's sentence when neither arguments nor files say what to work on. */
export const MISSING_RESOURCE = `error: You must provide one or more resources by argument or filename.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'
   '<resource> <name>'
   '<resource>'`;

/** Reads `-l`, `--field-selector`, `--all`, `-A` and `-f` where the verb has them. */
export async function select(
  call: Call,
  args: readonly string[],
  options: { readonly bareTypes: boolean; readonly defaultType?: string } = { bareTypes: false },
): Promise<readonly Selected[]> {
  const files = call.flags.all('filename');
  if (files.length > 0) return selectFromFiles(call, files, args);
  if (args.length === 0) throw new Failure(MISSING_RESOURCE);
  const words =
    options.defaultType !== undefined && !args.some((arg) => arg.includes('/'))
      ? [options.defaultType, ...args]
      : args;
  const labelSelector = call.flags.text('selector');
  const fieldSelector = call.flags.text('field-selector');
  const allNamespaces = call.flags.is('all-namespaces');
  const chosen = targets(call, words, {
    allNamespaces,
    selector: labelSelector !== '' || fieldSelector !== '',
    all: call.flags.is('all'),
    bareTypes: options.bareTypes,
  });
  return chosen.flatMap((target) => {
    if (target.kind === 'object') return [{ ref: target.ref, object: call.api.get(target.ref) }];
    const namespace = target.type.namespaced && !allNamespaces ? call.namespace : undefined;
    const items = call.api.items(target.type, namespace, {
      ...(labelSelector === '' ? {} : { labelSelector }),
      ...(fieldSelector === '' ? {} : { fieldSelector }),
    });
    return items.map((object) => ({ ref: refOf(target.type, namespaceOf(object), nameOf(object)), object }));
  });
}

async function selectFromFiles(
  call: Call,
  files: readonly string[],
  args: readonly string[],
): Promise<readonly Selected[]> {
  if (args.length > 0) {
    throw new Failure(
      'error: when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well',
    );
  }
  const manifests = await readManifests(call, files);
  return manifests.map((manifest) => {
    const ref = refForManifest(call, manifest);
    return { ref, object: call.api.get(ref) };
  });
}

export function metadataOf(object: JsonObject): JsonObject {
  return isJsonObject(object['metadata']) ? object['metadata'] : {};
}

export function nameOf(object: JsonObject): string {
  const name = metadataOf(object)['name'];
  return typeof name === 'string' ? name : '';
}

export function namespaceOf(object: JsonObject): string | undefined {
  const namespace = metadataOf(object)['namespace'];
  return typeof namespace === 'string' ? namespace : undefined;
}
