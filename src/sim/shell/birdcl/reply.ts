/**
 * Replies of BIRD's control socket: lines with a code, which the client shows without it unless it was started with -v.
 * Source: nest/cli.c and client/client.c of BIRD 1.6.8.
 */
import type { Millis } from '../../core/time.ts';

export interface ReplyLine {
  readonly code: number;
  /** Without the newline. */
  readonly text: string;
}

/** The last line ends the reply; its code may be 0, and then it says nothing. */
export type Reply = readonly ReplyLine[];

export const lines = (code: number, texts: readonly string[]): Reply => texts.map((text) => ({ code, text }));

export const only = (code: number, text: string): Reply => [{ code, text }];

export const DONE: ReplyLine = { code: 0, text: '' };

/** As the client prints it. */
export function printed(reply: Reply, verbose: boolean): string {
  return reply
    .map(({ code, text }, at) => {
      if (code === 0) return '';
      if (!verbose) return `${text}\n`;
      const last = at === reply.length - 1;
      if (!last && reply[at - 1]?.code === code) return `     ${text}\n`;
      return `${String(code).padStart(4, '0')}${last ? ' ' : '-'}${text}\n`;
    })
    .join('');
}

const RECENT = 20 * 3600 * 1000;

interface Moment {
  readonly epoch: number;
  readonly now: Millis;
  /** BIRD 2 shows milliseconds too. */
  readonly software: 'bird-1.6' | 'bird-2';
}

/** A moment of virtual time as protocols and routes show it: the time of day, or the date once it is long past. */
export function since(at: Millis, { epoch, now, software }: Moment): string {
  const text = new Date(epoch + at).toISOString();
  if (now - at >= RECENT) return text.slice(0, 10);
  return software === 'bird-2' ? text.slice(11, 23) : text.slice(11, 19);
}

/** `2026-05-01 10:00:00`, with milliseconds from BIRD 2. */
export function dateTime(at: Millis, { epoch, software }: Omit<Moment, 'now'>): string {
  const text = new Date(epoch + at).toISOString().replace('T', ' ');
  return software === 'bird-2' ? text.slice(0, 23) : text.slice(0, 19);
}
