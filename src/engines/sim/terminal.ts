/** A terminal on a simulated place: the shell's line editor behind the engine's stream, with output held back while paused. */
import { Emitter } from '../../base/event.ts';
import type { ShellStream, TerminalSize } from '../../lab/ports.ts';
import { TerminalSession, type Shell } from '../../sim/index.ts';

export interface TerminalHooks {
  /** Before input is handled: virtual time comes up to the wall clock. */
  catchUp(): void;
  closed(): void;
}

export function openTerminal(
  shell: Shell,
  { columns, rows }: TerminalSize,
  hooks: TerminalHooks,
): ShellStream {
  const data = new Emitter<Uint8Array>();
  const exit = new Emitter<{ readonly code: number }>();
  const held: Uint8Array[] = [];
  let paused = false;
  let ended = false;
  const flush = (): void => {
    while (!paused && data.size > 0) {
      const next = held.shift();
      if (!next) return;
      data.emit(next);
    }
  };
  const session = new TerminalSession(shell, {
    columns,
    rows,
    write: (bytes) => {
      held.push(bytes);
      flush();
    },
  });
  const finish = (): void => {
    if (ended) return;
    ended = true;
    hooks.closed();
  };
  session.onExit((code) => {
    finish();
    exit.emit({ code });
  });
  return {
    onData: (listener) => {
      const unsubscribe = data.subscribe(listener);
      flush();
      return unsubscribe;
    },
    onExit: exit.subscribe,
    write: (bytes) => {
      hooks.catchUp();
      session.input(bytes);
    },
    resize: (size) => session.resize(size.columns, size.rows),
    pause: () => {
      paused = true;
    },
    resume: () => {
      paused = false;
      flush();
    },
    close: () => {
      session.close();
      finish();
    },
  };
}
