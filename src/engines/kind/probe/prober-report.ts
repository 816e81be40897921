/** What the prober printed, as data. */
export interface ProberReport {
  readonly outcome: ProbeOutcome;
  /** ICMP errors about the probe that came back. */
  readonly errors: readonly {
    readonly from: string;
    readonly type: number;
    readonly code: number;
    readonly mtu: number;
  }[];
  /** Who said that the TTL ran out, in order. */
  readonly hops: readonly string[];
  readonly pathMtu?: number;
}

/** `refused`: a reset, or an ICMP error that says the same to a program. An errno name: sending itself failed. */
export type ProbeOutcome = 'answered' | 'refused' | 'silent' | 'error' | { readonly errno: string };

/** The reason why it could not ask at all, or undefined for text that is not the prober's. */
export type Unasked = { readonly failed: string } | undefined;

export function readProberReport(text: string): ProberReport | Unasked {
  const lines = text.split('\n').map((line) => line.split(' '));
  const failed = lines.find(([word]) => word === 'failed');
  if (failed) return { failed: failed.slice(1).join(' ') };
  const flow = lines.find(([word]) => word === 'flow')?.[1];
  if (flow === undefined) return undefined;
  const mtu = lines.find(([word]) => word === 'mtu')?.[1];
  return {
    outcome: outcomeOf(flow),
    errors: lines.flatMap(([word, from = '', type, code, told]) =>
      word === 'error' ? [{ from, type: Number(type), code: Number(code), mtu: Number(told) }] : [],
    ),
    hops: lines.flatMap(([word, from]) => (word === 'hop' && from !== undefined ? [from] : [])),
    ...(mtu === undefined ? {} : { pathMtu: Number(mtu) }),
  };
}

function outcomeOf(word: string): ProbeOutcome {
  switch (word) {
    case 'answered':
    case 'refused':
    case 'silent':
    case 'error':
      return word;
    default:
      return { errno: word };
  }
}
