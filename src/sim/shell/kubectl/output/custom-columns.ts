/**
 * `-o custom-columns=NAME:.metadata.name,...`: a header, then one line per object; no value prints `<none>`.
 * Source: k8s.io/kubectl/pkg/cmd/get/customcolumn.go v0.35.
 */
import { isJsonObject, type Json, type JsonObject } from '../../../../base/json.ts';
import { err, ok, type Result } from '../../../../base/result.ts';
import { findJsonPath, goText, parseJsonPath, type PathAction } from './jsonpath.ts';

export interface CustomColumn {
  readonly header: string;
  readonly path: readonly PathAction[];
}

/** `metadata.name`, `.metadata.name`, `{metadata.name}` and `{.metadata.name}` are all one path. */
export function relaxedPath(text: string): Result<readonly PathAction[], string> {
  const match = /^\{\.?([^{}]+)\}$|^\.?([^{}]+)$/.exec(text);
  const field = match?.[1] ?? match?.[2];
  if (field === undefined) {
    return err(
      `unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'`,
    );
  }
  return parseJsonPath(`{.${field}}`);
}

export function parseCustomColumns(spec: string): Result<readonly CustomColumn[], string> {
  if (spec === '') return err('custom-columns format specified but no custom columns given');
  const columns: CustomColumn[] = [];
  for (const part of spec.split(',')) {
    const colon = part.indexOf(':');
    if (colon < 0) return err(`unexpected custom-columns spec: ${part}, expected <header>:<json-path-expr>`);
    const path = relaxedPath(part.slice(colon + 1));
    if (!path.ok) return path;
    columns.push({ header: part.slice(0, colon), path: path.value });
  }
  return ok(columns);
}

/** A file of two lines: headers, then paths, separated by white space. */
export function parseCustomColumnsFile(text: string): Result<readonly CustomColumn[], string> {
  const [headers, specs] = text.split('\n').map((line) => line.split(/\s+/).filter((word) => word !== ''));
  const shape =
    'Expected format is one line of space separated headers, one line of space separated column specs.';
  if (!headers || headers.length === 0) return err(`invalid template, missing header line. ${shape}`);
  if (!specs || specs.length === 0) return err(`invalid template, missing spec line. ${shape}`);
  if (headers.length !== specs.length) {
    return err(
      `number of headers (${headers.length}) and field specifications (${specs.length}) don't match`,
    );
  }
  const columns: CustomColumn[] = [];
  for (const [at, header] of headers.entries()) {
    const path = relaxedPath(specs[at] ?? '');
    if (!path.ok) return path;
    columns.push({ header, path: path.value });
  }
  return ok(columns);
}

/** Tab-separated lines, for the table writer. */
export function customColumnLines(
  columns: readonly CustomColumn[],
  objects: readonly JsonObject[],
  withHeader: boolean,
): Result<readonly string[], string> {
  const lines = withHeader ? [columns.map((column) => column.header).join('\t')] : [];
  for (const object of objects) {
    const cells: string[] = [];
    for (const column of columns) {
      const found = findJsonPath(column.path, object);
      if (!found.ok) return found;
      cells.push(cellText(found.value));
    }
    lines.push(cells.join('\t'));
  }
  return ok(lines);
}

function cellText(found: readonly (readonly Json[])[]): string {
  const values = found.flat().map(goText);
  return (found[0]?.length ?? 0) === 0 ? ['<none>', ...values].join(',') : values.join(',');
}

/** The objects of a list, or the one object. */
export function objectsIn(value: JsonObject): readonly JsonObject[] {
  const items = value['items'];
  return Array.isArray(items) ? items.filter(isJsonObject) : [value];
}
