/**
 * The terminal in the hands of one program: keys one at a time, and xterm's alternate buffer to draw on (ctlseqs: DECSET
 * 1049, 2004, 25). Whatever way the program ends, `close` puts the terminal back and returns the keys that nobody read.
 */
import { BrokenPipe, type Screen, type ScreenEvent, type ScreenOptions } from '../command.ts';
import type { WindowSize } from '../interpreter/scope.ts';
import { decodeKey } from './keys.ts';

export interface RawTerminal {
  size(): WindowSize;
  write(text: string): Promise<void>;
  interrupt(): void;
  /** `left` was typed and not read. */
  closed(left: string): void;
}

const ESCAPE = '\x1b';

export class RawScreen implements Screen {
  readonly #terminal: RawTerminal;
  readonly #options: ScreenOptions;
  #input = '';
  #resized = false;
  #closed = false;
  #waiting: (() => void)[] = [];

  constructor(options: ScreenOptions, terminal: RawTerminal) {
    this.#options = options;
    this.#terminal = terminal;
  }

  enter(): Promise<void> {
    return this.write(this.#options.inline === true ? '' : '\x1b[?1049h\x1b[H\x1b[2J\x1b[?2004h');
  }

  size(): WindowSize {
    return this.#terminal.size();
  }

  async write(text: string): Promise<void> {
    if (this.#closed) throw new BrokenPipe();
    if (text !== '') await this.#terminal.write(text);
  }

  async next(): Promise<ScreenEvent> {
    for (;;) {
      const event = this.#take();
      if (event !== undefined) return event;
      if (this.#closed) throw new BrokenPipe();
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Decoded text from the keyboard. */
  type(text: string): void {
    const interrupt = this.#options.interruptKey === true ? -1 : text.lastIndexOf('\x03');
    this.#input = interrupt < 0 ? this.#input + text : text.slice(interrupt + 1);
    if (interrupt >= 0) this.#terminal.interrupt();
    this.#wake();
  }

  resized(): void {
    this.#resized = true;
    this.#wake();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    const restore = this.#options.inline === true ? '' : '\x1b[?2004l\x1b[?1049l';
    await this.write(`\x1b[m\x1b[?25h${restore}`);
    this.#closed = true;
    this.#terminal.closed(this.#input);
    this.#wake();
  }

  #take(): ScreenEvent | undefined {
    if (this.#resized) {
      this.#resized = false;
      return { kind: 'resize' };
    }
    // A terminal sends a sequence in one piece, so an escape with nothing behind it is the key of that name.
    if (this.#input === ESCAPE) {
      this.#input = '';
      return { kind: 'key', key: { kind: 'key', name: 'escape' } };
    }
    for (let decoded = decodeKey(this.#input); decoded !== undefined; decoded = decodeKey(this.#input)) {
      this.#input = decoded.rest;
      if (decoded.key !== undefined) return { kind: 'key', key: decoded.key };
    }
    return undefined;
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
