/**
 * Dispatch chains: from a device to its endpoint's chain, through a tree one level deep, so that the last of a hundred
 * endpoints is not found only after all others.
 * Source: felix/rules/dispatch.go, Calico v3.32.1.
 */
import { chainName } from '../../names.ts';
import { act, felixChain, on, rule, type FelixChain, type FelixRule } from './felix-rule.ts';

export interface Dispatch {
  /** The name of the root chain; children append `-` and a letter. */
  readonly root: string;
  readonly by: 'in-interface' | 'out-interface';
  /** Of the endpoints' chains: `cali-fw-`. */
  readonly prefix: string;
  /** Devices with an endpoint. */
  readonly names: readonly string[];
  /** For packets of other devices. */
  readonly end: readonly FelixRule[];
}

export function dispatchChains({ root, by, prefix, names, end }: Dispatch): readonly FelixChain[] {
  const device = by === 'in-interface' ? on.inInterface : on.outInterface;
  const toEndpoint = (name: string): FelixRule => rule([device(name)], act.goto(chainName(prefix, name)));
  const sorted = [...new Set(names)].sort();
  const common = commonPrefix(sorted);
  const rootRules: FelixRule[] = [];
  const children: FelixChain[] = [];
  for (const [stem, members] of groupBy(sorted, (name) => name.slice(0, common.length + 1))) {
    const [only] = members;
    if (members.length === 1 && only !== undefined) {
      rootRules.push(toEndpoint(only));
      continue;
    }
    const child = `${root}-${stem.slice(common.length)}`;
    rootRules.push(rule([device(`${stem}+`)], act.goto(child)));
    children.push(felixChain(child, [...members.map(toEndpoint), ...end]));
  }
  return [...children, felixChain(root, [...rootRules, ...end])];
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const known = groups.get(key);
    if (known) known.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

function commonPrefix(names: readonly string[]): string {
  const [first = '', ...others] = names;
  let length = first.length;
  for (const name of others) while (!name.startsWith(first.slice(0, length))) length -= 1;
  return first.slice(0, length);
}
