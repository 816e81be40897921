/**
 * The page `kubectl describe` prints: indented lines whose values stand in columns, and the blocks that every kind has
 * (labels, annotations, tolerations, events). Source: k8s.io/kubectl/pkg/describe/describe.go v0.35.
 */
import type { JsonObject } from '../../../../base/json.ts';
import { listAt, numberAt, objectAt, textAt } from '../../../kube/fields.ts';
import { humanDuration } from '../../../kube/human-duration.ts';
import { parseTimestamp } from '../../../core/time.ts';
import { DESCRIBE_TABS, TabWriter } from '../output/tab-writer.ts';

export class Document {
  readonly #writer: Pick<TabWriter, 'write' | 'flush'>;
  /** Milliseconds since 1970 in the lab, for ages. */
  readonly now: number;
  #done = '';

  /** Another writer than the one that makes columns leaves the tabs where they are. */
  constructor(now: number, writer: Pick<TabWriter, 'write' | 'flush'> = new TabWriter(DESCRIBE_TABS)) {
    this.now = now;
    this.#writer = writer;
  }

  /** One line (or several, or part of one); `level` indents by two spaces each. */
  write(level: number, text: string): void {
    this.#writer.write('  '.repeat(level) + text);
  }

  line(level: number, text: string): void {
    this.write(level, `${text}\n`);
  }

  /** Columns do not reach over a flush. */
  flush(): void {
    this.#done += this.#writer.flush();
  }

  get text(): string {
    this.flush();
    return this.#done;
  }

  /** Name: value pairs under a title, in key order, or `<none>`. */
  labels(title: string, labels: JsonObject): void {
    const lines = Object.keys(labels)
      .sort()
      .map((key) => `${key}=${String(labels[key])}`);
    this.#stacked(`${title}:`, lines);
  }

  annotations(title: string, annotations: JsonObject): void {
    const keys = Object.keys(annotations)
      .filter((key) => key !== 'kubectl.kubernetes.io/last-applied-configuration')
      .sort();
    const lines = keys.flatMap((key) => annotationLines(key, String(annotations[key])));
    this.#stacked(`${title}:`, lines);
  }

  taints(title: string, taints: readonly JsonObject[]): void {
    const sortKey = (taint: JsonObject): string => `${textAt(taint, 'effect')},${textAt(taint, 'key')}`;
    const lines = [...taints].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1)).map(taintText);
    this.#stacked(`${title}:`, lines);
  }

  tolerations(title: string, tolerations: readonly JsonObject[]): void {
    const sorted = [...tolerations].sort((a, b) =>
      textAt(a, 'key') < textAt(b, 'key') ? -1 : textAt(a, 'key') > textAt(b, 'key') ? 1 : 0,
    );
    this.#stacked(`${title}:`, sorted.map(tolerationText));
  }

  #stacked(title: string, lines: readonly string[]): void {
    this.line(0, `${title}\t${lines[0] ?? '<none>'}`);
    for (const line of lines.slice(1)) this.line(0, `\t${line}`);
  }

  /** Time since an RFC 3339 time. */
  age(time: string): string {
    return time === '' ? '<unknown>' : humanDuration(this.now - parseTimestamp(time));
  }

  events(events: readonly JsonObject[]): void {
    if (events.length === 0) return this.line(0, 'Events:\t<none>');
    this.flush();
    const last = (event: JsonObject): string => textAt(event, 'lastTimestamp') || textAt(event, 'eventTime');
    const sorted = [...events].sort((a, b) => (last(a) < last(b) ? -1 : last(a) > last(b) ? 1 : 0));
    this.line(0, 'Events:\n  Type\tReason\tAge\tFrom\tMessage');
    this.line(1, '----\t------\t----\t----\t-------');
    for (const event of sorted) this.line(1, eventLine(this, event));
  }
}

const MAX_ANNOTATION = 140;

function annotationLines(key: string, text: string): readonly string[] {
  const value = text.endsWith('\n') ? text.slice(0, -1) : text;
  if (value.length + key.length + 2 <= MAX_ANNOTATION && !value.includes('\n')) return [`${key}: ${value}`];
  return [`${key}:`, ...value.split('\n').map((line) => `  ${shortened(line, MAX_ANNOTATION - 2)}`)];
}

function shortened(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}...` : text;
}

function taintText(taint: JsonObject): string {
  const [key, value, effect] = ['key', 'value', 'effect'].map((member) => textAt(taint, member));
  if (effect === '') return value === '' ? `${key ?? ''}` : `${key ?? ''}=${value ?? ''}:`;
  return value === '' ? `${key ?? ''}:${effect ?? ''}` : `${key ?? ''}=${value ?? ''}:${effect ?? ''}`;
}

function tolerationText(toleration: JsonObject): string {
  const [key, value, effect, operator] = ['key', 'value', 'effect', 'operator'].map((member) =>
    textAt(toleration, member),
  );
  let text = `${key ?? ''}${value === '' ? '' : `=${value ?? ''}`}${effect === '' ? '' : `:${effect ?? ''}`}`;
  if (operator === 'Exists' && value === '') text += text === '' ? 'op=Exists' : ' op=Exists';
  const seconds = toleration['tolerationSeconds'];
  return typeof seconds === 'number' ? `${text} for ${seconds}s` : text;
}

function eventLine(page: Document, event: JsonObject): string {
  const eventTime = textAt(event, 'eventTime');
  const first = page.age(eventTime || textAt(event, 'firstTimestamp'));
  const series = objectAt(event, 'series');
  const count = numberAt(event, 'count');
  let interval = first;
  if (Object.keys(series).length > 0) {
    interval = `${page.age(textAt(series, 'lastObservedTime'))} (x${numberAt(series, 'count')} over ${first})`;
  } else if (count > 1) interval = `${page.age(textAt(event, 'lastTimestamp'))} (x${count} over ${first})`;
  const source = textAt(event, 'source', 'component') || textAt(event, 'reportingComponent');
  const field = textAt(event, 'involvedObject', 'fieldPath');
  const message = textAt(event, 'message').trim();
  return [
    textAt(event, 'type'),
    textAt(event, 'reason'),
    interval,
    source,
    field === '' ? message : `${field}: ${message}`,
  ].join('\t');
}

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Fri, 01 May 2026 10:00:00 +0000` (Go's RFC1123Z); the zero time for none. */
export function longTime(time: string): string {
  if (time === '') return 'Mon, 01 Jan 0001 00:00:00 +0000';
  const date = new Date(parseTimestamp(time));
  const two = (value: number): string => String(value).padStart(2, '0');
  const clock = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(':');
  return `${WEEKDAYS[date.getUTCDay()] ?? ''}, ${two(date.getUTCDate())} ${MONTHS[date.getUTCMonth()] ?? ''} ${date.getUTCFullYear()} ${clock} +0000`;
}

/** `Deployment/web` of the controlling owner; empty for none. */
export function controllerOf(object: JsonObject): string {
  const owner = listAt(object, 'metadata', 'ownerReferences').find((one) => one['controller'] === true);
  return owner ? `${textAt(owner, 'kind')}/${textAt(owner, 'name')}` : '';
}

/** Name, labels and annotations, with the namespace for kinds that have one. */
export function heading(page: Document, object: JsonObject, options: { readonly namespaced: boolean }): void {
  page.line(0, `Name:\t${textAt(object, 'metadata', 'name')}`);
  if (options.namespaced) page.line(0, `Namespace:\t${textAt(object, 'metadata', 'namespace')}`);
  page.labels('Labels', objectAt(object, 'metadata', 'labels'));
  page.annotations('Annotations', objectAt(object, 'metadata', 'annotations'));
}
