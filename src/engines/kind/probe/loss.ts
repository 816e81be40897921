/** Finds out where and why a packet that got no answer was lost. */
import { err, ok, type Result } from '../../../base/result.ts';
import type { ExecResult, LabError } from '../../../lab/ports.ts';
import type { NetnsId } from '../../../model/trace.ts';
import { send, type Attempt, type AttemptWish } from './attempt.ts';
import { explain, lastSighting, tunnelEnd, type Ending, type Loss } from './diagnosis.ts';
import type { Door } from './doors.ts';
import { notMeasured } from './errors.ts';
import { readTables, refusals, refusalText, TABLES_SCRIPT, type KernelTables } from './kernel-tables.ts';
import type { Sighting } from './sighting.ts';
import type { Measured } from './target.ts';

export interface LossQuestion {
  readonly measured: Measured;
  readonly sent: Attempt;
  readonly wish: AttemptWish;
  readonly bytes: number;
}

export interface Lost {
  readonly ending: Ending;
  /** It had arrived: its answer was lost. */
  readonly replyLost: boolean;
}

/** Seconds that a kernel's tables may take to be printed. */
const PATIENCE = 10;

export async function findLoss(question: LossQuestion): Promise<Result<Lost, LabError>> {
  const { sent, wish } = question;
  const ends = new Set(wish.ends.map(({ at }) => at));
  const arrived = sent.sightings.find(
    ({ at, way, direction, encapsulation }) =>
      ends.has(at) && way === 'there' && direction === 'in' && encapsulation === 'none',
  );
  const there = lastSighting(sent.sightings, 'there');
  if (!arrived) {
    const ending = await endingOf(question, lossOf(question, there));
    return ending.ok ? ok({ ending: ending.value, replyLost: false }) : ending;
  }
  return findReplyLoss(question, arrived);
}

async function findReplyLoss(question: LossQuestion, arrived: Sighting): Promise<Result<Lost, LabError>> {
  const back = lastSighting(question.sent.sightings, 'back');
  const loss = back
    ? lossOf(question, back)
    : {
        at: arrived.at,
        last: undefined,
        source: arrived.packet.destination,
        destination: arrived.packet.source,
        bytes: arrived.packet.length,
      };
  const ending = await endingOf(question, loss);
  if (!ending.ok) return ending;
  // Refused by the destination itself, it was never answered.
  const unanswered = !back && ['denied', 'refused'].includes(ending.value.disposition);
  return ok({ ending: ending.value, replyLost: !unanswered });
}

function lossOf({ wish, bytes }: LossQuestion, last: Sighting | undefined): Loss {
  if (!last) return { at: wish.from.at, last, source: '', destination: wish.address, bytes };
  const { at, outer, packet, length } = last;
  return {
    at,
    last,
    ...(outer ?? { source: packet.source, destination: packet.destination }),
    bytes: length,
  };
}

async function endingOf(question: LossQuestion, loss: Loss): Promise<Result<Ending, LabError>> {
  const door = question.wish.watched.find(({ at }) => at === loss.at);
  if (!door) return err(notMeasured(`${loss.at} was not watched`));
  const tables = await tablesAt(question, door, loss);
  if (!tables.ok) return tables;
  const { last } = loss;
  if (last?.direction === 'in' && last.encapsulation === 'vxlan' && !receives(tables.value, last))
    return ok({
      at: loss.at,
      disposition: 'port-closed',
      reason: 'no VXLAN device here receives on UDP port 4789',
    });
  const ending =
    explain(loss, tables.value) ?? (await insideTunnel(question, door, { loss, tables: tables.value }));
  if (ending) return ok(ending);
  const refused = await refusedAt(question, door);
  if (!refused.ok) return refused;
  return ok(
    refused.value
      ? { at: loss.at, disposition: 'denied', reason: refused.value }
      : unexplained(loss, tables.value),
  );
}

/** The packet was for this machine, and a device is there to unwrap it. */
const receives = ({ links, route }: KernelTables, { outer }: Sighting): boolean =>
  !outer || (route.ok && !route.local) || links.some(({ tunnel, up }) => tunnel === 'vxlan' && up);

async function insideTunnel(
  question: LossQuestion,
  door: Door,
  { loss, tables }: { readonly loss: Loss; readonly tables: KernelTables },
): Promise<Ending | undefined> {
  const destination = loss.last?.direction === 'out' ? tunnelEnd(loss, tables) : undefined;
  if (destination === undefined) return undefined;
  const outer = await tablesAt(question, door, { source: '', destination, last: undefined });
  if (!outer.ok) return undefined;
  const ending = explain({ ...loss, last: undefined, destination, bytes: 0 }, outer.value);
  return ending?.disposition === 'no-route'
    ? { ...ending, reason: 'no route to the tunnel endpoint' }
    : ending;
}

function unexplained(loss: Loss, { links }: KernelTables): Ending {
  const { at, last } = loss;
  const name = links.find(({ index }) => index === last?.device)?.name ?? 'its device';
  if (last?.direction === 'out')
    return { at, disposition: 'link-down', reason: `nobody is at the other end of ${name}` };
  const reason = last
    ? `it came in by ${name} and nothing there says what became of it`
    : 'it was not sent, and nothing there says why';
  return { at, disposition: 'refused', reason };
}

async function tablesAt(
  { measured, wish }: LossQuestion,
  door: Door,
  { source, destination, last }: Pick<Loss, 'source' | 'destination' | 'last'>,
): Promise<Result<KernelTables, LabError>> {
  const device = last?.direction === 'in' ? String(last.device) : '';
  const family = destination.includes(':') ? '-6' : '-4';
  const argv = [...door.prefix, 'sh', '-c', TABLES_SCRIPT, 'sh', destination, source, device, family];
  const done = await measured.cluster.docker.containers.exec(door.container, argv, {
    signal: wish.signal,
    seconds: PATIENCE,
  });
  if (!done.ok) return done;
  const tables = readTables(done.value.stdout);
  if (tables) return ok(tables);
  return err(notMeasured(`the tables of ${door.at} cannot be read: ${done.value.stderr.trim()}`));
}

/** Sends once more between two readings of the counters. Undefined when no rule refused anything. */
async function refusedAt(
  { measured, wish }: LossQuestion,
  door: Door,
): Promise<Result<string | undefined, LabError>> {
  const save = (): Promise<Result<ExecResult, LabError>> => countersAt(measured, door, wish);
  const before = await save();
  if (!before.ok) return before;
  const sent = await send({ ...wish, more: 'nothing', marker: (wish.marker ^ 0x5a5a5a5a) >>> 0 });
  if (!sent.ok) return sent;
  const after = await save();
  if (!after.ok) return after;
  const [refusal] = refusals(before.value.stdout, after.value.stdout);
  return ok(refusal && refusalText(refusal));
}

/** A node's own program prints the tables of the backend that the node uses. */
function countersAt(
  { cluster }: Measured,
  door: Door,
  { address, signal }: AttemptWish,
): Promise<Result<ExecResult, LabError>> {
  const program = address.includes(':') ? 'ip6tables-save' : 'iptables-save';
  const container = nodeOf(door.at, cluster.nodes) ?? door.container;
  return cluster.docker.containers.exec(container, [...door.prefix, program, '-c'], {
    signal,
    seconds: PATIENCE,
  });
}

const nodeOf = (at: NetnsId, nodes: ReadonlyMap<string, string>): string | undefined =>
  at.startsWith('node/') ? nodes.get(at.slice('node/'.length)) : undefined;
