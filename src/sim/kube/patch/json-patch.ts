/** JSON Patch, RFC 6902, over JSON Pointer, RFC 6901. Errors name the operation that failed. */
import { isJsonObject, jsonEquals, type Json, type JsonObject } from '../../../base/json.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import { without } from '../fields.ts';

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: Json;
}

export function jsonPatch(document: Json, patch: Json): Result<Json, string> {
  if (!Array.isArray(patch)) return err('a JSON patch is a list of operations');
  let at = document;
  for (const item of patch as readonly Json[]) {
    if (!isJsonObject(item) || typeof item['op'] !== 'string' || typeof item['path'] !== 'string') {
      return err('each operation of a JSON patch has an "op" and a "path"');
    }
    const next = apply(at, item as unknown as Operation);
    if (!next.ok) return next;
    at = next.value;
  }
  return ok(at);
}

function apply(document: Json, operation: Operation): Result<Json, string> {
  const { op, path, value } = operation;
  const tokens = pointer(path);
  switch (op) {
    case 'add':
      return value === undefined
        ? err('add operation has no value')
        : write(document, tokens, { kind: 'add', value, path: '' });
    case 'replace':
      return value === undefined
        ? err('replace operation has no value')
        : write(document, tokens, { kind: 'replace', value, path: '' });
    case 'remove':
      return write(document, tokens, { kind: 'remove', path: '' });
    case 'test': {
      const found = read(document, tokens);
      return jsonEquals(found, value ?? null)
        ? ok(document)
        : err(`testing value ${path} failed: test failed`);
    }
    case 'copy':
    case 'move':
      return transfer(document, operation, tokens);
    default:
      return err(`Unexpected kind: ${op}`);
  }
}

function transfer(
  document: Json,
  { op, path, from = '' }: Operation,
  tokens: readonly string[],
): Result<Json, string> {
  const value = read(document, pointer(from));
  if (value === undefined) return missing(op, from);
  if (op === 'copy') return write(document, tokens, { kind: 'add', value, path: '' });
  if (path.startsWith(`${from}/`)) return err(`move operation cannot move ${from} into itself`);
  const rest = write(document, pointer(from), { kind: 'remove', path: '' });
  return rest.ok ? write(rest.value, tokens, { kind: 'add', value, path: '' }) : rest;
}

const missing = (op: string, path: string): Result<never, string> =>
  err(`${op} operation does not apply: doc is missing path: ${path}: missing value`);

/** The tokens of a JSON pointer. */
export function pointer(path: string): readonly string[] {
  if (path === '') return [];
  return path
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function read(document: Json, tokens: readonly string[]): Json | undefined {
  let at: Json | undefined = document;
  for (const token of tokens) {
    if (Array.isArray(at)) at = at[index(token, at.length) ?? -1] as Json | undefined;
    else if (isJsonObject(at)) at = at[token];
    else return undefined;
  }
  return at;
}

const index = (token: string, length: number): number | undefined =>
  token === '-' ? length : /^(0|[1-9]\d*)$/.test(token) ? Number(token) : undefined;

type Kind = 'add' | 'replace' | 'remove';

interface Write {
  readonly kind: Kind;
  /** Absent for a removal. */
  readonly value?: Json;
  /** The pointer walked so far. */
  readonly path: string;
}

function write(
  document: Json,
  tokens: readonly string[],
  { kind, value, path }: Write,
): Result<Json, string> {
  const [token, ...rest] = tokens;
  if (token === undefined)
    return value === undefined ? err('remove operation cannot remove the document') : ok(value);
  const here = `${path}/${token}`;
  if (rest.length > 0) {
    const inner = read(document, [token]);
    if (inner === undefined) return missing(kind, here);
    const written = write(inner, rest, { kind, path: here, ...(value === undefined ? {} : { value }) });
    return written.ok ? ok(replaced(document, token, written.value)) : written;
  }
  if (Array.isArray(document)) return writeItem(document as readonly Json[], token, value, kind);
  const absent = !isJsonObject(document) || (kind !== 'add' && document[token] === undefined);
  if (absent) return missing(kind, here);
  return ok(value === undefined ? without(document, token) : { ...document, [token]: value });
}

function replaced(document: Json, token: string, value: Json): Json {
  if (Array.isArray(document)) return document.with(Number(token), value) as readonly Json[];
  return { ...(document as JsonObject), [token]: value };
}

function writeItem(
  list: readonly Json[],
  token: string,
  value: Json | undefined,
  kind: Kind,
): Result<Json, string> {
  const at = index(token, list.length);
  const last = kind === 'add' ? list.length : list.length - 1;
  if (at === undefined || at > last)
    return err(`${kind} operation does not apply: invalid array index ${token}`);
  return ok(list.toSpliced(at, kind === 'add' ? 0 : 1, ...(value === undefined ? [] : [value])));
}
