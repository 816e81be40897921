/**
 * The page `kubectl explain` prints. Layout: k8s.io/kubectl/pkg/explain/v2/templates/plaintext.tmpl, v0.35.
 */
import type { JsonObject } from '../../../../base/json.ts';
import { textAt } from '../../../kube/fields.ts';
import { stringsOf, type Field, type Schemas } from './openapi-schema.ts';

const WIDTH = 76;
/** Values of a closed set that stand beside a field; its own page lists all. */
const SHORT_ENUM = 4;

/** The schema at the end of a path; undefined when there is no such field. */
export function fieldAt(schemas: Schemas, root: JsonObject, path: readonly string[]): JsonObject | undefined {
  let schema: JsonObject | undefined = root;
  for (const name of path) {
    schema = schema && schemas.fields(schema).find((field) => field.name === name)?.schema;
  }
  return schema;
}

export function explanation(
  schemas: Schemas,
  subject: { readonly schema: JsonObject; readonly field: string | undefined; readonly recursive: boolean },
): string {
  const { schema, field, recursive } = subject;
  const head =
    field === undefined ? '' : `FIELD: ${field} <${schemas.typeName(schema)}>\n${longEnum(schema)}\n`;
  const fields = schemas.fields(schema);
  const listed = recursive
    ? tree(schemas, fields, { level: 1, above: schemas.references(schema) })
    : fields.map((one) => entry(schemas, one)).join('');
  return `${head}DESCRIPTION:\n${indented(description(schemas, schema))}\n${fields.length === 0 ? '' : `FIELDS:\n${listed}`}\n`;
}

function longEnum(schema: JsonObject): string {
  const values = stringsOf(schema['enum']);
  return values.length === 0 ? '\n' : `ENUM:\n${values.map((value) => `    ${value}\n`).join('')}`;
}

/** What the field says, then what its type says, each once. */
function description(schemas: Schemas, schema: JsonObject): string {
  const texts = schemas.chain(schema).map((one) => textAt(one, 'description'));
  const said = texts.filter((text) => text !== '');
  return said.length === 0 ? '<empty>' : said.map((text) => `${wrapped(text)}\n`).join('');
}

function entry(schemas: Schemas, field: Field): string {
  const words = textAt(field.schema, 'description') || '<no description>';
  return `${title(schemas, field, '  ')}${indented(wrapped(words))}\n\n`;
}

function title(schemas: Schemas, { name, schema, required }: Field, indent: string): string {
  const values = stringsOf(schema['enum']);
  const shown =
    values
      .slice(0, SHORT_ENUM)
      .map((value) => value || '""')
      .join(', ') + (values.length > SHORT_ENUM ? ', ....' : '');
  const closed = values.length === 0 ? '' : `${indent}enum: ${shown}\n`;
  return `${indent}${name}\t<${schemas.typeName(schema)}>${required ? ' -required-' : ''}\n${closed}`;
}

/** All fields below; a type that holds itself is not opened again. */
function tree(
  schemas: Schemas,
  fields: readonly Field[],
  at: { readonly level: number; readonly above: readonly string[] },
): string {
  return fields
    .map((field) => {
      const own = schemas.references(field.schema);
      const again = own.some((name) => at.above.includes(name));
      const below = again ? [] : schemas.fields(field.schema);
      const line = title(schemas, field, '  '.repeat(at.level));
      return line + tree(schemas, below, { level: at.level + 1, above: [...at.above, ...own] });
    })
    .join('');
}

const indented = (text: string): string =>
  text
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');

/** Broken at blanks; the lines that the text has of its own stay. */
function wrapped(text: string): string {
  return text
    .split('\n')
    .map((line) => {
      const lines = [''];
      for (const word of line.split(' ')) {
        const last = lines.at(-1) ?? '';
        if (last !== '' && last.length + 1 + word.length > WIDTH) lines.push(word);
        else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
      }
      return lines.join('\n');
    })
    .join('\n');
}
