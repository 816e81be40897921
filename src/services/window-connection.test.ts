/** A window's conversation from its first frame to its last, over a carrier in memory. */
import { describe, expect, test } from 'vitest';
import { fakeServices, FOUND, type FakeServices } from '../../test/support/fake-services.ts';
import { FakeSession } from '../../test/support/fake-session.ts';
import { PlayedLoader } from '../../test/support/played-loader.ts';
import { utf8, utf8Text } from '../base/bytes.ts';
import { ok } from '../base/result.ts';
import type { Input, LabView, Method } from '../contract/api.ts';
import { parseTerminalFrame, terminalFrame, type HostFrame } from '../contract/wire.ts';
import type { EngineCare } from '../lab/care.ts';
import { WindowConnection } from './window-connection.ts';

class Window {
  readonly frames: HostFrame[] = [];
  readonly bytes: string[] = [];
  readonly connection: WindowConnection;
  #next = 1;

  constructor({ services }: FakeServices) {
    this.connection = new WindowConnection(services, {
      text: (frame) => void this.frames.push(JSON.parse(frame) as HostFrame),
      binary: (frame) => {
        const parsed = parseTerminalFrame(frame);
        if (parsed) this.bytes.push(`${parsed.terminal}: ${utf8Text(parsed.bytes)}`);
      },
    });
  }

  async call<M extends Method>(method: M, input: Input<M>): Promise<unknown> {
    const id = this.#next++;
    await this.connection.receiveText(JSON.stringify({ type: 'call', id, method, input }));
    const answer = this.frames.find((frame) => frame.type !== 'feed' && frame.id === id);
    if (answer?.type === 'failure') return answer.error.code;
    return answer?.type === 'answer' ? answer.value : undefined;
  }

  async open(): Promise<LabView> {
    return (await this.call('lab.open', { lab: 'small', engine: 'sim' })) as LabView;
  }

  feeds(feed: string): readonly unknown[] {
    return this.frames.flatMap((frame) =>
      frame.type === 'feed' && frame.feed === feed ? [frame.event] : [],
    );
  }
}

const passing = () => new FakeSession({ exec: () => 0, reach: () => ({ encapsulation: 'vxlan' }) });
const BUNDLE = '/media/stick/underlay.bundle';
const chooseFile = (): Promise<string> => Promise.resolve(BUNDLE);
const caring = (bundles: PlayedLoader): EngineCare => ({
  doctor: () => Promise.resolve([]),
  leftovers: () => Promise.resolve(ok([])),
  clean: () => Promise.resolve(ok(undefined)),
  bundles,
});
const WORKSTATION = { place: 'workstation', columns: 80, rows: 24 };

describe('a window', () => {
  test('reads the course', async () => {
    const window = new Window(await fakeServices());
    expect(await window.call('app.info', {})).toEqual({
      version: '0',
      host: 'browser',
      kubernetes: '1',
      calico: '3',
    });
    expect(await window.call('course.outline', {})).toEqual({ title: 'Course', modules: [] });
    expect(await window.call('lesson.get', { lesson: 'first' })).toMatchObject({ id: 'first' });
    expect(await window.call('lesson.get', { lesson: 'constructor' })).toBe('unknown-lesson');
  });

  test('works in a terminal', async () => {
    const host = await fakeServices();
    const window = new Window(host);
    const { session } = await window.open();
    expect(await window.call('terminal.open', { session, ...WORKSTATION })).toEqual({ terminal: 1 });
    const [shell] = host.engine.session.shells;
    shell?.print('$ ');
    window.connection.receiveBinary(terminalFrame(1, utf8('exit\r')));
    window.connection.receiveBinary(Uint8Array.of(1, 2));
    await window.connection.receiveText(JSON.stringify({ type: 'drawn', terminal: 1, bytes: 2 }));
    expect(await window.call('terminal.resize', { terminal: 1, columns: 90, rows: 30 })).toBeNull();
    shell?.end(0);
    expect(window.bytes).toEqual(['1: $ ']);
    expect(shell?.events).toEqual(['open 80x24', 'write exit\r', 'resize 90x30']);
    expect(window.feeds('terminal.exit')).toEqual([{ terminal: 1, code: 0 }]);
    expect(await window.call('terminal.close', { terminal: 1 })).toBe('unknown-terminal');
    expect(await window.call('terminal.open', { session, ...WORKSTATION, place: 'nowhere' })).toBe(
      'unknown-place',
    );
  });

  test('saves a step that passes, and tells every window', async () => {
    const host = await fakeServices(passing);
    const [one, two] = [new Window(host), new Window(host)];
    const { session } = await one.open();
    expect(await one.call('lab.check', { session, step: 'first' })).toMatchObject({
      step: 'first',
      passed: true,
    });
    const saved = {
      lessons: {},
      labs: { small: { steps: ['first'], done: true } },
      settings: { theme: 'system', terminalFontSize: 14, clusters: 'keep' },
    };
    expect([one.feeds('progress'), two.feeds('progress')]).toEqual([[saved], [saved]]);
    expect(await two.call('progress.get', {})).toEqual(saved);
  });

  test('hears of its own labs only', async () => {
    const host = await fakeServices();
    const [one, two] = [new Window(host), new Window(host)];
    await one.open();
    host.engine.session.crash();
    expect(one.feeds('lab')).toMatchObject([{ status: 'failed', problem: { code: 'down' } }]);
    expect(two.feeds('lab')).toEqual([]);
  });

  test('that waits for a lab hears how far it is, and no other does', async () => {
    const host = await fakeServices();
    const [one, two] = [new Window(host), new Window(host)];
    host.engine.telling = [{ phase: 'Preparing nodes', fraction: 0.1 }];
    await one.open();
    const progress = { phase: 'Preparing nodes', fraction: 0.1 };
    expect(one.feeds('lab.opening')).toEqual([{ lab: 'small', engine: 'sim', progress }]);
    expect(two.feeds('lab.opening')).toEqual([]);
    expect(await one.call('lab.cancel', { lab: 'small', engine: 'sim' })).toBeNull();
    expect(await one.call('lab.engines', { lab: 'small' })).toEqual([{ engine: 'sim' }]);
  });

  test('has the machine examined, and hears of each finding', async () => {
    const host = await fakeServices();
    const window = new Window(host);
    const found = await window.call('care.examine', {});
    expect([found, window.feeds('care.finding')]).toEqual([[FOUND], [FOUND]]);
    expect(await window.call('care.leftovers', {})).toEqual([]);
    expect(await window.call('care.clean', { names: ['underlay-1'] })).toBe('nothing-to-care-for');
    expect(await window.call('care.clean', { names: ['../etc'] })).toBe('bad-input');
  });

  test('has a bundle loaded, and hears how far it is; no other does', async () => {
    const loader = new PlayedLoader();
    const host = await fakeServices(undefined, { engineCare: caring(loader), chooseFile });
    const [one, two] = [new Window(host), new Window(host)];
    expect(await one.call('bundle.choose', {})).toEqual({ file: BUNDLE });
    const loading = one.call('bundle.load', { from: BUNDLE });
    await loader.isAsked();
    loader.tell({ phase: 'Checking', fraction: 0.4 });
    expect(await two.call('bundle.offer', {})).toEqual({ chooses: true, loading: { from: BUNDLE } });
    expect(await two.call('bundle.load', { from: '/other' })).toBe('bundle-on-its-way');
    loader.arrive();
    expect(await loading).toEqual(PlayedLoader.LOADED);
    expect(one.feeds('bundle.progress')).toEqual([{ phase: 'Checking', fraction: 0.4 }]);
    expect(two.feeds('bundle.progress')).toEqual([]);
  });

  test('that goes leaves a bundle on its way, and one that comes finds it and can give it up', async () => {
    const loader = new PlayedLoader();
    const host = await fakeServices(undefined, { engineCare: caring(loader) });
    const [one, two] = [new Window(host), new Window(host)];
    const wish = { from: BUNDLE, fingerprint: '3f1c9a5be07d2464' };
    const loading = one.call('bundle.load', wish);
    await loader.isAsked();
    one.connection.close();
    loader.tell({ phase: 'Checking', fraction: 0.4 });
    expect(await two.call('bundle.offer', {})).toEqual({ chooses: false, loading: wish });
    const joined = two.call('bundle.load', wish);
    const cancelled = two.call('bundle.cancel', {});
    loader.giveUp();
    expect([await cancelled, await joined]).toEqual([null, 'bundle-given-up']);
    expect([await loading, one.feeds('bundle.progress')]).toEqual([undefined, []]);
    expect([loader.wishes.length, two.feeds('bundle.progress').length]).toEqual([1, 1]);
  });

  test('of a host without real clusters is offered no bundles', async () => {
    const window = new Window(await fakeServices());
    expect(await window.call('bundle.offer', {})).toBeNull();
    expect(await window.call('bundle.load', { from: BUNDLE })).toBe('nothing-to-load-for');
    expect([await window.call('bundle.choose', {}), await window.call('bundle.cancel', {})]).toEqual([
      null,
      null,
    ]);
  });

  test('finds its lab again when it comes back', async () => {
    const host = await fakeServices();
    const first = new Window(host);
    const { session } = await first.open();
    await first.call('terminal.open', { session, ...WORKSTATION });
    first.connection.close();
    expect(host.engine.session.shells[0]?.events.at(-1)).toBe('close');
    const again = new Window(host);
    expect(await again.call('lab.running', {})).toEqual([{ lab: 'small', engine: 'sim' }]);
    expect((await again.open()).session).toBe(session);
  });

  test('that is gone gets nothing more, and a shell that comes too late is closed', async () => {
    const host = await fakeServices();
    const window = new Window(host);
    const { session } = await window.open();
    const opening = window.call('terminal.open', { session, ...WORKSTATION });
    window.connection.close();
    await opening;
    const before = window.frames.length;
    host.engine.session.crash();
    expect(window.frames).toHaveLength(before);
    expect(host.engine.session.shells[0]?.events.at(-1)).toBe('close');
  });

  test('loses its terminals with a crash, and opens new ones after the restart', async () => {
    const host = await fakeServices();
    const window = new Window(host);
    const { session } = await window.open();
    await window.call('terminal.open', { session, ...WORKSTATION });
    host.engine.session.crash();
    expect(window.feeds('terminal.exit')).toEqual([{ terminal: 1, code: 129 }]);
    expect(await window.call('lab.restart', { session })).toMatchObject({ status: 'ready' });
    expect(await window.call('terminal.open', { session, ...WORKSTATION })).toEqual({ terminal: 2 });
  });

  test('saves files of the lab', async () => {
    const window = new Window(await fakeServices());
    const { session } = await window.open();
    const file = { session, place: 'node/node1', path: '/root/a.pcap' };
    expect(await window.call('file.read', file)).toEqual({
      base64: Buffer.from('node/node1 /root/a.pcap').toString('base64'),
      name: 'a.pcap',
    });
    expect(await window.call('file.read', { ...file, session: '00' })).toBe('unknown-session');
  });

  test('lists the files that the learner made at a place', async () => {
    const host = await fakeServices();
    const window = new Window(host);
    const { session } = await window.open();
    const files = { '/root/b.pcap': '', '/root/notes/': '', '/root/a.txt': '' };
    host.engine.session.holdings = { places: { 'node/node1': { files, history: [] } } };
    const list = (place: string) => window.call('file.list', { session, place });
    expect(await list('node/node1')).toEqual(['/root/a.txt', '/root/b.pcap']);
    expect(await list('workstation')).toEqual([]);
    expect(await list('nowhere')).toBe('unknown-place');
  });

  test('marks lessons that exist, and sets what it names', async () => {
    const window = new Window(await fakeServices());
    expect(await window.call('progress.lesson', { lesson: 'first', done: true })).toMatchObject({
      lessons: { first: { done: true } },
    });
    expect(await window.call('progress.lesson', { lesson: 'none', done: true })).toBe('unknown-lesson');
    expect(await window.call('settings.set', { theme: 'dark' })).toMatchObject({
      settings: { theme: 'dark', terminalFontSize: 14, clusters: 'keep' },
    });
  });

  test('closes its lab', async () => {
    const host = await fakeServices();
    const window = new Window(host);
    const { session } = await window.open();
    expect(await window.call('lab.close', { session })).toBeNull();
    expect(host.engine.session.status).toEqual({ state: 'disposed' });
    expect(await window.call('lab.hint', { session, step: 'first' })).toBe('unknown-session');
  });

  test.each([
    '',
    '{',
    'null',
    '[]',
    '{"type":"call"}',
    '{"type":"call","id":"1","method":"app.info","input":{}}',
    '{"type":"drawn","terminal":1,"bytes":-1}',
  ])('that sends the frame %s is not answered, and it is logged', async (frame) => {
    const host = await fakeServices();
    const window = new Window(host);
    await window.connection.receiveText(frame);
    expect(window.frames).toEqual([]);
    expect(host.logged).toEqual(['a window sent a frame that is none']);
  });
});
