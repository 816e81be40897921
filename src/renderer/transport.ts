/**
 * What carries frames between the page and its host: a WebSocket in the browser host, a MessagePort in Electron. Both
 * move text and bytes in order and report their end once; everything above them is the same.
 */
import type { Unsubscribe } from '../base/event.ts';

export type Frame = string | Uint8Array;

export interface TransportEvents {
  opened(): void;
  frame(frame: Frame): void;
  /** Once, after which nothing more comes. */
  closed(): void;
}

export interface Transport {
  send(frame: Frame): void;
  close(): void;
}

/** Starts a connection; its events never fire before the call returned. */
export type Connect = (events: TransportEvents) => Transport;

export function socketConnector(url: string): Connect {
  return (events) => {
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('open', () => events.opened());
    socket.addEventListener('message', (message: MessageEvent<string | ArrayBuffer>) =>
      events.frame(typeof message.data === 'string' ? message.data : new Uint8Array(message.data)),
    );
    // A failed connection fires `error` and then `close`: one end is enough.
    socket.addEventListener('close', () => events.closed(), { once: true });
    return {
      send: (frame) => socket.send(typeof frame === 'string' ? frame : new Uint8Array(frame)),
      close: () => socket.close(),
    };
  };
}

/** `handOver` asks the host for a port; every call gives a new one. */
export function portConnector(handOver: (take: (port: MessagePort) => void) => Unsubscribe): Connect {
  return (events) => {
    let port: MessagePort | undefined;
    const giveUp = handOver((taken) => {
      port = taken;
      port.addEventListener('message', (message: MessageEvent<Frame>) => events.frame(message.data));
      port.addEventListener('close', () => events.closed(), { once: true });
      port.start();
      events.opened();
    });
    return {
      send: (frame) => port?.postMessage(frame),
      close: () => {
        giveUp();
        port?.close();
      },
    };
  };
}
