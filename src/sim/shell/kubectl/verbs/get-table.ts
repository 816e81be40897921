/** The table printer that the flags of `kubectl get` ask for. */
import type { Call } from '../call.ts';
import { kindName, type ResourceType } from '../discovery.ts';
import { TablePrinter } from '../output/table.ts';

export function tablePrinter(call: Call, type: ResourceType, withKind: boolean): TablePrinter {
  return new TablePrinter({
    wide: call.flags.text('output') === 'wide',
    noHeaders: call.flags.is('no-headers'),
    withNamespace: call.flags.is('all-namespaces') && type.namespaced,
    showLabels: call.flags.is('show-labels'),
    labelColumns: call.flags.all('label-columns').flatMap((columns) => columns.split(',')),
    ...(withKind ? { kind: kindName(type) } : {}),
  });
}
