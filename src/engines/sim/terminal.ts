/** A terminal on a simulated place: the shell's line editor behind the engine's stream, waiting while the stream is paused. */
import { PatientEmitter } from '../../base/event.ts';
import type { ShellStream, TerminalSize } from '../../lab/ports.ts';
import { TerminalSession, type Shell } from '../../sim/index.ts';

export interface TerminalHooks {
  /** Before input is handled: virtual time comes up to the wall clock. */
  catchUp(): void;
  closed(): void;
}

export function openTerminal(shell: Shell, size: TerminalSize, hooks: TerminalHooks): ShellStream {
  const data = new PatientEmitter<Uint8Array>();
  const exit = new PatientEmitter<{ readonly code: number }>();
  const gate = new Gate();
  let ended = false;
  const finish = (): void => {
    if (ended) return;
    ended = true;
    gate.open();
    hooks.closed();
  };
  const session = new TerminalSession(shell, {
    ...size,
    write: (bytes) => {
      data.emit(bytes);
      return gate.passed;
    },
  });
  session.onExit((status) => {
    finish();
    exit.emit(status);
  });
  return {
    onData: data.subscribe,
    onExit: exit.subscribe,
    write: (bytes) => {
      hooks.catchUp();
      session.input(bytes);
    },
    resize: (to) => session.resize(to),
    pause: () => gate.close(),
    resume: () => gate.open(),
    close: () => {
      session.close();
      finish();
    },
  };
}

/** Lets writers pass, or holds them until it opens. */
class Gate {
  #passed: Promise<void> | undefined;
  #release: (() => void) | undefined;

  /** Undefined while open. */
  get passed(): Promise<void> | undefined {
    return this.#passed;
  }

  close(): void {
    this.#passed ??= new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  open(): void {
    this.#release?.();
    this.#passed = undefined;
    this.#release = undefined;
  }
}
