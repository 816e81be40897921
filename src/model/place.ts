/**
 * The places a learner can stand in and a packet can start from.
 * Spelt in labs and on the wire as `workstation`, `node/<name>`, `pod/<name>` (namespace default), `pod/<namespace>/<name>`,
 * `host/<name>` (outside the cluster) and `router/<name>`.
 */
export type Place =
  | { readonly kind: 'workstation' }
  | { readonly kind: 'node'; readonly name: string }
  | { readonly kind: 'pod'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'host'; readonly name: string }
  | { readonly kind: 'router'; readonly name: string };

export const WORKSTATION: Place = { kind: 'workstation' };

const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

/** Undefined when the text names no place. */
export function parsePlace(text: string): Place | undefined {
  if (text === 'workstation') return WORKSTATION;
  const [kind, ...names] = text.split('/');
  if (!names.every((name) => NAME.test(name))) return undefined;
  const [first, second] = names;
  if (first === undefined || names.length > 2) return undefined;
  if (kind === 'pod') {
    return second === undefined
      ? { kind, namespace: 'default', name: first }
      : { kind, namespace: first, name: second };
  }
  if (second !== undefined) return undefined;
  return kind === 'node' || kind === 'host' || kind === 'router' ? { kind, name: first } : undefined;
}

/** The shortest spelling: the namespace `default` is left out. */
export function formatPlace(place: Place): string {
  switch (place.kind) {
    case 'workstation':
      return 'workstation';
    case 'pod':
      return place.namespace === 'default' ? `pod/${place.name}` : `pod/${place.namespace}/${place.name}`;
    default:
      return `${place.kind}/${place.name}`;
  }
}
