/**
 * One thing that a real cluster has, and whether the simulator has it: the shape of the page "What the simulator models". The
 * truth about flags and fields stands beside the code that honours them; here is only what no code says by itself.
 */

export type Honoured = 'yes' | 'partly' | 'no';

export interface Provenance {
  /** `compared` with the real thing; taken from its `source` only; `ours`, where there is nothing real to compare with. */
  readonly kind: 'compared' | 'source' | 'ours';
  /** With what, or which source. */
  readonly of: string;
}

export interface Feature {
  readonly name: string;
  readonly honoured: Honoured;
  /** One sentence. */
  readonly note: string;
  readonly provenance: Provenance;
}

export const compared = (of: string): Provenance => ({ kind: 'compared', of });
export const source = (of: string): Provenance => ({ kind: 'source', of });
export const ours = (of: string): Provenance => ({ kind: 'ours', of });

/** `compared: iproute2 6.1` */
export const provenanceText = ({ kind, of }: Provenance): string =>
  kind === 'source' ? `source only: ${of}` : `${kind}: ${of}`;
