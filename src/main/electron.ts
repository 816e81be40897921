/**
 * The part of Electron that the main process uses, and nothing else of it: every module here takes this shape, index.ts
 * hands over the real thing, tests a small fake. What is not on this page is out of reach. Shapes as in Electron 45.
 */

export interface Preventable {
  preventDefault(): void;
}

export interface Electron {
  readonly app: App;
  readonly BrowserWindow: new (options: WindowOptions) => Window;
  readonly MessageChannelMain: new () => { readonly port1: Port; readonly port2: Port };
  readonly Menu: MenuDoor;
  readonly dialog: Dialog;
  readonly ipcMain: IpcMain;
  readonly protocol: Protocol;
  readonly screen: Screen;
  readonly session: { readonly defaultSession: Session };
  readonly shell: Shell;
}

export interface App {
  readonly isPackaged: boolean;
  readonly commandLine: { hasSwitch(name: string): boolean };
  readonly name: string;
  setName(name: string): void;
  setPath(name: 'userData', path: string): void;
  getPath(name: 'downloads'): string;
  setAboutPanelOptions(options: {
    readonly applicationName: string;
    readonly applicationVersion: string;
    readonly copyright: string;
  }): void;
  enableSandbox(): void;
  requestSingleInstanceLock(): boolean;
  whenReady(): Promise<void>;
  quit(): void;
  exit(code: number): void;
  on(event: 'second-instance' | 'window-all-closed', listener: () => void): unknown;
  on(event: 'will-quit', listener: (event: Preventable) => void): unknown;
  on(event: 'web-contents-created', listener: (event: Preventable, contents: WebContents) => void): unknown;
  on(
    event: 'child-process-gone',
    listener: (event: Preventable, details: { readonly type: string; readonly reason: string }) => void,
  ): unknown;
}

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface WindowOptions extends Partial<Rectangle> {
  readonly title?: string;
  readonly minWidth?: number;
  readonly minHeight?: number;
  readonly show?: boolean;
  readonly backgroundColor?: string;
  readonly webPreferences?: WebPreferences;
}

export interface WebPreferences {
  readonly preload?: string;
  readonly sandbox?: boolean;
  readonly contextIsolation?: boolean;
  readonly webSecurity?: boolean;
  readonly nodeIntegration?: boolean;
  readonly nodeIntegrationInWorker?: boolean;
  readonly nodeIntegrationInSubFrames?: boolean;
  readonly webviewTag?: boolean;
  readonly allowRunningInsecureContent?: boolean;
  readonly experimentalFeatures?: boolean;
  readonly navigateOnDragDrop?: boolean;
  readonly spellcheck?: boolean;
}

export interface Window {
  readonly webContents: WebContents;
  loadURL(url: string): Promise<void>;
  show(): void;
  focus(): void;
  restore(): void;
  maximize(): void;
  setFullScreen(on: boolean): void;
  isMinimized(): boolean;
  isMaximized(): boolean;
  isFullScreen(): boolean;
  isDestroyed(): boolean;
  getNormalBounds(): Rectangle;
  once(event: 'ready-to-show', listener: () => void): unknown;
  on(event: 'close' | 'closed' | 'unresponsive' | 'responsive', listener: () => void): unknown;
}

export interface Navigation extends Preventable {
  readonly url: string;
  readonly isMainFrame: boolean;
  readonly isSameDocument: boolean;
}

export interface WebContents {
  readonly id: number;
  readonly mainFrame: Frame;
  reload(): void;
  forcefullyCrashRenderer(): void;
  setWindowOpenHandler(handler: (details: { readonly url: string }) => { readonly action: 'deny' }): void;
  on(
    event: 'will-navigate' | 'will-frame-navigate' | 'will-redirect' | 'did-start-navigation',
    listener: (details: Navigation) => void,
  ): unknown;
  on(event: 'will-attach-webview', listener: (event: Preventable) => void): unknown;
  on(event: 'destroyed', listener: () => void): unknown;
  on(
    event: 'render-process-gone',
    listener: (event: Preventable, details: { readonly reason: string }) => void,
  ): unknown;
  on(event: 'preload-error', listener: (event: Preventable, preload: string, error: Error) => void): unknown;
}

/** A page or a page within it. */
export interface Frame {
  readonly url: string;
  /** As in RFC 6454: `app://underlay`, or `null` for what has none. */
  readonly origin: string;
  /** Null for a main frame. */
  readonly parent: Frame | null;
  readonly processId: number;
  readonly routingId: number;
  postMessage(channel: string, message: unknown, transfer?: Port[]): void;
}

export interface IpcMain {
  on(channel: string, listener: (event: IpcEvent, ...args: unknown[]) => void): unknown;
}

export interface IpcEvent {
  readonly sender: WebContents;
  /** Null once the frame is gone. */
  readonly senderFrame: Frame | null;
  readonly ports: readonly unknown[];
}

/** One end of a MessageChannelMain; started by `start`, in order, closed on both ends by either. */
export interface Port {
  postMessage(message: unknown): void;
  start(): void;
  close(): void;
  on(event: 'message', listener: (message: { readonly data: unknown }) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
}

export interface Protocol {
  registerSchemesAsPrivileged(schemes: CustomScheme[]): void;
  handle(scheme: string, handler: (request: Request) => Promise<Response>): void;
}

export interface CustomScheme {
  readonly scheme: string;
  readonly privileges: {
    readonly standard: boolean;
    readonly secure: boolean;
    readonly supportFetchAPI: boolean;
    readonly corsEnabled: boolean;
    readonly codeCache: boolean;
  };
}

export interface Session {
  readonly webRequest: {
    onBeforeRequest(
      listener: (
        details: { readonly url: string },
        callback: (answer: { readonly cancel: boolean }) => void,
      ) => void,
    ): void;
  };
  setPermissionRequestHandler(
    handler: (
      contents: WebContents,
      permission: string,
      callback: (granted: boolean) => void,
      details: { readonly isMainFrame: boolean; readonly requestingUrl: string },
    ) => void,
  ): void;
  setPermissionCheckHandler(
    handler: (
      contents: WebContents | null,
      permission: string,
      origin: string,
      details: { readonly isMainFrame: boolean },
    ) => boolean,
  ): void;
  setDevicePermissionHandler(handler: () => boolean): void;
  on(
    event: 'will-download',
    listener: (event: Preventable, item: DownloadItem, contents: WebContents) => void,
  ): unknown;
}

export interface DownloadItem {
  getURL(): string;
  getFilename(): string;
  setSaveDialogOptions(options: SaveDialogOptions): void;
  once(
    event: 'done',
    listener: (event: Preventable, state: 'completed' | 'cancelled' | 'interrupted') => void,
  ): unknown;
}

export interface SaveDialogOptions {
  readonly title: string;
  readonly defaultPath: string;
  readonly filters: { readonly name: string; readonly extensions: string[] }[];
}

export interface MessageBox {
  readonly type: 'info' | 'question' | 'warning' | 'error';
  readonly title: string;
  readonly message: string;
  readonly detail: string;
  readonly buttons: string[];
  readonly defaultId: number;
  readonly cancelId: number;
  /** Takes the box away again. */
  readonly signal?: AbortSignal;
}

export interface OpenDialogOptions {
  readonly title: string;
  readonly buttonLabel: string;
  readonly filters: { readonly name: string; readonly extensions: string[] }[];
  readonly properties: 'openFile'[];
}

export interface Dialog {
  showMessageBox(
    parent: Pick<Window, 'isDestroyed'>,
    options: MessageBox,
  ): Promise<{ readonly response: number }>;
  showOpenDialog(
    parent: Pick<Window, 'isDestroyed'>,
    options: OpenDialogOptions,
  ): Promise<{ readonly canceled: boolean; readonly filePaths: readonly string[] }>;
  showErrorBox(title: string, content: string): void;
}

export interface Screen {
  getAllDisplays(): readonly { readonly workArea: Rectangle }[];
  getPrimaryDisplay(): { readonly workArea: Rectangle };
}

export interface Shell {
  openExternal(url: string): Promise<void>;
  openPath(path: string): Promise<string>;
}

/** What a menu is made of: a role that Electron knows, or a label with what it does. */
export interface MenuEntry {
  readonly label?: string;
  readonly role?: MenuRole;
  readonly type?: 'separator';
  readonly accelerator?: string;
  readonly submenu?: MenuEntry[];
  readonly click?: () => void;
}

export type MenuRole =
  | 'about'
  | 'services'
  | 'hide'
  | 'hideOthers'
  | 'unhide'
  | 'quit'
  | 'close'
  | 'undo'
  | 'redo'
  | 'cut'
  | 'copy'
  | 'paste'
  | 'selectAll'
  | 'reload'
  | 'toggleDevTools'
  | 'resetZoom'
  | 'zoomIn'
  | 'zoomOut'
  | 'togglefullscreen'
  | 'minimize'
  | 'zoom'
  | 'front'
  | 'windowMenu'
  | 'help';

export interface BuiltMenu {
  readonly items: readonly unknown[];
}

export interface MenuDoor {
  buildFromTemplate(template: MenuEntry[]): BuiltMenu;
  setApplicationMenu(menu: BuiltMenu | null): void;
}
