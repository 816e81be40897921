/** Carries the contract over one MessagePort: text as strings, terminal bytes as byte arrays, and nothing else. */
import { FRAME_LIMIT } from '../contract/wire.ts';
import type { Services } from '../services/services.ts';
import { WindowConnection } from '../services/window-connection.ts';
import type { Port } from './electron.ts';

/** What is returned ends the connection, as does the other end of the port. */
export function servePort(port: Port, services: Services): () => void {
  const connection = new WindowConnection(services, {
    text: (frame) => port.postMessage(frame),
    binary: (frame) => port.postMessage(alone(frame)),
  });
  let over = false;
  const end = (): void => {
    if (over) return;
    over = true;
    connection.close();
    port.close();
  };
  port.on('message', ({ data }) => {
    if (over) return;
    if (typeof data === 'string' && data.length <= FRAME_LIMIT) void connection.receiveText(data);
    else if (data instanceof Uint8Array && data.length <= FRAME_LIMIT) connection.receiveBinary(data);
    else {
      services.log.error('a window sent something that is no frame', typeof data);
      end();
    }
  });
  port.on('close', end);
  port.start();
  return end;
}

/** A part of a larger buffer would take all of it along when it is cloned. */
function alone(frame: Uint8Array): Uint8Array {
  return frame.byteLength === frame.buffer.byteLength ? frame : frame.slice();
}
