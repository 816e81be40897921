/** The contract over a real MessageChannel, from the handshake to the end of the port. */
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { openDesktop, type Desktop } from '../../test/support/desktop.ts';
import type { FakePort } from '../../test/support/fake-electron.ts';
import { utf8, utf8Text } from '../base/bytes.ts';
import type { Input, LabView, Method } from '../contract/api.ts';
import {
  FRAME_LIMIT,
  parseTerminalFrame,
  terminalFrame,
  UNACKNOWLEDGED_LIMIT,
  type HostFrame,
} from '../contract/wire.ts';

/** The page's side, without its client: frames as they come. */
class Page {
  readonly port: FakePort;
  readonly closed: Promise<unknown>;
  readonly #heard: (HostFrame | Uint8Array)[] = [];
  #wake: () => void = () => undefined;
  #next = 1;

  constructor({ port }: Desktop) {
    this.port = port();
    this.closed = once(this.port.inner, 'close');
    this.port.on('message', ({ data }) => {
      this.#heard.push(typeof data === 'string' ? (JSON.parse(data) as HostFrame) : (data as Uint8Array));
      this.#wake();
    });
  }

  /** The first frame, come or to come, that `wanted` makes something of; it is taken out. */
  async hear<T>(wanted: (frame: HostFrame | Uint8Array) => T | undefined): Promise<T> {
    for (;;) {
      for (const [at, frame] of this.#heard.entries()) {
        const found = wanted(frame);
        if (found === undefined) continue;
        this.#heard.splice(at, 1);
        return found;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async call<M extends Method>(method: M, input: Input<M>): Promise<unknown> {
    const id = this.#next++;
    this.port.postMessage(JSON.stringify({ type: 'call', id, method, input }));
    const { answer } = await this.hear((frame) => {
      if (frame instanceof Uint8Array || frame.type === 'feed' || frame.id !== id) return undefined;
      return { answer: frame.type === 'answer' ? frame.value : frame.error.code };
    });
    return answer;
  }

  feed(feed: string): Promise<unknown> {
    return this.hear((frame) =>
      !(frame instanceof Uint8Array) && frame.type === 'feed' && frame.feed === feed
        ? frame.event
        : undefined,
    );
  }

  async bytes(): Promise<string> {
    return this.hear((frame) => {
      const parsed = frame instanceof Uint8Array ? parseTerminalFrame(frame) : undefined;
      return parsed && `${parsed.terminal}: ${utf8Text(parsed.bytes)}`;
    });
  }

  async openTerminal(): Promise<string> {
    const { session } = (await this.call('lab.open', { lab: 'small', engine: 'sim' })) as LabView;
    await this.call('terminal.open', { session, place: 'workstation', columns: 80, rows: 24 });
    return session;
  }
}

/** Waits until what was posted before has been dealt with on the other side. */
const settled = (page: Page): Promise<unknown> => page.call('app.info', {});

async function desktopWithPage() {
  const desktop = await openDesktop();
  return { ...desktop, page: new Page(desktop) };
}

describe('a port', () => {
  test('carries calls and their failures', async () => {
    const { page, logged } = await desktopWithPage();
    expect(await page.call('app.info', {})).toMatchObject({ version: '0' });
    expect(await page.call('lesson.get', { lesson: 'first' })).toMatchObject({ id: 'first' });
    expect(await page.call('lesson.get', { lesson: 'constructor' })).toBe('unknown-lesson');
    expect(await page.call('toString' as Method, {})).toBe('unknown-method');
    expect(await page.call('lesson.get', { lesson: '../../etc/passwd' })).toBe('bad-input');
    expect(logged).toEqual([]);
  });

  test('carries feeds', async () => {
    const { page, engine } = await desktopWithPage();
    await page.call('lab.open', { lab: 'small', engine: 'sim' });
    engine.session.crash();
    expect(await page.feed('lab')).toMatchObject({ status: 'failed' });
    await page.call('progress.lesson', { lesson: 'first', done: true });
    expect(await page.feed('progress')).toMatchObject({ lessons: { first: { done: true } } });
  });

  test('carries terminal bytes both ways', async () => {
    const { page, engine } = await desktopWithPage();
    await page.openTerminal();
    const [shell] = engine.session.shells;
    // A slice of something larger: no byte around it may come along.
    shell?.print(utf8('secret $ secret').subarray(7, 9));
    expect(await page.bytes()).toBe('1: $ ');
    page.port.postMessage(terminalFrame(1, utf8('ping ☸\r')));
    await settled(page);
    shell?.end(130);
    expect(await page.feed('terminal.exit')).toEqual({ terminal: 1, code: 130 });
    expect(shell?.events).toEqual(['open 80x24', 'write ping ☸\r']);
  });

  test('pauses a terminal that the page does not keep up with, and resumes it', async () => {
    const { page, engine } = await desktopWithPage();
    await page.openTerminal();
    const [shell] = engine.session.shells;
    shell?.print(new Uint8Array(UNACKNOWLEDGED_LIMIT));
    expect(shell?.events).toEqual(['open 80x24']);
    shell?.print('x');
    expect(shell?.events).toEqual(['open 80x24', 'pause']);
    const drawn = (bytes: number): void =>
      page.port.postMessage(JSON.stringify({ type: 'drawn', terminal: 1, bytes }));
    drawn(UNACKNOWLEDGED_LIMIT / 2);
    await settled(page);
    expect(shell?.events).toEqual(['open 80x24', 'pause']);
    drawn(2);
    await settled(page);
    expect(shell?.events).toEqual(['open 80x24', 'pause', 'resume']);
  });

  test.each([
    ['an object', { type: 'call', id: 1, method: 'app.info', input: {} }],
    ['a number', 7],
    ['nothing', null],
    ['a buffer', new ArrayBuffer(8)],
    ['numbers wider than a byte', new Uint16Array(4)],
    ['text without end', 'x'.repeat(FRAME_LIMIT + 1)],
    ['bytes without end', new Uint8Array(FRAME_LIMIT + 1)],
  ])('is closed on %s, and its terminals end', async (_what, forged) => {
    const { page, engine, logged } = await desktopWithPage();
    await page.openTerminal();
    page.port.postMessage(forged);
    page.port.postMessage(terminalFrame(1, utf8('too late')));
    await page.closed;
    expect(logged).toEqual(['a window sent something that is no frame']);
    expect(engine.session.shells[0]?.events).toEqual(['open 80x24', 'close']);
  });

  test.each(['', 'null', '{', '[]', '{"type":"call"}', '{"type":"drawn","terminal":1,"bytes":-5}'])(
    'outlives text that is no frame: %j',
    async (text) => {
      const { page, logged } = await desktopWithPage();
      page.port.postMessage(text);
      expect(await settled(page)).toMatchObject({ version: '0' });
      expect(logged).toEqual(['a window sent a frame that is none']);
    },
  );
});

describe('the end of a port', () => {
  test('comes with the way to another page, and terminals end with it', async () => {
    const { electron, page, engine } = await desktopWithPage();
    await page.openTerminal();
    electron.window.webContents.navigate('did-start-navigation', { url: 'app://underlay/' });
    await page.closed;
    expect(engine.session.shells[0]?.events).toEqual(['open 80x24', 'close']);
  });

  test('does not come with a step within the page, or in a frame of it', async () => {
    const { electron, page } = await desktopWithPage();
    const { webContents } = electron.window;
    webContents.navigate('did-start-navigation', {
      url: 'app://underlay/#/lesson/first',
      isSameDocument: true,
    });
    webContents.navigate('did-start-navigation', { url: 'about:blank', isMainFrame: false });
    expect(await settled(page)).toMatchObject({ version: '0' });
  });

  test('comes with a newer port: a page has one', async () => {
    const desktop = await openDesktop();
    const [first, second] = [new Page(desktop), new Page(desktop)];
    await first.closed;
    expect(await settled(second)).toMatchObject({ version: '0' });
  });

  test('comes when the page closes its end', async () => {
    const { electron, page, engine } = await desktopWithPage();
    await page.openTerminal();
    const [shell] = engine.session.shells;
    const [hostPort] = electron.hostPorts;
    page.port.close();
    if (hostPort) await once(hostPort.inner, 'close');
    expect(shell?.events).toEqual(['open 80x24', 'close']);
    shell?.print('to nobody');
  });

  test('is not the end of the lab: the next page finds it', async () => {
    const desktop = await openDesktop();
    const page = new Page(desktop);
    const session = await page.openTerminal();
    desktop.electron.window.webContents.emit('destroyed');
    await page.closed;
    const next = new Page(desktop);
    expect(await next.call('lab.running', {})).toEqual([{ lab: 'small', engine: 'sim' }]);
    expect(await next.call('lab.open', { lab: 'small', engine: 'sim' })).toMatchObject({ session });
  });
});
