/**
 * `traceroute` 2.1.2: probes with a growing time to live, and who complained about each. UDP to high ports by default, ICMP
 * echoes with -I. Each probe is one walk through the lab's stacks.
 */
import { familyOf, formatIp, isIpv4, isIpv6 } from '../../../model/ip-family.ts';
import { UNSPECIFIED, type Ip } from '../../../model/ip.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import type { ProbeReply } from '../../net/exchange.ts';
import { speaksInet6 } from '../../net/inet6.ts';
import type { RouteError } from '../../net/output-route.ts';
import { routeOutput } from '../../net/output-route.ts';
import { stackOf } from '../../net/stack.ts';
import type { Command, CommandIo } from '../command.ts';
import { flagWords } from '../network/flags.ts';
import { hereOf, type Here } from '../network/here.ts';
import { ephemeralPort, identifierOf } from '../network/identifier.ts';
import { hostName, type WantedFamily } from '../network/names.ts';
import { LOOK_UP_ERRORS, lookUpAll } from '../network/resolver.ts';
import { TRACEROUTE } from './flags.ts';
import { parseTraceroute, type TracerouteWishes } from './parse.ts';
import { TraceRun, type ProbeResult } from './trace-run.ts';

export const traceroute = tracerouteCommand('traceroute', 'any');

/** The name by which it asks for IPv6. */
export const traceroute6 = tracerouteCommand('traceroute6', 6);

function tracerouteCommand(name: string, family: WantedFamily): Command {
  return {
    name,
    summary: family === 6 ? 'traceroute by IPv6' : 'which routers a packet passes on its way',
    places: ['workstation', 'node', 'router', 'host', 'pod'],
    async run(io: CommandIo): Promise<number> {
      const line = parseTraceroute(io.args, family);
      if (!line.ok) {
        await io.stderr.write(`${line.error.message}\n`);
        return line.error.status;
      }
      if (line.value.kind === 'text') {
        await io.stderr.write(line.value.text);
        return 0;
      }
      return trace(io, line.value.wishes);
    },
    complete: (words) => (words.at(-1)?.startsWith('-') === true ? flagWords(TRACEROUTE) : []),
  };
}

/** IP and UDP headers. */
const HEADERS = { 4: 28, 6: 48 } as const;
const DATA = 32;

async function trace(io: CommandIo, wishes: TracerouteWishes): Promise<number> {
  const { host, hostPosition, lastHop, family } = wishes;
  const found = await lookUpAll(io, host, { family });
  if (!found.ok) {
    await io.stderr.write(
      `${host}: ${LOOK_UP_ERRORS[found.error]}\nCannot handle "host" cmdline arg \`${host}' on position 1 (argc ${hostPosition})\n`,
    );
    return 2;
  }
  // Of several addresses it takes one of IPv4.
  const address = found.value.find(isIpv4) ?? found.value[0] ?? UNSPECIFIED;
  const headers = HEADERS[familyOf(address)];
  const packetLength = Math.max(headers, wishes.packetLength ?? headers + DATA);
  await io.stdout.write(
    `traceroute to ${host} (${formatIp(address)}), ${lastHop} hops max, ${packetLength} byte packets`,
  );
  const here = ready(io, address);
  if (!here.ok) {
    await io.stderr.write(`\nconnect: ${here.error}\n`);
    return 1;
  }
  const run = new TraceRun(wishes, {
    clock: io.clock,
    signal: io.signal,
    send: prober(io, wishes, { here: here.value, address, dataLength: packetLength - headers }),
  });
  const printer = new HopPrinter(io, wishes);
  try {
    for await (const result of run.results()) await printer.print(result);
  } catch (reason) {
    if (!io.signal.aborted) throw reason;
  }
  await io.stdout.write('\n');
  return 0;
}

const CONNECT_ERRORS: Readonly<Record<RouteError, string>> = {
  invalid: 'Invalid argument',
  'net-unreachable': 'Network is unreachable',
  'host-unreachable': 'No route to host',
  prohibited: 'Permission denied',
};

/** traceroute connects a socket for each probe: without a route it ends there. */
function ready(io: CommandIo, address: Ip): Result<Here, string> {
  const here = hereOf(io);
  if (!here) return err(CONNECT_ERRORS['net-unreachable']);
  if (isIpv6(address) && !here.netns.devices.some(({ name }) => speaksInet6(here.netns, name)))
    return err('Cannot assign requested address');
  const routed = routeOutput(stackOf(here.netns), address);
  return routed.ok ? ok(here) : err(CONNECT_ERRORS[routed.error]);
}

interface Target {
  readonly here: Here;
  readonly address: Ip;
  /** Bytes after the UDP or ICMP header. */
  readonly dataLength: number;
}

type Sent = Exclude<ProbeReply, { readonly kind: 'local-error' }>;

function prober(
  io: CommandIo,
  wishes: TracerouteWishes,
  { here, address, dataLength }: Target,
): (index: number, ttl: number) => Sent {
  const identifier = identifierOf(io, 'traceroute');
  const sourcePort = ephemeralPort(io, 'traceroute');
  const common = { from: here.id, to: address, dataLength };
  return (index, ttl) => {
    const { reply } = wishes.icmp
      ? io.network.echo({ ...common, ttl, identifier, sequence: index + 1, pmtuDiscovery: 'dont' })
      : io.network.udpProbe({
          ...common,
          ttl,
          sourcePort: sourcePort + index,
          destinationPort: wishes.port + index,
        });
    return reply.kind === 'local-error' ? { kind: 'silence' } : reply;
  };
}

/** One line a hop: the address once while it stays the same, and a time or a star for each probe. */
class HopPrinter {
  readonly #io: CommandIo;
  readonly #wishes: TracerouteWishes;
  #hop = 0;
  #from: Ip | undefined;

  constructor(io: CommandIo, wishes: TracerouteWishes) {
    this.#io = io;
    this.#wishes = wishes;
  }

  async print({ hop, answer }: ProbeResult): Promise<void> {
    let text = '';
    if (hop !== this.#hop) {
      text = `\n${String(hop).padStart(2)} `;
      this.#hop = hop;
      this.#from = undefined;
    }
    if (!answer) {
      await this.#io.stdout.write(`${text} *`);
      return;
    }
    if (answer.from !== this.#from) text += ` ${this.#nameOf(answer.from)}`;
    this.#from = answer.from;
    text += `  ${answer.rtt.toFixed(3)} ms${answer.note === '' ? '' : ` ${answer.note}`}`;
    await this.#io.stdout.write(text);
  }

  #nameOf(address: Ip): string {
    const text = formatIp(address);
    return this.#wishes.numeric ? text : `${hostName(this.#io, address) ?? text} (${text})`;
  }
}
