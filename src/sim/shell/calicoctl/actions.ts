/**
 * Carries out one verb on resources, one after the other, and keeps count.
 * Source: calicoctl/calicoctl/commands/common/resources.go, resourcemgr/resourcemgr.go, Calico v3.32.1.
 */
import type { JsonObject } from '../../../base/json.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import type { CommandIo } from '../command.ts';
import type { Client } from './client.ts';
import { readDocument, type Document } from './document.ts';
import { readFiles } from './files.ts';
import { failed, identifier, invalid, members, unsupported, type Failure, type Outcome } from './failure.ts';
import { nameOf } from './kinds/custom.ts';
import { managerNamed } from './kinds/kinds.ts';
import type { Line } from './options.ts';
import { V3 } from '../../cni/calico/apiserver/metadata.ts';
import { mergePatch } from './strategic-merge.ts';

export type Verb = 'apply' | 'create' | 'replace' | 'delete' | 'get' | 'patch' | 'validate';

export interface Results {
  /** The file could not be read as resources. */
  readonly fileInvalid: boolean;
  readonly resources: number;
  readonly handled: number;
  /** Empty when several kinds are mixed. */
  readonly singleKind: string;
  readonly results: readonly JsonObject[];
  /** Failures of single resources; the others were still tried. */
  readonly failures: readonly Failure[];
  /** What stopped everything, or (replace, patch) went wrong last. */
  readonly error?: string;
}

const NOTHING: Results = {
  fileInvalid: false,
  resources: 0,
  handled: 0,
  singleKind: '',
  results: [],
  failures: [],
};

export async function execute(io: CommandIo, client: Client, line: Line, verb: Verb): Promise<Results> {
  const file = line.value('--filename');
  const documents = await (file === undefined ? named(line) : fromFile(io, line, file));
  if (!documents.ok) return documents.error;
  if (documents.value.length === 0) return NOTHING;
  if (file === undefined && line.args.slice(1).includes(''))
    return { ...NOTHING, error: 'resource name may not be empty' };
  const kinds = new Set(documents.value.map(({ manager }) => manager.kind));
  let results: Results = {
    ...NOTHING,
    resources: documents.value.length,
    singleKind: kinds.size === 1 ? [...kinds].join() : '',
  };
  for (const document of documents.value)
    results = counted(results, await once(client, line, document, verb), verb);
  return results;
}

/** A failed replace or patch still counts as handled: a quirk of the real tool that shows in its messages. */
function counted(before: Results, outcome: Outcome<JsonObject>, verb: Verb): Results {
  if (outcome.ok) {
    return { ...before, handled: before.handled + 1, results: [...before.results, outcome.value] };
  }
  if (verb === 'replace' || verb === 'patch')
    return { ...before, handled: before.handled + 1, error: outcome.error.text };
  return { ...before, failures: [...before.failures, outcome.error] };
}

async function fromFile(
  io: CommandIo,
  line: Line,
  file: string,
): Promise<Result<readonly Document[], Results>> {
  const read = await readFiles(io, file, {
    recursive: line.has('--recursive'),
    skipEmpty: line.has('--skip-empty'),
  });
  return read.ok ? read : err({ ...NOTHING, fileInvalid: read.error.inFile, error: read.error.text });
}

function named(line: Line): Result<readonly Document[], Results> {
  const [word = '', ...names] = line.args;
  const manager = managerNamed(word);
  if (!manager) return err({ ...NOTHING, error: `resource type '${word}' is not supported` });
  const namespace = manager.namespaced ? line.value('--namespace') : undefined;
  const wanted = names.length === 0 ? [undefined] : names;
  return ok(
    wanted.map((name) => ({
      manager,
      resource: {
        kind: manager.kind,
        apiVersion: V3,
        metadata: { ...(name !== undefined && { name }), ...(namespace !== undefined && { namespace }) },
      },
    })),
  );
}

async function once(
  client: Client,
  line: Line,
  document: Document,
  verb: Verb,
): Promise<Outcome<JsonObject>> {
  const placed = withNamespace(document, line);
  if (!placed.ok) return placed;
  const outcome = await act(client, line, placed.value, verb);
  if (outcome.ok) return verb === 'get' && line.has('--export') ? ok(exported(line, outcome.value)) : outcome;
  const { kind } = outcome.error;
  const skipped =
    (kind === 'exists' && line.has('--skip-exists')) || (kind === 'missing' && line.has('--skip-not-exists'));
  return skipped ? ok(document.resource) : outcome;
}

/** Which namespace a resource belongs to, by its own word and the command line's. */
function withNamespace({ manager, resource }: Document, line: Line): Outcome<Document> {
  const own = String(members(resource['metadata'])['namespace'] ?? '');
  const given = line.value('--namespace') ?? '';
  const everywhere = line.has('--all-namespaces');
  const problem = manager.namespaced
    ? contradiction(own, given, everywhere)
    : misplaced(manager.kind, own, everywhere || given !== '');
  if (problem !== undefined) return failed(problem);
  if (!manager.namespaced) return ok({ manager, resource });
  const namespace = everywhere ? '' : own || given || 'default';
  return ok({
    manager,
    resource: { ...resource, metadata: { ...members(resource['metadata']), namespace } },
  });
}

function contradiction(own: string, given: string, everywhere: boolean): string | undefined {
  if (everywhere && given !== '') {
    return 'cannot use both --namespace and --all-namespaces flags at the same time';
  }
  const differ = own !== '' && given !== '' && own !== given;
  return differ ? `resource namespace does not match client namespace. ${own} != ${given}` : undefined;
}

function misplaced(kind: string, own: string, asked: boolean): string | undefined {
  if (own !== '') {
    return `namespace should not be specified for a non-namespaced resource. ${kind} is not a namespaced resource`;
  }
  return asked ? `${kind} is not namespaced` : undefined;
}

async function act(client: Client, line: Line, document: Document, verb: Verb): Promise<Outcome<JsonObject>> {
  const { manager, resource } = document;
  const identity = {
    name: nameOf(resource),
    namespace: String(members(resource['metadata'])['namespace'] ?? ''),
  };
  switch (verb) {
    case 'get':
      if (identity.name === '') return manager.list(client, identity.namespace);
      if (manager.namespaced && identity.namespace === '') {
        return failed('cannot use --all-namespace flag for getting a single resource');
      }
      return manager.get(client, identity);
    case 'create':
      return manager.create(client, forCreate(resource));
    case 'apply':
      return apply(client, document);
    case 'replace':
      return replace(client, document);
    case 'delete':
      return manager.delete(client, identity);
    case 'patch':
      return patch(client, document, line.value('--patch') ?? '');
    case 'validate':
      return validate(document);
  }
}

/** Only what a client may say about a new resource. */
function forCreate(resource: JsonObject): JsonObject {
  const { name, namespace, resourceVersion, labels, annotations } = members(resource['metadata']);
  const metadata = Object.entries({ name, namespace, resourceVersion, labels, annotations });
  return { ...resource, metadata: Object.fromEntries(metadata.filter(([, value]) => value !== undefined)) };
}

function apply(client: Client, document: Document): Outcome<JsonObject> {
  const { manager, resource } = document;
  if (manager.kind === 'ClusterInformation')
    return unsupported('apply', 'ClusterInformation', 'resource is readonly');
  const created = manager.create(client, forCreate(resource));
  const known = !created.ok && (created.error.kind === 'exists' || created.error.kind === 'unsupported');
  return known ? replace(client, document) : created;
}

export function replace(client: Client, { manager, resource }: Document): Outcome<JsonObject> {
  const { name = '', namespace = '', resourceVersion, labels, annotations } = members(resource['metadata']);
  const stored = manager.get(client, { name: String(name), namespace: String(namespace) });
  if (!stored.ok) return stored;
  const { labels: _labels, annotations: _annotations, ...metadata } = members(stored.value['metadata']);
  if (resourceVersion !== undefined && resourceVersion !== metadata['resourceVersion']) {
    return err({
      kind: 'conflict',
      text: `update conflict: ${identifier(manager.kind, String(name), String(namespace))}`,
    });
  }
  const kept = {
    ...metadata,
    ...(labels !== undefined && { labels }),
    ...(annotations !== undefined && { annotations }),
  };
  return manager.update(client, { ...resource, metadata: kept });
}

function patch(client: Client, { manager, resource }: Document, text: string): Outcome<JsonObject> {
  const { name = '', namespace = '' } = members(resource['metadata']);
  const stored = manager.get(client, { name: String(name), namespace: String(namespace) });
  if (!stored.ok) return stored;
  const merged = mergePatch(stored.value, text);
  if (!merged.ok) return failed(`performing strategic merge patch: ${merged.error}`);
  const read = readDocument(merged.value);
  if (!read.ok) return failed(`creating resource from patched data: ${read.error}`);
  const [patched] = read.value;
  if (!patched) return failed('invalid number of patched resources: 0');
  const updated = patched.manager.update(client, patched.resource);
  return updated.ok ? updated : failed(`updating existing resource: ${updated.error.text}`);
}

function validate({ manager, resource }: Document): Outcome<JsonObject> {
  const errors = manager.errors?.(resource) ?? [];
  return errors.length > 0 ? invalid(errors) : ok(resource);
}

/** What stays of a resource that is to be used elsewhere; only with a name. */
function exported(line: Line, resource: JsonObject): JsonObject {
  if (line.args.length < 2) return resource;
  const { name, labels, annotations } = members(resource['metadata']);
  const metadata = {
    name,
    ...(labels !== undefined && { labels }),
    ...(annotations !== undefined && { annotations }),
  };
  return { ...resource, metadata: { creationTimestamp: null, ...metadata } };
}
