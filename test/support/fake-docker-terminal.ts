/** A terminal of the fake engine: a test types as the program would, and sees what the learner did. */
import { PatientEmitter } from '../../src/base/event.ts';
import type { TerminalOptions } from '../../src/engines/kind/docker/docker.ts';
import type { ShellStream, TerminalSize } from '../../src/lab/ports.ts';

export class FakeTerminal implements ShellStream {
  readonly container: string;
  readonly argv: readonly string[];
  readonly options: TerminalOptions;
  readonly sizes: TerminalSize[];
  closed = false;
  paused = false;
  #typed = '';
  readonly #data = new PatientEmitter<Uint8Array>();
  readonly #exit = new PatientEmitter<{ readonly code: number }>();
  readonly onData = this.#data.subscribe;
  readonly onExit = this.#exit.subscribe;

  constructor(container: string, argv: readonly string[], options: TerminalOptions) {
    this.container = container;
    this.argv = argv;
    this.options = options;
    this.sizes = [options.size];
  }

  /** What the learner typed so far. */
  get typed(): string {
    return this.#typed;
  }

  /** The program prints. */
  say(text: string): void {
    this.#data.emit(Buffer.from(text));
  }

  /** The program ends. */
  exit(code: number): void {
    this.#exit.emit({ code });
  }

  write(bytes: Uint8Array): void {
    this.#typed += Buffer.from(bytes).toString();
  }

  resize(size: TerminalSize): void {
    this.sizes.push(size);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  close(): void {
    this.closed = true;
  }
}
