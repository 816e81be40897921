/**
 * How traceroute sends its probes: sixteen under way at once, answers noted as they come, a probe given up when it is late
 * compared with its neighbours (traceroute 2.1.2, do_it and get_timeout). Times are virtual milliseconds.
 */
import type { Ip } from '../../../model/ip.ts';
import type { ProbeReply } from '../../net/exchange.ts';
import type { ClockPort } from '../command.ts';
import type { TracerouteWishes } from './parse.ts';

export interface ProbeResult {
  readonly hop: number;
  /** Undefined: no answer in time. */
  readonly answer: Answer | undefined;
}

export interface Answer {
  readonly from: Ip;
  readonly rtt: number;
  /** `!H`, `!N`, ... or nothing. */
  readonly note: string;
  /** The way ends here. */
  readonly final: boolean;
}

interface Probe {
  readonly sentAt: number;
  readonly answer: Answer | undefined;
  /** Set when the answer has come or the probe was given up. */
  readonly done: boolean;
  readonly answered: boolean;
}

export interface TraceWorld {
  readonly clock: ClockPort;
  readonly signal: AbortSignal;
  /** Sends probe `index` (from 0) with this time to live. */
  send(index: number, ttl: number): Exclude<ProbeReply, { readonly kind: 'local-error' }>;
}

export class TraceRun {
  readonly #wishes: TracerouteWishes;
  readonly #world: TraceWorld;
  readonly #probes: Probe[] = [];
  #end: number;
  #told = 0;

  constructor(wishes: TracerouteWishes, world: TraceWorld) {
    this.#wishes = wishes;
    this.#world = world;
    this.#end = (wishes.lastHop - wishes.firstHop + 1) * wishes.perHop;
  }

  /** Results in the order of the probes, each as soon as it and those before it are known. */
  async *results(): AsyncGenerator<ProbeResult> {
    while (this.#told < this.#end && !this.#world.signal.aborted) {
      this.#fill();
      await this.#waitForNext();
      this.#settle();
      for (; this.#told < this.#end && this.#probes[this.#told]?.done === true; this.#told += 1) {
        const probe = this.#probes[this.#told];
        yield { hop: this.#hopOf(this.#told), answer: probe?.answered ? probe.answer : undefined };
      }
    }
  }

  #hopOf(index: number): number {
    return this.#wishes.firstHop + Math.floor(index / this.#wishes.perHop);
  }

  #fill(): void {
    const underWay = (): number => this.#probes.filter(({ done }) => !done).length;
    while (this.#probes.length < this.#end && underWay() < this.#wishes.atOnce) {
      const index = this.#probes.length;
      const reply = this.#world.send(index, this.#hopOf(index));
      this.#probes.push({
        sentAt: this.#world.clock.now(),
        answer: answerOf(reply),
        done: false,
        answered: false,
      });
    }
  }

  async #waitForNext(): Promise<void> {
    const now = this.#world.clock.now();
    const soonest = Math.min(...this.#open().map((index) => this.#dueAt(index)));
    if (soonest > now && Number.isFinite(soonest))
      await this.#world.clock.sleep(soonest - now, this.#world.signal);
  }

  #open(): readonly number[] {
    return [...this.#probes.keys()].filter((index) => this.#probes[index]?.done === false);
  }

  /** When a probe is settled: by its answer, or by our giving up. */
  #dueAt(index: number): number {
    const probe = this.#probes[index];
    if (!probe) return Number.POSITIVE_INFINITY;
    const late = probe.sentAt + this.#patience(index);
    return probe.answer ? Math.min(probe.sentAt + probe.answer.rtt, late) : late;
  }

  #settle(): void {
    const now = this.#world.clock.now() + GRAIN;
    for (const index of this.#open()) {
      const probe = this.#probes[index];
      if (!probe || this.#dueAt(index) > now) continue;
      const answered =
        probe.answer !== undefined && probe.sentAt + probe.answer.rtt <= probe.sentAt + this.#patience(index);
      this.#probes[index] = { ...probe, done: true, answered };
      if (answered && probe.answer?.final) {
        const lastOfHop = (Math.floor(index / this.#wishes.perHop) + 1) * this.#wishes.perHop;
        this.#end = Math.min(this.#end, lastOfHop);
      }
    }
  }

  /** HERE times an answer of the same hop, NEAR times one of a later hop, and never longer than MAX. */
  #patience(index: number): number {
    const { longest, here, near } = this.#wishes.wait;
    const first = index - (index % this.#wishes.perHop);
    const same = this.#answeredTime(first, first + this.#wishes.perHop);
    if (same !== undefined && here > 0) return Math.min(longest, (same + GRAIN) * here);
    const later = this.#answeredTime(index + 1, this.#probes.length);
    if (later !== undefined && near > 0) return Math.min(longest, (later + GRAIN) * near);
    return longest;
  }

  #answeredTime(from: number, to: number): number | undefined {
    for (let at = from; at < to; at += 1) {
      const probe = this.#probes[at];
      if (probe?.answered) return probe.answer?.rtt;
    }
    return undefined;
  }
}

/** Milliseconds: what traceroute adds to a measured time before it multiplies, and the grain of one look around. */
const GRAIN = 1;

const NOTES = {
  'net-unreachable': '!N',
  'host-unreachable': '!H',
  'admin-prohibited': '!X',
  'port-unreachable': '',
  'ttl-exceeded': '',
} as const;

function answerOf(reply: Exclude<ProbeReply, { readonly kind: 'local-error' }>): Answer | undefined {
  if (reply.kind === 'silence') return undefined;
  const { from, rtt } = reply;
  if (reply.kind === 'reply') return { from, rtt, note: '', final: true };
  const note = reply.error === 'too-big' ? `!F-${reply.mtu ?? 0}` : NOTES[reply.error];
  return { from, rtt, note, final: reply.error !== 'ttl-exceeded' };
}
