/**
 * `ip route get`: asks the stack's own lookup, the one packets use, and prints its answer. With `from ... iif ...` it is the
 * lookup of a forwarded packet. Format: iproute2 6.1 ip/iproute.c, compared with the real tool.
 */
import type { Json } from '../../../base/json.ts';
import { ok } from '../../../base/result.ts';
import { addressBits, formatIp, isIpv4, isIpv6, parseIp } from '../../../model/ip-family.ts';
import type { Ip, Ipv6 } from '../../../model/ip.ts';
import { cidrContains6 } from '../../../model/ipv6.ts';
import { isLinkLocalAddress, KERNEL_METRIC, MULTICAST } from '../../net/inet6.ts';
import { pathMtu, routeOutput, type OutputRoute, type RouteError } from '../../net/output-route.ts';
import type { Netns } from '../../net/netns.ts';
import type { RouteEntry } from '../../net/route-table.ts';
import { selectAddress6 } from '../../net/source-address.ts';
import { stackOf, tablesFor, type Stack } from '../../net/stack.ts';
import { complain, type Parsed } from '../network/complaint.ts';
import { deviceNamed } from '../network/here.ts';
import { expected, parseKeywords, type Grammar } from '../network/keywords.ts';
import { jsonText } from './device-list.ts';
import { isOf, spokenFamily } from './address.ts';
import type { Family } from './options.ts';
import { familyOfLine, readPrefix } from './route-words.ts';
import type { Subject } from './subject.ts';

interface GetWords {
  readonly destination?: Ip;
  readonly from?: Ip;
  readonly input?: string;
  readonly output?: string;
}

const GET = (family: Family, warn: Subject['warn']): Grammar<GetWords> => ({
  keywords: [
    { names: ['from'], exact: true, read: readFrom(family) },
    { names: ['iif'], read: (words, input) => ok({ ...words, input }) },
    { names: ['oif', 'dev'], exact: true, read: (words, output) => ok({ ...words, output }) },
    { names: ['to'], exact: true, read: readDestination(family, warn) },
  ],
  bare: readDestination(family, warn),
});

/** The first address decides which family the other must be of. */
const soFar = (family: Family, { destination, from }: GetWords): Family =>
  familyOfLine(family, undefined, destination, from);

const readFrom =
  (family: Family) =>
  (words: GetWords, value: string): Parsed<GetWords> => {
    const from = parseIp(value);
    const wanted = soFar(family, words);
    return from === undefined || !isOf(wanted, from)
      ? expected(`${spokenFamily(wanted)} prefix`, value)
      : ok({ ...words, from });
  };

const readDestination =
  (family: Family, warn: Subject['warn']) =>
  (words: GetWords, value: string): Parsed<GetWords> => {
    const prefix = readPrefix(value, soFar(family, words));
    if (!prefix.ok) return prefix;
    const { address, length } = prefix.value;
    const bits = addressBits(address);
    if (length !== bits)
      warn(`Warning: /${length} as prefix is invalid, only /${bits} (or none) is supported.\n`);
    return ok({ ...words, destination: address });
  };

/** What the kernel answers. */
interface Answer {
  readonly type: 'unicast' | 'local' | 'broadcast' | 'multicast';
  readonly destination: Ip;
  readonly from: Ip | undefined;
  readonly via: Ip | undefined;
  readonly device: string;
  /** Absent where the caller gave the source. */
  readonly source: Ip | undefined;
  readonly input: string | undefined;
  readonly redirect: boolean;
  readonly mtu: number | undefined;
  /** Seconds until a learnt path MTU is forgotten. */
  readonly expires: number | undefined;
  readonly protocol: string;
  readonly metric: number;
}

export function getRoute(subject: Subject, words: readonly string[]): Parsed<string> {
  const wanted = parseKeywords(words, GET(subject.options.family, subject.warn), {});
  if (!wanted.ok) return wanted;
  const { destination, input, output } = wanted.value;
  if (destination === undefined) return complain(1, 'need at least a destination address');
  for (const device of [input, output]) {
    if (device !== undefined && !deviceNamed(subject.here.netns, device)) {
      return complain(1, `Cannot find device "${device}"`);
    }
  }
  const answer =
    input === undefined
      ? ownAnswer(subject, { ...wanted.value, destination })
      : forwardedAnswer(subject, { ...wanted.value, destination, input });
  if (!answer.ok) return answer;
  return ok(
    subject.options.json ? jsonText([answerJson(answer.value)], subject.options) : answerText(answer.value),
  );
}

const ANSWERS: Readonly<Record<RouteError, string>> = {
  invalid: 'RTNETLINK answers: Invalid argument',
  'net-unreachable': 'RTNETLINK answers: Network is unreachable',
  'host-unreachable': 'RTNETLINK answers: No route to host',
  prohibited: 'RTNETLINK answers: Permission denied',
};

function ownAnswer({ io, here }: Subject, words: GetWords & { readonly destination: Ip }): Parsed<Answer> {
  const { destination, from } = words;
  const stack = stackOf(here.netns);
  // Only the kernel's IPv4 looks whether the source is its own.
  if (from !== undefined && isIpv4(from) && !stack.routes.isLocal(from))
    return complain(2, ANSWERS['net-unreachable']);
  if (isMulticast6(destination)) return multicastAnswer(stack, { ...words, destination });
  const output = words.output ?? linkOf(stack, destination);
  const routed = routeOutput<Ip>(stack, destination, output === undefined ? {} : { device: output });
  if (!routed.ok) return complain(2, ANSWERS[routed.error]);
  const { entry, device, source } = routed.value;
  return ok({
    type: kindOf(entry.type),
    destination,
    from,
    via: entry.via,
    device: device.name,
    source: from === undefined || isIpv6(from) ? source : undefined,
    input: undefined,
    redirect: false,
    ...mtuOf({ io, here }, destination, routed.value),
    ...originOf(entry),
  });
}

/** What was learnt of the path counts until it expires. */
function mtuOf(
  { io, here }: Pick<Subject, 'io' | 'here'>,
  destination: Ip,
  route: OutputRoute<Ip>,
): Pick<Answer, 'mtu' | 'expires'> {
  const now = io.clock.now();
  const learnt = here.memory.pathMtu.get(destination);
  return learnt !== undefined && learnt.expires > now
    ? { mtu: pathMtu(route, learnt, now), expires: Math.floor((learnt.expires - now) / 1000) }
    : { mtu: route.entry.mtu, expires: undefined };
}

const originOf = ({ matched, metric }: RouteEntry<Ip>): Pick<Answer, 'protocol' | 'metric'> => ({
  protocol: matched.protocol,
  metric,
});

/** A link-local destination is looked for on the first link. */
const linkOf = (stack: Stack, destination: Ip): string | undefined =>
  isLinkLocalAddress(destination)
    ? tablesFor(stack, destination).routes.lookup(destination)?.device?.name
    : undefined;

const isMulticast6 = (address: Ip): address is Ipv6 => isIpv6(address) && cidrContains6(MULTICAST, address);

function multicastAnswer(
  stack: Stack,
  { destination, from, output }: GetWords & { readonly destination: Ipv6 },
): Parsed<Answer> {
  const device = stack.netns.devices.find(
    ({ name, up, kind }) => up && kind.type !== 'loopback' && (output === undefined || name === output),
  );
  const source = device && selectAddress6(stack, device, destination);
  if (!device || source === undefined) return complain(2, ANSWERS['net-unreachable']);
  return ok({
    type: 'multicast',
    destination,
    from,
    via: undefined,
    device: device.name,
    source,
    input: undefined,
    redirect: false,
    mtu: undefined,
    expires: undefined,
    protocol: 'kernel',
    metric: KERNEL_METRIC,
  });
}

interface ForwardedWords extends GetWords {
  readonly destination: Ip;
  readonly input: string;
}

function forwardedAnswer({ here }: Subject, { destination, from, input }: ForwardedWords): Parsed<Answer> {
  const stack = stackOf(here.netns);
  const entry = tablesFor(stack, destination).routes.lookup(destination, from);
  const refusal = isIpv4(destination) ? inetRefusal(here.netns, entry, from) : undefined;
  if (refusal !== undefined) return complain(2, ANSWERS[refusal]);
  if (!entry) return complain(2, ANSWERS['net-unreachable']);
  if (!entry.device) return complain(2, ANSWERS[REFUSALS[entry.type] ?? 'invalid']);
  const type = kindOf(entry.type);
  return ok({
    type,
    destination,
    from,
    via: entry.via,
    device: type === 'local' ? 'lo' : entry.device.name,
    source: undefined,
    input,
    redirect: type === 'unicast' && entry.device.name === input,
    mtu: entry.mtu,
    expires: undefined,
    ...originOf(entry),
  });
}

/** IPv4 wants to know from whom, and looks whether it forwards. */
function inetRefusal(
  { ipForward }: Netns,
  entry: RouteEntry<Ip> | undefined,
  from: Ip | undefined,
): RouteError | undefined {
  if (from === undefined) return 'invalid';
  const isOwn = entry?.type === 'local' || entry?.type === 'broadcast';
  return isOwn || ipForward ? undefined : 'host-unreachable';
}

const REFUSALS: Readonly<Record<string, RouteError>> = {
  unreachable: 'host-unreachable',
  prohibit: 'prohibited',
};

const kindOf = (type: string): Answer['type'] =>
  type === 'local' || type === 'broadcast' ? type : 'unicast';

function cacheFlags({ type, redirect }: Answer): readonly string[] {
  if (type === 'local') return ['local'];
  if (type === 'broadcast') return ['local', 'brd'];
  return redirect ? ['redirect'] : [];
}

/** In IPv6 a line as of a route; the second line is IPv4's alone. */
function answerText6(answer: Answer): string {
  const { type, destination, from, via, device, protocol, source, metric, expires, mtu, input } = answer;
  const words = [
    ...(type === 'unicast' ? [] : [type]),
    formatIp(destination),
    `from ${from === undefined ? '::' : formatIp(from)}`,
    ...(via === undefined ? [] : [`via ${formatIp(via)}`]),
    `dev ${device}`,
    ...(type === 'unicast' ? [] : ['table local']),
    ...(protocol === 'boot' ? [] : [`proto ${protocol}`]),
    ...(source === undefined ? [] : [`src ${formatIp(source)}`]),
    `metric ${metric}`,
    ...(expires === undefined ? [] : [`expires ${expires}sec`]),
    ...(mtu === undefined ? [] : [`mtu ${mtu}`]),
    ...(input === undefined ? [] : [`iif ${input}`]),
    'pref medium',
  ];
  return `${words.join(' ')}\n`;
}

function answerJson6(answer: Answer): Json {
  const { type, destination, from, via, device, protocol, source, metric, expires, mtu, input } = answer;
  return {
    ...(type === 'unicast' ? {} : { type }),
    dst: formatIp(destination),
    from: from === undefined ? '::' : formatIp(from),
    ...(via === undefined ? {} : { gateway: formatIp(via) }),
    dev: device,
    ...(type === 'unicast' ? {} : { table: 'local' }),
    ...(protocol === 'boot' ? {} : { protocol }),
    ...(source === undefined ? {} : { prefsrc: formatIp(source) }),
    metric,
    flags: [],
    ...(expires === undefined ? {} : { expires }),
    ...(mtu === undefined ? {} : { metrics: [{ mtu }] }),
    ...(input === undefined ? {} : { iif: input }),
    pref: 'medium',
  };
}

function answerText(answer: Answer): string {
  if (isIpv6(answer.destination)) return answerText6(answer);
  const flags = cacheFlags(answer);
  const first = [
    ...(answer.type === 'unicast' ? [] : [answer.type]),
    formatIp(answer.destination),
    ...(answer.from === undefined ? [] : [`from ${formatIp(answer.from)}`]),
    ...(answer.via === undefined ? [] : [`via ${formatIp(answer.via)}`]),
    `dev ${answer.device}`,
    ...(answer.source === undefined ? [] : [`src ${formatIp(answer.source)}`]),
    ...(answer.input === undefined ? ['uid 0'] : []),
  ];
  const second = [
    'cache',
    ...(flags.length === 0 ? [] : [`<${flags.join(',')}>`]),
    ...(answer.expires === undefined ? [] : [`expires ${answer.expires}sec`]),
    ...(answer.mtu === undefined ? [] : [`mtu ${answer.mtu}`]),
    ...(answer.input === undefined ? [] : [`iif ${answer.input}`]),
  ];
  return `${first.join(' ')} \n    ${second.join(' ')} \n`;
}

function answerJson(answer: Answer): Json {
  if (isIpv6(answer.destination)) return answerJson6(answer);
  return {
    ...(answer.type === 'unicast' ? {} : { type: answer.type }),
    dst: formatIp(answer.destination),
    ...(answer.from === undefined ? {} : { from: formatIp(answer.from) }),
    ...(answer.via === undefined ? {} : { gateway: formatIp(answer.via) }),
    dev: answer.device,
    ...(answer.source === undefined ? {} : { prefsrc: formatIp(answer.source) }),
    flags: [],
    ...(answer.input === undefined ? { uid: 0 } : {}),
    cache: cacheFlags(answer),
    ...(answer.expires === undefined ? {} : { expires: answer.expires }),
    ...(answer.mtu === undefined ? {} : { metrics: [{ mtu: answer.mtu }] }),
    ...(answer.input === undefined ? {} : { iif: answer.input }),
  };
}
