/**
 * How `get` prints: tables with elastic tabs, YAML, JSON, and Go templates over the resources' Go structs.
 * Source: calicoctl/calicoctl/commands/common/printer.go, get.go, Calico v3.32.1. Template functions are kubectl's.
 */
import { isJsonObject, type Json, type JsonObject } from '../../../base/json.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import { TabWriter } from '../kubectl/output/tab-writer.ts';
import { parseTemplate, renderTemplate } from '../kubectl/output/template.ts';
import { yamlText } from '../kubectl/output/yaml-text.ts';
import { itemsOf } from './kinds/custom.ts';
import { managerOf } from './kinds/kinds.ts';
import type { CellConfig, ResourceManager } from './kinds/manager.ts';

export type Format =
  | { readonly kind: 'yaml' | 'json' | 'ps' | 'wide' }
  | { readonly kind: 'columns'; readonly headings: readonly string[] }
  | { readonly kind: 'template' | 'template-file'; readonly text: string };

export function parseFormat(output: string): Result<Format, string> {
  switch (output) {
    case 'yaml':
    case 'yml':
      return ok({ kind: 'yaml' });
    case 'json':
    case 'ps':
    case 'wide':
      return ok({ kind: output });
    default:
      return formatWithValue(output);
  }
}

function formatWithValue(output: string): Result<Format, string> {
  const at = output.indexOf('=');
  const key = at < 0 ? output : output.slice(0, at);
  const value = at < 0 ? '' : output.slice(at + 1);
  switch (key) {
    case 'go-template':
      return value === '' ? err('need to specify a template') : ok({ kind: 'template', text: value });
    case 'go-template-file':
      return value === ''
        ? err('need to specify a template file')
        : ok({ kind: 'template-file', text: value });
    case 'custom-columns':
      return value === ''
        ? err('need to specify at least one column')
        : ok({ kind: 'columns', headings: value.split(',') });
    default:
      return err(`unrecognized output format '${output}'`);
  }
}

export interface PrintOptions {
  readonly format: Exclude<Format, { readonly kind: 'template-file' }>;
  readonly withNamespace: boolean;
  readonly config: CellConfig;
}

export function printResources(
  resources: readonly JsonObject[],
  options: PrintOptions,
): Result<string, string> {
  const { format } = options;
  const [only] = resources;
  const whole: Json = resources.length === 1 && only ? only : resources.length === 0 ? null : resources;
  switch (format.kind) {
    case 'yaml':
      return ok(yamlText(whole));
    case 'json':
      return ok(escapedJson(whole));
    case 'template':
      return printTemplate(resources, format.text);
    default:
      return printTables(resources, options);
  }
}

/** Two spaces, the order of Go's structs, and no newline at the end. */
const escapedJson = (value: Json): string =>
  JSON.stringify(value, undefined, 2).replace(
    /[<>&]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

function printTables(resources: readonly JsonObject[], options: PrintOptions): Result<string, string> {
  let printed = '';
  for (const resource of resources) {
    const manager = managerOf(String(resource['kind']));
    if (!manager) continue;
    const table = tableOf(manager, resource, options);
    if (!table.ok) return table;
    printed += `${table.value}\n`;
  }
  return ok(printed);
}

function tableOf(
  manager: ResourceManager,
  resource: JsonObject,
  options: PrintOptions,
): Result<string, string> {
  const { format, withNamespace, config } = options;
  const chosen =
    format.kind === 'columns' ? format.headings : format.kind === 'wide' ? manager.wide : manager.headings;
  const headings = withNamespace && manager.cells['NAMESPACE'] ? ['NAMESPACE', ...chosen] : chosen;
  const unknown = headings.find((heading) => !manager.cells[heading]);
  if (unknown !== undefined) {
    return err(`unknown heading ${unknown}, valid values are: ${Object.keys(manager.cells).join(', ')}`);
  }
  const items = resource['kind'] === manager.kind ? [resource] : itemsOf(resource);
  const rows = items.map((item) => headings.map((heading) => manager.cells[heading]?.(item, config) ?? ''));
  const writer = new TabWriter({ minWidth: 5, padding: 3 });
  writer.write([headings, ...rows].map((cells) => cells.map((cell) => `${cell}\t`).join('') + '\n').join(''));
  return ok(writer.flush());
}

function printTemplate(resources: readonly JsonObject[], text: string): Result<string, string> {
  const template = parseTemplate(text);
  if (!template.ok) return template;
  return renderTemplate(template.value, resources.map(goStruct));
}

/** JSON names whose Go field is not just the name with a capital. */
const ACRONYMS: readonly (readonly [RegExp, string])[] = [
  [/^cidr/, 'CIDR'],
  [/^nat(?=[A-Z]|$)/, 'NAT'],
  [/^ipip/, 'IPIP'],
  [/^vxlan/, 'VXLAN'],
  [/^bgp/, 'BGP'],
  [/^as(?=Number)/, 'AS'],
  [/^ipv(?=[46])/, 'IPv'],
  [/^ip(?=[A-Z])/, 'IP'],
  [/^uid$/, 'UID'],
  [/^podCIDRs$/, 'PodCIDRs'],
  [/^apiVersion$/, 'APIVersion'],
];

/** A resource under the names of its Go struct; embedded metadata also shows at the top. */
function goStruct(value: Json): Json {
  if (Array.isArray(value)) return value.map((item) => goStruct(item as Json));
  if (!isJsonObject(value)) return value;
  const fields = Object.entries(value).map(([key, member]): [string, Json] => {
    const plain = key === 'labels' || key === 'annotations' || key === 'labelsToApply';
    return [goName(key), plain ? (member ?? null) : goStruct(member ?? null)];
  });
  const { metadata } = value;
  const embedded = metadata === undefined ? {} : goStruct(metadata);
  return {
    ...(isJsonObject(embedded) ? embedded : {}),
    ...Object.fromEntries(fields),
    ...(metadata !== undefined && { ObjectMeta: embedded }),
  };
}

function goName(key: string): string {
  const acronym = ACRONYMS.find(([pattern]) => pattern.test(key));
  return acronym ? key.replace(...acronym) : key.replace(/^./, (first) => first.toUpperCase());
}
