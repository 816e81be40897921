/**
 * `ip route get`: asks the stack's own lookup, the one packets use, and prints its answer. With `from ... iif ...` it is the
 * lookup of a forwarded packet. Format: iproute2 6.1 ip/iproute.c, compared with the real tool.
 */
import type { Json } from '../../../base/json.ts';
import { ok } from '../../../base/result.ts';
import type { Ipv4 } from '../../../model/ip.ts';
import { formatIpv4 } from '../../../model/ip.ts';
import { pathMtu, routeOutput, type RouteError } from '../../net/output-route.ts';
import { stackOf } from '../../net/stack.ts';
import { complain, type Parsed } from '../network/complaint.ts';
import { deviceNamed } from '../network/here.ts';
import { parseKeywords, type Grammar } from '../network/keywords.ts';
import { parseIpv4 } from '../../../model/ip.ts';
import { jsonText } from './device-list.ts';
import { readPrefix } from './route-words.ts';
import type { Subject } from './subject.ts';

interface GetWords {
  readonly destination?: Ipv4;
  readonly from?: Ipv4;
  readonly input?: string;
  readonly output?: string;
}

const GET: Grammar<GetWords> = {
  keywords: [
    { names: ['from'], exact: true, read: readFrom },
    { names: ['iif'], read: (words, input) => ok({ ...words, input }) },
    { names: ['oif', 'dev'], exact: true, read: (words, output) => ok({ ...words, output }) },
    { names: ['to'], exact: true, read: readDestination },
  ],
  bare: readDestination,
};

function readFrom(words: GetWords, value: string): Parsed<GetWords> {
  const from = parseIpv4(value);
  return from === undefined
    ? complain(1, `Error: inet prefix is expected rather than "${value}".`)
    : ok({ ...words, from });
}

function readDestination(words: GetWords, value: string): Parsed<GetWords> {
  const prefix = readPrefix(value);
  if (prefix.ok) return ok({ ...words, destination: prefix.value.address });
  return words.destination === undefined
    ? prefix
    : complain(1, `Error: inet prefix is expected rather than "${value}".`);
}

/** What the kernel answers. */
interface Answer {
  readonly type: 'unicast' | 'local' | 'broadcast';
  readonly destination: Ipv4;
  readonly from: Ipv4 | undefined;
  readonly via: Ipv4 | undefined;
  readonly device: string;
  /** Absent where the caller gave the source. */
  readonly source: Ipv4 | undefined;
  readonly input: string | undefined;
  readonly redirect: boolean;
  readonly mtu: number | undefined;
  /** Seconds until a learnt path MTU is forgotten. */
  readonly expires: number | undefined;
}

export function getRoute(subject: Subject, words: readonly string[]): Parsed<string> {
  const wanted = parseKeywords(words, GET, {});
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

function ownAnswer({ io, here }: Subject, words: GetWords & { readonly destination: Ipv4 }): Parsed<Answer> {
  const { destination, from, output } = words;
  const stack = stackOf(here.netns);
  if (from !== undefined && !stack.routes.isLocal(from)) return complain(2, ANSWERS['net-unreachable']);
  const routed = routeOutput(stack, destination, output === undefined ? {} : { device: output });
  if (!routed.ok) return complain(2, ANSWERS[routed.error]);
  const { entry, device, source } = routed.value;
  const now = io.clock.now();
  const learnt = here.memory.pathMtu.get(destination);
  const fresh = learnt !== undefined && learnt.expires > now;
  return ok({
    type: kindOf(entry.type),
    destination,
    from,
    via: entry.via,
    device: device.name,
    source: from === undefined ? source : undefined,
    input: undefined,
    redirect: false,
    mtu: fresh ? pathMtu(routed.value, learnt, now) : entry.mtu,
    expires: fresh ? Math.floor((learnt.expires - now) / 1000) : undefined,
  });
}

interface ForwardedWords extends GetWords {
  readonly destination: Ipv4;
  readonly input: string;
}

function forwardedAnswer({ here }: Subject, { destination, from, input }: ForwardedWords): Parsed<Answer> {
  const stack = stackOf(here.netns);
  const entry = stack.routes.lookup(destination, from);
  if (from === undefined) return complain(2, ANSWERS.invalid);
  const isOwn = entry?.type === 'local' || entry?.type === 'broadcast';
  if (!isOwn && !here.netns.ipForward) return complain(2, ANSWERS['host-unreachable']);
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
  });
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

function answerText(answer: Answer): string {
  const flags = cacheFlags(answer);
  const first = [
    ...(answer.type === 'unicast' ? [] : [answer.type]),
    formatIpv4(answer.destination),
    ...(answer.from === undefined ? [] : [`from ${formatIpv4(answer.from)}`]),
    ...(answer.via === undefined ? [] : [`via ${formatIpv4(answer.via)}`]),
    `dev ${answer.device}`,
    ...(answer.source === undefined ? [] : [`src ${formatIpv4(answer.source)}`]),
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
  return {
    ...(answer.type === 'unicast' ? {} : { type: answer.type }),
    dst: formatIpv4(answer.destination),
    ...(answer.from === undefined ? {} : { from: formatIpv4(answer.from) }),
    ...(answer.via === undefined ? {} : { gateway: formatIpv4(answer.via) }),
    dev: answer.device,
    ...(answer.source === undefined ? {} : { prefsrc: formatIpv4(answer.source) }),
    flags: [],
    ...(answer.input === undefined ? { uid: 0 } : {}),
    cache: cacheFlags(answer),
    ...(answer.expires === undefined ? {} : { expires: answer.expires }),
    ...(answer.mtu === undefined ? {} : { metrics: [{ mtu: answer.mtu }] }),
    ...(answer.input === undefined ? {} : { iif: answer.input }),
  };
}
