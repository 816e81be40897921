/**
 * Files of a lab, captures above all, leave by the page's own download, as in a browser; here a dialog asks where to.
 * Only bytes that the page itself holds can be saved: no address is ever fetched.
 */
import { basename, extname, join } from 'node:path';
import type { Log } from '../services/dispatcher.ts';
import type { App, SaveDialogOptions, Session } from './electron.ts';
import { isOurs } from './origin.ts';
import { strings } from './strings.ts';

const CAPTURES = ['pcap', 'pcapng', 'cap'];

export function saveDownloads(session: Session, app: App, log: Log): void {
  session.on('will-download', (event, item) => {
    if (!isBlobOfOurs(item.getURL())) {
      event.preventDefault();
      log.error('a download was refused', item.getURL().slice(0, 200));
      return;
    }
    item.setSaveDialogOptions(saveDialog(app.getPath('downloads'), item.getFilename()));
    item.once('done', (_event, state) => {
      if (state === 'interrupted') log.error('a file could not be saved', item.getFilename());
    });
  });
}

const isBlobOfOurs = (url: string): boolean => url.startsWith('blob:') && isOurs(url.slice('blob:'.length));

function saveDialog(folder: string, filename: string): SaveDialogOptions {
  const name = basename(filename);
  const { title, captures, anything } = strings.save;
  const all = { name: anything, extensions: ['*'] };
  const isCapture = CAPTURES.includes(extname(name).slice(1));
  return {
    title,
    defaultPath: join(folder, name),
    filters: isCapture ? [{ name: captures, extensions: CAPTURES }, all] : [all],
  };
}
