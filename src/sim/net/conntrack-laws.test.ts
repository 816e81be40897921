/**
 * Whatever a nat rule asks, a flow and its reply are one connection: the reply matches the flow's entry, is translated back
 * to what the client sent to, and no packet of another flow is taken for either.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isIpv4 } from '../../model/ip-family.ts';
import type { Ip, Ipv4, Ipv6 } from '../../model/ip.ts';
import type { IpPacket, Ipv4Packet } from '../../model/packet.ts';
import { bindNat, confirm, track, translate, type NatRequest, type Tracked } from './conntrack.ts';
import { flowTuple, ownPacket, rewrite } from './flow.ts';
import { MemoryDraft } from './memory.ts';
import { NO_MEMORY } from './netns.ts';

const NOW = 1_000;
/** Few, so that flows collide and ports are taken. */
const address = fc.integer({
  min: 0x0af40001,
  max: 0x0af40004,
}) as fc.Arbitrary<number> as fc.Arbitrary<Ipv4>;
const port = fc.integer({ min: 1, max: 5 }).map((at) => 32_767 + at);

type Payload = Parameters<typeof ownPacket>[1];
const payload: fc.Arbitrary<Payload> = fc.oneof(
  fc.tuple(port, port).map(([sourcePort, destinationPort]) => ({
    kind: 'udp' as const,
    sourcePort,
    destinationPort,
    payload: { kind: 'data' as const, bytes: new Uint8Array(4) },
  })),
  fc.tuple(port, port).map(([sourcePort, destinationPort]) => ({
    kind: 'tcp' as const,
    sourcePort,
    destinationPort,
    sequence: 1,
    acknowledgement: 0,
    flags: { syn: true },
    window: 1000,
    options: [],
    payload: new Uint8Array(0),
  })),
  port.map((identifier) => ({
    kind: 'icmp-echo' as const,
    reply: false,
    identifier,
    sequence: 1,
    dataLength: 56,
  })),
);

const packet: fc.Arbitrary<Ipv4Packet & { readonly payload: Payload }> = fc
  .record({ source: address, destination: address, payload })
  .filter(({ source, destination }) => source !== destination)
  .map((drawn) => ({ kind: 'ipv4', ttl: 64, tos: 0, id: 1, dontFragment: false, ...drawn }));

const dnat: fc.Arbitrary<NatRequest> = fc.record({ kind: fc.constant('dnat'), to: address, port });
const snat: fc.Arbitrary<NatRequest> = fc.record({
  kind: fc.constant('snat'),
  to: address,
  randomPort: fc.boolean(),
});
interface Flow {
  readonly packet: IpPacket;
  readonly dnat: NatRequest | undefined;
  readonly snat: NatRequest | undefined;
}
const flow: fc.Arbitrary<Flow> = fc
  .record({
    packet,
    dnat: fc.option(dnat, { nil: undefined }),
    snat: fc.option(snat, { nil: undefined }),
    six: fc.boolean(),
  })
  .map(({ six, ...drawn }) => (six ? inIpv6(drawn) : drawn));

const mapped = (own: Ip): Ip => (isIpv4(own) ? (`fd00${own.toString(16).padStart(28, '0')}` as Ipv6) : own);

/** The same flow between addresses of IPv6. */
function inIpv6({
  packet: own,
  dnat: to,
  snat: from,
}: Flow & { readonly packet: { readonly payload: Payload } }): Flow {
  const wish = (request: NatRequest | undefined): NatRequest | undefined =>
    request && { ...request, to: mapped(request.to) };
  const header = { source: mapped(own.source), destination: mapped(own.destination), ttl: 64, now: 0 };
  return { packet: ownPacket(header, own.payload), dnat: wish(to), snat: wish(from) };
}

/** What the other end answers to a packet it got. */
function answerTo(arrived: IpPacket): IpPacket {
  const { payload: got, source, destination } = arrived;
  const header = rewrite(arrived, { source: destination, destination: source });
  switch (got.kind) {
    case 'udp':
      return {
        ...header,
        payload: { ...got, sourcePort: got.destinationPort, destinationPort: got.sourcePort },
      };
    case 'tcp':
      return {
        ...header,
        payload: {
          ...got,
          sourcePort: got.destinationPort,
          destinationPort: got.sourcePort,
          flags: { syn: true, ack: true },
        },
      };
    case 'icmp-echo':
      return { ...header, payload: { ...got, reply: true } };
    default:
      throw new RangeError(`nobody answers ${got.kind}`);
  }
}

const through = (passing: IpPacket, tracked: Tracked): IpPacket =>
  translate(translate(passing, tracked, 'destination'), tracked, 'source');

/** A stack that routes the packet: what leaves it, and the connection it is of; undefined for an invalid one. */
function pass(
  memory: MemoryDraft,
  passing: IpPacket,
  wishes: readonly (NatRequest | undefined)[] = [],
): { readonly left: IpPacket; readonly tracked: Tracked } | undefined {
  const tracked = track(memory, passing, NOW);
  if (!tracked) return undefined;
  if (tracked.unconfirmed) {
    for (const wish of wishes) if (wish) bindNat(memory, tracked, wish, NOW);
  }
  const left = through(passing, tracked);
  confirm(memory, tracked, passing, NOW);
  return { left, tracked };
}

/** The first packet of a flow; undefined when another connection has it, or would have its answers: those cannot be told apart. */
function begin(memory: MemoryDraft, { packet: first, dnat: to, snat: from }: Flow) {
  const tracked = track(memory, first, NOW);
  if (!tracked?.unconfirmed) return undefined;
  for (const wish of [to, from]) if (wish) bindNat(memory, tracked, wish, NOW);
  const { protocol, reply } = tracked.entry;
  const isTaken = (['original', 'reply'] as const).some((direction) =>
    memory.connection({ protocol, tuple: reply, direction }, NOW),
  );
  if (isTaken) return undefined;
  const left = through(first, tracked);
  confirm(memory, tracked, first, NOW);
  return { first, left, tracked };
}

test('the reply is of the same connection and goes back to the client from where the client sent to', () => {
  let answered = 0;
  fc.assert(
    fc.property(fc.array(flow, { minLength: 1, maxLength: 6 }), (flows) => {
      const memory = new MemoryDraft(NO_MEMORY);
      for (const each of flows) {
        const begun = begin(memory, each);
        if (!begun) continue;
        const back = pass(memory, answerTo(begun.left));
        expect(back?.tracked).toMatchObject({ direction: 'reply', state: 'ESTABLISHED', unconfirmed: false });
        expect(back?.tracked.entry.original).toEqual(begun.tracked.entry.original);
        expect(back && flowTuple(back.left)).toEqual(flowTuple(answerTo(begun.first)));
        answered += 1;
      }
    }),
    { seed: 4, numRuns: 500 },
  );
  expect(answered).toBeGreaterThan(500);
});

test('later packets of a flow leave as its first one did, whatever rules say by then', () => {
  fc.assert(
    fc.property(
      flow,
      fc.option(dnat, { nil: undefined }),
      fc.option(snat, { nil: undefined }),
      (each, to, from) => {
        const memory = new MemoryDraft(NO_MEMORY);
        const begun = begin(memory, each);
        if (!begun) return;
        expect(pass(memory, begun.first, [to, from])?.left).toEqual(begun.left);
      },
    ),
    { seed: 4, numRuns: 300 },
  );
});

test('what conntrack remembers survives being written down: a new draft answers alike', () => {
  fc.assert(
    fc.property(flow, (each) => {
      const memory = new MemoryDraft(NO_MEMORY);
      const begun = begin(memory, each);
      if (!begun) return;
      const later = new MemoryDraft(memory.after(NOW));
      expect(pass(later, answerTo(begun.left))?.left).toEqual(pass(memory, answerTo(begun.left))?.left);
    }),
    { seed: 4, numRuns: 300 },
  );
});
