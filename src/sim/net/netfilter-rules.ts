/**
 * Netfilter rules as data: the subset of iptables that kube-proxy and Felix write and that the simulator evaluates.
 * `print` in `netfilter-print.ts` spells a rule as iptables-save does. Vocabulary: iptables-extensions(8).
 */
import type { Cidr, Ipv4 } from '../../model/ip.ts';

export type Hook = 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING';
export type TableName = 'raw' | 'mangle' | 'nat' | 'filter';

export interface Netfilter {
  readonly tables: Readonly<Partial<Record<TableName, readonly Chain[]>>>;
  /** ipset name -> members (hash:net). */
  readonly ipsets: ReadonlyMap<string, readonly Cidr[]>;
}

export const NO_NETFILTER: Netfilter = { tables: {}, ipsets: new Map() };

export interface Chain {
  readonly name: string;
  /** Built-in chains have a policy; user chains return. */
  readonly policy?: 'ACCEPT' | 'DROP';
  readonly rules: readonly Rule[];
}

export interface Rule {
  readonly matches: readonly Match[];
  readonly target: Target;
  readonly comment?: string;
  /** A second comment, as Felix adds what a rule is for. */
  readonly remark?: string;
}

export type Match =
  | { readonly kind: 'source'; readonly cidr: Cidr; readonly not?: boolean }
  | { readonly kind: 'destination'; readonly cidr: Cidr; readonly not?: boolean }
  | { readonly kind: 'in-interface'; readonly name: string; readonly not?: boolean }
  | { readonly kind: 'out-interface'; readonly name: string; readonly not?: boolean }
  | { readonly kind: 'protocol'; readonly protocol: number; readonly not?: boolean }
  | { readonly kind: 'destination-port'; readonly port: number }
  | {
      readonly kind: 'ipset';
      readonly set: string;
      readonly direction: 'src' | 'dst';
      readonly not?: boolean;
    }
  | {
      readonly kind: 'addrtype';
      readonly side: 'src' | 'dst';
      readonly type: 'LOCAL';
      readonly not?: boolean;
      readonly limitIfaceOut?: boolean;
    }
  | { readonly kind: 'mark'; readonly value: number; readonly mask: number; readonly not?: boolean }
  | { readonly kind: 'ctstate'; readonly states: readonly ('NEW' | 'ESTABLISHED' | 'RELATED' | 'INVALID')[] }
  /** `-m statistic --mode random --probability p`: decided by a hash of the flow, so that a run repeats. */
  | { readonly kind: 'probability'; readonly probability: number };

export type Target =
  | { readonly kind: 'accept' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'reject' }
  | { readonly kind: 'return' }
  | { readonly kind: 'notrack' }
  /** `goto` (-g): what returns from that chain returns to the caller of this one. */
  | { readonly kind: 'jump'; readonly chain: string; readonly goto?: boolean }
  | { readonly kind: 'mark'; readonly value: number; readonly mask: number }
  | { readonly kind: 'dnat'; readonly to: Ipv4; readonly port?: number }
  | { readonly kind: 'snat'; readonly to: Ipv4 }
  | { readonly kind: 'masquerade'; readonly randomFully?: boolean };
