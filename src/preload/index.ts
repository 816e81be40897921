/**
 * The bridge of the desktop window, in the sandbox: it exposes nothing to the page. Asked by the page, it asks the main
 * process for a port and passes the port on, to the page's own window and origin only.
 */
import { ipcRenderer } from 'electron';
import { PORT_GIVEN, PORT_WANTED } from '../contract/channel.ts';

window.addEventListener('message', ({ source, origin, data }: MessageEvent<unknown>) => {
  if (source === window && origin === location.origin && data === PORT_WANTED) ipcRenderer.send(PORT_WANTED);
});

ipcRenderer.on(PORT_GIVEN, ({ ports }) => {
  window.postMessage(PORT_GIVEN, location.origin, [...ports]);
});
