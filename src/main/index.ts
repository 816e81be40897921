/** The desktop host's entry: hands the real Electron over, and catches what nobody else does. Runs when it is loaded. */
import {
  app,
  BrowserWindow,
  dialog,
  ipcMain,
  Menu,
  MessageChannelMain,
  protocol,
  screen,
  session,
  shell,
} from 'electron';
import process from 'node:process';
import { openServices } from '../cli/host-services.ts';
import { dataFolder, PATHS } from '../cli/paths.ts';
import { StaticFiles } from '../server/static-files.ts';
import { builtPage } from './app-scheme.ts';
import { runDesktop } from './desktop.ts';
import { devPage, devServer } from './dev-page.ts';
import { fileLog } from './log.ts';
import { strings } from './strings.ts';

const data = dataFolder();
const log = fileLog({ folder: data });

function fail(cause: unknown): void {
  log.error(strings.fault.bug, cause);
  dialog.showErrorBox(strings.fault.title, strings.fault.bug);
  app.exit(1);
}
process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);

// A packaged app shows what was packaged, whatever its environment says.
const dev = app.isPackaged ? undefined : devServer(process.env.ELECTRON_RENDERER_URL);

// Not awaited: Electron becomes ready only after this module has been evaluated.
runDesktop({
  electron: {
    app,
    BrowserWindow,
    dialog,
    ipcMain,
    Menu,
    MessageChannelMain,
    protocol,
    screen,
    session,
    shell,
  },
  data,
  platform: process.platform,
  page: dev === undefined ? builtPage(new StaticFiles(PATHS.renderer)) : devPage(dev),
  devSocket: dev?.host,
  open: (window) =>
    openServices({ ...window, host: 'electron', log, warn: (sentence) => log.error(sentence, undefined) }),
  log,
}).catch(fail);
