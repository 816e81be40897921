/** The simulator's configuration of any speaker in the words of BIRD 2, so that the real daemon can be run with the very same one. */
import type { Community } from '../../src/model/bgp.ts';
import { familyOf, formatIp, formatIpCidr, type IpCidr, type IpFamily } from '../../src/model/ip-family.ts';
import { formatIpv4 } from '../../src/model/ip.ts';
import {
  familiesOf,
  type FilterRule,
  type NeighbourConfig,
  type RouteChange,
  type RouteSource,
  type SpeakerConfig,
} from '../../src/sim/routing/speaker-config.ts';

export function birdConfiguration(config: SpeakerConfig): string {
  const { routerId, blackholes, neighbours, filters = {}, mergePaths, normalMetric = 1024 } = config;
  const merge = mergePaths === false ? '' : ' merge paths on;';
  const families = familiesOf(config);
  return [
    `router id ${formatIpv4(routerId)};`,
    'protocol device { scan time 1; }',
    `protocol direct { ${families.map((family) => `ipv${family};`).join(' ')} }`,
    ...families.flatMap((family) => [
      `protocol kernel { learn; persist; scan time 1;${merge}${normalMetric === false ? '' : ' metric 0;'}`,
      `  ipv${family} { import all; export filter { ${kernelFilter(config, family)} }; }; }`,
    ]),
    ...families.flatMap((family) => {
      const own = blackholes.filter(({ base }) => familyOf(base) === family);
      const routes = own.map((each) => `route ${formatIpCidr(each)} blackhole;`);
      return own.length === 0 ? [] : [`protocol static { ipv${family}; ${routes.join(' ')} }`];
    }),
    ...Object.entries(filters).flatMap(([name, rules]) =>
      families.flatMap((family) =>
        [true, false].map(
          (internal) =>
            `function ${functionName(name, { internal, family })}() { ${rulesText(rules, { internal, family })} }`,
        ),
      ),
    ),
    ...neighbours.map((neighbour) => protocol(config, neighbour)),
    '',
  ].join('\n');
}

interface Audience {
  /** The neighbour has our AS. */
  readonly internal: boolean;
  readonly family: IpFamily;
}

const functionName = (name: string, { internal, family }: Audience): string =>
  `${name}_${internal ? 'in' : 'ex'}${family === 6 ? '_6' : ''}`;

const isOf = (family: IpFamily, prefix: IpCidr | undefined): boolean =>
  prefix === undefined || familyOf(prefix.base) === family;

function kernelFilter({ normalMetric = 1024, kernel }: SpeakerConfig, family: IpFamily): string {
  const rejects = kernel
    .filter(({ accept, within }) => !accept && isOf(family, within))
    .map(({ within }) => `if net ~ ${formatIpCidr(within)} then reject;`);
  const metric =
    normalMetric === false
      ? ''
      : `if source = RTS_BGP then { krt_metric = ${normalMetric}; if defined(bgp_local_pref) then krt_metric = 2147483647 - bgp_local_pref; }`;
  return [...rejects, metric, 'if source = RTS_DEVICE then reject;', 'accept;'].join(' ');
}

function protocol(config: SpeakerConfig, neighbour: NeighbourConfig): string {
  const { name, address, asNumber, localAs, source, passive, multihop, nextHop } = neighbour;
  const { reflector, allowLocalAs, ttlSecurity, password, holdTime, keepaliveTime, restartTime } = neighbour;
  const internal = asNumber === localAs;
  const audience = { internal, family: familyOf(address) };
  const session = [
    `local ${source === undefined ? '' : formatIp(source)} as ${localAs};`,
    `neighbor ${formatIp(address)} as ${asNumber};`,
    multihop === 'direct' ? 'direct;' : `multihop${multihop === undefined ? '' : ` ${multihop}`};`,
    `connect delay time 1; connect retry time 2; error wait time 2, 5; graceful restart; graceful restart time ${restartTime};`,
    ...(passive ? ['passive on;'] : []),
    ...(reflector ? [`rr client; rr cluster id ${formatIpv4(reflector.clusterId)};`] : []),
    ...(allowLocalAs === undefined ? [] : [`allow local as ${allowLocalAs};`]),
    ...(ttlSecurity ? ['ttl security on;'] : []),
    ...(password === undefined ? [] : [`password "${password}";`]),
    ...(holdTime === undefined ? [] : [`hold time ${holdTime};`]),
    ...(keepaliveTime === undefined ? [] : [`keepalive time ${keepaliveTime};`]),
  ];
  const channel = [
    ...(multihop === 'direct' ? [] : ['gateway recursive;']),
    'add paths on;',
    ...(nextHop === undefined ? [] : [`next hop ${nextHop};`]),
    `import ${importText(config, neighbour, audience)};`,
    `export filter { ${exportText(config, neighbour, audience)} };`,
  ];
  return `protocol bgp ${name} { ${session.join(' ')} ipv${audience.family} { ${channel.join(' ')} }; }`;
}

const calls = (names: readonly string[] | undefined, audience: Audience): string =>
  (names ?? []).map((name) => `${functionName(name, audience)}();`).join(' ');

function importText(
  { normalMetric = 1024 }: SpeakerConfig,
  neighbour: NeighbourConfig,
  audience: Audience,
): string {
  const { importFilters = [] } = neighbour;
  if (normalMetric === false && importFilters.length === 0) return 'all';
  const prefer =
    normalMetric === false
      ? ''
      : `if defined(bgp_local_pref) && bgp_local_pref > ${2147483647 - normalMetric} then preference = 200;`;
  return `filter { ${calls(importFilters, audience)} ${prefer} accept; }`;
}

function exportText(config: SpeakerConfig, neighbour: NeighbourConfig, audience: Audience): string {
  const { normalMetric = 1024, exports } = config;
  const priority =
    normalMetric === false ? '' : `if source != RTS_BGP then bgp_local_pref = ${2147483647 - normalMetric};`;
  return `${priority} ${calls(neighbour.exportFilters, audience)} ${rulesText(exports, audience)} reject;`;
}

const rulesText = (rules: readonly FilterRule[], { internal, family }: Audience): string =>
  rules
    .filter(({ peer }) => peer === undefined || (peer === 'internal') === internal)
    .filter(({ prefix }) => isOf(family, prefix))
    .map(ruleText)
    .join(' ');

function ruleText(rule: FilterRule): string {
  const verdict = rule.accept === undefined ? '' : rule.accept ? 'accept;' : 'reject;';
  return `if ${conditions(rule).join(' && ') || 'true'} then { ${(rule.set ?? []).map(changeText).join(' ')} ${verdict} }`;
}

const SOURCES: Readonly<Record<RouteSource, string>> = {
  bgp: 'RTS_BGP',
  static: 'RTS_STATIC',
  kernel: 'RTS_INHERIT',
  connected: 'RTS_DEVICE',
};

function conditions(rule: FilterRule): readonly string[] {
  const { source, communities = [], asPathPrefix = [], localPref, localPrefAbove } = rule;
  return [
    ...prefixCondition(rule),
    ...(source === undefined ? [] : [`source = ${SOURCES[source]}`]),
    ...(rule.interface === undefined ? [] : [`ifname ~ "${rule.interface}"`]),
    ...communities.map((each) => `${setText(each)} ~ ${listOf(each)}`),
    ...(asPathPrefix.length === 0 ? [] : [`bgp_path ~ [= ${asPathPrefix.join(' ')} * =]`]),
    ...(localPref === undefined ? [] : [`bgp_local_pref = ${localPref}`]),
    ...(localPrefAbove === undefined ? [] : [`bgp_local_pref > ${localPrefAbove}`]),
  ];
}

function prefixCondition({ prefix, match = 'exact', lengths }: FilterRule): readonly string[] {
  if (!prefix) return [];
  const text = formatIpCidr(prefix);
  if (match === 'exact') return [`net = ${text}`];
  if (match === 'not-exact') return [`net != ${text}`];
  const range = lengths ? `[ ${text}{${lengths.least},${lengths.most}} ]` : `[ ${text}+ ]`;
  return [`net ${match === 'within' ? '~' : '!~'} ${range}`];
}

const setText = (community: Community): string => `(${community.join(', ')})`;
const listOf = (community: Community): string =>
  community.length === 2 ? 'bgp_community' : 'bgp_large_community';

function changeText(change: RouteChange): string {
  switch (change.kind) {
    case 'local-pref':
      return `bgp_local_pref = ${change.value};`;
    case 'med':
      return `bgp_med = ${change.value};`;
    case 'add-community':
      return `${listOf(change.community)}.add(${setText(change.community)});`;
    case 'prepend':
      return `bgp_path.prepend(${change.asNumber});`;
    case 'preference':
      return `preference = ${change.value};`;
  }
}
