/**
 * `show route`: the table `master`, whole or the part that its many words choose.
 * Source: nest/config.Y (r_args), nest/rt-table.c, nest/rt-attr.c of BIRD 1.6.8; compared with the real tool's output. The
 * real table comes in the order of a hash, this one by prefix.
 */
import {
  familyOf,
  formatIp,
  formatIpCidr,
  ipCidrContains,
  ipCidrEquals,
  type IpCidr,
  type IpFamily,
} from '../../../model/ip-family.ts';
import { formatIpv4 } from '../../../model/ip.ts';
import type { BgpRouteView, ProtocolView, RouteTarget, RouteView } from '../../routing/speaker-view.ts';
import { condition, type Condition } from './condition.ts';
import { protocolNamed, type Spoken } from './protocols.ts';
import { DONE, lines, only, since, type Reply } from './reply.ts';
import { routeLines2, table2, typeWord2 } from './routes-2.ts';
import { BirdError, syntaxError, type Words } from './words.ts';

/** What the kernel was told, for `export kernel1`. */
export interface RouteContext extends Spoken {
  readonly kernel: readonly IpCidr[];
}

type ExportMode = 'export' | 'preexport' | 'noexport';

interface Wanted {
  prefix?: { readonly prefix: IpCidr; readonly longest: boolean };
  /** Of BIRD 2; the only one there is otherwise. */
  table?: IpFamily;
  where?: Condition;
  protocol?: ProtocolView;
  exporting?: { readonly mode: ExportMode; readonly protocol: ProtocolView };
  all: boolean;
  primary: boolean;
  filtered: boolean;
  stats?: 'stats' | 'count';
}

export function showRoute(words: Words, context: RouteContext): Reply {
  const wanted: Wanted = { all: false, primary: false, filtered: false };
  while (words.peek().kind !== 'end') readWord(words, wanted, context.view.protocols);
  if (wanted.prefix) return onePrefix(wanted, wanted.prefix, context);
  const second = context.view.software === 'bird-2';
  const { exporting } = wanted;
  if (exporting?.protocol.kind === 'BGP' && !exporting.protocol.session)
    return second ? only(9001, 'No valid tables') : only(8005, 'Protocol is down');
  if (second) return showTables2(wanted, context);
  const shown = chosen(context.view.routes, wanted, context);
  const body = shownLines(shown, wanted, context);
  if (!wanted.stats) return [...body, DONE];
  return [...body, ...only(14, counted(context.view.routes, shown, wanted))];
}

const counted = (routes: readonly RouteView[], shown: readonly RouteView[], wanted: Wanted): string =>
  `${shown.length} of ${countable(routes, wanted).length} routes for ${networks(routes, wanted)} networks`;

/** BIRD 2 goes table by table. */
function showTables2(wanted: Wanted, context: RouteContext): Reply {
  const families = wanted.table === undefined ? FAMILIES_2 : [wanted.table];
  const { routes } = context.view;
  const tables = families.map((family) => {
    const own = routes.filter(({ prefix }) => familyOf(prefix.base) === family);
    const shown = chosen(own, wanted, context);
    return { family, shown, count: `${counted(own, shown, wanted)} in table master${family}` };
  });
  if (!wanted.stats)
    return [...tables2(tables.map(({ family, shown }) => tableLines2(family, shown, wanted, context))), DONE];
  const all = routes.filter(({ prefix }) => families.includes(familyOf(prefix.base)));
  const total = `Total: ${counted(all, chosen(all, wanted, context), wanted)} in ${tables.length} tables`;
  const each =
    wanted.stats === 'count'
      ? lines(
          1007,
          tables.map(({ count }) => count),
        )
      : tables.flatMap(({ family, shown, count }) => [
          { code: 1007, text: table2(family) },
          ...shownLines(shown, wanted, context),
          ...lines(1007, tables.length > 1 ? [count, ''] : [count]),
        ]);
  return tables.length > 1 ? [...each, { code: 14, text: total }] : [...each, DONE];
}

const FAMILIES_2: readonly IpFamily[] = [4, 6];

const tableLines2 = (family: IpFamily, shown: readonly RouteView[], wanted: Wanted, spoken: Spoken): Reply =>
  shown.length === 0 ? [] : [{ code: 1007, text: table2(family) }, ...shownLines(shown, wanted, spoken)];

/** With an empty line between those that have something to show. */
const tables2 = (tables: readonly Reply[]): Reply =>
  tables
    .filter((table) => table.length > 0)
    .flatMap((table, at) => (at === 0 ? table : [{ code: 1007, text: '' }, ...table]));

function readWord(words: Words, wanted: Wanted, protocols: readonly ProtocolView[]): void {
  const word = words.peek();
  if (word.kind === 'address' || word.kind === 'symbol') {
    setPrefix(wanted, words.prefix(), false);
    return;
  }
  if (word.kind !== 'keyword') throw syntaxError();
  words.take();
  switch (word.text) {
    case 'for':
      setPrefix(wanted, words.prefixOrAddress(), true);
      return;
    case 'table':
      readTable(words, wanted);
      return;
    case 'filter':
      throw new BirdError('show route filter: this simulator names no filters; use where CONDITION');
    case 'where':
      if (wanted.where) throw new BirdError('Filter specified twice');
      wanted.where = condition(words);
      return;
    case 'all':
    case 'primary':
    case 'filtered':
      wanted[word.text] = true;
      return;
    case 'stats':
    case 'count':
      wanted.stats = word.text;
      return;
    default:
      readProtocol(words, wanted, { word: word.text, protocols });
  }
}

function readProtocol(
  words: Words,
  wanted: Wanted,
  { word, protocols }: { readonly word: string; readonly protocols: readonly ProtocolView[] },
): void {
  if (word !== 'protocol' && word !== 'export' && word !== 'preexport' && word !== 'noexport')
    throw syntaxError();
  const name = words.symbol();
  if (word === 'protocol' ? wanted.protocol : wanted.exporting)
    throw new BirdError('Protocol specified twice');
  const protocol = protocolNamed(protocols, name);
  if (word === 'protocol') wanted.protocol = protocol;
  else wanted.exporting = { mode: word, protocol };
}

function setPrefix(wanted: Wanted, prefix: IpCidr, longest: boolean): void {
  if (wanted.prefix) throw new BirdError('Only one prefix expected');
  wanted.prefix = { prefix, longest };
}

/** `master` of BIRD 1.6, `master4` and `master6` of BIRD 2. */
function readTable(words: Words, wanted: Wanted): void {
  const name = words.symbol();
  const second = /^master([46])$/.exec(name)?.[1];
  if (name !== 'master' && second === undefined) throw new BirdError(`${name} is not a table`);
  if (second !== undefined) wanted.table = second === '6' ? 6 : 4;
}

function onePrefix(
  wanted: Wanted,
  { prefix, longest }: NonNullable<Wanted['prefix']>,
  context: RouteContext,
): Reply {
  const fits = (route: RouteView): boolean =>
    longest
      ? route.prefix.length <= prefix.length && ipCidrContains(route.prefix, prefix.base)
      : ipCidrEquals(route.prefix, prefix);
  const found = context.view.routes.filter(fits);
  const best = Math.max(...found.map((route) => route.prefix.length));
  const net = found.filter((route) => route.prefix.length === best);
  if (countable(net, wanted).length === 0)
    return only(8001, context.view.software === 'bird-2' ? 'Network not found' : 'Network not in table');
  const shown = chosen(net, wanted, context);
  if (context.view.software !== 'bird-2') return [...shownLines(shown, wanted, context), DONE];
  const family = familyOf(prefix.base);
  if (wanted.table !== undefined && wanted.table !== family)
    throw new BirdError(`Incompatible type of prefix/ip for table master${wanted.table}`);
  return [...tableLines2(family, shown, wanted, context), DONE];
}

/** No route of a simulated speaker is kept although a filter refused it. */
const countable = (routes: readonly RouteView[], { filtered, primary }: Wanted): readonly RouteView[] =>
  filtered ? [] : primary ? routes.filter((route) => route.primary) : routes;

const networks = (routes: readonly RouteView[], wanted: Wanted): number =>
  new Set(countable(routes, wanted).map(({ prefix }) => formatIpCidr(prefix))).size;

function chosen(routes: readonly RouteView[], wanted: Wanted, context: RouteContext): readonly RouteView[] {
  return countable(routes, wanted).filter(
    (route) =>
      isExported(route, wanted, context) &&
      (!wanted.protocol || route.protocol === wanted.protocol.name) &&
      (wanted.where?.(route) ?? true),
  );
}

/** First the protocol itself has its say (`preexport`), then the filter of what it sends out. */
function isExported(route: RouteView, { exporting }: Wanted, { kernel, view }: RouteContext): boolean {
  if (!exporting) return true;
  const { mode, protocol } = exporting;
  if (!offered(route, protocol, view.protocols)) return false;
  if (mode === 'preexport') return true;
  const told =
    protocol.kind === 'BGP'
      ? protocol.told.some(
          (each) => each.protocol === route.protocol && ipCidrEquals(each.prefix, route.prefix),
        )
      : protocol.kind === 'Kernel' && kernel.some((prefix) => ipCidrEquals(prefix, route.prefix));
  return told === (mode === 'export');
}

function offered(route: RouteView, protocol: ProtocolView, protocols: readonly ProtocolView[]): boolean {
  if (route.protocol === protocol.name) return false;
  switch (protocol.kind) {
    case 'BGP':
      // What one inner peer told is not for another.
      return !(isInner(protocol) && isInner(protocols.find(({ name }) => name === route.protocol)));
    case 'Kernel':
      return route.primary && route.target.kind !== 'device';
    default:
      return false;
  }
}

const isInner = (protocol: ProtocolView | undefined): boolean =>
  protocol?.kind === 'BGP' && protocol.peerAs === protocol.localAs;

function shownLines(routes: readonly RouteView[], { all, stats }: Wanted, spoken: Spoken): Reply {
  if (stats === 'count') return [];
  const second = spoken.view.software === 'bird-2';
  return routes.flatMap((route, at) => {
    const before = routes[at - 1];
    const repeated = before !== undefined && ipCidrEquals(before.prefix, route.prefix);
    const type = second ? typeWord2(route) : route.type;
    return [
      ...lines(
        1007,
        second
          ? routeLines2(route, repeated, moment(route, spoken))
          : [routeLine(route, repeated, spoken), ...hopLines(route.target)],
      ),
      ...(all ? [{ code: 1008, text: `\tType: ${type}` }, ...lines(1012, attributes(route))] : []),
    ];
  });
}

/** When a route came, and from whom where that is not its gateway. */
function moment(route: RouteView, { view, epoch }: Spoken): string {
  const from = route.from === undefined ? '' : ` from ${formatIp(route.from)}`;
  return `${since(route.since, { epoch, now: view.now, software: view.software })}${from}`;
}

function routeLine(route: RouteView, repeated: boolean, spoken: Spoken): string {
  const prefix = repeated ? '' : formatIpCidr(route.prefix);
  return `${prefix.padEnd(18)} ${via(route.target)} [${route.protocol} ${moment(route, spoken)}]${route.primary ? ' *' : ''} ${preference(route)}`;
}

function via(target: RouteTarget): string {
  switch (target.kind) {
    case 'via':
      return `via ${formatIp(target.gateway)} on ${target.device}`;
    case 'device':
      return `dev ${target.device}`;
    case 'multipath':
      return 'multipath';
    default:
      return target.kind;
  }
}

function preference({ preference: value, bgp }: RouteView): string {
  if (!bgp) return `(${value})`;
  const metric = bgp.igpMetric === undefined ? '' : `/${bgp.igpMetric}`;
  return `(${value}${metric}) [${bgp.code}]`;
}

function attributes({ bgp, kernel }: RouteView): readonly string[] {
  return [
    ...(bgp ? bgpAttributes(bgp) : []),
    ...(kernel ? [`\tKernel.source: ${kernel.source}`, `\tKernel.metric: ${kernel.metric}`] : []),
    ...(kernel?.mtu === undefined ? [] : [`\tKernel.mtu: ${kernel.mtu}`]),
  ];
}

function bgpAttributes(bgp: BgpRouteView): readonly string[] {
  const { origin, asPath, nextHop, linkLocal, med, localPref, originatorId, clusterList } = bgp;
  const { communities, largeCommunities } = bgp;
  return [
    `\tBGP.origin: ${origin}`,
    `\tBGP.as_path: ${asPath.join(' ')}`,
    `\tBGP.next_hop: ${formatIp(nextHop)}${linkLocal === undefined ? '' : ` ${formatIp(linkLocal)}`}`,
    ...(med === undefined ? [] : [`\tBGP.med: ${med}`]),
    ...(localPref === undefined ? [] : [`\tBGP.local_pref: ${localPref}`]),
    ...(communities ? [`\tBGP.community: ${sets(communities, ',')}`] : []),
    ...(originatorId === undefined ? [] : [`\tBGP.originator_id: ${formatIpv4(originatorId)}`]),
    ...(clusterList ? [`\tBGP.cluster_list: ${clusterList.map(formatIpv4).join(' ')}`] : []),
    ...(largeCommunities ? [`\tBGP.large_community: ${sets(largeCommunities, ', ')}`] : []),
  ];
}

const sets = (communities: readonly (readonly number[])[], comma: string): string =>
  communities.map((each) => `(${each.join(comma)})`).join(' ');

/** The next hops of a multipath route. */
const hopLines = (target: RouteTarget): readonly string[] =>
  target.kind === 'multipath'
    ? target.hops.map(({ via: gateway, device }) => `\tvia ${formatIp(gateway)} on ${device} weight 1`)
    : [];
