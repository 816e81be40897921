/** What the selectors and `-A` of a command line add to a list request. */
import type { Call } from '../call.ts';
import type { ResourceType } from '../discovery.ts';

export function listOptions(call: Call): {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
} {
  const labelSelector = call.flags.text('selector');
  const fieldSelector = call.flags.text('field-selector');
  return {
    ...(labelSelector === '' ? {} : { labelSelector }),
    ...(fieldSelector === '' ? {} : { fieldSelector }),
  };
}

/** Undefined lists every namespace, or a type that has none. */
export function listNamespace(call: Call, type: ResourceType): string | undefined {
  return type.namespaced && !call.flags.is('all-namespaces') ? call.namespace : undefined;
}
