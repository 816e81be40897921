/** One sending of a probe while several namespaces are watched. */
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError, ReachFlow } from '../../../lab/ports.ts';
import type { Docker } from '../docker/docker.ts';
import type { Door } from './doors.ts';
import { notMeasured } from './errors.ts';
import { PROBER } from './prober-program.ts';
import { readProberReport, type ProberReport } from './prober-report.ts';
import type { Sighting } from './sighting.ts';
import { openWatch, type Watch } from './watch.ts';

export interface AttemptWish {
  readonly docker: Docker;
  readonly flow: Pick<ReachFlow, 'protocol' | 'port' | 'size' | 'dontFragment'>;
  readonly from: Door;
  readonly address: string;
  readonly watched: readonly Door[];
  /** Where the packet is to arrive; it is waited for there when it was answered. */
  readonly ends: readonly Door[];
  readonly marker: number;
  /** Milliseconds without an answer after which the probe is lost. */
  readonly patience: number;
  /** What else is asked: hops, and the path MTU as well. */
  readonly more: 'nothing' | 'hops' | 'hops and MTU';
  readonly signal: AbortSignal;
}

export interface Attempt {
  readonly report: ProberReport;
  readonly sightings: readonly Sighting[];
}

/** Bytes of an echo as ping sends it. */
const PING = 84;
const PING6 = 104;
/** Milliseconds until a capture has surely written what it saw. */
const GRACE = 400;
/** Seconds after which a prober has gone wrong. */
const LONGEST = 15;

export const probeSize = ({ protocol, size }: AttemptWish['flow'], address: string): number =>
  protocol === 'tcp' ? 60 : (size ?? (address.includes(':') ? PING6 : PING));

const keyOf = ({ container, prefix }: Door): string => [container, ...prefix].join(' ');

export async function attempt(wish: AttemptWish): Promise<Result<Attempt, LabError>> {
  const doors = [...new Map(wish.watched.toReversed().map((door) => [keyOf(door), door])).values()];
  const opened = await Promise.all(doors.map((door) => openWatch(door, wish)));
  const watches = opened.flatMap((each) => (each.ok ? [each.value] : []));
  const refused = opened.find((each) => !each.ok);
  const sent = refused && !refused.ok ? refused : await send(wish);
  if (sent.ok && sent.value.outcome === 'answered') await arrival(watches, wish);
  const ended = await Promise.all(watches.map((watch) => watch.end()));
  if (!sent.ok) return sent;
  const broken = ended.find((each) => !each.ok);
  if (broken && !broken.ok) return broken;
  return ok({ report: sent.value, sightings: watches.flatMap(({ sightings }) => sightings) });
}

export async function send({
  docker,
  flow,
  from,
  address,
  marker,
  patience,
  more,
  signal,
}: Omit<AttemptWish, 'watched' | 'ends'>): Promise<Result<ProberReport, LabError>> {
  const discovery = flow.dontFragment === false ? 0 : 1;
  const questions = { nothing: 0, hops: 1, 'hops and MTU': 2 }[more];
  const asked = [
    flow.protocol,
    address,
    flow.port ?? 80,
    marker,
    probeSize(flow, address),
    discovery,
    patience,
  ];
  const argv = [...from.prefix, 'perl', '-e', PROBER, ...[...asked, questions].map(String)];
  const done = await docker.containers.exec(from.container, argv, { signal, seconds: LONGEST });
  if (!done.ok) return done;
  const { exitCode, stdout, stderr } = done.value;
  const report = readProberReport(stdout);
  if (report && 'outcome' in report) return ok(report);
  const says =
    report?.failed ?? (stderr.trim().split('\n')[0] || `the prober ended with exit code ${exitCode}`);
  return err(notMeasured(`${from.at}: ${says}`));
}

/** The captures are behind the packets: they have written soon what they must have seen. */
async function arrival(watches: readonly Watch[], { ends, watched }: AttemptWish): Promise<void> {
  const isEnd = new Set(ends.map(({ at }) => at));
  const late = watches.filter(({ at }) => isEnd.has(at));
  const seen = ({ way }: Sighting): boolean => way === 'there';
  const [sender] = watches.filter(({ at }) => at === watched[0]?.at);
  await Promise.all([
    late.length > 0 ? Promise.race(late.map((watch) => watch.until(seen, GRACE))) : undefined,
    sender?.until(seen, GRACE),
  ]);
}
