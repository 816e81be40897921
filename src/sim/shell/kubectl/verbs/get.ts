/** `kubectl get`. Source: k8s.io/kubectl/pkg/cmd/get/get.go v0.35. */
import type { JsonObject } from '../../../../base/json.ts';
import type { Call, Verb } from '../call.ts';
import { itemsOf, objectPath, type ObjectRef } from '../api-client.ts';
import { completeResources } from '../completion.ts';
import { kindName, type ResourceType } from '../discovery.ts';
import { ApiFailure, combined, Failure, usageFailure } from '../failure.ts';
import { readManifests, refForManifest } from '../manifest.ts';
import { GET_FORMATS } from '../output/object-printer.ts';
import { sortObjects, sortRows } from '../output/sorting.ts';
import { tableOf, type Table, type TablePrinter } from '../output/table.ts';
import { TABLE_TABS, TabWriter } from '../output/tab-writer.ts';
import { outputOf, printerFor } from '../reporting.ts';
import { targets, type Target } from '../targets.ts';
import { ACCEPT_TABLE } from '../../../kube/api.ts';
import {
  ALL_NAMESPACES,
  bool,
  CHUNK_SIZE,
  FIELD_SELECTOR,
  FILENAME,
  list,
  RECURSIVE,
  SELECTOR,
  TEMPLATE_FLAGS,
  text,
} from './shared-flags.ts';
import { getRaw } from './get-raw.ts';
import { tablePrinter } from './get-table.ts';
import { watchObjects } from './get-watch.ts';
import { listNamespace, listOptions } from './list-request.ts';

export const GET: Verb = {
  path: 'get',
  summary: 'Show objects',
  about:
    'Lists objects of one or more resource types, or shows single objects by name. The table is the one the API server\nprepares for that type; -o prints the objects themselves.',
  usage:
    'get [(-o|--output=)json|yaml|name|go-template|go-template-file|template|templatefile|jsonpath|jsonpath-as-json|jsonpath-file|custom-columns|custom-columns-file|wide] (TYPE[.VERSION][.GROUP] [NAME | -l label] | TYPE[.VERSION][.GROUP]/NAME ...) [flags]',
  examples: [
    'kubectl get pods -o wide',
    'kubectl get deployment/web service/web',
    'kubectl get ippools.crd.projectcalico.org -o yaml',
    'kubectl get pods -o custom-columns=NAME:.metadata.name,IP:.status.podIP',
    'kubectl get nodes -o jsonpath=\'{range .items[*]}{.metadata.name}{"\\n"}{end}\'',
  ],
  provenance: 'compared',
  flags: [
    ALL_NAMESPACES,
    CHUNK_SIZE,
    FIELD_SELECTOR,
    FILENAME,
    bool('ignore-not-found', 'Say nothing, and succeed, when an object does not exist.'),
    list('label-columns', 'Show these labels as columns.', 'L'),
    bool('no-headers', 'Leave out the line of column names.'),
    text(
      'output',
      'One of: wide, yaml, json, name, custom-columns=..., jsonpath=..., go-template=... and their -file forms.',
      { short: 'o' },
    ),
    bool('output-watch-events', 'With --watch, show what happened to each object.'),
    text('raw', 'Ask for this path of the API, and print the answer as it comes.'),
    RECURSIVE,
    SELECTOR,
    bool('show-kind', 'Write the kind in front of each name.'),
    bool('show-labels', 'Add a column with all labels.'),
    text('sort-by', 'Order the list by this JSONPath, e.g. .metadata.creationTimestamp.'),
    text('subresource', 'status or scale: show that part of one object.'),
    ...TEMPLATE_FLAGS,
    bool('watch', 'After the list, show every change.', { short: 'w' }),
    bool('watch-only', 'Show changes without listing first.'),
  ],
  run: get,
  complete: completeResources,
};

async function get(call: Call): Promise<number> {
  const raw = call.flags.text('raw');
  if (raw !== '') return getRaw(call, raw);
  const files = call.flags.all('filename');
  if (call.args.length === 0 && files.length === 0) {
    await call.err(
      'You must specify the type of resource to get. Use "kubectl api-resources" for a complete list of supported resources.\n\n',
    );
    throw usageFailure(
      'get',
      'Required resource not specified.\nUse "kubectl explain <resource>" for a detailed description of that resource (e.g. kubectl explain pods).',
    );
  }
  const chosen = files.length > 0 ? await fromFiles(call, files) : chosenByArguments(call);
  checkSubresource(call, chosen);
  const output = outputOf(call);
  const isTable = output === '' || output === 'wide';
  if (call.flags.is('watch') || call.flags.is('watch-only')) return watchObjects(call, chosen);
  return isTable ? getTables(call, chosen) : getObjects(call, chosen);
}

function checkSubresource(call: Call, chosen: readonly Target[]): void {
  if (call.flags.text('subresource') !== '' && chosen.some((target) => target.kind === 'collection'))
    throw new Failure('error: subresource cannot be used when bulk resources are specified');
}

/** Of the object, or of the part that --subresource names. */
function pathOf(call: Call, ref: ObjectRef): string {
  const subresource = call.flags.text('subresource');
  return subresource === '' ? objectPath(ref) : `${objectPath(ref)}/${subresource}`;
}

async function fromFiles(call: Call, files: readonly string[]): Promise<readonly Target[]> {
  const manifests = await readManifests(call, files);
  return manifests.map((manifest) => ({ kind: 'object', ref: refForManifest(call, manifest) }));
}

function chosenByArguments(call: Call): readonly Target[] {
  return targets(call, call.args, {
    allNamespaces: call.flags.is('all-namespaces'),
    selector: call.flags.text('selector') !== '' || call.flags.text('field-selector') !== '',
    bareTypes: true,
  });
}

interface Batch {
  readonly type: ResourceType;
  readonly table: Table;
}

async function getTables(call: Call, chosen: readonly Target[]): Promise<number> {
  const { batches, failures } = fetchTables(call, chosen);
  const printed = printBatches(call, batches);
  await call.out(printed);
  const ignore = call.flags.is('ignore-not-found');
  if (printed === '' && failures.length === 0 && !ignore) await call.err(nothingFound(call, chosen));
  const failure = combined(failures);
  if (failure) throw failure;
  return 0;
}

function nothingFound(call: Call, chosen: readonly Target[]): string {
  const namespaced = chosen.every(
    (target) => (target.kind === 'object' ? target.ref.type : target.type).namespaced,
  );
  return namespaced && !call.flags.is('all-namespaces')
    ? `No resources found in ${call.namespace} namespace.\n`
    : 'No resources found\n';
}

function fetchTables(
  call: Call,
  chosen: readonly Target[],
): { readonly batches: readonly Batch[]; readonly failures: readonly Failure[] } {
  const batches: Batch[] = [];
  const failures: Failure[] = [];
  const sortBy = call.flags.text('sort-by');
  for (const target of chosen) {
    try {
      const table = tableOf(fetchTable(call, target, sortBy !== ''));
      const type = target.kind === 'object' ? target.ref.type : target.type;
      batches.push({ type, table: sortBy === '' ? table : sortRows(table, sortBy) });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (!ignored(call, error)) failures.push(error);
    }
  }
  return { batches, failures };
}

function ignored(call: Call, failure: Failure): boolean {
  return failure instanceof ApiFailure && failure.notFound && call.flags.is('ignore-not-found');
}

function fetchTable(call: Call, target: Target, wholeObjects: boolean): JsonObject {
  const query = wholeObjects ? { includeObject: 'Object' } : {};
  if (target.kind === 'object') {
    return call.api.raw({ method: 'GET', path: pathOf(call, target.ref), accept: ACCEPT_TABLE, query });
  }
  return call.api.rawList(target.type, listNamespace(call, target.type), {
    accept: ACCEPT_TABLE,
    query: { ...listOptions(call), ...query },
  });
}

function printBatches(call: Call, batches: readonly Batch[]): string {
  const kinds = new Set(batches.map((batch) => kindName(batch.type)));
  const withKind = call.flags.is('show-kind') || kinds.size > 1;
  let out = '';
  let writer = new TabWriter(TABLE_TABS);
  let last: { readonly type: ResourceType; readonly printer: TablePrinter } | undefined;
  for (const { type, table } of batches) {
    if (last?.type !== type) {
      out = joined(out, writer.flush(), call);
      writer = new TabWriter(TABLE_TABS);
      last = { type, printer: tablePrinter(call, type, withKind) };
    }
    for (const line of last.printer.lines(table)) writer.write(`${line}\n`);
  }
  return joined(out, writer.flush(), call);
}

/** Groups are separated by an empty line, unless there are no headers to tell them apart. */
function joined(before: string, next: string, call: Call): string {
  if (next === '' || before === '') return before + next;
  return before + (call.flags.is('no-headers') ? '' : '\n') + next;
}

async function getObjects(call: Call, chosen: readonly Target[]): Promise<number> {
  const print = printerFor(call, outputOf(call), GET_FORMATS, {
    noHeaders: call.flags.is('no-headers'),
  });
  const { objects, failures } = fetchObjects(call, chosen);
  const isSingle = chosen.length === 1 && chosen[0]?.kind === 'object';
  const nothing = objects.length === 0 && (isSingle || call.flags.is('ignore-not-found'));
  if (!nothing) {
    const [first] = objects;
    const sorted = sortObjects(objects, call.flags.text('sort-by'));
    const text = print(isSingle && first ? first : listOf(sorted));
    if (!text.ok) throw new Failure(`error: ${text.error}`);
    await call.out(text.value);
  }
  const failure = combined(failures);
  if (failure) throw failure;
  return 0;
}

function listOf(items: readonly JsonObject[]): JsonObject {
  return { apiVersion: 'v1', items, kind: 'List', metadata: { resourceVersion: '' } };
}

function fetchObjects(
  call: Call,
  chosen: readonly Target[],
): { readonly objects: readonly JsonObject[]; readonly failures: readonly Failure[] } {
  const objects: JsonObject[] = [];
  const failures: Failure[] = [];
  for (const target of chosen) {
    try {
      if (target.kind === 'object')
        objects.push(call.api.raw({ method: 'GET', path: pathOf(call, target.ref) }));
      else
        objects.push(
          ...itemsOf(call.api.list(target.type, listNamespace(call, target.type), listOptions(call))).map(
            (item) => typed(item, target.type),
          ),
        );
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (!ignored(call, error)) failures.push(error);
    }
  }
  return { objects, failures };
}

/** Items of a typed list carry no kind of their own on the wire; kubectl fills it in. */
function typed(item: JsonObject, type: ResourceType): JsonObject {
  if (item['kind'] !== undefined && item['apiVersion'] !== undefined) return item;
  const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
  return { apiVersion, kind: type.kind, ...item };
}
