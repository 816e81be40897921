/**
 * Service addresses as static routes: whole ranges from every node, and single addresses of the services that need them, from
 * the nodes that may have them. Endpoints count whether they are ready or not, and a service without any is not announced.
 * Source: confd/pkg/backends/calico/{client,routes}.go, Calico v3.32.1. It is a function of what is stored: that a route outlives
 * the deletion of an EndpointSlice by hand is left out.
 */
import {
  addressBits,
  ipCidrContains,
  ipCidrOf,
  parseIp,
  type IpCidr,
  type IpFamily,
} from '../../../../model/ip-family.ts';
import type { Ip } from '../../../../model/ip.ts';
import { memoize } from '../../../core/memo.ts';
import type { Table } from '../../../core/table.ts';
import { listAt, textAt, textsAt } from '../../../kube/fields.ts';
import type { Change } from '../../../kube/controller.ts';
import type { KubeObject } from '../../../kube/object.ts';
import type { StoreView } from '../../../kube/store.ts';
import { ENDPOINT_SLICES, SERVICES } from '../kinds.ts';
import type { BgpConfiguration, ServiceRanges } from './configuration.ts';
import { distinct, inFamily } from './exports.ts';
import type { BgpNode } from './nodes.ts';

const EXCLUDED = 'node.kubernetes.io/exclude-from-external-load-balancers';
const SERVICE_NAME = 'kubernetes.io/service-name';
const TYPES = ['ClusterIP', 'NodePort', 'LoadBalancer'];

export interface ServiceRoutes {
  /** Of every node. */
  readonly everywhere: readonly IpCidr[];
  /** Of single nodes besides. */
  readonly byNode: ReadonlyMap<string, readonly IpCidr[]>;
}

export const isExcluded = ({ labels }: BgpNode): boolean => labels[EXCLUDED] === 'true';

/** What one node announces of a family, in the order of its file. */
export function staticRoutes(
  node: BgpNode,
  configuration: BgpConfiguration,
  { routes, family }: { readonly routes: ServiceRoutes; readonly family: IpFamily },
): readonly IpCidr[] {
  if (isExcluded(node)) return [];
  const all = distinct([
    ...wholeRanges(configuration.services),
    ...routes.everywhere,
    ...(routes.byNode.get(node.name) ?? []),
  ]);
  return inFamily(all, family);
}

/** Ranges that are announced whole, and that no node programs, whoever announces them. */
export function wholeRanges(ranges: ServiceRanges): readonly IpCidr[] {
  const { clusterIps, externalIps, loadBalancerIps, aggregate } = ranges;
  return distinct([
    ...clusterIps,
    ...externalIps.filter((range) => !isSingle(range)),
    ...(aggregate ? loadBalancerIps.filter((range) => !isSingle(range)) : []),
  ]);
}

const isSingle = ({ base, length }: IpCidr): boolean => length === addressBits(base);

export const readServiceRoutes = memoize(
  (
    services: Table<KubeObject> | undefined,
    slices: Table<KubeObject> | undefined,
    ranges: ServiceRanges,
  ): ServiceRoutes => {
    const endpoints = endpointsByService(slices);
    const everywhere: IpCidr[] = [];
    const byNode = new Map<string, IpCidr[]>();
    for (const service of services?.values() ?? []) {
      const holders = holdersOf(service, endpoints.get(serviceKey(service)) ?? [], ranges);
      if (holders === 'nobody') continue;
      const routes = addressesOf(service, ranges).map((address) => ipCidrOf(address, addressBits(address)));
      if (holders === 'everybody') everywhere.push(...routes);
      else for (const node of holders) byNode.set(node, [...(byNode.get(node) ?? []), ...routes]);
    }
    return { everywhere, byNode };
  },
  2,
);

const serviceKey = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;

/** The EndpointSlices of each service by `namespace/name`. */
function endpointsByService(
  slices: Table<KubeObject> | undefined,
): ReadonlyMap<string, readonly KubeObject[]> {
  const found = new Map<string, KubeObject[]>();
  for (const slice of slices?.values() ?? []) {
    const key = serviceOfSlice(slice);
    if (key === undefined) continue;
    const known = found.get(key);
    if (known) known.push(slice);
    else found.set(key, [slice]);
  }
  return found;
}

export function serviceOfSlice({ metadata }: KubeObject): string | undefined {
  const name = metadata.labels?.[SERVICE_NAME] ?? '';
  return name === '' ? undefined : `${metadata.namespace ?? ''}/${name}`;
}

/** Names of nodes with an endpoint; an endpoint without a node counts as the empty name. */
export const nodesOfSlice = (slice: KubeObject | undefined): readonly string[] => [
  ...new Set(listAt(slice, 'endpoints').map((endpoint) => textAt(endpoint, 'nodeName'))),
];

export type Holders = 'everybody' | 'nobody' | readonly string[];

/** Which nodes announce the single addresses of a service. */
function holdersOf(service: KubeObject, slices: readonly KubeObject[], ranges: ServiceRanges): Holders {
  const { spec } = service;
  const clusterIp = textAt(spec, 'clusterIP');
  if (!TYPES.includes(textAt(spec, 'type')) || clusterIp === '' || clusterIp === 'None') return 'nobody';
  if (slices.length === 0) return 'nobody';
  const policy = textAt(spec, 'externalTrafficPolicy');
  if (policy === 'Cluster' && hasSingleAddress(service, ranges)) return 'everybody';
  if (policy !== 'Local' && ranges.aggregate) return 'nobody';
  const families = textsAt(spec, 'ipFamilies');
  const nodes = slices
    .filter((slice) => families.includes(textAt(slice, 'addressType')))
    .flatMap((slice) => nodesOfSlice(slice));
  if (policy !== 'Local') return nodes.length > 0 ? 'everybody' : 'nobody';
  return [...new Set(nodes)].filter((node) => node !== '');
}

/** An entry of a list that is one address has every service with that address announced by itself. */
function hasSingleAddress(service: KubeObject, ranges: ServiceRanges): boolean {
  const { spec } = service;
  const isListed = (list: readonly IpCidr[], text: string): boolean => {
    const address = parseIp(text);
    return address !== undefined && list.some((range) => isSingle(range) && ipCidrContains(range, address));
  };
  const balanced = [textAt(spec, 'loadBalancerIP'), ...ingressOf(service)];
  if (
    textAt(spec, 'type') === 'LoadBalancer' &&
    balanced.some((text) => isListed(ranges.loadBalancerIps, text))
  ) {
    return true;
  }
  return textsAt(spec, 'externalIPs').some((text) => isListed(ranges.externalIps, text));
}

const ingressOf = ({ status }: KubeObject): readonly string[] =>
  listAt(status, 'loadBalancer', 'ingress').map((each) => textAt(each, 'ip'));

/** Cluster addresses as soon as any cluster range is configured, the others only inside their ranges. */
function addressesOf(service: KubeObject, ranges: ServiceRanges): readonly Ip[] {
  const { spec } = service;
  const inside = (list: readonly IpCidr[], texts: readonly string[]): readonly Ip[] =>
    addresses(texts).filter((address) => list.some((range) => ipCidrContains(range, address)));
  return [
    ...(ranges.clusterIps.length > 0 ? addresses(textsAt(spec, 'clusterIPs')) : []),
    ...inside(ranges.externalIps, textsAt(spec, 'externalIPs')),
    ...inside(ranges.loadBalancerIps, ingressOf(service)),
  ];
}

const addresses = (texts: readonly string[]): readonly Ip[] =>
  texts.flatMap((text) => {
    const address = parseIp(text);
    return address === undefined ? [] : [address];
  });

/** Which nodes' announcements a change of a service or of its endpoints may move. */
export function announcersMoved(change: Change, store: StoreView, ranges: ServiceRanges): Holders {
  return change.resource === SERVICES
    ? serviceMoved(change, store, ranges)
    : sliceMoved(change, store, ranges);
}

function serviceMoved({ before, after }: Change, store: StoreView, ranges: ServiceRanges): Holders {
  const known = after ?? before;
  if (!known || (before && after && before.spec === after.spec && before.status === after.status))
    return 'nobody';
  const key = serviceKey(known);
  const slices = store
    .list(ENDPOINT_SLICES, known.metadata.namespace)
    .filter((slice) => serviceOfSlice(slice) === key);
  return together([before, after].map((each) => (each ? holdersOf(each, slices, ranges) : 'nobody')));
}

function sliceMoved({ before, after }: Change, store: StoreView, ranges: ServiceRanges): Holders {
  const { namespace, labels } = (after ?? before)?.metadata ?? {};
  const service = store.get(SERVICES, namespace, labels?.[SERVICE_NAME] ?? '');
  const [old, now] = [nodesOfSlice(before), nodesOfSlice(after)];
  if (!service || (before && after && old.join() === now.join())) return 'nobody';
  return together([before, after].map((each) => (each ? holdersOf(service, [each], ranges) : 'nobody')));
}

function together(holders: readonly Holders[]): Holders {
  if (holders.includes('everybody')) return 'everybody';
  const nodes = holders.flatMap((each) => (each === 'nobody' || each === 'everybody' ? [] : each));
  return nodes.length === 0 ? 'nobody' : [...new Set(nodes)];
}
