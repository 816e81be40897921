/** A page of the desktop window, as its preload and its script see it: a window that gets messages, and an ipcRenderer. */
import { FakePort, type FakeElectron } from './fake-electron.ts';

export interface WindowMessage {
  readonly source: unknown;
  readonly origin: string;
  readonly data: unknown;
  readonly ports: readonly unknown[];
}

type Listener = (message: WindowMessage) => void;

export class FakePage {
  readonly #electron: FakeElectron;
  readonly #listeners = new Set<Listener>();
  /** Messages that went to the main process. */
  readonly sent: unknown[][] = [];
  /** Messages that were posted to the window with ports. */
  readonly posted: {
    readonly message: unknown;
    readonly origin: string;
    readonly ports: readonly unknown[];
  }[] = [];
  #given: ((event: { readonly ports: readonly unknown[] }) => void) | undefined;

  readonly window = {
    location: { protocol: 'app:', origin: 'app://underlay', href: 'app://underlay/' },
    addEventListener: (_type: 'message', listener: Listener): void => void this.#listeners.add(listener),
    removeEventListener: (_type: 'message', listener: Listener): void =>
      void this.#listeners.delete(listener),
    /** Delivered in a later turn, as a browser does, and only to the origin that was named. */
    postMessage: (message: unknown, origin: string, ports: readonly unknown[] = []): void => {
      if (ports.length > 0) this.posted.push({ message, origin, ports });
      if (origin !== 'app://underlay') return;
      setImmediate(() =>
        this.dispatch({ source: this.window, origin: 'app://underlay', data: message, ports }),
      );
    },
  };

  readonly ipcRenderer = {
    send: (channel: string, ...payload: unknown[]): void => {
      this.sent.push([channel, ...payload]);
      this.#electron.send(channel, {}, ...payload);
      this.#deliver(channel);
    },
    on: (_channel: string, listener: (event: { readonly ports: readonly unknown[] }) => void): void => {
      this.#given = listener;
    },
  };

  constructor(electron: FakeElectron) {
    this.#electron = electron;
  }

  dispatch(message: WindowMessage): void {
    for (const listener of [...this.#listeners]) listener(message);
  }

  /** What the main process posted to the frame reaches the preload, its ports as the page's own. */
  #deliver(channel: string): void {
    const { posted } = this.#electron.window.webContents.mainFrame;
    for (const { ports } of posted.splice(0)) {
      const own = ports.map((port) => (port instanceof FakePort ? port.inner : port));
      if (channel === 'underlay:port-wanted') this.#given?.({ ports: own });
    }
  }
}
