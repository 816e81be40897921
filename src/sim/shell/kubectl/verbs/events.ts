/** `kubectl events`. Source: k8s.io/kubectl/pkg/cmd/events/{events,event_printer}.go v0.35. */
import type { JsonObject } from '../../../../base/json.ts';
import { numberAt, objectAt, textAt } from '../../../kube/fields.ts';
import { ageOf } from '../../../kube/human-duration.ts';
import { parseTimestamp } from '../../../core/time.ts';
import { itemsOf, type ListOptions } from '../api-client.ts';
import { wallClock, type Call, type Verb } from '../call.ts';
import { Failure } from '../failure.ts';
import { OBJECT_FORMATS } from '../output/object-printer.ts';
import { TABLE_TABS, TabWriter } from '../output/tab-writer.ts';
import { outputOf, printerFor } from '../reporting.ts';
import { ALL_NAMESPACES, bool, CHUNK_SIZE, list, PRINT_FLAGS, text } from './shared-flags.ts';

export const EVENTS: Verb = {
  path: 'events',
  summary: 'List what happened, oldest first',
  about: 'Lists the events of a namespace in the order in which they happened, or those of one object.',
  usage:
    'events [(-o|--output=)json|yaml|name|go-template|go-template-file|template|templatefile|jsonpath|jsonpath-as-json|jsonpath-file] [--for TYPE/NAME] [--watch] [--types=Normal,Warning]',
  examples: ['kubectl events', 'kubectl events --for pod/web --watch', 'kubectl events -A --types=Warning'],
  provenance: 'compared',
  flags: [
    ALL_NAMESPACES,
    CHUNK_SIZE,
    text('for', 'Only events about this object, as TYPE/NAME.'),
    bool('no-headers', 'Leave out the line of column names.'),
    ...PRINT_FLAGS,
    list('types', 'Normal or Warning: only events of these types.'),
    bool('watch', 'Go on with events that happen from now on.', { short: 'w' }),
  ],
  run: events,
};

async function events(call: Call): Promise<number> {
  const types = call.flags.all('types').flatMap((value) => value.split(','));
  if (types.some((type) => !['normal', 'warning'].includes(type.toLowerCase())))
    throw new Failure('error: valid --types are Normal or Warning');
  const selector = subjectSelector(call);
  const kind = call.api.type('events');
  const namespace = call.flags.is('all-namespaces') ? undefined : call.namespace;
  const found = call.api.list(kind, namespace, selector);
  const fits = (event: JsonObject): boolean =>
    types.length === 0 || types.some((type) => type.toLowerCase() === textAt(event, 'type').toLowerCase());
  const sorted = itemsOf(found)
    .filter(fits)
    .sort((a, b) => lastSeen(a) - lastSeen(b));
  if (outputOf(call) !== '') return printObjects(call, sorted);
  const watches = call.flags.is('watch');
  if (sorted.length === 0 && !watches) {
    await call.err(
      namespace === undefined ? 'No events found.\n' : `No events found in ${namespace} namespace.\n`,
    );
    return 0;
  }
  const table = new EventTable(call);
  await call.out(table.lines(sorted));
  if (!watches) return 0;
  const resourceVersion = textAt(found, 'metadata', 'resourceVersion');
  const changes = call.api.watch(kind, namespace, { ...selector, resourceVersion, signal: call.io.signal });
  for await (const { type, object } of changes) {
    if ((type === 'ADDED' || type === 'MODIFIED') && fits(object)) await call.out(table.lines([object]));
  }
  return 0;
}

/** What `--for` names, as the server picks it. */
function subjectSelector(call: Call): ListOptions {
  const subject = call.flags.text('for');
  if (subject === '') return {};
  const [word = '', name = '', ...more] = subject.split('/');
  if (word === '' || name === '' || more.length > 0)
    throw new Failure('error: --for must be in resource/name form');
  const { kind } = call.api.type(word);
  return { fieldSelector: `involvedObject.kind=${kind},involvedObject.name=${name}` };
}

async function printObjects(call: Call, items: readonly JsonObject[]): Promise<number> {
  const print = printerFor(call, outputOf(call), OBJECT_FORMATS);
  const typed = items.map((item) => ({ apiVersion: 'v1', kind: 'Event', ...item }));
  const text = print({ apiVersion: 'v1', items: typed, kind: 'List', metadata: { resourceVersion: '' } });
  if (!text.ok) throw new Failure(`error: ${text.error}`);
  await call.out(text.value);
  return 0;
}

function lastSeen(event: JsonObject): number {
  const time =
    textAt(event, 'series', 'lastObservedTime') ||
    textAt(event, 'lastTimestamp') ||
    textAt(event, 'eventTime');
  return time === '' ? 0 : parseTimestamp(time);
}

/** Its columns keep their widths from one printing to the next. */
class EventTable {
  readonly #call: Call;
  readonly #writer = new TabWriter(TABLE_TABS);
  readonly #allNamespaces: boolean;
  #headed: boolean;

  constructor(call: Call) {
    this.#call = call;
    this.#allNamespaces = call.flags.is('all-namespaces');
    this.#headed = call.flags.is('no-headers');
  }

  lines(events: readonly JsonObject[]): string {
    const first = this.#allNamespaces ? 'NAMESPACE\t' : '';
    if (!this.#headed) this.#writer.write(`${first}LAST SEEN\tTYPE\tREASON\tOBJECT\tMESSAGE\n`);
    this.#headed = true;
    for (const event of events) this.#writer.write(`${this.#row(event)}\n`);
    return this.#writer.flush();
  }

  #row(event: JsonObject): string {
    const about = objectAt(event, 'involvedObject');
    const cells = [
      ...(this.#allNamespaces ? [textAt(event, 'metadata', 'namespace')] : []),
      this.#interval(event),
      textAt(event, 'type'),
      textAt(event, 'reason'),
      `${textAt(about, 'kind')}/${textAt(about, 'name')}`,
      textAt(event, 'message').trim(),
    ];
    return cells.join('\t');
  }

  /** `5m`, or `10s (x3 over 5m)` for what happened more than once. */
  #interval(event: JsonObject): string {
    const age = (time: string): string => ageOf(time === '' ? undefined : time, wallClock(this.#call.io));
    const first = age(textAt(event, 'eventTime') || textAt(event, 'firstTimestamp'));
    const series = objectAt(event, 'series');
    const seriesCount = numberAt(series, 'count');
    if (seriesCount > 0) return `${age(textAt(series, 'lastObservedTime'))} (x${seriesCount} over ${first})`;
    const count = numberAt(event, 'count');
    return count > 1 ? `${age(textAt(event, 'lastTimestamp'))} (x${count} over ${first})` : first;
  }
}
