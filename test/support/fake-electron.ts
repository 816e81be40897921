/**
 * Electron as the main process sees it (`src/main/electron.ts`), without a window: events are emitted by the test, dialogs
 * are answered by it, and ports are those of Node. It keeps the order that Electron keeps where main depends on it.
 */
import { EventEmitter } from 'node:events';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type {
  App,
  CustomScheme,
  Electron,
  Frame,
  IpcEvent,
  MenuEntry,
  MessageBox,
  OpenDialogOptions,
  Port,
  Preventable,
  Protocol,
  Rectangle,
  Session,
  WebContents,
  Window,
  WindowOptions,
} from '../../src/main/electron.ts';

/** An event that can be prevented, and whether it was. */
export class FakeEvent implements Preventable {
  prevented = false;

  preventDefault(): void {
    this.prevented = true;
  }
}

export class FakeFrame implements Frame {
  readonly posted: {
    readonly channel: string;
    readonly message: unknown;
    readonly ports: readonly Port[];
  }[] = [];
  url = 'app://underlay/';
  origin = 'app://underlay';
  parent: Frame | null = null;
  processId = 7;
  routingId = 1;

  constructor(own: Partial<Pick<FakeFrame, 'url' | 'origin' | 'parent' | 'processId' | 'routingId'>> = {}) {
    Object.assign(this, own);
  }

  postMessage(channel: string, message: unknown, transfer: Port[] = []): void {
    this.posted.push({ channel, message, ports: transfer });
  }
}

let nextContents = 1;

export class FakeContents extends EventEmitter implements WebContents {
  readonly id = nextContents++;
  readonly did: string[] = [];
  mainFrame = new FakeFrame();
  openHandler: ((details: { readonly url: string }) => { readonly action: 'deny' }) | undefined;

  reload(): void {
    this.did.push('reload');
  }

  forcefullyCrashRenderer(): void {
    this.did.push('crash');
    this.emit('render-process-gone', new FakeEvent(), { reason: 'killed' });
  }

  setWindowOpenHandler(handler: (details: { readonly url: string }) => { readonly action: 'deny' }): void {
    this.openHandler = handler;
  }

  /** Emits one of the navigation events and says whether it was prevented. */
  navigate(
    event: 'will-navigate' | 'will-frame-navigate' | 'will-redirect' | 'did-start-navigation',
    details: { readonly url: string; readonly isMainFrame?: boolean; readonly isSameDocument?: boolean },
  ): boolean {
    const navigation = Object.assign(new FakeEvent(), {
      isMainFrame: true,
      isSameDocument: false,
      ...details,
    });
    this.emit(event, navigation);
    return navigation.prevented;
  }
}

export class FakeWindow extends EventEmitter implements Window {
  readonly webContents = new FakeContents();
  readonly did: string[] = [];
  minimized = false;
  maximized = false;
  fullScreen = false;
  destroyed = false;
  bounds: Rectangle;
  loads: (url: string) => Promise<void> = () => Promise.resolve();
  readonly options: WindowOptions;

  constructor(options: WindowOptions) {
    super();
    this.options = options;
    const { x = 0, y = 0, width = 800, height = 600 } = options;
    this.bounds = { x, y, width, height };
  }

  loadURL(url: string): Promise<void> {
    this.did.push(`load ${url}`);
    return this.loads(url);
  }

  show(): void {
    this.did.push('show');
  }

  focus(): void {
    this.did.push('focus');
  }

  restore(): void {
    this.did.push('restore');
  }

  maximize(): void {
    this.did.push('maximize');
  }

  setFullScreen(on: boolean): void {
    this.did.push(`full screen ${on ? 'on' : 'off'}`);
  }

  isMinimized(): boolean {
    return this.minimized;
  }

  isMaximized(): boolean {
    return this.maximized;
  }

  isFullScreen(): boolean {
    return this.fullScreen;
  }

  isDestroyed(): boolean {
    return this.destroyed;
  }

  getNormalBounds(): Rectangle {
    return this.bounds;
  }
}

export class FakeApp extends EventEmitter implements App {
  readonly did: string[] = [];
  readonly paths: Record<string, string> = { downloads: '/home/learner/Downloads' };
  /** What stood behind `--` on the command line. */
  readonly switches = new Set<string>();
  readonly commandLine = { hasSwitch: (name: string): boolean => this.switches.has(name) };
  isPackaged = true;
  name = 'electron';
  /** Whether this process is the first one. */
  first = true;
  ready = Promise.resolve();

  setName(name: string): void {
    this.name = name;
  }

  setPath(name: 'userData', path: string): void {
    this.did.push(`path ${name}`);
    this.paths[name] = path;
  }

  getPath(name: 'downloads'): string {
    return this.paths[name] ?? '';
  }

  setAboutPanelOptions(options: { readonly applicationVersion: string }): void {
    this.did.push(`about ${options.applicationVersion}`);
  }

  enableSandbox(): void {
    this.did.push('sandbox');
  }

  requestSingleInstanceLock(): boolean {
    this.did.push('lock');
    return this.first;
  }

  async whenReady(): Promise<void> {
    await this.ready;
    this.did.push('ready');
  }

  /** As Electron does: asks `will-quit` first, and ends unless that is prevented. */
  quit(): void {
    const event = new FakeEvent();
    this.emit('will-quit', event);
    this.did.push(event.prevented ? 'quit put off' : 'quit');
  }

  exit(code: number): void {
    this.did.push(`exit ${code}`);
  }
}

/** Node's port in the manner of MessagePortMain: messages come wrapped. */
export class FakePort implements Port {
  readonly inner: MessagePort;

  constructor(inner: MessagePort) {
    this.inner = inner;
  }

  postMessage(message: unknown): void {
    this.inner.postMessage(message);
  }

  start(): void {
    this.inner.start();
  }

  close(): void {
    this.inner.close();
  }

  on(event: 'message' | 'close', listener: (message: { readonly data: unknown }) => void): this {
    this.inner.on(event, (data: unknown) => listener({ data }));
    return this;
  }
}

class FakeSession extends EventEmitter implements Session {
  judgeRequest: Parameters<Session['webRequest']['onBeforeRequest']>[0] | undefined;
  judgePermission: Parameters<Session['setPermissionRequestHandler']>[0] | undefined;
  checkPermission: Parameters<Session['setPermissionCheckHandler']>[0] | undefined;
  judgeDevice: (() => boolean) | undefined;
  readonly webRequest: Session['webRequest'] = {
    onBeforeRequest: (listener) => (this.judgeRequest = listener),
  };

  setPermissionRequestHandler(handler: Parameters<Session['setPermissionRequestHandler']>[0]): void {
    this.judgePermission = handler;
  }

  setPermissionCheckHandler(handler: Parameters<Session['setPermissionCheckHandler']>[0]): void {
    this.checkPermission = handler;
  }

  setDevicePermissionHandler(handler: () => boolean): void {
    this.judgeDevice = handler;
  }

  /** Is a request that the page makes let through? */
  allows(url: string): boolean {
    let cancelled = false;
    this.judgeRequest?.({ url }, ({ cancel }) => (cancelled = cancel));
    return !cancelled;
  }
}

export class FakeElectron implements Electron {
  readonly app = new FakeApp();
  readonly windows: FakeWindow[] = [];
  readonly ipcMain = new EventEmitter();
  readonly schemes: CustomScheme[] = [];
  readonly handlers = new Map<string, (request: Request) => Promise<Response>>();
  readonly sessionFake = new FakeSession();
  readonly opened: string[] = [];
  /** The main process's ends of the channels it made. */
  readonly hostPorts: FakePort[] = [];
  readonly pagePorts: FakePort[] = [];
  readonly boxes: MessageBox[] = [];
  readonly fileQuestions: OpenDialogOptions[] = [];
  readonly errorBoxes: string[] = [];
  menu: readonly MenuEntry[] = [];
  displays: readonly Rectangle[] = [{ x: 0, y: 0, width: 1920, height: 1040 }];
  /** Answers a question by a button's words; undefined leaves it open. */
  answer: (box: MessageBox) => string | undefined = () => undefined;
  /** Answers a question for a file with its path; undefined cancels it. */
  chooses: () => Promise<string | undefined> = () => Promise.resolve(undefined);

  readonly BrowserWindow: new (options: WindowOptions) => FakeWindow;
  readonly MessageChannelMain: Electron['MessageChannelMain'];

  constructor() {
    // Arrow functions cannot be constructed.
    const { windows, app, hostPorts, pagePorts } = this;
    this.BrowserWindow = class extends FakeWindow {
      constructor(options: WindowOptions) {
        super(options);
        windows.push(this);
        app.emit('web-contents-created', new FakeEvent(), this.webContents);
      }
    };
    this.MessageChannelMain = class {
      readonly port1: FakePort;
      readonly port2: FakePort;
      constructor() {
        const { port1, port2 } = new MessageChannel();
        this.port1 = new FakePort(port1);
        this.port2 = new FakePort(port2);
        hostPorts.push(this.port1);
        pagePorts.push(this.port2);
      }
    };
  }

  readonly protocol: Protocol = {
    registerSchemesAsPrivileged: (schemes) => {
      this.app.did.push('scheme');
      this.schemes.push(...schemes);
    },
    handle: (scheme, handler) => void this.handlers.set(scheme, handler),
  };

  readonly session = { defaultSession: this.sessionFake };

  readonly screen: Electron['screen'] = {
    getAllDisplays: () => this.displays.map((workArea) => ({ workArea })),
    getPrimaryDisplay: () => ({ workArea: this.displays[0] ?? { x: 0, y: 0, width: 800, height: 600 } }),
  };

  readonly shell: Electron['shell'] = {
    openExternal: (url) => Promise.resolve(void this.opened.push(url)),
    openPath: (path) => {
      this.opened.push(path);
      return Promise.resolve('');
    },
  };

  readonly dialog: Electron['dialog'] = {
    showOpenDialog: async (_parent, options) => {
      this.fileQuestions.push(options);
      const file = await this.chooses();
      return { canceled: file === undefined, filePaths: file === undefined ? [] : [file] };
    },
    showErrorBox: (title, content) => void this.errorBoxes.push(`${title}: ${content}`),
    showMessageBox: (_parent, box) => {
      this.boxes.push(box);
      const words = this.answer(box);
      if (words !== undefined) return Promise.resolve({ response: box.buttons.indexOf(words) });
      return new Promise((resolve) => {
        box.signal?.addEventListener('abort', () => resolve({ response: box.cancelId }), { once: true });
      });
    },
  };

  readonly Menu: Electron['Menu'] = {
    buildFromTemplate: (items) => ({ items }),
    setApplicationMenu: (menu) => (this.menu = (menu?.items ?? []) as readonly MenuEntry[]),
  };

  /** The window that was opened last. */
  get window(): FakeWindow {
    const last = this.windows.at(-1);
    if (last === undefined) throw new Error('no window was opened');
    return last;
  }

  /** A request of the page for an address of a private scheme. */
  ask(url: string, method = 'GET'): Promise<Response> {
    const handler = this.handlers.get(new URL(url).protocol.slice(0, -1));
    if (handler === undefined) throw new Error(`nobody serves ${url}`);
    return handler(new Request(url, { method }));
  }

  /** A page sends a message to the main process. */
  send(channel: string, event: Partial<IpcEvent> = {}, ...payload: unknown[]): void {
    const { webContents } = this.window;
    const sent: IpcEvent = {
      sender: webContents,
      senderFrame: webContents.mainFrame,
      ports: [],
      ...event,
    };
    this.ipcMain.emit(channel, sent, ...payload);
  }
}
