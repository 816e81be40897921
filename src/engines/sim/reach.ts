/**
 * Answers `reach` from the simulator's traces: the flow is asked for, not sent, so that no capture of the learner's sees
 * it and no cache learns from it.
 */
import type { JsonObject } from '../../base/json.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { LabError, ReachFlow, ReachReport } from '../../lab/ports.ts';
import { formatIp, isIpv4, parseIp } from '../../model/ip-family.ts';
import type { Ip } from '../../model/ip.ts';
import { formatPlace } from '../../model/place.ts';
import type { NetnsId, Step, Trace } from '../../model/trace.ts';
import type { EchoOutcome, HttpOutcome, Simulator } from '../../sim/index.ts';

const PING_DATA = 56;
/** The headers of IP and ICMP before an echo's data. */
const echoHeaders = (to: Ip): number => (isIpv4(to) ? 28 : 48);
const LARGEST_LINK = 65_535;
/** An ephemeral port and an echo identifier nobody else in a lab uses. */
const SOURCE_PORT = 59_999;
const IDENTIFIER = 59_999;
const INITIAL_TTL = 64;
const MOST_HOPS = 16;

export function reach(simulator: Simulator, flow: ReachFlow): Result<ReachReport, LabError> {
  const from = simulator.netnsOf(flow.from);
  if (from === undefined || !simulator.network.netns(from)) {
    return err({
      code: 'place-not-running',
      message: `${formatPlace(flow.from)} is not running, so nothing can be sent from it.`,
      remedy: 'Wait until it runs, or reset the lab.',
    });
  }
  const to = addressOf(simulator, flow.to);
  if (to === undefined) return ok(withoutDestination(flow));
  const sent =
    flow.protocol === 'tcp' ? viaHttp(simulator, from, to, flow) : viaEcho(simulator, from, to, flow);
  const mtu = sent.delivered ? pathMtu(simulator, from, to) : undefined;
  return ok({ ...sent, hops: hops(simulator, from, to), ...(mtu === undefined ? {} : { pathMtu: mtu }) });
}

/** The walk there and the walks back. */
export function tracesOf(simulator: Simulator, flow: ReachFlow): Result<readonly Trace[], LabError> {
  const from = simulator.netnsOf(flow.from);
  const to = addressOf(simulator, flow.to);
  if (from === undefined || to === undefined) return ok([]);
  return ok(
    flow.protocol === 'tcp'
      ? askHttp(simulator, from, to, flow).traces
      : ping(simulator, from, to, PING_DATA).traces,
  );
}

type Sent = Omit<ReachReport, 'hops' | 'pathMtu'>;

function withoutDestination(flow: ReachFlow): ReachReport {
  const name =
    flow.to.kind === 'service'
      ? `service/${flow.to.name}`
      : flow.to.kind === 'address'
        ? flow.to.address
        : formatPlace(flow.to);
  return {
    delivered: false,
    disposition: 'no-route',
    reason: `${name} has no address.`,
    encapsulation: 'none',
    hops: [],
  };
}

function viaHttp(simulator: Simulator, from: NetnsId, to: Ip, flow: ReachFlow): Sent {
  const outcome = askHttp(simulator, from, to, flow);
  const seen = outcome.sourceSeen === undefined ? {} : { sourceSeen: formatIp(outcome.sourceSeen) };
  return { ...judged(outcome.traces, outcome.kind === 'response'), ...seen };
}

function askHttp(simulator: Simulator, from: NetnsId, to: Ip, flow: ReachFlow): HttpOutcome {
  return simulator.ask({
    kind: 'http',
    request: {
      from,
      to,
      port: flow.port ?? 80,
      sourcePort: SOURCE_PORT,
      host: formatIp(to),
      path: '/',
      method: 'GET',
    },
  }).outcome;
}

function viaEcho(simulator: Simulator, from: NetnsId, to: Ip, flow: ReachFlow): Sent {
  const outcome = ping(
    simulator,
    from,
    to,
    flow.size === undefined ? PING_DATA : flow.size - echoHeaders(to),
  );
  const sent = judged(outcome.traces, outcome.reply.kind === 'reply');
  const arrived = deliveredPacket(outcome.traces[0]);
  return { ...sent, ...(sent.delivered && arrived ? { sourceSeen: formatIp(arrived.packet.source) } : {}) };
}

function ping(simulator: Simulator, from: NetnsId, to: Ip, dataLength: number): EchoOutcome {
  return simulator.ask({
    kind: 'echo',
    request: {
      from,
      to,
      identifier: IDENTIFIER,
      sequence: 1,
      ttl: INITIAL_TTL,
      dataLength,
      pmtuDiscovery: 'do',
    },
  }).outcome;
}

function judged(traces: readonly Trace[], answered: boolean): Sent {
  const [there] = traces;
  const outer = there?.steps.find((step) => step.kind === 'encapsulate');
  return {
    ...(answered ? ARRIVED : ending(traces)),
    encapsulation: outer?.with ?? 'none',
    ...(outer
      ? {
          outer: { source: formatIp(outer.outer.source), destination: formatIp(outer.outer.destination) },
        }
      : {}),
  };
}

type Ending = Pick<Sent, 'delivered' | 'disposition' | 'reason'>;

const ARRIVED: Ending = {
  delivered: true,
  disposition: 'delivered',
  reason: 'The packet arrived and the answer came back.',
};

/** How a flow ended that got no answer: on the way there, or on the way back. */
function ending(traces: readonly Trace[]): Ending {
  const [there] = traces;
  const lost = traces.find(({ disposition }) => disposition !== 'delivered') ?? there;
  if (!there || lost === there) {
    return {
      delivered: false,
      disposition: there?.disposition ?? 'no-route',
      reason: reasonOf(there, false),
    };
  }
  return { delivered: false, disposition: 'reply-lost', reason: reasonOf(lost, true) };
}

function reasonOf(trace: Trace | undefined, replyLost: boolean): string {
  const drop = trace?.steps.findLast((step) => step.kind === 'drop');
  if (!trace || !drop) return 'The sender has no way to send it.';
  return `${replyLost ? 'The answer was lost' : 'It ended'} at ${trace.at}: ${drop.reason}`;
}

function deliveredPacket(trace: Trace | undefined): Extract<Step, { kind: 'deliver' }> | undefined {
  return trace?.steps.findLast((step) => step.kind === 'deliver');
}

/** As traceroute finds them: who answers that the TTL ran out, hop by hop, up to the destination. */
function hops(simulator: Simulator, from: NetnsId, to: Ip): readonly string[] {
  const found: string[] = [];
  for (let ttl = 1; ttl <= MOST_HOPS; ttl += 1) {
    const { reply } = simulator.ask({
      kind: 'udp-probe',
      request: { from, to, sourcePort: SOURCE_PORT, destinationPort: 33_433 + ttl, ttl, dataLength: 32 },
    }).outcome;
    if (reply.kind !== 'icmp-error' || reply.error !== 'ttl-exceeded') break;
    found.push(formatIp(reply.from));
  }
  return found;
}

/** Sends ever smaller packets that must not be fragmented, as path MTU discovery does (RFC 1191, RFC 8201). */
function pathMtu(simulator: Simulator, from: NetnsId, to: Ip): number | undefined {
  let size = LARGEST_LINK;
  for (let attempt = 0; attempt < MOST_HOPS; attempt += 1) {
    const { reply } = ping(simulator, from, to, size - echoHeaders(to));
    if (reply.kind === 'reply') return size;
    const told = 'mtu' in reply ? reply.mtu : undefined;
    if (told === undefined || told >= size) return undefined;
    size = told;
  }
  return undefined;
}

function addressOf(simulator: Simulator, to: ReachFlow['to']): Ip | undefined {
  const topology = simulator.world.topology;
  switch (to.kind) {
    case 'address':
      return parseIp(to.address);
    case 'pod':
      return addressIn(stored(simulator, 'pods', to)?.status, 'podIP');
    case 'service':
      return addressIn(stored(simulator, 'services', to)?.spec, 'clusterIP');
    case 'node':
      return topology.nodes.find(({ name }) => name === to.name)?.address.address;
    case 'host':
      return topology.hosts.find(({ name }) => name === to.name)?.address.address;
    case 'router':
      return topology.routers.find(({ name }) => name === to.name)?.ports[0]?.address.address;
    case 'workstation':
      return undefined;
  }
}

/** Read past the API server: packets find their way while it is down. */
const stored = (
  { world }: Simulator,
  resource: string,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): ReturnType<Simulator['world']['cluster']['store']['get']> =>
  world.cluster.store.get(resource, namespace, name);

function addressIn(part: JsonObject | undefined, key: string): Ip | undefined {
  const value = part?.[key];
  return typeof value === 'string' ? parseIp(value) : undefined;
}
