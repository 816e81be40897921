/**
 * `-o` for whole objects: json, yaml, name, jsonpath, go-template, custom columns. json and yaml leave out
 * `managedFields` unless they are asked for; templates see them. Source: k8s.io/cli-runtime/pkg/genericclioptions v0.35.
 */
import { isJsonObject, type Json, type JsonObject } from '../../../../base/json.ts';
import { err, ok, type Result } from '../../../../base/result.ts';
import { utf8Text } from '../../../../base/bytes.ts';
import { kindName } from '../discovery.ts';
import {
  customColumnLines,
  objectsIn,
  parseCustomColumns,
  parseCustomColumnsFile,
  type CustomColumn,
} from './custom-columns.ts';
import { prettyJson } from './json-text.ts';
import { parseJsonPath, renderJsonPath, renderJsonPathAsJson, type PathAction } from './jsonpath.ts';
import { TABLE_TABS, TabWriter } from './tab-writer.ts';
import { goText, type MissingKeys } from './jsonpath.ts';
import { parseTemplate, renderTemplate } from './template.ts';
import { yamlText } from './yaml-text.ts';

/** Text of an object or a list; the error ends the command as `error: <error>`. Keeps state (a header already printed). */
export type ObjectPrinter = (value: JsonObject) => Result<string, string>;

export interface FormatContext {
  readonly noHeaders?: boolean;
  /** Text of a file, for the `-file` formats; undefined when it cannot be read. */
  readonly readFile?: (path: string) => Uint8Array | undefined;
  /** `--template`: what the template formats take instead of the text behind `=`. */
  readonly template?: string;
  readonly missingKeys?: MissingKeys;
  readonly showManagedFields?: boolean;
  /** `-o json` of objects that kubectl itself made keeps the field order of the Go struct. */
  readonly keepOrder?: boolean;
}

/** The formats, in the order of kubectl's messages. */
export const OBJECT_FORMATS = [
  'go-template',
  'go-template-file',
  'json',
  'jsonpath',
  'jsonpath-as-json',
  'jsonpath-file',
  'name',
  'template',
  'templatefile',
  'yaml',
] as const;
export const GET_FORMATS = [
  'custom-columns',
  'custom-columns-file',
  ...OBJECT_FORMATS.slice(0, 7),
  'template',
  'templatefile',
  'wide',
  'yaml',
] as const;

/** Errors are kubectl's sentences without `error: `. */
export function objectPrinter(
  output: string,
  allowed: readonly string[],
  context: FormatContext = {},
): Result<ObjectPrinter, string> {
  const { format, argument } = formatOf(output, context.template);
  if (!allowed.includes(format)) return err(noSuchFormat(output, allowed));
  const shown = context.showManagedFields === true ? (value: JsonObject) => value : withoutManagedFields;
  switch (format) {
    case 'json':
      return ok((value) => ok(`${prettyJson(shown(value), context.keepOrder)}\n`));
    case 'yaml':
      return ok(yamlPrinter(shown));
    case 'name':
      return ok((value) =>
        ok(
          objectsIn(value)
            .map((object) => `${objectName(object)}\n`)
            .join(''),
        ),
      );
    case 'custom-columns':
    case 'custom-columns-file':
      return columnsPrinter(format, argument, context);
    default:
      return templatePrinter(format, argument, context);
  }
}

/** A template given by its own flag belongs to the bare name of a template format. */
function formatOf(
  output: string,
  template = '',
): { readonly format: string; readonly argument: string | undefined } {
  const equals = output.indexOf('=');
  if (equals < 0) return { format: output, argument: template === '' ? undefined : template };
  return { format: output.slice(0, equals), argument: output.slice(equals + 1) };
}

export function noSuchFormat(output: string, allowed: readonly string[]): string {
  return `unable to match a printer suitable for the output format ${JSON.stringify(output)}, allowed formats are: ${allowed.join(',')}`;
}

/** Several documents are separated by `---`. */
function yamlPrinter(shown: (value: JsonObject) => JsonObject): ObjectPrinter {
  let printed = 0;
  return (value) => {
    printed += 1;
    return ok((printed > 1 ? '---\n' : '') + yamlText(shown(value)));
  };
}

/** `pod/web`, `deployment.apps/web`. */
export function objectName(object: JsonObject): string {
  const apiVersion = typeof object['apiVersion'] === 'string' ? object['apiVersion'] : '';
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
  const kind = typeof object['kind'] === 'string' ? object['kind'] : '';
  const metadata = isJsonObject(object['metadata']) ? object['metadata'] : {};
  return `${kindName({ kind, group })}/${String(metadata['name'] ?? '<unknown>')}`;
}

function columnsPrinter(
  format: string,
  argument: string | undefined,
  context: FormatContext,
): Result<ObjectPrinter, string> {
  const source = format.endsWith('-file') ? fileText(argument, context) : ok(argument ?? '');
  if (!source.ok) return source;
  const columns = format.endsWith('-file')
    ? parseCustomColumnsFile(source.value)
    : parseCustomColumns(source.value);
  return columns.ok ? ok(columnPrinter(columns.value, context.noHeaders === true)) : columns;
}

function columnPrinter(columns: readonly CustomColumn[], noHeaders: boolean): ObjectPrinter {
  const writer = new TabWriter(TABLE_TABS);
  let headerDone = noHeaders;
  return (value) => {
    const lines = customColumnLines(columns, objectsIn(value), !headerDone);
    headerDone = true;
    if (!lines.ok) return lines;
    writer.write(lines.value.map((line) => `${line}\n`).join(''));
    return ok(writer.flush());
  };
}

function templatePrinter(
  format: string,
  argument: string | undefined,
  context: FormatContext,
): Result<ObjectPrinter, string> {
  if (argument === undefined || argument === '')
    return err('template format specified but no template given');
  const isFile = format.endsWith('file');
  const source = isFile ? fileText(argument, context) : ok(argument);
  if (!source.ok) return source;
  return format.startsWith('jsonpath')
    ? jsonPathPrinter(source.value, format === 'jsonpath-as-json', context.missingKeys)
    : goTemplatePrinter(source.value, context.missingKeys);
}

function fileText(path: string | undefined, context: FormatContext): Result<string, string> {
  const bytes = context.readFile?.(path ?? '');
  return bytes
    ? ok(utf8Text(bytes))
    : err(`error reading --template ${path ?? ''}, open ${path ?? ''}: no such file or directory`);
}

function jsonPathPrinter(
  template: string,
  asJson: boolean,
  missing: MissingKeys | undefined,
): Result<ObjectPrinter, string> {
  const parsed = parseJsonPath(template);
  if (!parsed.ok) return err(`error parsing jsonpath ${template}, ${parsed.error}`);
  const render = asJson ? renderJsonPathAsJson : renderJsonPath;
  return ok((data) => {
    const text = render(parsed.value, data, missing);
    return text.ok
      ? text
      : err(executionFailure('jsonpath', template, { reason: text.error, data, parsed: parsed.value }));
  });
}

function goTemplatePrinter(
  template: string,
  missing: MissingKeys | undefined,
): Result<ObjectPrinter, string> {
  const parsed = parseTemplate(template);
  if (!parsed.ok) return err(`error parsing template ${template}, ${parsed.error}`);
  return ok((value) => {
    const text = renderTemplate(parsed.value, value, missing);
    return text.ok
      ? text
      : err(`error executing template ${JSON.stringify(template)}: template: output:1: ${text.error}`);
  });
}

function executionFailure(
  engine: string,
  template: string,
  failure: { readonly reason: string; readonly data: Json; readonly parsed: readonly PathAction[] },
): string {
  return [
    `error executing ${engine} ${JSON.stringify(template)}: Error executing template: ${failure.reason}. Printing more information for debugging the template:`,
    '\ttemplate was:',
    `\t\t${template}`,
    `\tobject given to ${engine} engine was:`,
    `\t\t${goSyntax(failure.data)}`,
    '\n\n',
  ].join('\n');
}

/** Go's `%#v` of unstructured data. */
function goSyntax(value: Json | undefined): string {
  if (value === null || value === undefined) return 'interface {}(nil)';
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `[]interface {}{${value.map((item: Json) => goSyntax(item)).join(', ')}}`;
  if (!isJsonObject(value)) return goText(value);
  const members = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${goSyntax(value[key])}`);
  return `map[string]interface {}{${members.join(', ')}}`;
}

function withoutManagedFields(value: JsonObject): JsonObject {
  const items = value['items'];
  if (Array.isArray(items))
    return {
      ...value,
      items: items.map((item: Json) => (isJsonObject(item) ? withoutManagedFields(item) : item)),
    };
  const metadata = value['metadata'];
  if (!isJsonObject(metadata) || metadata['managedFields'] === undefined) return value;
  const { managedFields: _hidden, ...rest } = metadata;
  return { ...value, metadata: rest };
}
