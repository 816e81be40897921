/**
 * The terminals of one connected window: numbers them, carries their bytes, and pauses a source whose output the window
 * has not drawn yet (see `contract/wire.ts`).
 */
import { DisposableStore } from '../base/disposable.ts';
import { err, ok, type Result } from '../base/result.ts';
import type { ErrorBody } from '../contract/api.ts';
import { failure } from '../contract/errors.ts';
import { UNACKNOWLEDGED_LIMIT } from '../contract/wire.ts';
import type { ShellStream, TerminalSize } from '../lab/ports.ts';

export interface TerminalEvents {
  data(terminal: number, bytes: Uint8Array): void;
  exit(terminal: number, code: number): void;
}

interface Terminal {
  readonly session: string;
  readonly stream: ShellStream;
  /** Bytes handed to the window that it has not drawn. */
  outstanding: number;
  paused: boolean;
  readonly ends: DisposableStore;
}

export class Terminals {
  readonly #events: TerminalEvents;
  readonly #open = new Map<number, Terminal>();
  #next = 1;

  constructor(events: TerminalEvents) {
    this.#events = events;
  }

  add(session: string, stream: ShellStream): number {
    const id = this.#next;
    this.#next += 1;
    const terminal: Terminal = {
      session,
      stream,
      outstanding: 0,
      paused: false,
      ends: new DisposableStore(),
    };
    this.#open.set(id, terminal);
    terminal.ends.add(stream.onData((bytes) => this.#carry(id, bytes)));
    terminal.ends.add(
      stream.onExit(({ code }) => {
        this.#forget(id);
        this.#events.exit(id, code);
      }),
    );
    return id;
  }

  write(id: number, bytes: Uint8Array): void {
    this.#open.get(id)?.stream.write(bytes);
  }

  /** The window has drawn that many bytes. */
  drawn(id: number, bytes: number): void {
    const terminal = this.#open.get(id);
    if (!terminal) return;
    terminal.outstanding = Math.max(0, terminal.outstanding - bytes);
    if (terminal.paused && terminal.outstanding < UNACKNOWLEDGED_LIMIT / 2) {
      terminal.paused = false;
      terminal.stream.resume();
    }
  }

  resize(id: number, size: TerminalSize): Result<null, ErrorBody> {
    const terminal = this.#open.get(id);
    if (!terminal) return err(failure('unknown-terminal'));
    terminal.stream.resize(size);
    return ok(null);
  }

  close(id: number): Result<null, ErrorBody> {
    const terminal = this.#open.get(id);
    if (!terminal) return err(failure('unknown-terminal'));
    this.#forget(id);
    terminal.stream.close();
    return ok(null);
  }

  /** Ends the terminals of a session, or all of them when the window goes. */
  closeAll(session?: string): void {
    for (const [id, terminal] of [...this.#open]) {
      if (session !== undefined && terminal.session !== session) continue;
      this.close(id);
      if (session !== undefined) this.#events.exit(id, EXIT_OF_A_KILLED_SHELL);
    }
  }

  #carry(id: number, bytes: Uint8Array): void {
    const terminal = this.#open.get(id);
    if (!terminal) return;
    terminal.outstanding += bytes.length;
    if (!terminal.paused && terminal.outstanding > UNACKNOWLEDGED_LIMIT) {
      terminal.paused = true;
      terminal.stream.pause();
    }
    this.#events.data(id, bytes);
  }

  #forget(id: number): void {
    this.#open.get(id)?.ends.dispose();
    this.#open.delete(id);
  }
}

/** 128 + SIGHUP, what a shell reports when its terminal goes away. */
const EXIT_OF_A_KILLED_SHELL = 129;
