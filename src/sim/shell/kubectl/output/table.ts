/**
 * Server-side tables (meta.k8s.io/v1 Table) as `kubectl get` prints them: which columns show, NAMESPACE in front, labels
 * behind, `kind/name` when several kinds mix. Source: k8s.io/cli-runtime/pkg/printers/tableprinter.go v0.35.
 */
import { canonicalJson, isJsonObject, type Json, type JsonObject } from '../../../../base/json.ts';

export interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly priority: number;
}

export interface TableRow {
  readonly cells: readonly Json[];
  /** The object's metadata, or all of it when the request asked for that. */
  readonly object: JsonObject;
}

export interface Table {
  readonly columns: readonly TableColumn[];
  readonly rows: readonly TableRow[];
  readonly resourceVersion: string;
}

export interface TableOptions {
  readonly wide: boolean;
  readonly noHeaders: boolean;
  readonly withNamespace: boolean;
  /** `pod`, `deployment.apps`: in front of names. */
  readonly kind?: string;
  readonly showLabels: boolean;
  readonly labelColumns: readonly string[];
}

export function isTable(value: JsonObject): boolean {
  return value['kind'] === 'Table';
}

/** A server that ignored the wish for a table answers objects: name and age are what is left. */
export function tableOf(value: JsonObject): Table {
  const columns = objects(value['columnDefinitions']).map((column) => ({
    name: text(column['name']),
    type: text(column['type']),
    format: text(column['format']),
    priority: typeof column['priority'] === 'number' ? column['priority'] : 0,
  }));
  const rows = objects(value['rows']).map((row) => ({
    cells: Array.isArray(row['cells']) ? (row['cells'] as readonly Json[]) : [],
    object: isJsonObject(row['object']) ? row['object'] : {},
  }));
  const metadata = value['metadata'];
  return { columns, rows, resourceVersion: isJsonObject(metadata) ? text(metadata['resourceVersion']) : '' };
}

/** Prints tables one after another; the header comes again only when the columns change. */
export class TablePrinter {
  readonly #options: TableOptions;
  #columns: readonly TableColumn[] = [];
  #headerDone = false;

  constructor(options: TableOptions) {
    this.#options = options;
  }

  /** Tab-separated lines; `event` is the first cell of `--output-watch-events`. */
  lines(table: Table, event?: string): readonly string[] {
    const columns = table.columns.length > 0 ? table.columns : this.#columns;
    if (canonicalJson(columns as unknown as Json) !== canonicalJson(this.#columns as unknown as Json)) {
      this.#columns = columns;
      this.#headerDone = false;
    }
    if (table.rows.length === 0) return [];
    const lines = table.rows.map((row) => this.#line(columns, row, event));
    if (this.#headerDone || this.#options.noHeaders) return lines;
    this.#headerDone = true;
    return [this.#header(columns, event), ...lines];
  }

  /** A Status that came instead of an object. */
  statusLines(status: JsonObject, event?: string): readonly string[] {
    const { withNamespace, labelColumns, showLabels, noHeaders } = this.#options;
    const labels = labelColumns.map((label) => label.split('/').at(-1) ?? label);
    const line = (first: string, namespace: string, cells: readonly string[]): string =>
      [...(event === undefined ? [] : [first]), ...(withNamespace ? [namespace] : []), ...cells].join('\t');
    const header = ['STATUS', 'REASON', 'MESSAGE', ...labels, ...(showLabels ? ['LABELS'] : [])];
    const cells = ['status', 'reason', 'message'].map((member) => cellText(status[member] ?? null));
    return [
      ...(noHeaders
        ? []
        : [
            line(
              'EVENT',
              'NAMESPACE',
              header.map((name) => name.toUpperCase()),
            ),
          ]),
      line(eventCell(event ?? ''), '', cells),
    ];
  }

  #shown(columns: readonly TableColumn[]): readonly number[] {
    return columns.flatMap((column, at) => (this.#options.wide || column.priority === 0 ? [at] : []));
  }

  #header(columns: readonly TableColumn[], event: string | undefined): string {
    const names = this.#shown(columns).map((at) => columns[at]?.name ?? '');
    const labels = this.#options.labelColumns.map((label) => label.split('/').at(-1) ?? label);
    return [
      ...(event === undefined ? [] : ['Event']),
      ...(this.#options.withNamespace ? ['Namespace'] : []),
      ...names,
      ...labels,
      ...(this.#options.showLabels ? ['Labels'] : []),
    ]
      .map((name) => name.toUpperCase())
      .join('\t');
  }

  #line(columns: readonly TableColumn[], row: TableRow, event: string | undefined): string {
    const metadata = isJsonObject(row.object['metadata']) ? row.object['metadata'] : {};
    const labels = isJsonObject(metadata['labels']) ? metadata['labels'] : {};
    const cells = this.#shown(columns).map((at) => this.#cell(columns[at], row.cells[at] ?? null));
    return [
      ...(event === undefined ? [] : [eventCell(event)]),
      ...(this.#options.withNamespace ? [text(metadata['namespace'])] : []),
      ...cells,
      ...this.#options.labelColumns.map((label) => labelCell(labels, label)),
      ...(this.#options.showLabels ? [labelsText(labels)] : []),
    ].join('\t');
  }

  #cell(column: TableColumn | undefined, cell: Json): string {
    const value = cellText(cell);
    const isName = column?.format === 'name' && column.type === 'string';
    return isName && this.#options.kind !== undefined ? `${this.#options.kind}/${value}` : value;
  }
}

/** As wide as the longest, so that the column stands still while one watches. */
const eventCell = (event: string): string => event.padEnd('MODIFIED'.length);

function labelCell(labels: JsonObject, label: string): string {
  return text(labels[label]);
}

/** `a=1,b=2` in key order, or `<none>`. */
export function labelsText(labels: JsonObject): string {
  const keys = Object.keys(labels).sort();
  return keys.length === 0 ? '<none>' : keys.map((key) => `${key}=${text(labels[key])}`).join(',');
}

function cellText(cell: Json): string {
  if (cell === null) return '';
  const whole = typeof cell === 'string' ? cell : String(cell);
  const end = whole.search(/[\f\n\r]/);
  return end < 0 ? whole : `${whole.slice(0, end)}...`;
}

function objects(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
