/**
 * When the page dies or hangs, the person at the window is told and offered a reload. Every reload is a person's answer,
 * so that a page that dies at once cannot make a loop; the running lab belongs to this process and outlives the page.
 */
import type { Log } from '../services/dispatcher.ts';
import type { Electron, MessageBox, Window } from './electron.ts';
import { strings } from './strings.ts';

/** Ends that are wished for. */
const EXPECTED: ReadonlySet<string> = new Set(['clean-exit']);

export class Recovery {
  readonly #electron: Pick<Electron, 'app' | 'dialog'>;
  readonly #window: Window;
  readonly #log: Log;
  /** Takes the open question away. */
  #question: AbortController | undefined;
  /** The page was ended by us, to reload it. */
  #ending = false;

  constructor(electron: Pick<Electron, 'app' | 'dialog'>, window: Window, log: Log) {
    this.#electron = electron;
    this.#window = window;
    this.#log = log;
    window.webContents.on('render-process-gone', (_event, { reason }) => void this.#gone(reason));
    window.webContents.on('preload-error', (_event, _path, error) => log.error('the preload failed', error));
    window.on('unresponsive', () => void this.#stuck());
    window.on('responsive', () => this.#question?.abort());
  }

  async #gone(reason: string): Promise<void> {
    if (this.#ending) {
      this.#ending = false;
      return;
    }
    if (EXPECTED.has(reason)) return;
    this.#log.error('the page ended', reason);
    // A page that hung and was asked about has now settled that question itself.
    this.#question?.abort();
    const { title, message, detail, reload, quit } = strings.gone;
    const answer = await this.#ask({
      type: 'error',
      title,
      message,
      detail: detail(reason),
      buttons: [reload, quit],
      defaultId: 0,
      cancelId: 1,
    });
    if (answer === 0) this.#window.webContents.reload();
    else if (answer === 1) this.#electron.app.quit();
  }

  async #stuck(): Promise<void> {
    if (this.#question) return;
    this.#log.error('the page does not respond', undefined);
    const { title, message, detail, wait, reload } = strings.stuck;
    const answer = await this.#ask({
      type: 'warning',
      title,
      message,
      detail,
      buttons: [wait, reload],
      defaultId: 0,
      cancelId: 0,
    });
    if (answer !== 1) return;
    // A page that hangs answers to nothing, a reload included.
    this.#ending = true;
    this.#window.webContents.forcefullyCrashRenderer();
    this.#window.webContents.reload();
  }

  /** The button's number; undefined when the question was taken away or the window is. */
  async #ask(box: MessageBox): Promise<number | undefined> {
    if (this.#window.isDestroyed()) return undefined;
    const question = new AbortController();
    this.#question = question;
    const { signal } = question;
    const { response } = await this.#electron.dialog.showMessageBox(this.#window, { ...box, signal });
    if (this.#question === question) this.#question = undefined;
    return signal.aborted || this.#window.isDestroyed() ? undefined : response;
  }
}
