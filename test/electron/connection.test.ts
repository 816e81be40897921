/**
 * The whole way from the interface to the services as it is in Electron: the renderer's own client and connector, the
 * preload as it is bundled, the handshake, a real MessageChannel. Only Electron and the window object are fakes.
 */
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { openDesktop, type Desktop } from '../support/desktop.ts';
import { bundlePreload, type Preload } from '../support/preload.ts';
import { FakePage } from '../support/fake-page.ts';
import { utf8Text } from '../../src/base/bytes.ts';
import { UNACKNOWLEDGED_LIMIT } from '../../src/contract/wire.ts';
import { Client, type Clock, type Connection } from '../../src/renderer/client.ts';
import { hostConnector } from '../../src/renderer/host.ts';

let preload: Preload;
beforeAll(async () => {
  preload = await bundlePreload();
});
afterEach(() => vi.unstubAllGlobals());

/** Retries happen when a test says so. */
class HandClock implements Clock {
  readonly #waiting = new Map<number, Set<() => void>>();

  after(milliseconds: number, then: () => void): () => void {
    const others = this.#waiting.get(milliseconds) ?? new Set();
    this.#waiting.set(milliseconds, others.add(then));
    return () => void others.delete(then);
  }

  strike(milliseconds: number): void {
    for (const then of [...(this.#waiting.get(milliseconds) ?? [])]) then();
  }
}

interface Learner {
  readonly client: Client;
  readonly clock: HandClock;
  readonly became: (wanted: Connection) => Promise<void>;
}

/** The page loads: its preload first, then its own script. */
function load(desktop: Desktop): Learner {
  const page = new FakePage(desktop.electron);
  preload.run(page);
  vi.stubGlobal('window', page.window);
  vi.stubGlobal('location', page.window.location);
  const clock = new HandClock();
  const client = new Client(hostConnector(), clock);
  const became = (wanted: Connection): Promise<void> =>
    new Promise((resolve) => {
      if (client.connection === wanted) resolve();
      client.onConnection((now) => {
        if (now === wanted) resolve();
      });
    });
  client.start();
  return { client, clock, became };
}

async function openTerminal({ client }: Learner): Promise<number> {
  const lab = await client.call('lab.open', { lab: 'small', engine: 'sim' });
  if (!lab.ok) throw new Error(lab.error.message);
  const { session } = lab.value;
  const opened = await client.call('terminal.open', { session, place: 'workstation', columns: 80, rows: 24 });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value.terminal;
}

describe('the interface in Electron', () => {
  test('reaches its host: calls, feeds, terminals', async () => {
    const desktop = await openDesktop();
    const learner = load(desktop);
    const { client } = learner;
    // Asked before the port was there.
    expect(await client.call('lesson.get', { lesson: 'first' })).toMatchObject({ ok: true });
    expect(client.connection).toBe('open');

    const terminal = await openTerminal(learner);
    const [shell] = desktop.engine.session.shells;
    const heard = new Promise<string>((resolve) => {
      client.onTerminal(terminal, (bytes) => resolve(utf8Text(bytes)));
    });
    shell?.print('$ ');
    expect(await heard).toBe('$ ');
    client.type(terminal, 'ls\r');
    const progressed = new Promise((resolve) => client.on('progress', resolve));
    await client.call('progress.lesson', { lesson: 'first', done: true });
    expect(await progressed).toMatchObject({ lessons: { first: { done: true } } });
    expect(shell?.events).toEqual(['open 80x24', 'write ls\r']);
    client.dispose();
  });

  test('holds a flood back until it has drawn it', async () => {
    const desktop = await openDesktop();
    const learner = load(desktop);
    const { client } = learner;
    const terminal = await openTerminal(learner);
    const [shell] = desktop.engine.session.shells;
    let drawn = 0;
    const all = new Promise<void>((resolve) => {
      client.onTerminal(terminal, (bytes) => {
        drawn += bytes.length;
        client.drawn(terminal, bytes.length);
        if (drawn === UNACKNOWLEDGED_LIMIT + 1) resolve();
      });
    });
    shell?.print(new Uint8Array(UNACKNOWLEDGED_LIMIT + 1));
    expect(shell?.events).toEqual(['open 80x24', 'pause']);
    await all;
    await client.call('app.info', {});
    expect(shell?.events).toEqual(['open 80x24', 'pause', 'resume']);
    client.dispose();
  });

  test('loses the port with its page, and the next page finds the lab', async () => {
    const desktop = await openDesktop();
    const first = load(desktop);
    await openTerminal(first);
    desktop.electron.window.webContents.navigate('did-start-navigation', { url: 'app://underlay/' });
    await first.became('lost');
    expect(await first.client.call('app.info', {})).toMatchObject({ error: { code: 'connection-lost' } });
    first.client.dispose();

    const second = load(desktop);
    expect(await second.client.call('lab.running', {})).toEqual({
      ok: true,
      value: [{ lab: 'small', engine: 'sim' }],
    });
    second.client.dispose();
  });

  test('asks for another port when it lost its own', async () => {
    const desktop = await openDesktop();
    const { client, clock, became } = load(desktop);
    await became('open');
    desktop.electron.hostPorts[0]?.close();
    await became('lost');
    clock.strike(250);
    await became('open');
    expect(await client.call('app.info', {})).toMatchObject({ ok: true });
    expect(desktop.electron.hostPorts).toHaveLength(2);
    client.dispose();
  });
});

describe('the preload', () => {
  test('is one CommonJS file that needs Electron alone, and exposes nothing', () => {
    expect(preload.required).toEqual(['electron']);
    expect(preload.code).not.toMatch(/contextBridge|exposeInMainWorld|^import |^export /m);
    expect(preload.code.length).toBeLessThan(2_000);
  });

  test('passes nothing on but the wish of its own page', async () => {
    const desktop = await openDesktop();
    const page = new FakePage(desktop.electron);
    preload.run(page);
    const own = { source: page.window, origin: 'app://underlay', data: 'underlay:port-wanted', ports: [] };
    for (const forged of [
      { ...own, source: {} },
      { ...own, source: null },
      { ...own, origin: 'https://evil.example' },
      { ...own, origin: 'null' },
      { ...own, data: 'underlay:port' },
      { ...own, data: { channel: 'underlay:port-wanted' } },
      { ...own, data: 'toString' },
    ]) {
      page.dispatch(forged);
    }
    expect(page.sent).toEqual([]);
    page.dispatch(own);
    expect(page.sent).toEqual([['underlay:port-wanted']]);
  });

  test('gives the port to its own origin only', async () => {
    const desktop = await openDesktop();
    const page = new FakePage(desktop.electron);
    preload.run(page);
    page.dispatch({
      source: page.window,
      origin: 'app://underlay',
      data: 'underlay:port-wanted',
      ports: [],
    });
    expect(page.posted).toEqual([
      { message: 'underlay:port', origin: 'app://underlay', ports: [desktop.electron.pagePorts[0]?.inner] },
    ]);
  });

  test('the page takes a port from its own window only', async () => {
    const desktop = await openDesktop();
    const page = new FakePage(desktop.electron);
    vi.stubGlobal('window', page.window);
    vi.stubGlobal('location', page.window.location);
    const opened: string[] = [];
    const transport = hostConnector()({
      opened: () => void opened.push('opened'),
      frame: () => void opened.push('frame'),
      closed: () => void opened.push('closed'),
    });
    const port = new MessageChannel().port1;
    const own = { source: page.window, origin: 'app://underlay', data: 'underlay:port', ports: [port] };
    for (const forged of [
      { ...own, source: {} },
      { ...own, data: 'port' },
      { ...own, ports: [] },
    ]) {
      page.dispatch(forged);
    }
    expect(opened).toEqual([]);
    page.dispatch(own);
    expect(opened).toEqual(['opened']);
    transport.close();
    port.close();
  });
});
