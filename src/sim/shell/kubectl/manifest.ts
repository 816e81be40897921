/**
 * Manifests as `-f` reads them: files, directories and standard input; YAML documents and JSON; lists opened up. All of
 * it is read before anything is sent, so a file that does not parse changes nothing (the real kubectl would already have
 * applied the documents before the bad one). Source: k8s.io/cli-runtime/pkg/resource v0.35, sigs.k8s.io/yaml.
 */
import { parseAllDocuments, type YAMLParseError } from 'yaml';
import { utf8Text } from '../../../base/bytes.ts';
import { isJsonObject, type Json, type JsonObject } from '../../../base/json.ts';
import type { Call } from './call.ts';
import type { ObjectRef } from './api-client.ts';
import type { CompletionIo } from '../command.ts';
import { Failure } from './failure.ts';
import { textAt } from '../../kube/fields.ts';
import { compactJson } from './output/json-text.ts';
import { refOf } from './targets.ts';
import { yamlComplaint } from './yaml-complaint.ts';

export interface Manifest {
  /** The file as messages name it; `STDIN` for standard input. */
  readonly source: string;
  readonly object: JsonObject;
}

const EXTENSIONS = ['.json', '.yaml', '.yml'];

/** Everything in the given files, in order. Throws kubectl's sentence for the first thing that cannot be read. */
export async function readManifests(call: Call, files: readonly string[]): Promise<readonly Manifest[]> {
  const manifests: Manifest[] = [];
  for (const file of files) {
    if (file === '-') {
      manifests.push(...parseManifests('STDIN', await call.io.stdin.text()));
      continue;
    }
    if (/^https?:\/\//.test(file)) {
      throw new Failure(
        `error: unable to read URL ${JSON.stringify(file)}: this workstation has no way to the internet; save the file here and give its path`,
      );
    }
    for (const path of filesAt(call, file)) {
      const bytes = call.io.files.read(resolvePath(call.io, path));
      if (bytes) manifests.push(...parseManifests(path, utf8Text(bytes)));
    }
  }
  return manifests;
}

export function resolvePath(io: CompletionIo, path: string): string {
  const home = io.env.get('HOME') ?? '/root';
  const absolute = path.startsWith('~/')
    ? home + path.slice(1)
    : path.startsWith('/')
      ? path
      : `${io.cwd}/${path}`;
  const parts: string[] = [];
  for (const part of absolute.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

function filesAt(call: Call, file: string): readonly string[] {
  const stat = call.io.files.stat(resolvePath(call.io, file));
  if (!stat) throw new Failure(`error: the path ${JSON.stringify(file)} does not exist`);
  if (stat.type === 'file') return [file];
  const found = manifestsUnder(call, file.replace(/\/+$/, ''), call.flags.is('recursive'));
  if (found.length > 0) return found;
  throw new Failure(
    `error: error reading [${file}]: recognized file extensions are [${EXTENSIONS.join(' ')}]`,
  );
}

function manifestsUnder(call: Call, directory: string, recursive: boolean): readonly string[] {
  const names = call.io.files.list(resolvePath(call.io, directory)) ?? [];
  return names.flatMap((name) => {
    const path = `${directory}/${name}`;
    if (call.io.files.stat(resolvePath(call.io, path))?.type === 'directory') {
      return recursive ? manifestsUnder(call, path, true) : [];
    }
    return EXTENSIONS.some((extension) => name.endsWith(extension)) ? [path] : [];
  });
}

/** The objects of one text; `List` objects give their items. */
export function parseManifests(source: string, text: string): readonly Manifest[] {
  return parseYaml(source, text).flatMap((value) => {
    if (value === null) return [];
    if (!isJsonObject(value)) {
      const type = Array.isArray(value) ? 'array' : typeof value;
      throw new Failure(
        `error: unable to decode ${JSON.stringify(source)}: json: cannot unmarshal ${type} into Go value of type unstructured.detector`,
      );
    }
    return opened(value).map((object) => ({ source, object }));
  });
}

function opened(object: JsonObject): readonly JsonObject[] {
  const items = object['items'];
  const isList =
    typeof object['kind'] === 'string' && object['kind'].endsWith('List') && Array.isArray(items);
  return isList ? items.filter(isJsonObject) : [object];
}

/** YAML 1.1 without the types that Kubernetes never reads: dates, base 60 and sets stay text. */
const FOREIGN_TAGS = [
  'tag:yaml.org,2002:timestamp',
  'tag:yaml.org,2002:set',
  'tag:yaml.org,2002:omap',
  'tag:yaml.org,2002:pairs',
  'tag:yaml.org,2002:binary',
];

/** The documents of a text as JSON; empty ones are null. */
export function parseYaml(source: string, text: string): readonly Json[] {
  const documents = parseAllDocuments(text, {
    version: '1.1',
    uniqueKeys: false,
    prettyErrors: false,
    merge: true,
    logLevel: 'silent',
    customTags: (tags) =>
      tags.filter(
        (tag) =>
          typeof tag === 'string' ||
          !(FOREIGN_TAGS.includes(tag.tag) || ('format' in tag && tag.format === 'TIME')),
      ),
  });
  if (!Array.isArray(documents)) return [];
  return documents.map((document) => {
    const [error] = document.errors;
    if (error) throw parseFailure(source, text, { error, documentStart: document.range?.[0] ?? 0 });
    try {
      return document.toJS({ maxAliasCount: 1000 }) as Json;
    } catch (problem) {
      const [, anchor = ''] = /Unresolved alias[^:]*: (\S+)/.exec(String(problem)) ?? [];
      throw new Failure(
        `error: error parsing ${source}: error converting YAML to JSON: yaml: unknown anchor '${anchor}' referenced`,
      );
    }
  });
}

function parseFailure(
  source: string,
  text: string,
  found: { readonly error: YAMLParseError; readonly documentStart: number },
): Failure {
  const complaint = yamlComplaint(found.error, text, documentLine(text, found.error.pos[0]));
  return new Failure(
    [
      `error: error parsing ${source}: error converting YAML to JSON: ${complaint.message}`,
      `${source}, line ${complaint.at.line}, column ${complaint.at.column}: ${complaint.advice}. Nothing was sent to the cluster.`,
    ].join('\n'),
  );
}

/** The line on which the document holding `offset` begins: kubectl splits at `---` before it parses. */
function documentLine(text: string, offset: number): number {
  const lines = text.slice(0, offset).split('\n');
  for (let at = lines.length - 1; at >= 0; at -= 1) if (/^---(\s|$)/.test(lines[at] ?? '')) return at + 2;
  return 1;
}

/** Checks that the object says what it is; throws as client-side validation does. */
export function requireKind(manifest: Manifest): void {
  const missing = [
    ...(typeof manifest.object['apiVersion'] === 'string' && manifest.object['apiVersion'] !== ''
      ? []
      : ['apiVersion not set']),
    ...(typeof manifest.object['kind'] === 'string' && manifest.object['kind'] !== ''
      ? []
      : ['kind not set']),
  ];
  if (missing.length === 0) return;
  const what = missing.length === 1 ? missing[0] : `[${missing.join(', ')}]`;
  throw new Failure(
    `error: error validating ${JSON.stringify(manifest.source)}: error validating data: ${what}; if you choose to ignore these errors, turn validation off with --validate=false`,
  );
}

/** Where the object of a manifest lives; checks its kind and its namespace against `-n`. */
export function refForManifest(call: Call, manifest: Manifest): ObjectRef {
  const { object, source } = manifest;
  const [apiVersion, kind] = [textAt(object, 'apiVersion'), textAt(object, 'kind')];
  if (kind === '') {
    throw new Failure(
      `error: unable to decode ${JSON.stringify(source)}: Object 'Kind' is missing in '${compactJson(object)}'`,
    );
  }
  const [name, own] = [textAt(object, 'metadata', 'name'), textAt(object, 'metadata', 'namespace')];
  const type = call.api.types.ofKind(apiVersion, kind);
  if (!type) {
    throw new Failure(
      `error: resource mapping not found for name: ${JSON.stringify(name)} namespace: ${JSON.stringify(own)} from ${JSON.stringify(source)}: no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}\nensure CRDs are installed first`,
    );
  }
  if (type.namespaced && call.namespaceGiven && own !== '' && own !== call.namespace) {
    throw new Failure(
      `error: the namespace from the provided object ${JSON.stringify(own)} does not match the namespace ${JSON.stringify(call.namespace)}. You must pass '--namespace=${own}' to perform this operation.`,
    );
  }
  return refOf(type, own === '' ? call.namespace : own, name);
}

/** The object as it is sent: with its namespace filled in. */
export function withNamespace(object: JsonObject, ref: ObjectRef): JsonObject {
  const metadata = isJsonObject(object['metadata']) ? object['metadata'] : {};
  if (ref.namespace === undefined) return object;
  return { ...object, metadata: { ...metadata, namespace: ref.namespace } };
}
