/**
 * xterm's DOM renderer sets 24-bit colours, selections and corrected contrast by the `style` attribute, which the
 * content security policy forbids; the same declarations through the CSSOM are allowed. xterm 6.0 has no option for it,
 * so this replaces the one method that writes them. Where a later xterm is built differently, nothing is replaced.
 */
import type { Terminal } from '@xterm/xterm';

const ROW_FACTORY = ['_core', '_renderService', '_renderer', 'value', '_rowFactory'] as const;

/** After `open`, which makes the renderer. */
export function styleRowsByCssom(terminal: Terminal): void {
  const factory = ROW_FACTORY.reduce<unknown>((owner, name) => memberOf(owner, name), terminal);
  if (typeof factory !== 'object' || factory === null || typeof memberOf(factory, '_addStyle') !== 'function')
    return;
  Reflect.set(factory, '_addStyle', (element: HTMLElement, declaration: string) => {
    element.style.cssText += `${declaration};`;
  });
}

function memberOf(owner: unknown, name: string): unknown {
  return typeof owner === 'object' && owner !== null ? Reflect.get(owner, name) : undefined;
}
