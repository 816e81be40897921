/**
 * `ping` of iputils: one echo request an interval, answers and errors printed as they come back in virtual time, the summary
 * at the end or at Ctrl-C. Each request is one walk through the lab's stacks (`NetworkPort.echo`).
 */
import type { Ipv4 } from '../../../model/ip.ts';
import { formatIpv4, parseIpv4 } from '../../../model/ip.ts';
import type { ProbeReply } from '../../net/exchange.ts';
import type { Command, CommandIo } from '../command.ts';
import { complain, type Complaint } from '../network/complaint.ts';
import { flagWords } from '../network/flags.ts';
import { deviceNamed, hereOf, type Here } from '../network/here.ts';
import { hostName } from '../network/names.ts';
import { LOOK_UP_ERRORS, lookUp } from '../network/resolver.ts';
import { identifierOf } from '../network/identifier.ts';
import { ok, type Result } from '../../../base/result.ts';
import { routeOutput } from '../../net/output-route.ts';
import { stackOf } from '../../net/stack.ts';
import { PING } from './flags.ts';
import { parsePing, type PingWishes } from './parse.ts';
import { headLine, summary, viaText } from './print.ts';
import { PingRun } from './run.ts';

export const ping: Command = {
  name: 'ping',
  summary: 'ask a host for an answer, once a second',
  places: ['workstation', 'node', 'router', 'host', 'pod'],
  async run(io: CommandIo): Promise<number> {
    const line = parsePing(io.args);
    if (!line.ok) return fail(io, line.error);
    if (line.value.kind === 'version') {
      await io.stdout.write(
        'ping from iputils 20221126\nlibcap: yes, IDN: yes, NLS: no, error.h: yes, getrandom(): yes, __fpending(): yes\n',
      );
      return 0;
    }
    const { wishes } = line.value;
    if (wishes.grumble) await io.stderr.write(wishes.grumble);
    const address = await lookUp(io, wishes.destination);
    if (!address.ok) {
      const message = `ping: ${wishes.destination}: ${LOOK_UP_ERRORS[address.error]}`;
      return fail(io, { message, status: 2 });
    }
    const target = readTarget(io, wishes, address.value);
    if (!target.ok) return fail(io, target.error);
    return pingTarget(io, wishes, target.value);
  },
  complete: (words) => (words.at(-1)?.startsWith('-') === true ? flagWords(PING) : []),
};

async function fail(io: CommandIo, { message, status }: Complaint): Promise<number> {
  await io.stderr.write(`${message}\n`);
  return status;
}

interface Target {
  readonly here: Here;
  readonly address: Ipv4;
  readonly source: Ipv4 | undefined;
  readonly device: string | undefined;
  readonly via: string;
}

/** Everything that makes ping give up before its first packet. */
function readTarget(io: CommandIo, wishes: PingWishes, address: Ipv4): Result<Target, Complaint> {
  const here = hereOf(io);
  if (!here) return complain(2, 'ping: connect: Network is unreachable');
  const to = address === 0 ? (0x7f000001 as Ipv4) : address;
  const bound = readSource(here, wishes, to);
  if (!bound.ok) return bound;
  const refusal = connectRefusal(here, to, bound.value);
  if (refusal !== undefined) return complain(2, refusal);
  if (wishes.ttl === 0) return complain(2, 'ping: cannot set unicast time-to-live: Invalid argument');
  return ok({ here, address: to, ...bound.value });
}

type Source = Pick<Target, 'source' | 'device' | 'via'>;

/** -I: an address of this stack, or one of its devices. */
function readSource(here: Here, { from }: PingWishes, to: Ipv4): Result<Source, Complaint> {
  if (from === undefined) return ok({ source: undefined, device: undefined, via: '' });
  const source = parseIpv4(from);
  if (source !== undefined) {
    if (!stackOf(here.netns).routes.isLocal(source))
      return complain(2, 'ping: bind: Cannot assign requested address');
    return ok({ source, device: undefined, via: viaText(from, undefined) });
  }
  if (!deviceNamed(here.netns, from)) return complain(2, `ping: SO_BINDTODEVICE ${from}: No such device`);
  const routed = routeOutput(stackOf(here.netns), to, { device: from });
  const shown = routed.ok ? (routed.value.source ?? (0 as Ipv4)) : (0 as Ipv4);
  return ok({ source: undefined, device: from, via: viaText(formatIpv4(shown), from) });
}

/** ping connects a socket first, to learn its source; -I with an address skips that. */
function connectRefusal(here: Here, to: Ipv4, { source, device }: Source): string | undefined {
  if (source !== undefined) return undefined;
  const stack = stackOf(here.netns);
  const broadcast = 'ping: Do you want to ping broadcast? Then -b. If not, check your local firewall rules';
  if (stack.routes.isBroadcast(to)) return broadcast;
  const routed = routeOutput(stack, to, device === undefined ? {} : { device });
  if (routed.ok) return undefined;
  if (routed.error === 'prohibited') return broadcast;
  return `ping: connect: ${CONNECT_ERRORS[routed.error]}`;
}

const CONNECT_ERRORS = {
  invalid: 'Invalid argument',
  'net-unreachable': 'Network is unreachable',
  'host-unreachable': 'No route to host',
} as const;

async function pingTarget(io: CommandIo, wishes: PingWishes, target: Target): Promise<number> {
  const { here, address, source, device, via } = target;
  const identifier = identifierOf(io, 'ping');
  const numeric = wishes.numeric || parseIpv4(wishes.destination) !== undefined;
  await io.stdout.write(headLine(wishes.destination, formatIpv4(address), wishes.dataLength, via));
  const run = new PingRun(io, wishes, {
    identifier: wishes.verbose ? identifier : undefined,
    nameOf: (from) => nameOf(io, from, numeric),
    probe: (sequence): ProbeReply =>
      io.network.echo({
        from: here.id,
        to: address,
        ...(source === undefined ? {} : { source }),
        ...(device === undefined ? {} : { device }),
        identifier,
        sequence,
        ttl: wishes.ttl,
        dataLength: wishes.dataLength,
        pmtuDiscovery: wishes.pmtuDiscovery,
      }).reply,
  });
  const statistics = await run.untilDone();
  await io.stdout.write(summary(wishes.destination, statistics));
  return exitCode(wishes, statistics);
}

/** 0 when answers came (all of them, if a count and a deadline were both given), else 1. */
function exitCode({ count, deadline }: PingWishes, { received }: { readonly received: number }): number {
  if (received === 0) return 1;
  return deadline !== undefined && count !== undefined && received < count ? 1 : 0;
}

function nameOf(io: CommandIo, address: Ipv4, numeric: boolean): string {
  const text = formatIpv4(address);
  return numeric ? text : `${hostName(io, address) ?? text} (${text})`;
}
