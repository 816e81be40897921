/**
 * Label selectors, as query text (`app=web,tier in (a,b)`) and as LabelSelector objects, and field selectors.
 * Source: k8s.io/apimachinery pkg/labels/selector.go, pkg/fields/selector.go, Kubernetes 1.35.
 */
import { isJsonObject, type Json, type JsonObject } from '../../base/json.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { parseRequirements } from './selector-parse.ts';

export type Labels = Readonly<Record<string, string>>;

export type Operator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | '>' | '<';

export interface Requirement {
  readonly key: string;
  readonly operator: Operator;
  readonly values: readonly string[];
}

export type Selector = readonly Requirement[];

/** Parses query text; empty text selects everything. The error is the server's complaint. */
export function parseSelector(text: string): Result<Selector, string> {
  const parsed = parseRequirements(text);
  if (!parsed.ok) return parsed;
  return ok(parsed.value.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)));
}

export function matches(selector: Selector, labels: Labels | undefined): boolean {
  return selector.every((requirement) => satisfies(requirement, labels?.[requirement.key]));
}

function satisfies({ operator, values }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case '!=':
    case 'notin':
      return value === undefined || !values.includes(value);
    case '>':
      return value !== undefined && Number(value) > Number(values[0]);
    case '<':
      return value !== undefined && Number(value) < Number(values[0]);
    case '=':
    case '==':
    case 'in':
      return value !== undefined && values.includes(value);
  }
}

/** As labels.Selector.String prints it; empty for the selector of everything. */
export function printSelector(selector: Selector): string {
  return selector
    .map(({ key, operator, values }) => {
      if (operator === 'exists') return key;
      if (operator === '!') return `!${key}`;
      if (operator === 'in' || operator === 'notin')
        return `${key} ${operator} (${[...values].sort().join(',')})`;
      return `${key}${operator}${values.join(',')}`;
    })
    .join(',');
}

/** A LabelSelector object (matchLabels, matchExpressions) as requirements; an empty one selects everything. */
export function selectorOf(object: Json | undefined): Selector {
  if (!isJsonObject(object)) return [];
  const labels = isJsonObject(object['matchLabels']) ? object['matchLabels'] : {};
  const expressions = Array.isArray(object['matchExpressions'])
    ? (object['matchExpressions'] as readonly JsonObject[])
    : [];
  return [
    ...Object.entries(labels).map(([key, value]): Requirement => ({
      key,
      operator: '=',
      values: [String(value)],
    })),
    ...expressions.map(expressionRequirement),
  ].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

const EXPRESSION_OPERATORS: Readonly<Record<string, Operator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
  Gt: '>',
  Lt: '<',
};

/** One matchExpressions element (label selectors and node selector terms). */
export function expressionRequirement(expression: JsonObject): Requirement {
  const values = Array.isArray(expression['values']) ? expression['values'].map(String) : [];
  const operator = EXPRESSION_OPERATORS[String(expression['operator'])] ?? 'in';
  return { key: String(expression['key']), operator, values };
}

/** metav1.FormatLabelSelector: `<none>` when it selects everything. */
export const formatLabelSelector = (object: Json | undefined): string =>
  printSelector(selectorOf(object)) || '<none>';

/** labels.FormatLabels: `a=b,c=d` in key order, or `<none>`. */
export function formatLabels(labels: Json | undefined): string {
  if (!isJsonObject(labels)) return '<none>';
  const pairs = Object.keys(labels).sort();
  return pairs.map((key) => `${key}=${String(labels[key])}`).join(',') || '<none>';
}

export interface FieldRequirement {
  readonly field: string;
  readonly equal: boolean;
  readonly value: string;
}

/** `metadata.name=a,status.phase!=Running`. */
export function parseFieldSelector(text: string): Result<readonly FieldRequirement[], string> {
  const requirements: FieldRequirement[] = [];
  for (const term of text.split(',').filter((part) => part.trim() !== '')) {
    const match = /^\s*([^=!]+?)\s*(!=|==|=)(.*)$/.exec(term);
    if (!match) return err(`invalid selector: '${term}'; can't understand '${term}'`);
    requirements.push({ field: match[1] ?? '', equal: match[2] !== '!=', value: (match[3] ?? '').trim() });
  }
  return ok(requirements);
}
