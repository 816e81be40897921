/**
 * xterm.js as a `Screen`. This module and xterm are one lazily loaded chunk. Keys that the app takes for itself all
 * carry Ctrl+Shift, so that every key of a line editor reaches the shell.
 */
import '@xterm/xterm/css/xterm.css';
import { FitAddon } from '@xterm/addon-fit';
import { SearchAddon } from '@xterm/addon-search';
import { Terminal, type ITheme } from '@xterm/xterm';
import { DisposableStore } from '../../base/disposable.ts';
import type { Screen, TerminalSize } from '../state/terminal.svelte.ts';
import { readMonospace } from './palette.ts';
import { styleRowsByCssom } from './row-styles.ts';

export interface ScreenOptions {
  readonly label: string;
  readonly palette: ITheme;
  readonly fontSize: number;
  readonly onInput: (text: string) => void;
  readonly onResize: (size: TerminalSize) => void;
  readonly onLeave: () => void;
  readonly onFind: () => void;
  readonly onCopy: (text: string) => void;
}

const DEFAULT_SIZE: TerminalSize = { columns: 80, rows: 24 };

export class XtermScreen implements Screen, Disposable {
  readonly #terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #search = new SearchAddon();
  readonly #container: HTMLElement;
  readonly #options: ScreenOptions;
  readonly #store = new DisposableStore();

  constructor(container: HTMLElement, options: ScreenOptions) {
    this.#container = container;
    this.#options = options;
    this.#terminal = new Terminal({
      theme: options.palette,
      fontSize: options.fontSize,
      fontFamily: readMonospace(),
      lineHeight: 1.15,
      cursorBlink: false,
      scrollback: 5000,
      screenReaderMode: true,
      minimumContrastRatio: 4.5,
      // Links of programs are text here: what leaves the app goes through the app's own question.
      linkHandler: { activate: () => undefined },
      logLevel: 'off',
    });
    this.#terminal.loadAddon(this.#fit);
    this.#terminal.loadAddon(this.#search);
    this.#terminal.attachCustomKeyEventHandler((event) => this.#isForShell(event));
    this.#terminal.open(container);
    styleRowsByCssom(this.#terminal);
    this.#terminal.textarea?.setAttribute('aria-label', options.label);
    this.#watch();
  }

  size(): TerminalSize {
    const size = this.#fit.proposeDimensions();
    if (size === undefined || !Number.isFinite(size.cols) || size.cols < 2) return DEFAULT_SIZE;
    return { columns: size.cols, rows: size.rows };
  }

  write(bytes: Uint8Array, drawn: () => void): void {
    this.#terminal.write(bytes, drawn);
  }

  paste(text: string): void {
    this.#terminal.paste(text);
  }

  focus(): void {
    this.#terminal.focus();
  }

  restyle(palette: ITheme, fontSize: number): void {
    this.#terminal.options.theme = palette;
    this.#terminal.options.fontSize = fontSize;
    this.#refit();
  }

  /** True when there is a match. */
  find(text: string, direction: 'next' | 'previous'): boolean {
    return direction === 'next' ? this.#search.findNext(text) : this.#search.findPrevious(text);
  }

  stopFinding(): void {
    this.#search.clearDecorations();
    this.#terminal.clearSelection();
  }

  [Symbol.dispose](): void {
    this.#store.dispose();
    this.#terminal.dispose();
  }

  #watch(): void {
    const { onInput, onResize } = this.#options;
    const input = this.#terminal.onData(onInput);
    const resize = this.#terminal.onResize(({ cols, rows }) => onResize({ columns: cols, rows }));
    const observer = new ResizeObserver(() => this.#refit());
    observer.observe(this.#container);
    this.#store.add(() => input.dispose());
    this.#store.add(() => resize.dispose());
    this.#store.add(() => observer.disconnect());
    this.#refit();
  }

  /** A hidden container has no size: the terminal keeps the one it had. */
  #refit(): void {
    if (this.#container.clientWidth > 0) this.#fit.fit();
  }

  #isForShell(event: KeyboardEvent): boolean {
    if (!event.ctrlKey || !event.shiftKey || event.altKey || event.metaKey) return true;
    const taken = event.type === 'keydown' ? this.#shortcut(event.code) : undefined;
    if (taken === undefined) return !isOurs(event.code);
    taken();
    event.preventDefault();
    return false;
  }

  #shortcut(code: string): (() => void) | undefined {
    switch (code) {
      case 'KeyX':
        return this.#options.onLeave;
      case 'KeyF':
        return this.#options.onFind;
      case 'KeyC':
        return () => this.#options.onCopy(this.#terminal.getSelection());
      default:
        return undefined;
    }
  }
}

/** Keys that neither the shell nor this class handles: the browser pastes, the page checks the step. */
function isOurs(code: string): boolean {
  return ['KeyX', 'KeyF', 'KeyC', 'KeyV', 'Enter', 'NumpadEnter'].includes(code);
}
