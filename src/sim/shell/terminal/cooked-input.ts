/**
 * The keyboard while a command runs: the kernel's line discipline in canonical mode (termios(3): ICANON, ECHO, ISIG). Lines
 * go to whoever reads standard input; what nobody has read is given back for the next prompt.
 */
import { utf8 } from '../../../base/bytes.ts';
import { charWidth } from './width.ts';

export interface CookedEvents {
  echo(text: string): void;
  interrupt(): void;
}

export class CookedInput {
  readonly #events: CookedEvents;
  #lines: string[] = [];
  #partial: string[] = [];
  #ended = false;
  #waiting: (() => void)[] = [];

  constructor(events: CookedEvents) {
    this.#events = events;
  }

  /** Decoded text from the keyboard. */
  type(text: string, { echo = true } = {}): void {
    for (const char of text) this.#take(char, echo);
  }

  /** The next line or, after Ctrl-D, the end of file. */
  async read(signal?: AbortSignal): Promise<Uint8Array | undefined> {
    for (;;) {
      signal?.throwIfAborted();
      const line = this.#lines.shift();
      if (line !== undefined) return utf8(line);
      if (this.#ended) {
        this.#ended = false;
        return undefined;
      }
      await this.#change(signal);
    }
  }

  /** Gives back what was typed and not read. */
  drain(): string {
    const left = [...this.#lines, ...this.#partial].join('');
    this.#lines = [];
    this.#partial = [];
    this.#ended = false;
    return left;
  }

  /** The reader goes away: everybody waiting sees the end of file. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  #take(char: string, echo: boolean): void {
    const say = (text: string): void => {
      if (echo) this.#events.echo(text);
    };
    switch (char) {
      case '\r':
      case '\n':
        this.#lines.push(`${this.#partial.splice(0).join('')}\n`);
        say('\n');
        this.#wake();
        return;
      case '\x03':
      case '\x1c':
        this.#partial = [];
        this.#lines = [];
        this.#events.echo(char === '\x03' ? '^C' : '^\\');
        this.#events.interrupt();
        return;
      case '\x04':
        if (this.#partial.length === 0) this.#ended = true;
        else this.#lines.push(this.#partial.splice(0).join(''));
        this.#wake();
        return;
      default:
        this.#edit(char, say);
    }
  }

  #edit(char: string, say: (text: string) => void): void {
    if (char === '\x7f' || char === '\b') this.#erase(1, say);
    else if (char === '\x15') this.#erase(this.#partial.length, say);
    else if (char === '\x17') {
      const text = this.#partial.join('');
      this.#erase([...(/\S*\s*$/.exec(text)?.[0] ?? '')].length, say);
    } else {
      this.#partial.push(char);
      say(shown(char));
    }
  }

  #erase(count: number, say: (text: string) => void): void {
    for (let left = count; left > 0; left -= 1) {
      const char = this.#partial.pop();
      if (char === undefined) return;
      const cells = [...shown(char)].reduce((sum, each) => sum + charWidth(each), 0);
      say('\b \b'.repeat(cells));
    }
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #change(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        reject(signal?.reason);
      };
      this.#waiting.push(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }
}

/** ECHOCTL: control characters echo as `^X`. */
function shown(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  if (char === '\t') return char;
  return code < 0x20 ? `^${String.fromCharCode(code + 64)}` : char;
}
