/**
 * The only message this process takes from a page: a wish for a port. It is granted to the main frame of our own window
 * showing our own page, and to nobody else; the port goes back to that very frame. One page has one port: a new one, or
 * the way to another page, closes the old.
 */
import { PORT_GIVEN, PORT_WANTED } from '../contract/channel.ts';
import type { Log } from '../services/dispatcher.ts';
import type { Electron, Frame, IpcEvent, Port, WebContents } from './electron.ts';
import { APP_ORIGIN, isOurs } from './origin.ts';

export interface HandshakeOptions {
  readonly electron: Pick<Electron, 'ipcMain' | 'MessageChannelMain'>;
  /** The one page that may ask; undefined while there is none. */
  readonly contents: () => WebContents | undefined;
  /** Serves the host's end of a new port; what it returns ends that. */
  readonly serve: (port: Port) => () => void;
  readonly log: Log;
}

export class Handshake {
  readonly #options: HandshakeOptions;
  #end: (() => void) | undefined;

  constructor(options: HandshakeOptions) {
    this.#options = options;
    options.electron.ipcMain.on(PORT_WANTED, (event, ...payload) => this.#asked(event, payload));
  }

  /** From now on the port of this page lives as long as the page. */
  watch(contents: WebContents): void {
    contents.on('did-start-navigation', ({ isMainFrame, isSameDocument }) => {
      if (isMainFrame && !isSameDocument) this.close();
    });
    contents.on('render-process-gone', () => this.close());
    contents.on('destroyed', () => this.close());
  }

  close(): void {
    const end = this.#end;
    this.#end = undefined;
    end?.();
  }

  #asked(event: IpcEvent, payload: readonly unknown[]): void {
    const { electron, contents, serve, log } = this.#options;
    const frame = event.senderFrame;
    const refusal = refuse(event, contents()) ?? (payload.length > 0 ? 'it came with a payload' : undefined);
    if (frame === null || refusal !== undefined) {
      log.error('a request for a port was refused', refusal);
      return;
    }
    this.close();
    const { port1, port2 } = new electron.MessageChannelMain();
    this.#end = serve(port1);
    frame.postMessage(PORT_GIVEN, null, [port2]);
  }
}

/** Why this sender gets no port. */
function refuse({ sender, senderFrame, ports }: IpcEvent, ours: WebContents | undefined): string | undefined {
  if (senderFrame === null) return 'its frame is gone';
  if (ours === undefined || sender.id !== ours.id) return 'it is not from our window';
  if (senderFrame.parent !== null || !isSame(senderFrame, ours.mainFrame))
    return 'it is not from the main frame';
  if (senderFrame.origin !== APP_ORIGIN || !isOurs(senderFrame.url)) return 'it is not from our page';
  return ports.length > 0 ? 'it brought ports of its own' : undefined;
}

const isSame = (a: Frame, b: Frame): boolean => a.processId === b.processId && a.routingId === b.routingId;
