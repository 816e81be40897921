/**
 * `show route`: the table `master`, whole or the part that its many words choose.
 * Source: nest/config.Y (r_args), nest/rt-table.c, nest/rt-attr.c of BIRD 1.6.8; compared with the real tool's output. The
 * real table comes in the order of a hash, this one by prefix.
 */
import { cidrContains, cidrEquals, formatCidr, formatIpv4, type Cidr } from '../../../model/ip.ts';
import type { BgpRouteView, ProtocolView, RouteTarget, RouteView } from '../../routing/speaker-view.ts';
import { condition, type Condition } from './condition.ts';
import { protocolNamed, type Spoken } from './protocols.ts';
import { DONE, lines, only, since, type Reply } from './reply.ts';
import { BirdError, syntaxError, type Words } from './words.ts';

/** What the kernel was told, for `export kernel1`. */
export interface RouteContext extends Spoken {
  readonly kernel: readonly Cidr[];
}

type ExportMode = 'export' | 'preexport' | 'noexport';

interface Wanted {
  prefix?: { readonly prefix: Cidr; readonly longest: boolean };
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
  const { routes } = context.view;
  if (wanted.prefix) return onePrefix(wanted, wanted.prefix, context);
  const { exporting } = wanted;
  if (exporting?.protocol.kind === 'BGP' && !exporting.protocol.session)
    return only(8005, 'Protocol is down');
  const shown = chosen(routes, wanted, context);
  const counted = `${shown.length} of ${countable(routes, wanted).length} routes for ${networks(routes, wanted)} networks`;
  return [...shownLines(shown, wanted, context), wanted.stats ? { code: 14, text: counted } : DONE];
}

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
      readTable(words);
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

function setPrefix(wanted: Wanted, prefix: Cidr, longest: boolean): void {
  if (wanted.prefix) throw new BirdError('Only one prefix expected');
  wanted.prefix = { prefix, longest };
}

function readTable(words: Words): void {
  const name = words.symbol();
  if (name !== 'master') throw new BirdError(`${name} is not a table`);
}

function onePrefix(
  wanted: Wanted,
  { prefix, longest }: NonNullable<Wanted['prefix']>,
  context: RouteContext,
): Reply {
  const fits = (route: RouteView): boolean =>
    longest
      ? route.prefix.length <= prefix.length && cidrContains(route.prefix, prefix.base)
      : cidrEquals(route.prefix, prefix);
  const found = context.view.routes.filter(fits);
  const best = Math.max(...found.map((route) => route.prefix.length));
  const net = found.filter((route) => route.prefix.length === best);
  if (countable(net, wanted).length === 0) return only(8001, 'Network not in table');
  return [...shownLines(chosen(net, wanted, context), wanted, context), DONE];
}

/** No route of a simulated speaker is kept although a filter refused it. */
const countable = (routes: readonly RouteView[], { filtered, primary }: Wanted): readonly RouteView[] =>
  filtered ? [] : primary ? routes.filter((route) => route.primary) : routes;

const networks = (routes: readonly RouteView[], wanted: Wanted): number =>
  new Set(countable(routes, wanted).map(({ prefix }) => formatCidr(prefix))).size;

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
  const told = protocol.kind === 'BGP' ? protocol.told : protocol.kind === 'Kernel' ? kernel : [];
  return told.some((prefix) => cidrEquals(prefix, route.prefix)) === (mode === 'export');
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
  return routes.flatMap((route, at) => {
    const before = routes[at - 1];
    const repeated = before !== undefined && cidrEquals(before.prefix, route.prefix);
    return [
      { code: 1007, text: routeLine(route, repeated, spoken) },
      ...(all ? [{ code: 1008, text: `\tType: ${route.type}` }, ...lines(1012, attributes(route))] : []),
    ];
  });
}

function routeLine(route: RouteView, repeated: boolean, { view, epoch }: Spoken): string {
  const prefix = repeated ? '' : formatCidr(route.prefix);
  const from = route.from === undefined ? '' : ` from ${formatIpv4(route.from)}`;
  const at = since(route.since, { epoch, now: view.now });
  return `${prefix.padEnd(18)} ${via(route.target)} [${route.protocol} ${at}${from}]${route.primary ? ' *' : ''} ${preference(route)}`;
}

function via(target: RouteTarget): string {
  switch (target.kind) {
    case 'via':
      return `via ${formatIpv4(target.gateway)} on ${target.device}`;
    case 'device':
      return `dev ${target.device}`;
    default:
      return target.kind;
  }
}

function preference({ preference: value, bgp }: RouteView): string {
  if (!bgp) return `(${value})`;
  const metric = bgp.igpMetric === null ? '-' : bgp.igpMetric === undefined ? '?' : String(bgp.igpMetric);
  return `(${value}/${metric}) [${bgp.code}]`;
}

function attributes({ bgp, kernel }: RouteView): readonly string[] {
  return [
    ...(bgp ? bgpAttributes(bgp) : []),
    ...(kernel ? [`\tKernel.source: ${kernel.source}`, `\tKernel.metric: ${kernel.metric}`] : []),
  ];
}

function bgpAttributes(bgp: BgpRouteView): readonly string[] {
  const { origin, asPath, nextHop, localPref, originatorId, clusterList, communities } = bgp;
  return [
    `\tBGP.origin: ${origin}`,
    `\tBGP.as_path: ${asPath.join(' ')}`,
    `\tBGP.next_hop: ${formatIpv4(nextHop)}`,
    ...(localPref === undefined ? [] : [`\tBGP.local_pref: ${localPref}`]),
    ...(communities ? [`\tBGP.community: ${communities.join(' ')}`] : []),
    ...(originatorId === undefined ? [] : [`\tBGP.originator_id: ${formatIpv4(originatorId)}`]),
    ...(clusterList ? [`\tBGP.cluster_list: ${clusterList.map(formatIpv4).join(' ')}`] : []),
  ];
}
