/**
 * A route as BIRD 2 prints it: what becomes of packets first, the next hops below.
 * Source: nest/rt-show.c, nest/rt-attr.c of BIRD 2.0.12; compared with the real tool's output.
 */
import { formatIp, formatIpCidr, type IpFamily } from '../../../model/ip-family.ts';
import type { RouteTarget, RouteView } from '../../routing/speaker-view.ts';

export const table2 = (family: IpFamily): string => `Table master${family}:`;

/** `at` is the moment as it is shown, with whom the route is from. */
export function routeLines2(route: RouteView, repeated: boolean, at: string): readonly string[] {
  const prefix = repeated ? '' : formatIpCidr(route.prefix);
  const best = route.primary ? ' *' : '';
  return [
    `${prefix.padEnd(20)} ${kindOf(route.target)} [${route.protocol} ${at}]${best} ${preference(route)}`,
    ...hops(route.target),
  ];
}

const kindOf = ({ kind }: RouteTarget): string =>
  kind === 'via' || kind === 'device' || kind === 'multipath' ? 'unicast' : kind;

/** A way that costs nothing is not worth a word. */
function preference({ preference: value, bgp }: RouteView): string {
  if (!bgp) return `(${value})`;
  const metric = bgp.igpMetric === undefined || bgp.igpMetric === 0 ? '' : `/${bgp.igpMetric}`;
  return `(${value}${metric}) [${bgp.code}]`;
}

function hops(target: RouteTarget): readonly string[] {
  switch (target.kind) {
    case 'via':
      return [`\tvia ${formatIp(target.gateway)} on ${target.device}`];
    case 'device':
      return [`\tdev ${target.device}`];
    case 'multipath':
      return target.hops.map(({ via, device }) => `\tvia ${formatIp(via)} on ${device} weight 1`);
    default:
      return [];
  }
}

/** BIRD 2 has no word for whom a route is meant to reach. */
export const typeWord2 = ({ type }: RouteView): string => type.replace(' unicast', '');
