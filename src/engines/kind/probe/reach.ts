/**
 * Measures `reach` with packets. A probe is sent from the flow's own namespace while its machine and its destination are
 * watched; only when it is not answered is it sent again under the eyes of every machine, and the kernel of the one that
 * saw it last is asked why. Unlike the simulator's, this probe is real: captures of the learner's see it.
 */
import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError, ReachFlow, ReachReport } from '../../../lab/ports.ts';
import { formatPlace } from '../../../model/place.ts';
import { attempt, probeSize, type Attempt, type AttemptWish } from './attempt.ts';
import { machineDoor, type Door } from './doors.ts';
import { INTERRUPTED, placeNotRunning } from './errors.ts';
import { findLoss } from './loss.ts';
import type { Sighting } from './sighting.ts';
import { nameOfTarget, senderOf, targetOf, type Measured, type Sender, type Target } from './target.ts';

/** Milliseconds: labs answer within a few, and what is not answered is asked again before it counts as lost. */
const FIRST = 600;
const SECOND = 900;

export async function reach(
  measured: Measured,
  flow: ReachFlow,
  asker: AbortSignal,
): Promise<Result<ReachReport, LabError>> {
  if (asker.aborted) return err(INTERRUPTED);
  // Everything that is asked at once listens to it.
  const signal = AbortSignal.any([asker]);
  setMaxListeners(0, signal);
  const [sender, target] = await Promise.all([
    senderOf(measured, flow.from, placeNotRunning(formatPlace(flow.from)), signal),
    targetOf(measured, flow.to, signal),
  ]);
  if (!sender.ok) return sender;
  if (!target.ok) return target;
  if (!target.value) return ok(withoutDestination(flow));
  return measure({ measured, flow, sender: sender.value, target: target.value, signal });
}

interface Question {
  readonly measured: Measured;
  readonly flow: ReachFlow;
  readonly sender: Sender;
  readonly target: Target;
  readonly signal: AbortSignal;
}

async function measure(question: Question): Promise<Result<ReachReport, LabError>> {
  const { measured, flow, sender, target, signal } = question;
  const more = target.isService ? 'hops' : 'hops and MTU';
  const asked = {
    ...{ docker: measured.cluster.docker, flow, from: sender.door, address: target.address, signal },
    ends: target.ends,
  };
  const watched = [sender.machine, ...target.ends];
  const first = await attempt({ ...asked, watched, marker: marker(), patience: FIRST, more });
  if (!first.ok) return first;
  if (isAnswer(first.value, target)) return ok(reportOf(question, first.value));
  const wish: AttemptWish = {
    ...asked,
    watched: everywhere(question),
    ...{ marker: marker(), patience: SECOND, more: 'nothing' },
  };
  const second = await attempt(wish);
  if (!second.ok) return second;
  const { hops } = first.value.report;
  const sent: Attempt = { ...second.value, report: { ...second.value.report, hops } };
  if (isAnswer(sent, target)) return ok(reportOf(question, sent));
  const lost = await findLoss({ measured, sent, wish, bytes: probeSize(flow, target.address) });
  if (!lost.ok) return lost;
  const { ending, replyLost } = lost.value;
  return ok({
    delivered: false,
    disposition: replyLost ? 'reply-lost' : ending.disposition,
    reason: `${replyLost ? 'The answer was lost' : 'It ended'} at ${ending.at}: ${ending.reason}`,
    ...onTheWire(sent.sightings),
    hops,
  });
}

/** Never 0, by which the kernel would choose one itself. */
const marker = (): number => randomBytes(4).readUInt32BE() || 1;

function withoutDestination({ to }: ReachFlow): ReachReport {
  return {
    delivered: false,
    disposition: 'no-route',
    reason: `${nameOfTarget(to)} has no address.`,
    encapsulation: 'none',
    hops: [],
  };
}

/** A reset counts when the destination itself sent it; where nobody could watch, when no router said anything. */
function isAnswer({ report, sightings }: Attempt, { ends }: Target): boolean {
  if (report.outcome === 'answered') return true;
  if (report.outcome !== 'refused' || report.errors.length > 0) return false;
  const own = new Set(ends.map(({ at }) => at));
  return own.size === 0 || sightings.some(({ at, way }) => own.has(at) && way === 'back');
}

function reportOf({ flow, target, sender }: Question, { report, sightings }: Attempt): ReachReport {
  const ends = new Set(target.ends.map(({ at }) => at));
  const seen = sightings.findLast(
    ({ at, way, direction, encapsulation }) =>
      ends.has(at) && way === 'there' && direction === 'in' && encapsulation === 'none',
  );
  const delivered = report.outcome === 'answered';
  const at = seen?.at ?? target.ends[0]?.at ?? sender.door.at;
  return {
    delivered,
    disposition: delivered ? 'delivered' : 'port-closed',
    reason: delivered
      ? 'The packet arrived and the answer came back.'
      : `It ended at ${at}: nothing listens on tcp port ${flow.port ?? 80}`,
    ...(delivered && seen ? { sourceSeen: seen.packet.source } : {}),
    ...onTheWire(sightings),
    hops: report.hops,
    ...(delivered && report.pathMtu !== undefined ? { pathMtu: report.pathMtu } : {}),
  };
}

function onTheWire(sightings: readonly Sighting[]): Pick<ReachReport, 'encapsulation' | 'outer'> {
  const wrapped = sightings.find(({ way, encapsulation }) => way === 'there' && encapsulation !== 'none');
  return wrapped?.outer
    ? { encapsulation: wrapped.encapsulation, outer: wrapped.outer }
    : { encapsulation: 'none' };
}

/** Every machine of the lab, and the two ends. */
function everywhere({ measured, sender, target }: Question): readonly Door[] {
  const { cluster } = measured;
  const { nodes, routers, hosts } = cluster.topology;
  return [
    ...[sender.machine, sender.door, ...target.ends],
    ...nodes.map(({ name }) => machineDoor(cluster, { kind: 'node', name })),
    ...routers.map(({ name }) => machineDoor(cluster, { kind: 'router', name })),
    ...hosts.map(({ name }) => machineDoor(cluster, { kind: 'host', name })),
  ];
}
