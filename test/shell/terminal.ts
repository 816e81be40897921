/** A terminal with somebody at it: type, wait until everything that can happen has happened, look. */
import type { Shell } from '../../src/sim/shell/shell.ts';
import { TerminalSession } from '../../src/sim/shell/terminal/session.ts';
import { Screen } from './screen.ts';

const encoder = new TextEncoder();

export class Desk {
  readonly screen: Screen;
  readonly session: TerminalSession;
  exit: number | undefined;
  readonly errors: unknown[] = [];

  constructor(
    shell: Shell,
    { columns = 80, rows = 24 }: { readonly columns?: number; readonly rows?: number } = {},
  ) {
    this.screen = new Screen(columns, rows);
    this.session = new TerminalSession(shell, {
      columns,
      rows,
      write: (bytes) => {
        this.screen.write(bytes);
      },
      onError: (error) => this.errors.push(error),
    });
    this.session.onExit(({ code }) => {
      this.exit = code;
    });
  }

  /** Types without waiting. */
  press(text: string): void {
    this.session.input(encoder.encode(text));
  }

  async type(text: string): Promise<this> {
    this.press(text);
    return this.settle();
  }

  /** Lets the host turn until the shell is surely waiting again. */
  async settle(turns = 60): Promise<this> {
    for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    return this;
  }

  resize(columns: number, rows = this.screen.rows): void {
    this.screen.resize(columns, rows);
    this.session.resize({ columns, rows });
  }

  get text(): string {
    return this.screen.text;
  }
}

export const KEYS = {
  up: '\x1b[A',
  down: '\x1b[B',
  right: '\x1b[C',
  left: '\x1b[D',
  home: '\x1b[H',
  end: '\x1b[F',
  delete: '\x1b[3~',
  backspace: '\x7f',
  tab: '\t',
  enter: '\r',
  pageUp: '\x1b[5~',
  pageDown: '\x1b[6~',
  escape: '\x1b',
  interrupt: '\x03',
  endOfFile: '\x04',
} as const;
