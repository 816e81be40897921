/**
 * Filters: ordered rules that look at a route, change its attributes and say yes or no. Enough of BIRD's filter language for
 * what Calico's templates and a router's configuration write.
 * Sources: filter/filter.c of BIRD 1.6.8; Calico v3.32.1 confd/pkg/resource/template (BGPFilter to BIRD).
 */
import type { Community, PathAttributes } from '../../model/bgp.ts';
import { addressBits, ipCidrContains, type IpCidr } from '../../model/ip-family.ts';
import type {
  FilterRule,
  RouteChange,
  RouteCondition,
  RouteSource,
  SpeakerConfig,
} from './speaker-config.ts';

/** A route while filters look at it; they change `attributes` and `preference`. */
export interface Filtered {
  readonly prefix: IpCidr;
  readonly source: RouteSource;
  /** Whether the neighbour whose filter it is has our AS. */
  readonly internal: boolean;
  /** The device the route leaves by; a function, for few filters ask. */
  readonly device: () => string | undefined;
  /** `krt_metric` */
  readonly metric: number;
  attributes: PathAttributes;
  preference: number;
}

/** The first verdict of the rules; undefined when none has one. */
export function judged(rules: readonly FilterRule[], route: Filtered): boolean | undefined {
  for (const rule of rules) {
    if (!holds(rule, route)) continue;
    for (const change of rule.set ?? []) apply(route, change);
    if (rule.accept !== undefined) return rule.accept;
  }
  return undefined;
}

/** The same for functions by name, called one after another; a name that nobody defined says nothing. */
export function judgedBy(
  names: readonly string[] | undefined,
  { filters }: Pick<SpeakerConfig, 'filters'>,
  route: Filtered,
): boolean | undefined {
  for (const name of names ?? []) {
    const verdict = judged(filters?.[name] ?? [], route);
    if (verdict !== undefined) return verdict;
  }
  return undefined;
}

/** Each is a part of the condition; a part that a rule leaves out holds. */
const PARTS: readonly ((condition: RouteCondition, route: Filtered) => boolean)[] = [
  prefixFits,
  ({ source }, route) => source === undefined || source === route.source,
  ({ peer }, route) => peer === undefined || (peer === 'internal') === route.internal,
  ({ communities = [] }, { attributes }) => communities.every((each) => hasCommunity(attributes, each)),
  ({ asPathPrefix = [] }, { attributes }) => beginsWith(attributes, asPathPrefix),
  ({ localPref }, { attributes }) => localPref === undefined || attributes.localPref === localPref,
  ({ localPrefAbove }, { attributes }) =>
    localPrefAbove === undefined ||
    (attributes.localPref !== undefined && attributes.localPref > localPrefAbove),
  ({ metricBelow }, { metric }) => metricBelow === undefined || metric < metricBelow,
  ({ interface: pattern }, { device }) => pattern === undefined || fits(pattern, device()),
];

const holds = (condition: RouteCondition, route: Filtered): boolean =>
  PARTS.every((part) => part(condition, route));

function prefixFits(condition: RouteCondition, { prefix }: Filtered): boolean {
  const { prefix: wanted, match = 'exact' } = condition;
  if (!wanted) return true;
  switch (match) {
    case 'exact':
      return isSamePrefix(wanted, prefix);
    case 'not-exact':
      return !isSamePrefix(wanted, prefix);
    case 'within':
      return isWithin(wanted, prefix, condition.lengths);
    case 'not-within':
      return !isWithin(wanted, prefix, condition.lengths);
  }
}

const isSamePrefix = (a: IpCidr, b: IpCidr): boolean => a.base === b.base && a.length === b.length;

/** False for a prefix of the other family. */
function isWithin(
  wanted: IpCidr,
  { base, length }: IpCidr,
  { least, most }: NonNullable<RouteCondition['lengths']> = {
    least: wanted.length,
    most: addressBits(base),
  },
): boolean {
  return length >= Math.max(least, wanted.length) && length <= most && ipCidrContains(wanted, base);
}

const isLarge = (community: Community): community is readonly [number, number, number] =>
  community.length === 3;

function hasCommunity(
  { communities = [], largeCommunities = [] }: PathAttributes,
  wanted: Community,
): boolean {
  const known: readonly Community[] = isLarge(wanted) ? largeCommunities : communities;
  return known.some((each) => compare(each, wanted) === 0);
}

function beginsWith({ asPath }: PathAttributes, wanted: readonly number[]): boolean {
  if (wanted.length === 0) return true;
  const numbers = asPath.flatMap((segment) => (segment.type === 'sequence' ? segment.numbers : []));
  return wanted.every((number, at) => numbers[at] === number);
}

function compare(a: Community, b: Community): number {
  for (const [at, word] of a.entries()) {
    const difference = word - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const patterns = new Map<string, RegExp>();

/** `ifname ~ "PATTERN"`; with a route that leaves by no device it is false. */
export function fits(pattern: string, device: string | undefined): boolean {
  if (device === undefined) return false;
  let expression = patterns.get(pattern);
  if (!expression) {
    const source = pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    expression = new RegExp(`^${source}$`);
    patterns.set(pattern, expression);
  }
  return expression.test(device);
}

function apply(route: Filtered, change: RouteChange): void {
  const { attributes } = route;
  switch (change.kind) {
    case 'local-pref':
      route.attributes = { ...attributes, localPref: change.value };
      return;
    case 'med':
      route.attributes = { ...attributes, med: change.value };
      return;
    case 'prepend':
      route.attributes = { ...attributes, asPath: prepended(attributes.asPath, change.asNumber) };
      return;
    case 'preference':
      route.preference = change.value;
      return;
    case 'add-community':
      route.attributes = withCommunity(attributes, change.community);
  }
}

/** A community that is there already is not added again; a new one stands behind the others, as BIRD keeps them. */
function withCommunity(attributes: PathAttributes, added: Community): PathAttributes {
  if (hasCommunity(attributes, added)) return attributes;
  const { communities = [], largeCommunities = [] } = attributes;
  return isLarge(added)
    ? { ...attributes, largeCommunities: [...largeCommunities, added] }
    : { ...attributes, communities: [...communities, added] };
}

const MOST_IN_SEGMENT = 255;

/** Puts an AS number in front of a path. */
export function prepended(asPath: PathAttributes['asPath'], asNumber: number): PathAttributes['asPath'] {
  const [first, ...others] = asPath;
  if (first?.type === 'sequence' && first.numbers.length < MOST_IN_SEGMENT)
    return [{ type: 'sequence', numbers: [asNumber, ...first.numbers] }, ...others];
  return [{ type: 'sequence', numbers: [asNumber] }, ...asPath];
}
