/**
 * The desktop host, composed: what must be said before Electron is ready, the window with its walls, and the end, at which
 * running labs are put away. Nothing here decides anything; each rule has its file.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Result } from '../base/result.ts';
import type { ChooseFile } from '../services/bundle-intake.ts';
import type { Log } from '../services/dispatcher.ts';
import type { Services } from '../services/services.ts';
import { claimScheme, serveScheme, type Respond } from './app-scheme.ts';
import { BundleDialog } from './bundle-dialog.ts';
import { saveDownloads } from './downloads.ts';
import type { Electron, Window } from './electron.ts';
import { ExternalLinks } from './external-links.ts';
import { Handshake } from './handshake.ts';
import { servePort } from './ipc.ts';
import { setMenu } from './menu.ts';
import { guardNavigation } from './navigation.ts';
import { denyNetwork } from './network.ts';
import { START_PAGE } from './origin.ts';
import { restrictPermissions } from './permissions.ts';
import { Recovery } from './recovery.ts';
import { strings } from './strings.ts';
import { bringForward, openWindow } from './window.ts';
import { place, readState, rememberState } from './window-state.ts';

/** The services of this process, and how to put them away. */
export interface OpenServices {
  readonly services: Services;
  dispose(): Promise<void>;
}

/** What services can do here since there is a window. */
export interface WindowAbilities {
  readonly chooseFile: ChooseFile;
}

export interface DesktopOptions {
  readonly electron: Electron;
  /** The learner's data folder, the same as the browser host's. */
  readonly data: string;
  readonly platform: NodeJS.Platform;
  readonly page: Respond;
  /** The dev server's `host:port`, while developing. */
  readonly devSocket?: string | undefined;
  /** The error is for the person who starts. */
  readonly open: (window: WindowAbilities) => Promise<Result<OpenServices, string>>;
  readonly log: Log;
}

/** Resolves when the window is open, or when it has become clear that there will be none. */
export async function runDesktop(options: DesktopOptions): Promise<void> {
  const { electron, data, log } = options;
  const { app } = electron;
  app.setName(strings.product);
  // The browser's own profile lives in a folder of ours, and with it the lock that keeps the window single.
  const profile = join(data, 'desktop');
  mkdirSync(profile, { recursive: true });
  app.setPath('userData', profile);
  if (!app.requestSingleInstanceLock()) {
    app.quit();
    return;
  }
  app.enableSandbox();
  claimScheme(electron.protocol);
  const links = new ExternalLinks(electron, log);
  const bundles = new BundleDialog(electron);
  guardNavigation(app, { outside: (url) => void links.open(url) });
  app.on('window-all-closed', () => app.quit());
  app.on('child-process-gone', (_event, { type, reason }) => {
    if (reason !== 'clean-exit') log.error(`a helper process (${type}) ended`, reason);
  });

  if (app.commandLine.hasSwitch('no-sandbox')) {
    await app.whenReady();
    giveUp(options, strings.fault.noSandbox);
    return;
  }
  const [opened] = await Promise.all([options.open({ chooseFile: () => bundles.choose() }), app.whenReady()]);
  if (!opened.ok) {
    giveUp(options, opened.error);
    return;
  }
  disposeAtQuit(options, opened.value);
  const window = furnishedWindow(options, { services: opened.value.services, links, bundles });
  app.on('second-instance', () => bringForward(window));
  await load(window, log);
}

/** There will be no window, for a reason that the person can do something about. */
function giveUp({ electron, log }: DesktopOptions, reason: string): void {
  log.error(strings.fault.start, reason);
  electron.dialog.showErrorBox(strings.fault.title, `${strings.fault.start}: ${reason}`);
  electron.app.exit(1);
}

async function load(window: Window, log: Log): Promise<void> {
  try {
    await window.loadURL(START_PAGE);
  } catch (cause) {
    log.error('the page could not be loaded', cause);
    // It has painted nothing, so it would stay hidden.
    bringForward(window);
  }
}

interface Inside {
  readonly services: Services;
  readonly links: ExternalLinks;
  readonly bundles: BundleDialog;
}

function furnishedWindow(options: DesktopOptions, { services, links, bundles }: Inside): Window {
  const { electron, data, log, platform, page, devSocket } = options;
  const { app, screen, shell, protocol, session } = electron;
  serveScheme(protocol, page);
  restrictPermissions(session.defaultSession);
  denyNetwork(session.defaultSession, devSocket);
  saveDownloads(session.defaultSession, app, log);
  setMenu(electron, {
    platform,
    developing: !app.isPackaged,
    openOutside: (address) => void links.open(address),
    openDataFolder: () => void shell.openPath(data),
  });
  app.setAboutPanelOptions({
    applicationName: strings.product,
    applicationVersion: services.info.version,
    copyright: 'Apache License 2.0',
  });
  const window = openWindow(electron, place(readState(data), screen));
  links.askIn(window);
  bundles.askIn(window);
  const handshake = new Handshake({
    electron,
    contents: () => (window.isDestroyed() ? undefined : window.webContents),
    serve: (port) => servePort(port, services),
    log,
  });
  handshake.watch(window.webContents);
  rememberState(window, data, (cause) => log.error('the place of the window could not be saved', cause));
  new Recovery(electron, window, log);
  return window;
}

/** The process waits for its labs; a second wish to quit, made by us, then goes through. */
function disposeAtQuit({ electron: { app }, log }: DesktopOptions, open: OpenServices): void {
  let state: 'open' | 'closing' | 'closed' = 'open';
  app.on('will-quit', (event) => {
    if (state === 'closed') return;
    event.preventDefault();
    if (state === 'closing') return;
    state = 'closing';
    void open
      .dispose()
      .catch((cause: unknown) => log.error('labs could not be put away', cause))
      .then(() => {
        state = 'closed';
        app.quit();
      });
  });
}
