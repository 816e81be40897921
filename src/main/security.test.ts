/**
 * The security floor of a window, row by row: each rule is tried against whom it keeps out, over the whole desktop host.
 * What a port carries is in ipc.test.ts, the network and downloads in their own files, the fuses in packaging.test.ts.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { openDesktop } from '../../test/support/desktop.ts';
import { FakeContents, FakeElectron, FakeEvent, FakeFrame } from '../../test/support/fake-electron.ts';
import { PATHS } from '../cli/paths.ts';
import { PORT_WANTED } from '../contract/channel.ts';
import { CONTENT_SECURITY_POLICY, SECURITY_HEADERS } from '../server/security.ts';
import { ALLOWED_ORIGINS, allowedAddress } from './external-links.ts';
import { isOurs } from './origin.ts';
import { WINDOW_OPTIONS } from './window.ts';

const FOREIGN = [
  'https://underlay/',
  'app://underlay.example/',
  'app://other/',
  'app://underlay:80/',
  'app://learner@underlay/',
  'application://underlay/',
  'file:///etc/passwd',
  'about:blank',
  'about:srcdoc',
  'data:text/html,underlay',
  'blob:app://underlay/1',
  'app:underlay',
  '',
];

describe('the window', () => {
  const WALLS = {
    sandbox: true,
    contextIsolation: true,
    webSecurity: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webviewTag: false,
    allowRunningInsecureContent: false,
    experimentalFeatures: false,
    navigateOnDragDrop: false,
  };

  test('has its walls, and they are frozen', () => {
    expect(WINDOW_OPTIONS.webPreferences).toEqual({
      ...WALLS,
      preload: join(PATHS.root, 'out', 'preload', 'index.cjs'),
      spellcheck: false,
    });
    expect(Object.isFrozen(WINDOW_OPTIONS) && Object.isFrozen(WINDOW_OPTIONS.webPreferences)).toBe(true);
  });

  test('is one, built from those options, showing our page, every renderer in the sandbox', async () => {
    const { electron } = await openDesktop();
    expect(electron.windows).toHaveLength(1);
    expect(electron.window.options).toMatchObject(WINDOW_OPTIONS);
    expect(electron.window.did).toEqual(['load app://underlay/']);
    expect(electron.app.did).toEqual(['path userData', 'lock', 'sandbox', 'scheme', 'ready', 'about 0']);
  });
});

test('a process whose sandbox was switched off shows no window', async () => {
  const electron = new FakeElectron();
  electron.app.switches.add('no-sandbox');
  const { logged } = await openDesktop({ electron });
  expect([electron.windows, electron.app.did.at(-1)]).toEqual([[], 'exit 1']);
  expect(logged).toEqual([expect.stringContaining('with its sandbox switched off (--no-sandbox)')]);
});

describe('the private scheme', () => {
  test('is standard and secure, and not past the policy', async () => {
    const { electron } = await openDesktop();
    expect(electron.schemes).toEqual([
      {
        scheme: 'app',
        privileges: {
          standard: true,
          secure: true,
          supportFetchAPI: true,
          corsEnabled: true,
          codeCache: true,
        },
      },
    ]);
    expect([...electron.handlers.keys()]).toEqual(['app']);
  });

  test('serves the page with the headers of the browser host', async () => {
    const { electron } = await openDesktop();
    const page = await electron.ask('app://underlay/');
    expect([page.status, await page.text()]).toEqual([200, '<!doctype html>']);
    expect(Object.fromEntries(page.headers)).toEqual({
      ...SECURITY_HEADERS,
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
    });
    const asset = await electron.ask('app://underlay/assets/app.js');
    expect([asset.status, asset.headers.get('content-type')]).toEqual([
      200,
      'text/javascript; charset=utf-8',
    ]);
    expect(await (await electron.ask('app://underlay/', 'HEAD')).text()).toBe('');
  });

  test.each([
    'app://underlay/../package.json',
    'app://underlay/%2e%2e/package.json',
    'app://underlay/..%2fpackage.json',
    'app://underlay/assets/..%2f..%2fpackage.json',
    'app://underlay/..%5cpackage.json',
    'app://underlay/%2e%2e/renderer-not.html',
    'app://underlay/..%2frenderer-not.html',
    'app://underlay//etc/passwd',
    'app://underlay/%00index.html',
    'app://underlay/%zz',
    'app://underlay/assets',
    'app://underlay/secret.key',
    'app://underlay/nothing.js',
  ])('%s leads nowhere', async (url) => {
    const { electron } = await openDesktop();
    const answer = await electron.ask(url);
    expect([answer.status, await answer.text()]).toEqual([404, 'There is no such page.\n']);
    expect(answer.headers.get('content-security-policy')).toBe(CONTENT_SECURITY_POLICY);
  });

  test('serves no other name and takes no other method', async () => {
    const { electron } = await openDesktop();
    for (const url of ['app://other/', 'app://underlay.example/', 'app://underlay:8080/']) {
      expect((await electron.ask(url)).status, url).toBe(403);
    }
    for (const method of ['POST', 'PUT', 'DELETE']) {
      expect((await electron.ask('app://underlay/', method)).status, method).toBe(405);
    }
  });

  test('is the only one: no module of this process names file:// or another way to load a page', () => {
    const sources = readdirSync(import.meta.dirname).filter((name) => /(?<!\.test)\.ts$/.test(name));
    const code = sources.map((name) =>
      readFileSync(join(import.meta.dirname, name), 'utf8').replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, ''),
    );
    expect(code.filter((text) => /['"`]file:|loadFile|pathToFileURL|appendSwitch/.test(text))).toEqual([]);
    expect(code.filter((text) => text.includes('.loadURL('))).toHaveLength(1);
  });

  test.each(FOREIGN)('an address %j is not ours', (address) => {
    expect(isOurs(address)).toBe(false);
  });
});

describe('the content security policy', () => {
  test('lets nothing in that did not come with the page', () => {
    const policy = new Map(
      CONTENT_SECURITY_POLICY.split('; ').map((rule): [string, string] => {
        const [name = '', ...sources] = rule.split(' ');
        return [name, sources.join(' ')];
      }),
    );
    expect(Object.fromEntries(policy)).toMatchObject({
      'default-src': "'none'",
      'script-src': "'self'",
      'connect-src': "'self'",
      'base-uri': "'none'",
      'form-action': "'none'",
      'frame-ancestors': "'none'",
      'require-trusted-types-for': "'script'",
    });
    expect(CONTENT_SECURITY_POLICY).not.toMatch(/unsafe-eval|\*|https?:/);
  });
});

describe('the handshake', () => {
  test('gives the main frame of our page a port', async () => {
    const { electron, logged } = await openDesktop();
    electron.send(PORT_WANTED);
    const { posted } = electron.window.webContents.mainFrame;
    expect(posted.map(({ channel, message, ports }) => [channel, message, ports.length])).toEqual([
      ['underlay:port', null, 1],
    ]);
    expect(logged).toEqual([]);
  });

  interface Forged {
    readonly sender?: FakeContents;
    readonly senderFrame?: FakeFrame | null;
    readonly ports?: readonly unknown[];
  }
  const main = new FakeFrame();
  test.each<[string, Forged, string]>([
    ['another window', { sender: new FakeContents() }, 'it is not from our window'],
    ['a frame that is gone', { senderFrame: null }, 'its frame is gone'],
    [
      'a frame within the page',
      { senderFrame: new FakeFrame({ parent: main }) },
      'it is not from the main frame',
    ],
    [
      'a main frame of another process',
      { senderFrame: new FakeFrame({ processId: 8 }) },
      'it is not from the main frame',
    ],
    ['an old main frame', { senderFrame: new FakeFrame({ routingId: 2 }) }, 'it is not from the main frame'],
    [
      'a page without an origin',
      { senderFrame: new FakeFrame({ origin: 'null' }) },
      'it is not from our page',
    ],
    [
      'a foreign origin at our address',
      { senderFrame: new FakeFrame({ origin: 'https://evil.example' }) },
      'it is not from our page',
    ],
    [
      'a sender with ports of its own',
      { ports: [new MessageChannel().port1] },
      'it brought ports of its own',
    ],
  ])('refuses %s', async (_who, forged, reason) => {
    const { electron, logged } = await openDesktop();
    electron.send(PORT_WANTED, forged);
    const frames = [electron.window.webContents.mainFrame, forged.senderFrame ?? main];
    expect(frames.flatMap(({ posted }) => posted)).toEqual([]);
    expect(logged).toEqual([`a request for a port was refused: ${reason}`]);
  });

  test.each(FOREIGN)('refuses a page at %j', async (url) => {
    const { electron, logged } = await openDesktop();
    const senderFrame = new FakeFrame({ url });
    electron.send(PORT_WANTED, { senderFrame });
    expect(senderFrame.posted).toEqual([]);
    expect(logged).toEqual(['a request for a port was refused: it is not from our page']);
  });

  test('refuses a payload', async () => {
    const { electron, logged } = await openDesktop();
    electron.send(PORT_WANTED, {}, { method: 'app.info' });
    expect(electron.window.webContents.mainFrame.posted).toEqual([]);
    expect(logged).toEqual(['a request for a port was refused: it came with a payload']);
  });

  test('is the only message this process listens to', async () => {
    const { electron } = await openDesktop();
    expect(electron.ipcMain.eventNames()).toEqual([PORT_WANTED]);
  });

  test('is closed while there is no window', async () => {
    const { electron, logged } = await openDesktop();
    electron.window.destroyed = true;
    electron.send(PORT_WANTED);
    expect(electron.window.webContents.mainFrame.posted).toEqual([]);
    expect(logged).toEqual(['a request for a port was refused: it is not from our window']);
  });
});

describe('navigation', () => {
  test.each(['will-navigate', 'will-frame-navigate', 'will-redirect'] as const)(
    '%s is prevented',
    async (event) => {
      const { electron } = await openDesktop();
      for (const url of ['https://kubernetes.io/', 'app://underlay/', 'file:///etc/passwd', 'javascript:1']) {
        expect(electron.window.webContents.navigate(event, { url }), url).toBe(true);
      }
    },
  );

  test('no page holds another, and none opens a window, whoever made it', async () => {
    const { electron } = await openDesktop();
    const other = new FakeContents();
    electron.app.emit('web-contents-created', new FakeEvent(), other);
    for (const contents of [electron.window.webContents, other]) {
      const attach = new FakeEvent();
      contents.emit('will-attach-webview', attach);
      expect(attach.prevented).toBe(true);
      for (const url of ['app://underlay/', 'https://kubernetes.io/docs/', 'file:///', 'about:blank']) {
        expect(contents.openHandler?.({ url }), url).toEqual({ action: 'deny' });
      }
    }
    expect(electron.windows).toHaveLength(1);
  });
});

describe('the way out', () => {
  const DOCS = 'https://kubernetes.io/docs/concepts/';
  const opening = async (url: string, choice: string | undefined) => {
    const electron = new FakeElectron();
    electron.answer = () => choice;
    const desktop = await openDesktop({ electron });
    electron.window.webContents.openHandler?.({ url });
    await new Promise((resolve) => setImmediate(resolve));
    return { ...desktop, electron };
  };

  test('opens an address of the list when the person says so', async () => {
    const { electron } = await opening(DOCS, 'Open');
    expect(electron.boxes).toMatchObject([
      { type: 'question', detail: DOCS, buttons: ['Open', 'Cancel'], cancelId: 1 },
    ]);
    expect(electron.opened).toEqual([DOCS]);
  });

  test('opens nothing when they do not', async () => {
    expect((await opening(DOCS, 'Cancel')).electron.opened).toEqual([]);
  });

  test('asks one question at a time', async () => {
    const { electron } = await opening(DOCS, undefined);
    electron.window.webContents.openHandler?.({ url: DOCS });
    expect(electron.boxes).toHaveLength(1);
  });

  test.each([
    'http://kubernetes.io/docs/',
    'https://kubernetes.io.evil.example/',
    'https://evil.example/#https://kubernetes.io',
    'https://kubernetes.io@evil.example/',
    'https://user:word@kubernetes.io/',
    'https://kubernetes.io:8443/',
    'https://sub.kubernetes.io/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'vbscript:x',
    'ms-msdt:/id',
    'smb://host/share',
    'mailto:a@b.example',
    'app://underlay/',
    'not an address',
  ])('%s is refused without a question', async (url) => {
    const { electron, logged } = await opening(url, 'Open');
    expect([electron.boxes, electron.opened]).toEqual([[], []]);
    expect(logged).toEqual([`an address outside was refused: ${url}`]);
  });

  test('does not listen to a page that is not ours', async () => {
    const { electron } = await openDesktop();
    electron.window.webContents.mainFrame = new FakeFrame({ url: 'https://evil.example/' });
    electron.window.webContents.openHandler?.({ url: DOCS });
    expect(electron.boxes).toEqual([]);
  });

  test('has exact origins, https only', () => {
    for (const origin of ALLOWED_ORIGINS) expect(new URL(origin).origin).toBe(origin);
    expect(ALLOWED_ORIGINS.filter((origin) => !origin.startsWith('https://'))).toEqual([]);
  });

  test('leads wherever a lesson or lab links to', () => {
    const folders = ['content', 'labs'].map((name) => join(PATHS.root, name));
    const files = folders.flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.(md|yaml)$/.test(name))
        .map((name) => join(folder, name)),
    );
    const links = files.flatMap(
      (file) => readFileSync(file, 'utf8').match(/\]\((https?:\/\/[^)\s]+)\)/g) ?? [],
    );
    const dead = links.map((link) => link.slice(2, -1)).filter((link) => allowedAddress(link) === undefined);
    expect(dead).toEqual([]);
  });
});

describe('permissions', () => {
  const PAGE = { isMainFrame: true, requestingUrl: 'app://underlay/' };
  const asked = async (permission: string, details: Partial<typeof PAGE> = {}) => {
    const { electron } = await openDesktop();
    const { sessionFake, window } = electron;
    const given = { ...PAGE, ...details };
    let granted: boolean | undefined;
    sessionFake.judgePermission?.(window.webContents, permission, (answer) => (granted = answer), given);
    const checked = sessionFake.checkPermission?.(window.webContents, permission, given.requestingUrl, given);
    return [granted, checked];
  };

  test('the main frame of our page may write to the clipboard', async () => {
    expect(await asked('clipboard-sanitized-write')).toEqual([true, true]);
  });

  test.each([{ isMainFrame: false }, { requestingUrl: 'https://evil.example/' }, { requestingUrl: '' }])(
    'nobody else may: %j',
    async (details) => {
      expect(await asked('clipboard-sanitized-write', details)).toEqual([false, false]);
    },
  );

  test.each(
    'clipboard-read media geolocation notifications midi pointerLock fullscreen openExternal display-capture hid serial usb fileSystem storage-access window-management local-fonts idle-detection unknown'.split(
      ' ',
    ),
  )('%s is denied', async (permission) => {
    expect(await asked(permission)).toEqual([false, false]);
  });

  test('no device is lent', async () => {
    expect((await openDesktop()).electron.sessionFake.judgeDevice?.()).toBe(false);
  });
});
