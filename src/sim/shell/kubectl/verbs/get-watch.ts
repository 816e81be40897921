/**
 * `kubectl get -w`: the list, then each change as it comes, with the column widths of what stands above. A watch that the
 * server ends, it ends too, after it has shown what the server said.
 */
import { isJsonObject, type JsonObject } from '../../../../base/json.ts';
import type { Call } from '../call.ts';
import { itemsOf } from '../api-client.ts';
import type { ResourceType } from '../discovery.ts';
import { Failure } from '../failure.ts';
import { GET_FORMATS, type ObjectPrinter } from '../output/object-printer.ts';
import { isTable, tableOf } from '../output/table.ts';
import { TABLE_TABS, TabWriter } from '../output/tab-writer.ts';
import { outputOf, printerFor } from '../reporting.ts';
import type { Target } from '../targets.ts';
import { tablePrinter } from './get-table.ts';
import { listNamespace, listOptions } from './list-request.ts';

interface Subject {
  readonly type: ResourceType;
  readonly namespace: string | undefined;
  readonly query: { readonly labelSelector?: string; readonly fieldSelector?: string };
}

export async function watchObjects(call: Call, chosen: readonly Target[]): Promise<number> {
  const [target, ...more] = chosen;
  if (!target || more.length > 0) throw new Failure('error: you may only specify a single resource type');
  const subject = subjectOf(call, target);
  const print = changePrinter(call, subject.type);
  // A missing object is an error of its own, not an empty list.
  if (target.kind === 'object') call.api.get(target.ref);
  const table = print.table;
  const list = call.api.list(subject.type, subject.namespace, { ...subject.query, table });
  const initial = table ? [list] : itemsOf(list);
  if (!call.flags.is('watch-only')) for (const object of initial) await call.out(print.text(object, 'ADDED'));
  const metadata = isJsonObject(list['metadata']) ? list['metadata'] : {};
  const events = call.api.watch(subject.type, subject.namespace, {
    ...subject.query,
    table,
    resourceVersion: String(metadata['resourceVersion'] ?? '0'),
    signal: call.io.signal,
  });
  for await (const event of events) {
    if (event.type === 'BOOKMARK') continue;
    await call.out(print.text(event.object, event.type));
  }
  call.io.signal.throwIfAborted();
  return 0;
}

function subjectOf(call: Call, target: Target): Subject {
  if (target.kind === 'collection') {
    return { type: target.type, namespace: listNamespace(call, target.type), query: listOptions(call) };
  }
  const { type, namespace, name } = target.ref;
  return { type, namespace, query: { fieldSelector: `metadata.name=${name}` } };
}

interface ChangePrinter {
  readonly table: boolean;
  text(object: JsonObject, event: string): string;
}

function changePrinter(call: Call, type: ResourceType): ChangePrinter {
  const output = outputOf(call);
  const withEvents = call.flags.is('output-watch-events');
  if (output !== '' && output !== 'wide')
    return objectChanges(printerFor(call, output, GET_FORMATS), withEvents);
  const printer = tablePrinter(call, type, call.flags.is('show-kind'));
  const writer = new TabWriter(TABLE_TABS);
  return {
    table: true,
    text(object, event) {
      const told = withEvents ? event : undefined;
      // The server ends a watch with what is wrong.
      const lines = isTable(object)
        ? printer.lines(tableOf(object), told)
        : printer.statusLines(object, told);
      for (const line of lines) writer.write(`${line}\n`);
      return writer.flush();
    },
  };
}

function objectChanges(print: ObjectPrinter, withEvents: boolean): ChangePrinter {
  return {
    table: false,
    text(object, event) {
      const text = print(withEvents ? { type: event, object } : object);
      if (!text.ok) throw new Failure(`error: ${text.error}`);
      return text.value;
    },
  };
}
