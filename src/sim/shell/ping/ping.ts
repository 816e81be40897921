/**
 * `ping` of iputils: one echo request an interval, answers and errors printed as they come back in virtual time, the summary
 * at the end or at Ctrl-C. Each request is one walk through the lab's stacks (`NetworkPort.echo`).
 */
import { familyOf, formatIp, isIpv4, isIpv6, parseIp, unspecifiedLike } from '../../../model/ip-family.ts';
import { UNSPECIFIED, type Ip, type Ipv4 } from '../../../model/ip.ts';
import { isLinkLocalAddress, speaksInet6 } from '../../net/inet6.ts';
import type { ProbeReply } from '../../net/exchange.ts';
import type { Command, CommandIo } from '../command.ts';
import { complain, type Complaint } from '../network/complaint.ts';
import { flagWords } from '../network/flags.ts';
import { deviceNamed, hereOf, type Here } from '../network/here.ts';
import { hostName, type WantedFamily } from '../network/names.ts';
import { LOOK_UP_ERRORS, lookUp } from '../network/resolver.ts';
import { identifierOf } from '../network/identifier.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import { routeOutput } from '../../net/output-route.ts';
import { stackOf, tablesFor } from '../../net/stack.ts';
import { PING } from './flags.ts';
import { parsePing, type PingWishes } from './parse.ts';
import { headLine, headLine6, summary, viaText } from './print.ts';
import { PingRun } from './run.ts';

export const ping = pingCommand('ping', 'any');

/** The name by which older scripts ask for IPv6. */
export const ping6 = pingCommand('ping6', 6);

function pingCommand(name: string, family: WantedFamily): Command {
  return {
    name,
    summary: family === 6 ? 'ping by IPv6' : 'ask a host for an answer, once a second',
    places: ['workstation', 'node', 'router', 'host', 'pod'],
    run: (io) => run(io, family, spokenBy(io, name)),
    complete: (words) => (words.at(-1)?.startsWith('-') === true ? flagWords(PING) : []),
  };
}

type Say = (text: string) => Promise<void>;

/** Complaints begin with the name under which the tool was called. */
const spokenBy =
  (io: CommandIo, name: string): Say =>
  (text) =>
    io.stderr.write(text.replaceAll(/^ping:/gm, `${name}:`));

async function run(io: CommandIo, family: WantedFamily, say: Say): Promise<number> {
  const line = parsePing(io.args, family);
  if (!line.ok) return fail(say, line.error);
  if (line.value.kind === 'version') {
    await io.stdout.write(
      'ping from iputils 20221126\nlibcap: yes, IDN: yes, NLS: no, error.h: yes, getrandom(): yes, __fpending(): yes\n',
    );
    return 0;
  }
  const { wishes } = line.value;
  if (wishes.grumble) await say(wishes.grumble);
  const { host, zone } = zoneOf(io, wishes.destination);
  const address =
    zone === 'unknown' ? err('unknown' as const) : await lookUp(io, host, { family: wishes.family });
  if (!address.ok) {
    const message = `ping: ${wishes.destination}: ${LOOK_UP_ERRORS[address.error]}`;
    return fail(say, { message, status: 2 });
  }
  const target = readTarget(io, { wishes, zone }, address.value);
  if (!target.ok) return fail(say, target.error);
  if (target.value.warning !== undefined) await say(target.value.warning);
  return pingTarget(io, wishes, target.value);
}

/** `fe80::1%eth0`: the device a link-local address is on (RFC 4007). */
function zoneOf(io: CommandIo, destination: string): { readonly host: string; readonly zone?: string } {
  const [host = '', zone] = destination.split('%');
  if (zone === undefined || !isLinkLocalAddress(parseIp(host) ?? UNSPECIFIED)) return { host: destination };
  const here = hereOf(io);
  return here && deviceNamed(here.netns, zone) ? { host, zone } : { host, zone: 'unknown' };
}

async function fail(say: Say, { message, status }: Complaint): Promise<number> {
  await say(`${message}\n`);
  return status;
}

interface Target {
  readonly here: Here;
  readonly address: Ip;
  readonly source: Ip | undefined;
  readonly device: string | undefined;
  readonly via: string;
  readonly warning?: string;
}

/** What was typed, and the device in it. */
interface Typed {
  readonly wishes: PingWishes;
  readonly zone: string | undefined;
}

/** Everything that makes ping give up before its first packet. */
function readTarget(io: CommandIo, { wishes, zone }: Typed, address: Ip): Result<Target, Complaint> {
  const here = hereOf(io);
  if (!here) return complain(2, 'ping: connect: Network is unreachable');
  const to = address === 0 ? (0x7f000001 as Ipv4) : address;
  const bound = readSource(here, wishes, to);
  if (!bound.ok) return bound;
  const source = { ...bound.value, device: bound.value.device ?? zone ?? linkOf(here, to) };
  const refusal = connectRefusal(here, to, source);
  if (refusal !== undefined) return complain(2, refusal);
  if (wishes.ttl === 0) return complain(2, 'ping: cannot set unicast time-to-live: Invalid argument');
  return ok({ here, address: to, ...source });
}

/** A link-local address without a device is looked for on the first link. */
const linkOf = ({ netns }: Here, to: Ip): string | undefined =>
  isLinkLocalAddress(to) ? tablesFor(stackOf(netns), to).routes.lookup(to)?.device?.name : undefined;

type Source = Pick<Target, 'source' | 'device' | 'via' | 'warning'>;

/** -I: an address of this stack, or one of its devices. */
function readSource(here: Here, { from }: PingWishes, to: Ip): Result<Source, Complaint> {
  if (from === undefined) return ok({ source: undefined, device: undefined, via: '' });
  const source = parseIp(from);
  const stack = stackOf(here.netns);
  if (source !== undefined) {
    if (!tablesFor(stack, source).routes.isLocal(source))
      return complain(2, 'ping: bind: Cannot assign requested address');
    // An address of the other family chooses nothing.
    if (familyOf(source) !== familyOf(to)) return ok({ ...unbound(here, to), device: undefined });
    return ok({ source, device: undefined, via: viaText(from, undefined) });
  }
  if (!deviceNamed(here.netns, from)) return complain(2, `ping: SO_BINDTODEVICE ${from}: No such device`);
  if (isLinkLocalAddress(to)) {
    const warning = `ping: Warning: source address might be selected on device other than: ${from}\n`;
    return ok({ source: undefined, device: from, via: viaText('::', from), warning });
  }
  const routed = routeOutput(stack, to, { device: from });
  const shown = (routed.ok ? routed.value.source : undefined) ?? unspecifiedLike(to);
  return ok({ source: undefined, device: from, via: viaText(formatIp(shown), from) });
}

function unbound(here: Here, to: Ip): Pick<Source, 'source' | 'via'> {
  const routed = routeOutput(stackOf(here.netns), to);
  const shown = (routed.ok ? routed.value.source : undefined) ?? unspecifiedLike(to);
  return { source: undefined, via: viaText(formatIp(shown), undefined) };
}

/** ping connects a socket first, to learn its source; -I with an address skips that. */
function connectRefusal(here: Here, to: Ip, { source, device }: Source): string | undefined {
  if (source !== undefined) return undefined;
  const stack = stackOf(here.netns);
  const broadcast = 'ping: Do you want to ping broadcast? Then -b. If not, check your local firewall rules';
  if (isIpv4(to) && stack.routes.isBroadcast(to)) return broadcast;
  if (isIpv6(to) && !here.netns.devices.some(({ name }) => speaksInet6(here.netns, name)))
    return 'ping: connect: Cannot assign requested address';
  const routed = routeOutput(stack, to, device === undefined ? {} : { device });
  if (routed.ok) return undefined;
  if (routed.error === 'prohibited') return isIpv6(to) ? 'ping: connect: Permission denied' : broadcast;
  return `ping: connect: ${CONNECT_ERRORS[routed.error]}`;
}

const CONNECT_ERRORS = {
  invalid: 'Invalid argument',
  'net-unreachable': 'Network is unreachable',
  'host-unreachable': 'No route to host',
} as const;

async function pingTarget(io: CommandIo, wishes: PingWishes, target: Target): Promise<number> {
  const { here, address, source, device, via } = target;
  const { destination, dataLength } = wishes;
  const identifier = identifierOf(io, 'ping');
  const numeric = wishes.numeric || parseIp(destination.replace(/%.*/, '')) !== undefined;
  const family = familyOf(address);
  const nameOf = (from: Ip): string => nameText(io, from, { numeric, zone: device });
  const head = family === 6 ? headLine6 : headLine;
  const isZoned = destination.includes('%');
  const shown =
    family === 4
      ? formatIp(address)
      : isZoned
        ? nameOf(address)
        : nameText(io, address, { numeric, zone: undefined });
  await io.stdout.write(head(destination, shown, dataLength, via));
  const run = new PingRun(io, wishes, {
    identifier: wishes.verbose ? identifier : undefined,
    family,
    nameOf,
    probe: (sequence): ProbeReply =>
      io.network.echo({
        from: here.id,
        to: address,
        ...(source === undefined ? {} : { source }),
        ...(device === undefined ? {} : { device }),
        identifier,
        sequence,
        ttl: wishes.ttl,
        dataLength,
        pmtuDiscovery: wishes.pmtuDiscovery,
      }).reply,
  });
  const statistics = await run.untilDone();
  await io.stdout.write(summary(destination, statistics));
  return exitCode(wishes, statistics);
}

/** 0 when answers came (all of them, if a count and a deadline were both given), else 1. */
function exitCode({ count, deadline }: PingWishes, { received }: { readonly received: number }): number {
  if (received === 0) return 1;
  return deadline !== undefined && count !== undefined && received < count ? 1 : 0;
}

interface NameStyle {
  readonly numeric: boolean;
  /** The device that a link-local address is told with. */
  readonly zone: string | undefined;
}

function nameText(io: CommandIo, address: Ip, { numeric, zone }: NameStyle): string {
  const text = `${formatIp(address)}${zone !== undefined && isLinkLocalAddress(address) ? `%${zone}` : ''}`;
  return numeric ? text : `${hostName(io, address) ?? text} (${text})`;
}
