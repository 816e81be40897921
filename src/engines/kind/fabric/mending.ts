/**
 * What has to be done at a place so that it is as planned: the difference between a plan and what stands there, as commands.
 * To lay a place, to lay it again after a restart and to mend it after a learner is one and the same. Routers and outside
 * hosts are the lab's alone, and whatever else is there goes; on nodes only the segment's device and Docker's are looked
 * after, since the rest is Calico's and kube-proxy's.
 */
import { CARRIER, CARRIER_PORT, SIDE_TABLE } from './carrier.ts';
import { sysctlDevice, type Link, type Observed, type Route } from './observed.ts';
import type { PlacePlan, PortPlan, RoutePlan } from './plan.ts';
import { serviceCommands } from './services.ts';

/** An argument vector. */
export type Command = readonly string[];

/** Docker's side of a place. */
export interface CarrierPort {
  readonly address: string;
  /** The Docker network's prefix. */
  readonly subnet: string;
  readonly mtu: number;
  /** Of what goes on from Docker's gateway to the Internet. */
  readonly internetMtu: number;
  /** Where Docker's gateway is expected when nothing there says it any more. */
  readonly gateway: string;
}

/** Empty when all is as planned. One pass may open the way for another: look again until nothing is left. */
export function mendingCommands(plan: PlacePlan, seen: Observed, carrier: CarrierPort): readonly Command[] {
  return [
    ...(plan.kind === 'node' ? [] : strangeLinks(plan, seen)),
    ...carrierCommands(plan, seen, carrier),
    ...plan.ports.flatMap((port) => linkCommands(port, seen, carrier)),
    ...sysctlCommands(plan, seen),
    ...plan.ports.flatMap((port) => addressCommands(port, seen, carrier)),
    ...queueCommands(plan, seen),
    ...neighbourCommands(plan, seen),
    ...routeCommands(plan, seen, carrier),
    ...(plan.kind === 'node' ? egressCommands(plan, seen, carrier) : ownRules(seen)),
    ...serviceCommands(plan, seen),
  ];
}

const ip = (...words: readonly string[]): Command => ['ip', ...words];

const linkNamed = ({ links }: Observed, name: string): Link | undefined =>
  links.find(({ ifname }) => ifname === name);

/** Docker's device before it has its own name: the only `eth0` that is no VXLAN of ours. */
const unnamedCarrier = (seen: Observed): Link | undefined =>
  linkNamed(seen, CARRIER)
    ? undefined
    : seen.links.find(({ ifname, linkinfo }) => ifname === 'eth0' && linkinfo.info_kind !== 'vxlan');

/** Devices that the kernel puts into every namespace once their module is there; they cannot be removed. */
const FALLBACK = /^(lo|tunl0|gre0|gretap0|erspan0|ip_vti0|ip6_vti0|sit0|ip6tnl0|ip6gre0)$/;

function strangeLinks({ ports }: PlacePlan, seen: Observed): readonly Command[] {
  const docker = unnamedCarrier(seen)?.ifname ?? CARRIER;
  return seen.links
    .filter(({ ifname }) => ifname !== docker && !FALLBACK.test(ifname))
    .filter(({ ifname }) => !ports.some(({ device }) => device === ifname))
    .map(({ ifname }) => ip('link', 'delete', ifname));
}

function carrierCommands(plan: PlacePlan, seen: Observed, carrier: CarrierPort): readonly Command[] {
  const unnamed = unnamedCarrier(seen);
  const link = unnamed ?? linkNamed(seen, CARRIER);
  const isUp = unnamed !== undefined || link?.flags.includes('UP') === true;
  return [
    ...(unnamed ? renaming(unnamed) : []),
    ...(link?.mtu === carrier.mtu ? [] : [ip('link', 'set', CARRIER, 'mtu', String(carrier.mtu))]),
    ...carrierAddresses(plan, link?.addr_info ?? [], carrier),
    ...(isUp ? [] : [ip('link', 'set', CARRIER, 'up')]),
    ...(plan.kind === 'node' ? [] : segmentWay(seen, carrier)),
  ];
}

/**
 * Nodes keep what Docker gave them, in a scope of which the kernel never takes a source for what leaves by another device: a
 * pod's device has no address of its own, and what the node sends there comes from the rack's. Elsewhere nothing beside the
 * place itself is near.
 */
function carrierAddresses(
  { kind }: PlacePlan,
  there: Link['addr_info'],
  { address, subnet }: CarrierPort,
): readonly Command[] {
  const isNode = kind === 'node';
  const wanted = isNode ? `${address}/${subnet.split('/')[1] ?? ''}` : `${address}/32`;
  const scope = isNode ? 'link' : 'global';
  const fits = (own: Link['addr_info'][number]): boolean => textOf(own) === wanted && own.scope === scope;
  const strange = there.filter(
    (own) => own.family === 'inet' && !fits(own) && (!isNode || textOf(own) === wanted),
  );
  return [
    ...strange.map((own) => ip('address', 'delete', textOf(own), 'dev', CARRIER)),
    ...(there.some(fits)
      ? []
      : [ip('address', 'replace', wanted, 'dev', CARRIER, ...(isNode ? ['scope', scope] : []))]),
  ];
}

const SIDE = String(SIDE_TABLE);

/** Where Docker's network is, only what carries segments may know: nothing else of the lab gets out there. */
const segmentWay = (seen: Observed, { subnet }: CarrierPort): readonly Command[] => [
  ...(seen.routes.some((route) => isSegmentWay(route, subnet))
    ? []
    : [ip('-4', 'route', 'replace', subnet, 'dev', CARRIER, 'table', SIDE)]),
  ...(hasSideRule(seen, 4)
    ? []
    : [
        ip(
          ...['-4', 'rule', 'add', 'priority', SIDE, 'ipproto', 'udp'],
          ...['dport', String(CARRIER_PORT), 'table', SIDE],
        ),
      ]),
];

const isSegmentWay = ({ table, dst, dev }: Route, subnet: string): boolean =>
  table === SIDE && dst === subnet && dev === CARRIER;

const hasSideRule = ({ rules }: Observed, family: 4 | 6): boolean =>
  rules.some((rule) => rule.family === family && rule.priority === SIDE_TABLE && rule.table === SIDE);

/** A device can be renamed while it is down, on every kernel; what IPv6 forgets over that is given again. */
const renaming = ({ ifname, addr_info: addresses }: Link): readonly Command[] => [
  ip('link', 'set', ifname, 'down'),
  ip('link', 'set', ifname, 'name', CARRIER),
  ip('link', 'set', CARRIER, 'up'),
  ...addresses
    .filter(({ family, scope }) => family === 'inet6' && scope === 'global')
    .map((address) => ip('-6', 'address', 'replace', textOf(address), 'dev', CARRIER, 'nodad')),
];

const textOf = ({ local, prefixlen }: Link['addr_info'][number]): string => `${local}/${prefixlen}`;

/** The device of a port, if it is what the plan says it is. */
function portLink(
  { device, vni, group }: PortPlan,
  seen: Observed,
  { address }: CarrierPort,
): Link | undefined {
  const link = linkNamed(seen, device);
  const { info_kind: kind, info_data: data } = link?.linkinfo ?? {};
  const fits =
    kind === 'vxlan' &&
    data?.id === vni &&
    data.group === group &&
    data.port === CARRIER_PORT &&
    data.link === CARRIER &&
    data.local === address;
  return fits ? link : undefined;
}

function linkCommands(port: PortPlan, seen: Observed, carrier: CarrierPort): readonly Command[] {
  const { device, vni, group, mac, mtu } = port;
  const link = portLink(port, seen, carrier);
  if (link) {
    return [
      ...(link.mtu === mtu ? [] : [ip('link', 'set', device, 'mtu', String(mtu))]),
      ...(link.address === mac ? [] : [ip('link', 'set', device, 'address', mac)]),
    ];
  }
  const inTheWay = linkNamed(seen, device) && unnamedCarrier(seen)?.ifname !== device;
  return [
    ...(inTheWay ? [ip('link', 'delete', device)] : []),
    ip(
      ...['link', 'add', 'name', device, 'address', mac, 'mtu', String(mtu), 'type', 'vxlan'],
      ...['id', String(vni), 'group', group, 'dev', CARRIER, 'local', carrier.address],
      ...['dstport', String(CARRIER_PORT)],
    ),
  ];
}

const sysctlCommands = (plan: PlacePlan, seen: Observed): readonly Command[] =>
  Object.entries(plan.sysctls)
    .filter(([key, value]) => seen.sysctls.get(key) !== value && hasDevice(plan, seen, sysctlDevice(key)))
    .map(([key, value]) => ['sysctl', '-q', '-w', `${key}=${value}`]);

/** Of those that are not looked after some come with a module of the kernel. */
const hasDevice = (plan: PlacePlan, seen: Observed, device: string | undefined): boolean =>
  device === undefined || looksAfter(plan, device) || linkNamed(seen, device) !== undefined;

function addressCommands(port: PortPlan, seen: Observed, carrier: CarrierPort): readonly Command[] {
  const { device, addresses, linkLocal } = port;
  const link = portLink(port, seen, carrier);
  const isUp = link?.flags.includes('UP') === true;
  const there = (link?.addr_info ?? []).filter(({ scope }) => scope !== 'link').map(textOf);
  return [
    ...there
      .filter((text) => !addresses.includes(text))
      .map((text) => ip('address', 'delete', text, 'dev', device)),
    ...addresses
      .filter((text) => !there.includes(text))
      .map((text) => ip('address', 'replace', text, 'dev', device, ...(text.includes(':') ? ['nodad'] : []))),
    // Without it a router asks for nobody's MAC address on behalf of others.
    ...(linkLocal === undefined || !isUp || link.addr_info.some((own) => textOf(own) === linkLocal)
      ? []
      : [ip('address', 'replace', linkLocal, 'dev', device, 'nodad')]),
    ...(isUp ? [] : [ip('link', 'set', device, 'up')]),
  ];
}

const looksAfter = ({ ports }: PlacePlan, device: string | undefined): boolean =>
  device === CARRIER || ports.some((port) => port.device === device);

const queueCommands = (plan: PlacePlan, { queues }: Observed): readonly Command[] =>
  queues
    .filter(({ dev }) => looksAfter(plan, dev))
    .map(({ dev, kind }) => {
      const where = kind === 'clsact' || kind === 'ingress' ? kind : 'root';
      return ['tc', 'qdisc', 'delete', 'dev', dev, where];
    });

const neighbourCommands = (plan: PlacePlan, { neighbours }: Observed): readonly Command[] =>
  neighbours
    .filter(({ dev }) => looksAfter(plan, dev))
    .map(({ dst, dev }) => ip('neighbour', 'delete', dst, 'dev', dev));

function routeCommands(plan: PlacePlan, { routes }: Observed, { subnet }: CarrierPort): readonly Command[] {
  const strange = routes.filter(
    (route) =>
      mayGo(plan, route) &&
      !isSegmentWay(route, subnet) &&
      !plan.routes.some((planned) => isAsPlanned(planned, route)),
  );
  return [
    ...strange.map(deletion),
    ...plan.routes
      .filter((planned) => !routes.some((route) => isAsPlanned(planned, route)))
      .map(({ family, to, via, device }) =>
        ip(`-${family}`, 'route', 'replace', to, 'via', via, 'dev', device),
      ),
  ];
}

/** iproute2's own metric for routes of IPv6. */
const METRIC6 = 1024;

const isAsPlanned = ({ family, to, via, device }: RoutePlan, route: Route): boolean =>
  route.family === family &&
  route.dst === to &&
  route.gateway === via &&
  route.dev === device &&
  route.table === 'main' &&
  route.type === 'unicast' &&
  route.metric === (family === 6 ? METRIC6 : undefined);

/** Whether a route is somebody's that nobody planned, as far as this place is looked after. */
function mayGo(plan: PlacePlan, { protocol, table, dst, dev, gateway }: Route): boolean {
  if (plan.kind !== 'node')
    return protocol !== 'kernel' && !(protocol === 'bird' && plan.bird !== undefined && table === 'main');
  if (table !== 'main') return false;
  if (dev === CARRIER) return dst === 'default' || gateway !== undefined;
  return looksAfter(plan, dev) && (protocol === 'boot' || protocol === 'static');
}

const deletion = ({ family, type, dst, gateway, dev, table, metric, nexthops }: Route): Command =>
  ip(
    ...[`-${family}`, 'route', 'delete', ...(type === 'unicast' ? [] : [type]), dst],
    ...(gateway === undefined || nexthops ? [] : ['via', gateway]),
    ...(dev === undefined || nexthops ? [] : ['dev', dev]),
    ...(metric === undefined ? [] : ['metric', String(metric)]),
    ...['table', table],
  );

/** The kernel's three, of which IPv6 has two. */
const OWN_RULES = [
  { family: 4, priority: 0, table: 'local' },
  { family: 4, priority: 32_766, table: 'main' },
  { family: 4, priority: 32_767, table: 'default' },
  { family: 6, priority: 0, table: 'local' },
  { family: 6, priority: 32_766, table: 'main' },
] as const;

/** Priorities of the kernel's rules, and ours. */
function ownRules({ rules }: Observed): readonly Command[] {
  const isOwn = ({ family, priority, table }: Observed['rules'][number]): boolean =>
    OWN_RULES.some((own) => own.family === family && own.priority === priority && own.table === table) ||
    (family === 4 && priority === SIDE_TABLE && table === SIDE);
  return [
    ...rules
      .filter((rule) => !isOwn(rule))
      .map(({ family, priority }) => ip(`-${family}`, 'rule', 'delete', 'priority', String(priority))),
    ...OWN_RULES.filter(
      ({ family, priority }) =>
        rules.some((rule) => rule.family === family) &&
        !rules.some((rule) => rule.family === family && rule.priority === priority),
    ).map(({ family, priority, table }) =>
      ip(`-${family}`, 'rule', 'add', 'priority', String(priority), 'table', table),
    ),
  ];
}

/** A node's own way to the Internet, by Docker's gateway: packets that it forwards for others never take it. */
function egressCommands({ insideOnly }: PlacePlan, seen: Observed, carrier: CarrierPort): readonly Command[] {
  const there = (family: 4 | 6, to: string): boolean =>
    seen.routes.some((route) => route.family === family && route.table === SIDE && route.dst === to);
  return ([4, 6] as const).flatMap((family) => {
    const thrown = insideOnly.filter((prefix) => prefix.includes(':') === (family === 6));
    const gateway = dockersGateway(seen, family) ?? (family === 4 ? carrier.gateway : undefined);
    if (thrown.length === 0) return [];
    return [
      ...thrown
        .filter((prefix) => !there(family, prefix))
        .map((prefix) => ip(`-${family}`, 'route', 'replace', 'throw', prefix, 'table', SIDE)),
      ...(gateway === undefined || there(family, 'default')
        ? []
        : [
            ip(
              ...[`-${family}`, 'route', 'replace', 'default', 'via', gateway],
              ...['dev', CARRIER, 'table', SIDE, 'mtu', String(carrier.internetMtu)],
              ...(family === 4 ? ['src', carrier.address] : []),
            ),
          ]),
      ...(hasSideRule(seen, family)
        ? []
        : [ip(`-${family}`, 'rule', 'add', 'priority', SIDE, 'iif', 'lo', 'table', SIDE)]),
    ];
  });
}

/** As Docker itself set it, which a node that was just started still says. */
function dockersGateway(seen: Observed, family: 4 | 6): string | undefined {
  const device = unnamedCarrier(seen)?.ifname ?? CARRIER;
  return seen.routes.find(
    (route) => route.family === family && route.dst === 'default' && route.dev === device && route.gateway,
  )?.gateway;
}
