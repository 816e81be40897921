/**
 * Server-side tables: what `kubectl get` prints, computed where the objects are.
 * Source: meta.k8s.io/v1 Table; k8s.io/kubernetes pkg/printers/tablegenerator.go.
 */
import type { Json, JsonObject } from '../../base/json.ts';
import { asJson } from './admission.ts';
import type { ApiRequest } from './api.ts';
import type { KubeObject } from './object.ts';
import type { CellContext, PrinterColumn, ResourceType } from './resource.ts';

/** True when the client would rather have a table. */
export const wantsTable = (request: ApiRequest): boolean =>
  /(^|[;,])\s*as=Table\b/.test(request.accept ?? '');

export function columnDefinitions(type: Pick<ResourceType, 'columns'>): readonly JsonObject[] {
  return type.columns.map((column) => ({
    name: column.name,
    type: column.type,
    format: column.name === 'Name' ? 'name' : '',
    description: '',
    priority: column.priority,
  }));
}

export const cells = (
  columns: readonly PrinterColumn[],
  object: KubeObject,
  context: CellContext,
): readonly Json[] => columns.map((column) => column.cell(object, context));

/** What a row carries of its object: `Metadata` (the default), `Object` or `None`. */
function rowObject(object: KubeObject, include: string | undefined): Json {
  if (include === 'None') return null;
  if (include === 'Object') return asJson(object);
  return asJson({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata });
}

export interface TableOptions extends CellContext {
  readonly include?: string | undefined;
  readonly resourceVersion: string;
  /** Watches name the columns only once. */
  readonly headless?: boolean;
}

export function tableOf(
  type: Pick<ResourceType, 'columns'>,
  objects: readonly KubeObject[],
  options: TableOptions,
): JsonObject {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion: options.resourceVersion },
    columnDefinitions: options.headless ? [] : columnDefinitions(type),
    rows: objects.map((object) => ({
      cells: cells(type.columns, object, options),
      object: rowObject(object, options.include),
    })),
  };
}
