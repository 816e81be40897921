/**
 * Which host this page has. The browser host serves the page and a WebSocket at `/socket` beside it. In Electron the
 * page has the scheme `app:`; it asks its preload for a MessagePort, which comes back as a message from this very window.
 */
import type { Unsubscribe } from '../base/event.ts';
import { PORT_GIVEN, PORT_WANTED } from '../contract/channel.ts';
import { portConnector, socketConnector, type Connect } from './transport.ts';

export function hostConnector(): Connect {
  if (location.protocol === 'app:') return portConnector(askForPort);
  const address = new URL('/socket', location.href);
  address.protocol = address.protocol.replace('http', 'ws');
  return socketConnector(address.href);
}

function askForPort(take: (port: MessagePort) => void): Unsubscribe {
  const given = (message: MessageEvent<unknown>): void => {
    const [port] = message.ports;
    if (message.source !== window || message.data !== PORT_GIVEN || port === undefined) return;
    stop();
    take(port);
  };
  const stop = (): void => window.removeEventListener('message', given);
  window.addEventListener('message', given);
  window.postMessage(PORT_WANTED, location.origin);
  return stop;
}
