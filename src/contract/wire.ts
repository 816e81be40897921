/**
 * Frames between renderer and host. Text frames are JSON (`ClientFrame`, `HostFrame`); terminal bytes travel apart in
 * binary frames: terminal number (unsigned 32-bit, big-endian), then the bytes. Flow control: the client acknowledges
 * terminal bytes it has drawn, and a host pauses a terminal with more than `UNACKNOWLEDGED_LIMIT` outstanding.
 */
import { ByteReader, ByteWriter } from '../base/bytes.ts';
import type { ErrorBody, Feed, Feeds, Method } from './api.ts';

export type ClientFrame =
  | { readonly type: 'call'; readonly id: number; readonly method: Method; readonly input: unknown }
  | { readonly type: 'drawn'; readonly terminal: number; readonly bytes: number };

export type HostFrame =
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failure'; readonly id: number; readonly error: ErrorBody }
  | { readonly [F in Feed]: { readonly type: 'feed'; readonly feed: F; readonly event: Feeds[F] } }[Feed];

/** Bytes a terminal may have on the way before its source is paused. */
export const UNACKNOWLEDGED_LIMIT = 256 * 1024;

/** The longest frame a window may send, in bytes of its binary frames and characters of its text: a pasted file fits, a flood does not. */
export const FRAME_LIMIT = 4 * 1024 * 1024;

export function terminalFrame(terminal: number, bytes: Uint8Array): Uint8Array {
  return new ByteWriter(4 + bytes.length).u32(terminal).raw(bytes).bytes;
}

/** Undefined when the frame is too short to carry a terminal number. */
export function parseTerminalFrame(
  frame: Uint8Array,
): { readonly terminal: number; readonly bytes: Uint8Array } | undefined {
  if (frame.length < 4) return undefined;
  const reader = new ByteReader(frame);
  return { terminal: reader.u32(), bytes: reader.rest() };
}
