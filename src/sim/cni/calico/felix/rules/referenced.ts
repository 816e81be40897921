/**
 * Felix offers every policy to every table and programs only the chains that something in the table leads to.
 * Source: felix/iptables/table.go chainRefCounts, Calico v3.32.1.
 */
import type { Ip, Ipv4 } from '../../../../../model/ip.ts';
import { rulesOf, type Chain } from '../../../../net/netfilter-rules.ts';
import type { FelixChain } from './felix-rule.ts';

/** In the order given, as a table of the family they were written for; the first of two chains with one name counts. */
export function referencedChains<Address extends Ip = Ipv4>(
  chains: readonly FelixChain[],
): readonly Chain<Address>[];
export function referencedChains(chains: readonly FelixChain[]): readonly FelixChain[] {
  const byName = new Map<string, FelixChain>();
  for (const chain of chains) if (!byName.has(chain.name)) byName.set(chain.name, chain);
  const found = new Set<FelixChain>();
  const open = chains.filter(({ policy }) => policy !== undefined);
  for (let chain = open.pop(); chain; chain = open.pop()) {
    if (found.has(chain)) continue;
    found.add(chain);
    for (const { target } of rulesOf(chain)) {
      const next = target.kind === 'jump' ? byName.get(target.chain) : undefined;
      if (next && !found.has(next)) open.push(next);
    }
  }
  return chains.filter((chain) => found.has(chain));
}
