/**
 * Terminals as the contract has them: a shell at a place, its bytes and its end. What draws them is a `Screen`, which
 * the xterm adapter implements; a terminal outlives a lost connection by opening a new shell on the same screen.
 */
import type { Unsubscribe } from '../../base/event.ts';
import type { DeskView, ErrorBody } from '../../contract/api.ts';
import { UNACKNOWLEDGED_LIMIT } from '../../contract/wire.ts';
import type { Client } from '../client.ts';

/** Bytes; far below the limit, so that what is held back never pauses a source. */
export const ACKNOWLEDGED_AT_ONCE = UNACKNOWLEDGED_LIMIT / 32;

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** The drawing side of a terminal. */
export interface Screen {
  size(): TerminalSize;
  /** `drawn` is called when the bytes are on the screen. */
  write(bytes: Uint8Array, drawn: () => void): void;
  /** Puts text where the learner types, as a paste does: several lines wait for Enter. */
  paste(text: string): void;
  focus(): void;
}

export type TerminalStatus = 'waiting' | 'opening' | 'open' | 'ended' | 'failed';

interface TerminalOptions {
  readonly key: string;
  readonly place: string;
  readonly ordinal: number;
}

export class TerminalState {
  readonly key: string;
  readonly place: string;
  /** 1 for the first terminal of its place, 2 for the second, ... */
  readonly ordinal: number;
  readonly #client: Client;
  readonly #session: () => string;
  #status = $state<TerminalStatus>('waiting');
  #exitCode = $state<number>();
  #problem = $state.raw<ErrorBody>();
  #terminal: number | undefined;
  /** Bytes on the screen that the host does not know of. */
  #drawn = 0;
  #screen: Screen | undefined;
  #stopReading: Unsubscribe | undefined;
  /** Keys struck while the shell was opening, or about to: the host is there, but has not been asked yet. */
  #typedAhead = '';
  #pasteWhenOpen = '';
  #focusWhenShown = false;

  constructor(client: Client, session: () => string, options: TerminalOptions) {
    this.#client = client;
    this.#session = session;
    this.key = options.key;
    this.place = options.place;
    this.ordinal = options.ordinal;
  }

  get status(): TerminalStatus {
    return this.#status;
  }

  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  get problem(): ErrorBody | undefined {
    return this.#problem;
  }

  /** Gives the terminal its screen and opens the shell; undo when the screen goes. */
  show(screen: Screen): Unsubscribe {
    this.#screen = screen;
    if (this.#focusWhenShown) screen.focus();
    this.#focusWhenShown = false;
    void this.open();
    return () => {
      if (this.#screen === screen) this.#screen = undefined;
    };
  }

  /** A new shell on the same screen. */
  async open(): Promise<void> {
    const screen = this.#screen;
    if (screen === undefined || this.#status === 'opening' || this.#status === 'open') return;
    this.#status = 'opening';
    this.#problem = undefined;
    const answer = await this.#client.call('terminal.open', {
      session: this.#session(),
      place: this.place,
      ...screen.size(),
    });
    if (!answer.ok) {
      this.#typedAhead = '';
      this.#problem = answer.error;
      this.#status = 'failed';
      return;
    }
    this.#opened(answer.value.terminal);
  }

  type(text: string): void {
    if (this.#status === 'open' && this.#terminal !== undefined) this.#client.type(this.#terminal, text);
    else if (this.#isComing()) this.#typedAhead += text;
    else if (this.#status === 'ended' && text === '\r') void this.open();
  }

  paste(text: string): void {
    if (this.#status === 'open') this.#screen?.paste(text);
    else this.#pasteWhenOpen = text;
  }

  focus(): void {
    this.#focusWhenShown = this.#screen === undefined;
    this.#screen?.focus();
  }

  resize(size: TerminalSize): void {
    if (this.#status !== 'open' || this.#terminal === undefined) return;
    void this.#client.call('terminal.resize', { terminal: this.#terminal, ...size });
  }

  /** True when the end was this terminal's. */
  ended(terminal: number, code: number): boolean {
    if (terminal !== this.#terminal) return false;
    this.#letGo();
    this.#exitCode = code;
    this.#status = 'ended';
    return true;
  }

  /** The shell is gone with its connection or its engine; `open` starts another one. */
  lost(): void {
    this.#letGo();
    this.#typedAhead = '';
    this.#status = 'waiting';
  }

  close(): void {
    const terminal = this.#terminal;
    this.#letGo();
    this.#status = 'waiting';
    this.#screen = undefined;
    if (terminal !== undefined) void this.#client.call('terminal.close', { terminal });
  }

  #isComing(): boolean {
    if (this.#status === 'opening') return true;
    return this.#status === 'waiting' && this.#screen !== undefined && this.#client.connection === 'open';
  }

  #opened(terminal: number): void {
    const screen = this.#screen;
    if (screen === undefined) {
      void this.#client.call('terminal.close', { terminal });
      return;
    }
    this.#terminal = terminal;
    this.#drawn = 0;
    this.#exitCode = undefined;
    this.#status = 'open';
    this.#stopReading = this.#client.onTerminal(terminal, (bytes) => this.#write(terminal, bytes));
    // The screen may have changed its size while the shell was opening.
    this.resize(screen.size());
    if (this.#typedAhead !== '') this.#client.type(terminal, this.#typedAhead);
    this.#typedAhead = '';
    if (this.#pasteWhenOpen !== '') screen.paste(this.#pasteWhenOpen);
    this.#pasteWhenOpen = '';
  }

  /** Acknowledges in portions: one frame for each piece of output would double the traffic. */
  #write(terminal: number, bytes: Uint8Array): void {
    this.#screen?.write(bytes, () => {
      if (terminal !== this.#terminal) return;
      this.#drawn += bytes.length;
      if (this.#drawn < ACKNOWLEDGED_AT_ONCE) return;
      this.#client.drawn(terminal, this.#drawn);
      this.#drawn = 0;
    });
  }

  #letGo(): void {
    this.#stopReading?.();
    this.#stopReading = undefined;
    this.#terminal = undefined;
  }
}

/** The terminals of one lab, in tabs. */
export class Terminals {
  readonly #client: Client;
  readonly #session: () => string;
  readonly #changed: () => void;
  #tabs = $state.raw<readonly TerminalState[]>([]);
  #active = $state.raw<TerminalState>();
  #nextKey = 1;

  /** `changed`: tabs were opened or closed, or another one is shown. */
  constructor(client: Client, session: () => string, changed: () => void = () => undefined) {
    this.#client = client;
    this.#session = session;
    this.#changed = changed;
  }

  /** What of it is there again when the learner comes back. */
  get desk(): DeskView {
    return {
      places: this.#tabs.map(({ place }) => place),
      active: Math.max(
        0,
        this.#tabs.findIndex((tab) => tab === this.#active),
      ),
    };
  }

  /** Opens what was open before, as far as the places are still there; false when nothing is. */
  layOut({ places, active }: DeskView, there: readonly string[]): boolean {
    const tabs = places.map((place) => (there.includes(place) ? this.#create(place) : undefined));
    this.#active = tabs[active] ?? this.#tabs.at(0);
    return this.#tabs.length > 0;
  }

  get tabs(): readonly TerminalState[] {
    return this.#tabs;
  }

  get active(): TerminalState | undefined {
    return this.#active;
  }

  /** Shows the place's terminal, opening it first when there is none. */
  open(place: string): TerminalState {
    const there =
      this.#active?.place === place ? this.#active : this.#tabs.find((tab) => tab.place === place);
    const tab = there ?? this.#create(place);
    this.#active = tab;
    this.#changed();
    return tab;
  }

  /** A further terminal of the place, beside those that are open. */
  openAnother(place: string): TerminalState {
    const tab = this.#create(place);
    this.#active = tab;
    this.#changed();
    return tab;
  }

  activate(tab: TerminalState): void {
    if (!this.#tabs.includes(tab)) return;
    this.#active = tab;
    this.#changed();
  }

  close(tab: TerminalState): void {
    const at = this.#tabs.indexOf(tab);
    if (at < 0) return;
    tab.close();
    this.#tabs = this.#tabs.filter((other) => other !== tab);
    if (this.#active === tab) this.#active = this.#tabs[Math.min(at, this.#tabs.length - 1)];
    this.#changed();
  }

  closeAll(): void {
    for (const tab of this.#tabs) tab.close();
    this.#tabs = [];
    this.#active = undefined;
  }

  ended(terminal: number, code: number): void {
    this.#tabs.some((tab) => tab.ended(terminal, code));
  }

  lost(): void {
    for (const tab of this.#tabs) tab.lost();
  }

  reopen(): void {
    for (const tab of this.#tabs) void tab.open();
  }

  #create(place: string): TerminalState {
    const taken = this.#tabs.filter((tab) => tab.place === place).map((tab) => tab.ordinal);
    const tab = new TerminalState(this.#client, this.#session, {
      key: `terminal-${this.#nextKey}`,
      place,
      ordinal: Math.max(0, ...taken) + 1,
    });
    this.#nextKey += 1;
    this.#tabs = [...this.#tabs, tab];
    return tab;
  }
}
