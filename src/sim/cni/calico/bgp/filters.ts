/**
 * BGPFilters as the functions that BIRD's filters call, each rule one `if`; a rule without conditions decides for every route.
 * What the templates write themselves at the end of each import filter is one more function here.
 * Source: confd/pkg/resource/template/template_funcs.go (BGPFilterBIRDFuncs), confd/pkg/backends/calico/bgp_processor.go
 * (buildImportFilter), Calico v3.32.1; how BIRD 1.6.8 compares a prefix with a set: filter/filter.c val_same.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import type { JsonObject } from '../../../../base/json.ts';
import { hex, utf8 } from '../../../../base/bytes.ts';
import { addressBits, parseIpCidr, type IpFamily } from '../../../../model/ip-family.ts';
import { memoize } from '../../../core/memo.ts';
import type { Table } from '../../../core/table.ts';
import { at, listAt, numberAt, textAt, textsAt } from '../../../kube/fields.ts';
import type { KubeObject } from '../../../kube/object.ts';
import type { FilterRule, RouteChange, RouteCondition } from '../../../routing/speaker-config.ts';
import { asNumber, parseCommunity } from './scalars.ts';

export type FilterFunctions = Readonly<Record<string, readonly FilterRule[]>>;
export type Direction = 'import' | 'export';

/** Priorities travel as local preferences counted down from here (BirdIntMaxValue). */
export const MOST_PREFERENCE = 2147483647;
/** `preference` of a route that shall win over a local pod's. */
const OVERRIDE = 200;

/** All functions of a daemon's file. Filters without rules of its family for a direction have none for it. */
export const filterFunctions = memoize(
  (filters: Table<KubeObject> | undefined, normalPriority: number, family: IpFamily): FilterFunctions => ({
    ...Object.fromEntries(
      [...(filters?.values() ?? [])].flatMap((filter) =>
        (['import', 'export'] as const).flatMap((direction): [string, readonly FilterRule[]][] => {
          const rules = listAt(filter.spec, `${direction}V${family}`);
          if (rules.length === 0) return [];
          return [[functionName(filter.metadata.name, direction, family), rules.flatMap(rulesOf)]];
        }),
      ),
    ),
    [ELEVATED]: [
      {
        localPrefAbove: MOST_PREFERENCE - normalPriority,
        set: [{ kind: 'preference', value: OVERRIDE }],
      },
    ],
  }),
  4,
);

/** Raises routes of more than normal priority above those of local pods. */
const ELEVATED = 'elevated_priority';
const ONLY_ELEVATED: readonly string[] = [ELEVATED];
const NONE: readonly string[] = [];

/** What a peer's filter of a direction calls, by the names of its BGPFilters; those that do not exist are passed over. */
export function filterCalls(
  functions: FilterFunctions,
  names: readonly string[],
  { direction, family }: { readonly direction: Direction; readonly family: IpFamily },
): readonly string[] {
  const called = names
    .map((name) => functionName(name, direction, family))
    .filter((name) => functions[name] !== undefined);
  if (direction === 'import') return called.length === 0 ? ONLY_ELEVATED : [...called, ELEVATED];
  return called.length === 0 ? NONE : called;
}

const LONGEST_SYMBOL = 64;

/** A name too long for a symbol of BIRD's is cut and gets a hash. */
export function functionName(filter: string, direction: Direction, family: IpFamily): string {
  const most = LONGEST_SYMBOL - 'bgp__importFilterV4'.length;
  const hash =
    filter.length > most
      ? `_${hex(sha256(utf8(filter)))
          .toUpperCase()
          .slice(0, 16)}`
      : '';
  return `bgp_${filter.slice(0, most - hash.length)}${hash}_${direction}FilterV${family}`;
}

/** One rule, or none when its condition never holds. */
function rulesOf(rule: JsonObject): readonly FilterRule[] {
  const prefix = prefixCondition(rule);
  if (!prefix) return [];
  const set = listAt(rule, 'operations').flatMap(changesOf);
  return [
    {
      ...prefix,
      ...otherConditions(rule),
      ...(set.length > 0 && { set }),
      accept: textAt(rule, 'action') === 'Accept',
    },
  ];
}

const MATCHES: Readonly<Record<string, RouteCondition['match']>> = {
  Equal: 'exact',
  NotEqual: 'not-exact',
  In: 'within',
  NotIn: 'not-within',
};

/**
 * A prefix length turns the prefix into a set. BIRD finds a route in a set, or not; but no route equals a set, so that `Equal`
 * with a length never holds and `NotEqual` always does.
 */
function prefixCondition(rule: JsonObject): RouteCondition | undefined {
  const prefix = parseIpCidr(textAt(rule, 'cidr'));
  const match = MATCHES[textAt(rule, 'matchOperator')];
  if (!prefix || !match) return {};
  if (rule['prefixLength'] === undefined) return { prefix, match };
  if (match === 'exact') return undefined;
  if (match === 'not-exact') return {};
  const least = Math.max(prefix.length, numberAt(rule, 'prefixLength', 'min'));
  const bits = addressBits(prefix.base);
  const most = Math.min(bits, Number(at(rule, 'prefixLength', 'max') ?? bits));
  return { prefix, match, lengths: { least, most } };
}

function otherConditions(rule: JsonObject): RouteCondition {
  const communities = textsAt(rule, 'communities', 'values').flatMap((text) => {
    const community = parseCommunity(text);
    return community ? [community] : [];
  });
  const asPathPrefix = numbers(rule, 'asPathPrefix');
  const [device, peer] = [textAt(rule, 'interface'), textAt(rule, 'peerType')];
  const priority = numberAt(rule, 'priority');
  return {
    ...(textAt(rule, 'source') === 'RemotePeers' && { source: 'bgp' as const }),
    ...(device !== '' && { interface: device }),
    ...(peer !== '' && { peer: peer === 'iBGP' ? ('internal' as const) : ('external' as const) }),
    ...(communities.length > 0 && { communities }),
    ...(asPathPrefix.length > 0 && { asPathPrefix }),
    ...(priority > 0 && { localPref: MOST_PREFERENCE - priority }),
  };
}

function numbers(value: JsonObject, ...path: readonly string[]): readonly number[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found.flatMap((each) => asNumber(each) ?? []) : [];
}

function changesOf(operation: JsonObject): readonly RouteChange[] {
  const community = parseCommunity(textAt(operation, 'addCommunity', 'value'));
  const priority = numberAt(operation, 'setPriority', 'value');
  return [
    ...(community ? [{ kind: 'add-community', community } as const] : []),
    // Each number goes in front of those before it.
    ...[...numbers(operation, 'prependASPath', 'prefix')]
      .reverse()
      .map((each) => ({ kind: 'prepend', asNumber: each }) as const),
    ...(priority > 0 ? [{ kind: 'local-pref', value: MOST_PREFERENCE - priority } as const] : []),
  ];
}
