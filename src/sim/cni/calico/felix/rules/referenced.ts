/**
 * Felix offers every policy to every table and programs only the chains that something in the table leads to.
 * Source: felix/iptables/table.go chainRefCounts, Calico v3.32.1.
 */
import { rulesOf, type Chain } from '../../../../net/netfilter-rules.ts';

/** In the order given; the first of two chains with one name counts. */
export function referencedChains(chains: readonly Chain[]): readonly Chain[] {
  const byName = new Map<string, Chain>();
  for (const chain of chains) if (!byName.has(chain.name)) byName.set(chain.name, chain);
  const found = new Set<Chain>();
  const open = chains.filter(({ policy }) => policy !== undefined);
  for (let chain = open.pop(); chain; chain = open.pop()) {
    if (found.has(chain)) continue;
    found.add(chain);
    for (const name of jumpsOf(chain)) {
      const next = byName.get(name);
      if (next && !found.has(next)) open.push(next);
    }
  }
  return chains.filter((chain) => found.has(chain));
}

/** Most chains are the same on all nodes. */
const jumps = new WeakMap<Chain, readonly string[]>();

function jumpsOf(chain: Chain): readonly string[] {
  let names = jumps.get(chain);
  if (!names) {
    names = rulesOf(chain).flatMap(({ target }) => (target.kind === 'jump' ? target.chain : []));
    jumps.set(chain, names);
  }
  return names;
}
