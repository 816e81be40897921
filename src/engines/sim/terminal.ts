/** A terminal on a simulated place: the shell's line editor behind the engine's stream, waiting while the stream is paused. */
import { PatientEmitter } from '../../base/event.ts';
import type { ShellStream, TerminalSize } from '../../lab/ports.ts';
import { TerminalSession, type Shell } from '../../sim/index.ts';
import { ByteFlow } from './byte-flow.ts';

export interface TerminalHooks {
  /** Before input is handled. */
  typed(): void;
  closed(): void;
}

export function openTerminal(shell: Shell, size: TerminalSize, hooks: TerminalHooks): ShellStream {
  const flow = new ByteFlow();
  const exit = new PatientEmitter<{ readonly code: number }>();
  let ended = false;
  const finish = (): void => {
    if (ended) return;
    ended = true;
    flow.resume();
    hooks.closed();
  };
  const session = new TerminalSession(shell, { ...size, write: (bytes) => flow.emit(bytes) });
  session.onExit((status) => {
    finish();
    exit.emit(status);
  });
  return {
    onData: flow.subscribe,
    onExit: exit.subscribe,
    write: (bytes) => {
      hooks.typed();
      session.input(bytes);
    },
    resize: (to) => session.resize(to),
    pause: () => {
      if (!ended) flow.pause();
    },
    resume: () => flow.resume(),
    close: () => {
      session.close();
      finish();
    },
  };
}
