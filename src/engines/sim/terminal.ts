/** A terminal on a simulated place: the shell's line editor behind the engine's stream, waiting while the stream is paused. */
import { utf8 } from '../../base/bytes.ts';
import { PatientEmitter } from '../../base/event.ts';
import type { ShellStream, TerminalSize } from '../../lab/ports.ts';
import { TerminalSession, type Shell } from '../../sim/index.ts';
import { ByteFlow } from './byte-flow.ts';

/** What ssh exits with. */
const CONNECTION_LOST = 255;

export interface TerminalHooks {
  /** Before input is handled. */
  typed(): void;
  /** The machine at the other end is off: who types is told so by the client's operating system. */
  lost?(): boolean;
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
      if (hooks.lost?.() !== true) session.input(bytes);
      else if (!ended) {
        void flow.emit(utf8('\r\nclient_loop: send disconnect: Broken pipe\r\n'));
        session.close();
        finish();
        exit.emit({ code: CONNECTION_LOST });
      }
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
