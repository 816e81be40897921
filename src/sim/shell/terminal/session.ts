/**
 * A learner's terminal: bytes in, bytes out, one shell behind it. At the prompt keys go to the line reader; while a command
 * runs they go through the line discipline to its standard input, and Ctrl-C aborts it. Text typed ahead waits for the next
 * prompt. A command may hold another shell inside (`bash`, `kubectl exec -it`): it gets prompts of its own.
 */
import { Emitter, type Unsubscribe } from '../../../base/event.ts';
import { utf8 } from '../../../base/bytes.ts';
import type { Input, Output, Screen, ScreenOptions } from '../command.ts';
import type { WindowSize } from '../interpreter/scope.ts';
import type { InteractiveInput, Shell, ShellIo } from '../shell.ts';
import { CookedInput } from './cooked-input.ts';
import { decodeKey } from './keys.ts';
import { LineReader } from './line-reader.ts';
import { RawScreen } from './raw-screen.ts';
import { textWidth } from './width.ts';

export interface TerminalOptions extends WindowSize {
  /** Bytes for the screen; a promise holds the running command back until it resolves. */
  write(bytes: Uint8Array): void | Promise<void>;
  /** A bug in a command; the session goes on. */
  onError?(error: unknown): void;
  /** Run once at this terminal instead of prompting, as `kubectl exec -t` does; the session ends with it. */
  readonly argv?: readonly string[];
}

const HANGUP_STATUS = 129;
const FAILED_STATUS = 1;

export class TerminalSession {
  readonly #options: TerminalOptions;
  readonly #reader: LineReader;
  readonly #cooked: CookedInput;
  readonly #keyboard: InteractiveInput;
  readonly #exits = new Emitter<{ readonly code: number }>();
  readonly #decoder = new TextDecoder();
  /** The innermost running command's. */
  #running: AbortController | undefined;
  #interrupted = false;
  /** Programs that own the screen, the innermost last. */
  readonly #screens: RawScreen[] = [];
  #size: WindowSize;
  #column = 0;
  #pending = '';
  #closed = false;

  constructor(shell: Shell, options: TerminalOptions) {
    this.#options = options;
    this.#size = { columns: options.columns, rows: options.rows };
    const screen = {
      write: (text: string) => void this.#print(text),
      columns: () => this.#size.columns,
      column: () => this.#column,
    };
    this.#reader = new LineReader(screen, () => {
      this.#pump();
    });
    this.#cooked = new CookedInput({
      echo: (text) => void this.#print(text.replaceAll('\n', '\r\n')),
      interrupt: () => {
        this.#interrupt();
      },
    });
    this.#keyboard = this.#makeKeyboard();
    void this.#live(shell);
  }

  /** Called once, when the shell has exited or the session was closed. */
  readonly onExit = (listener: (exit: { readonly code: number }) => void): Unsubscribe =>
    this.#exits.subscribe(listener);

  /** Bytes from the keyboard, in pieces of any size. */
  input(bytes: Uint8Array): void {
    if (this.#closed) return;
    if (this.#running !== undefined && !this.#reader.ready && this.#pending !== '') this.#typeAhead();
    this.#pending += this.#decoder.decode(bytes, { stream: true });
    if (this.#running !== undefined && !this.#reader.ready) {
      const text = this.#pending;
      this.#pending = '';
      const screen = this.#screens.at(-1);
      if (screen === undefined) this.#cooked.type(text);
      else screen.type(text);
    } else this.#pump();
  }

  resize(size: WindowSize): void {
    this.#size = { columns: size.columns, rows: size.rows };
    this.#reader.resized();
    for (const screen of this.#screens) screen.resized();
  }

  /** Hangs up: aborts what runs and ends the session with status 129. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#running?.abort(new Error('hangup'));
    this.#reader.cancel();
    this.#cooked.end();
  }

  async #live(shell: Shell): Promise<void> {
    const { argv } = this.#options;
    const code = argv ? await this.#once(shell, argv) : await this.#interact(shell);
    const closed = this.#closed;
    this.#closed = true;
    this.#exits.emit({ code: closed ? HANGUP_STATUS : code });
  }

  /** Prompts until the shell exits; resolves to its status. */
  async #interact(shell: Shell): Promise<number> {
    let text = '';
    while (!this.#isClosed()) {
      const read = await this.#reader.read({
        prompt: text === '' ? shell.prompt : '> ',
        history: shell.history,
        complete: (before) => shell.complete(before),
      });
      if (this.#isClosed()) break;
      if (read.kind === 'interrupt') {
        shell.interrupted();
        text = '';
        continue;
      }
      if (read.kind === 'end' && text === '') {
        await this.#print('exit\r\n');
        return shell.status;
      }
      if (read.kind === 'line') {
        text = text === '' ? read.text : `${text}\n${read.text}`;
        if (shell.isIncomplete(text)) continue;
      }
      const whole = text;
      text = '';
      shell.remember(whole);
      await this.#run((io) => shell.run(whole, io));
      if (shell.exitCode !== undefined) return shell.exitCode;
    }
    return HANGUP_STATUS;
  }

  /** One command at the keyboard; resolves to its status. */
  async #once(shell: Shell, argv: readonly string[]): Promise<number> {
    let code = FAILED_STATUS;
    await this.#run(async (io) => {
      code = await shell.execArgv(argv, io);
    });
    return code;
  }

  async #run(start: (io: ShellIo) => Promise<unknown>): Promise<void> {
    const outer = this.#running;
    const controller = new AbortController();
    this.#running = controller;
    this.#interrupted = false;
    const output: Output = { write: (data) => this.#print(this.#cook(data)) };
    if (this.#pending.includes('\x03')) this.#typeAhead();
    try {
      await start({
        stdin: this.#keyboard,
        stdout: output,
        stderr: output,
        tty: () => this.#size,
        signal: controller.signal,
      });
    } catch (error) {
      this.#options.onError?.(error);
      await this.#print(
        `bash: this command failed inside the simulator: ${error instanceof Error ? error.message : String(error)}\r\n`,
      );
    }
    this.#running = outer;
    for (const screen of this.#screens.slice().reverse()) await screen.close();
    this.#pending = this.#cooked.drain() + this.#pending;
    if (this.#interrupted && this.#column > 0) await this.#print('\r\n');
    this.#interrupted = false;
  }

  #makeKeyboard(): InteractiveInput {
    const read: Input['read'] = (signal) => {
      this.#typeAhead();
      return this.#cooked.read(signal ?? this.#running?.signal);
    };
    return {
      isTerminal: true,
      read,
      text: async () => {
        const decoder = new TextDecoder();
        let text = '';
        for (let part = await read(); part !== undefined; part = await read())
          text += decoder.decode(part, { stream: true });
        return text;
      },
      interact: (shell) => this.#interact(shell),
      screen: { open: (options) => this.#openScreen(options) },
    };
  }

  async #openScreen(options: ScreenOptions = {}): Promise<Screen> {
    this.#typeAhead();
    const screen = new RawScreen(options, {
      size: () => this.#size,
      write: (text) => this.#print(text, { drawn: options.inline !== true }),
      interrupt: () => {
        this.#interrupt();
      },
      closed: (left) => {
        this.#screens.splice(this.#screens.indexOf(screen), 1);
        const below = this.#screens.at(-1);
        if (below === undefined) this.#cooked.type(left, { echo: false });
        else below.type(left);
      },
    });
    screen.type(this.#cooked.drain());
    this.#screens.push(screen);
    await screen.enter();
    return screen;
  }

  #interrupt(): void {
    this.#interrupted = true;
    this.#running?.abort(new Error('interrupted'));
  }

  /** What came while the line reader had the keyboard was never echoed. */
  #typeAhead(): void {
    const text = this.#pending;
    this.#pending = '';
    if (text !== '') this.#cooked.type(text, { echo: false });
  }

  #pump(): void {
    while (this.#reader.ready && this.#pending !== '') {
      const decoded = decodeKey(this.#pending);
      if (decoded === undefined) return;
      this.#pending = decoded.rest;
      if (decoded.key !== undefined) this.#reader.press(decoded.key);
    }
  }

  #isClosed(): boolean {
    return this.#closed;
  }

  /** ONLCR: the terminal wants a carriage return with each newline. */
  #cook(data: string | Uint8Array): string | Uint8Array {
    if (typeof data === 'string') return data.replaceAll('\n', '\r\n');
    const count = data.reduce((sum, byte) => sum + (byte === 0x0a ? 1 : 0), 0);
    const cooked = new Uint8Array(data.length + count);
    let at = 0;
    for (const byte of data) {
      if (byte === 0x0a) cooked[at++] = 0x0d;
      cooked[at++] = byte;
    }
    return cooked;
  }

  /** What is drawn on the alternate buffer leaves the cursor of the normal one where it was. */
  async #print(data: string | Uint8Array, { drawn = false } = {}): Promise<void> {
    if (this.#closed) return;
    const bytes = typeof data === 'string' ? utf8(data) : data;
    if (bytes.length === 0) return;
    if (!drawn) this.#follow(typeof data === 'string' ? data : new TextDecoder().decode(bytes));
    await this.#options.write(bytes);
  }

  /** Follows the cursor's column through what is printed. */
  #follow(text: string): void {
    // eslint-disable-next-line no-control-regex -- control sequences begin with ESC
    const plain = text.replace(/\x1b\[[0-?]*[ -/]*[@-~]/g, '');
    const start = Math.max(plain.lastIndexOf('\n'), plain.lastIndexOf('\r'));
    const tail = plain.slice(start + 1);
    this.#column = ((start >= 0 ? 0 : this.#column) + textWidth(tail)) % this.#size.columns;
  }
}
