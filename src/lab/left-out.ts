/**
 * `…` in what a lesson or a lab shows of a cluster: a line of it alone stands for lines left out, and within a line it stands
 * for words that differ from cluster to cluster, such as the last number of a pod's address.
 */

export const LEFT_OUT = '…';

/** Whether the pieces of `shown` between its ellipses stand in `found`, in order, from its start to its end. */
export function fits(shown: string, found: string): boolean {
  const literal = shown.split(LEFT_OUT).map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literal.join('.+')}$`).test(found);
}
