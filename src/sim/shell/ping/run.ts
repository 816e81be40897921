/**
 * The life of one ping: what is sent when, what arrives when, and when it is over. All times are virtual; the events of a
 * moment are printed in the order in which they happened. Rules: iputils 20221126 ping_common.c main_loop, pinger,
 * __schedule_exit.
 */
import type { IpFamily } from '../../../model/ip-family.ts';
import type { Ip } from '../../../model/ip.ts';
import type { ProbeReply } from '../../net/exchange.ts';
import type { CommandIo } from '../command.ts';
import type { PingWishes } from './parse.ts';
import { errorLine, localErrorLine, replyLine, type Statistics } from './print.ts';

export interface PingWorld {
  /** Printed with -v. */
  readonly identifier: number | undefined;
  readonly family: IpFamily;
  nameOf(address: Ip): string;
  probe(sequence: number): ProbeReply;
}

interface Arrival {
  readonly at: number;
  readonly sequence: number;
  readonly reply: Exclude<ProbeReply, { readonly kind: 'silence' | 'local-error' }>;
}

/** A payload shorter than a struct timeval carries no time. */
const TIME_BYTES = 16;

export class PingRun {
  readonly #io: CommandIo;
  readonly #wishes: PingWishes;
  readonly #world: PingWorld;
  readonly #start: number;
  #sent = 0;
  #received = 0;
  #errors = 0;
  #pipe = 0;
  #lastSent: number;
  #acknowledged = 0;
  readonly #times: number[] = [];
  #arrivals: readonly Arrival[] = [];

  constructor(io: CommandIo, wishes: PingWishes, world: PingWorld) {
    this.#io = io;
    this.#wishes = wishes;
    this.#world = world;
    this.#start = io.clock.now();
    this.#lastSent = this.#start;
  }

  /** Sends and listens until the count is answered, time is up, or the learner presses Ctrl-C. */
  async untilDone(): Promise<Statistics> {
    let nextSend = this.#start;
    while (!this.#isOver()) {
      const now = this.#io.clock.now();
      if (this.#maySend() && now >= nextSend) {
        await this.#send(now);
        nextSend = now + this.#wishes.interval;
      } else {
        const until = this.#wakeAt(nextSend);
        if (until === undefined || !(await this.#sleepUntil(until))) break;
        await this.#receive();
      }
    }
    return {
      sent: this.#sent,
      received: this.#received,
      errors: this.#errors,
      elapsed: this.#lastSent - this.#start,
      times: this.#times,
      pipe: this.#pipe,
    };
  }

  #maySend(): boolean {
    const { count, deadline } = this.#wishes;
    if (deadline !== undefined) return true;
    return count === undefined || this.#sent < count;
  }

  #isOver(): boolean {
    const { count, deadline } = this.#wishes;
    if (this.#io.signal.aborted) return true;
    if (count !== undefined && this.#received + this.#errors >= count) return true;
    const now = this.#io.clock.now();
    if (deadline !== undefined && this.#errors > 0 && !this.#arrivals.some(({ at }) => at <= now))
      return true;
    return now >= this.#endAt();
  }

  /** When ping stops waiting: the deadline, or some time after the last packet. */
  #endAt(): number {
    const { deadline, linger, interval } = this.#wishes;
    if (deadline !== undefined) return this.#start + deadline;
    if (this.#maySend()) return Number.POSITIVE_INFINITY;
    const slowest = Math.max(0, ...this.#times) / 1000;
    return this.#lastSent + (this.#received > 0 ? Math.max(2 * slowest, interval) : linger);
  }

  #wakeAt(nextSend: number): number | undefined {
    const times = [this.#endAt(), ...this.#arrivals.map(({ at }) => at)];
    if (this.#maySend()) times.push(nextSend);
    const soonest = Math.min(...times);
    return Number.isFinite(soonest) ? soonest : undefined;
  }

  /** False when the learner ended it. */
  async #sleepUntil(until: number): Promise<boolean> {
    const pause = Math.max(0, until - this.#io.clock.now());
    return this.#io.clock.sleep(pause, this.#io.signal).then(
      () => true,
      (reason: unknown) => {
        if (!this.#io.signal.aborted) throw reason;
        return false;
      },
    );
  }

  async #send(now: number): Promise<void> {
    if (this.#wishes.outstanding && this.#sent > this.#acknowledged) {
      await this.#print(`no answer yet for icmp_seq=${this.#sent}\n`);
    }
    this.#sent += 1;
    this.#lastSent = now;
    const reply = this.#world.probe(this.#sent);
    if (reply.kind === 'local-error') return this.#localError(reply);
    if (reply.kind === 'silence') return;
    const arrival: Arrival = { at: now + reply.rtt, sequence: this.#sent, reply };
    this.#arrivals = [...this.#arrivals, arrival].sort((a, b) => a.at - b.at);
    await this.#receive();
  }

  async #localError(reply: Extract<ProbeReply, { readonly kind: 'local-error' }>): Promise<void> {
    if (reply.error === 'too-big') {
      this.#errors += 1;
      if (!this.#wishes.quiet) await this.#io.stderr.write(localErrorLine(reply.mtu, this.#world.family));
    } else if (reply.error !== 'invalid') {
      await this.#io.stderr.write(`ping: sendmsg: ${SEND_ERRORS[reply.error]}\n`);
    }
  }

  /** Everything that has arrived by now. Answers faster than the clock's grain arrive at once. */
  async #receive(): Promise<void> {
    const now = this.#io.clock.now();
    const due = this.#arrivals
      .filter(({ at }) => at <= now + INSTANT)
      .sort((a, b) => a.sequence - b.sequence);
    this.#arrivals = this.#arrivals.filter(({ at }) => at > now + INSTANT);
    for (const arrival of due) await this.#arrived(arrival);
  }

  async #arrived({ sequence, reply }: Arrival): Promise<void> {
    this.#pipe = Math.max(this.#pipe, this.#sent - sequence + 1);
    this.#acknowledged = Math.max(this.#acknowledged, sequence);
    const from = this.#world.nameOf(reply.from);
    if (reply.kind === 'icmp-error') {
      this.#errors += 1;
      const { family } = this.#world;
      await this.#print(errorLine({ family, from, sequence, error: reply.error, mtu: reply.mtu }));
      return;
    }
    const timed = this.#wishes.dataLength >= TIME_BYTES;
    const time = timed ? Math.round(reply.rtt * 1000) : undefined;
    this.#received += 1;
    if (time !== undefined) this.#times.push(time);
    const { identifier } = this.#world;
    await this.#print(replyLine({ bytes: reply.bytes, from, sequence, identifier, ttl: reply.ttl, time }));
  }

  async #print(line: string): Promise<void> {
    if (this.#wishes.quiet) return;
    await this.#io.stdout.write(this.#wishes.timestamps ? `[${this.#stamp()}] ${line}` : line);
  }

  #stamp(): string {
    return ((this.#io.clock.epoch + this.#io.clock.now()) / 1000).toFixed(6);
  }
}

const SEND_ERRORS = {
  'net-unreachable': 'Network is unreachable',
  'host-unreachable': 'No route to host',
} as const;

/** Milliseconds: an answer this fast is printed without sleeping for it. */
const INSTANT = 5;
