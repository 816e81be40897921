/**
 * The way out: an address is handed to the system's browser when its origin is on the list, it is https, and the person
 * at the window says so. Everything else is refused and logged; lessons link to nothing else (a test reads them).
 */
import type { Log } from '../services/dispatcher.ts';
import type { Electron, Window } from './electron.ts';
import { strings } from './strings.ts';

export const ALLOWED_ORIGINS: readonly string[] = [
  'https://kubernetes.io',
  'https://docs.tigera.io',
  'https://www.rfc-editor.org',
  'https://datatracker.ietf.org',
  'https://docs.kernel.org',
  'https://man7.org',
  'https://www.wireshark.org',
  'https://coredns.io',
  'https://bird.network.cz',
];

/** The address in its one spelling, when it may be opened. */
export function allowedAddress(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const { protocol, origin, username, password, href } = new URL(address);
  const allowed =
    protocol === 'https:' && username === '' && password === '' && ALLOWED_ORIGINS.includes(origin);
  return allowed ? href : undefined;
}

export class ExternalLinks {
  readonly #electron: Pick<Electron, 'dialog' | 'shell'>;
  readonly #log: Log;
  #window: Window | undefined;
  #asking = false;

  constructor(electron: Pick<Electron, 'dialog' | 'shell'>, log: Log) {
    this.#electron = electron;
    this.#log = log;
  }

  /** From now on questions are asked over this window. */
  askIn(window: Window): void {
    this.#window = window;
  }

  /** Asks, one question at a time, and opens the address if the answer is yes. */
  async open(address: string): Promise<void> {
    const allowed = allowedAddress(address);
    if (allowed === undefined) {
      this.#log.error('an address outside was refused', address.slice(0, 200));
      return;
    }
    const window = this.#window;
    if (this.#asking || window === undefined || window.isDestroyed()) return;
    this.#asking = true;
    try {
      if (await this.#confirm(window, allowed)) await this.#electron.shell.openExternal(allowed);
    } catch (cause) {
      this.#log.error('an address outside could not be opened', cause);
    } finally {
      this.#asking = false;
    }
  }

  async #confirm(window: Window, address: string): Promise<boolean> {
    const { title, question, open, stay } = strings.outside;
    const { response } = await this.#electron.dialog.showMessageBox(window, {
      type: 'question',
      title,
      message: question,
      detail: address,
      buttons: [open, stay],
      defaultId: 0,
      cancelId: 1,
    });
    return response === 0;
  }
}
