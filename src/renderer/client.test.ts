import { utf8Text } from '../base/bytes.ts';
import { describe, expect, test } from 'vitest';
import { answers, refuses, settled, StageClock, StageHost } from '../../test/renderer-harness/stage-host.ts';
import { ATTEMPT_LIMIT, Client, RETRY_DELAYS } from './client.ts';

const INFO = { version: '0.1.0', host: 'browser', kubernetes: '1.35', calico: 'v3.32.1' } as const;
const NO_HANDS = {
  code: 'connection-lost',
  message: expect.any(String) as string,
  remedy: expect.any(String) as string,
};

function connected(host: StageHost): { client: Client; clock: StageClock } {
  const clock = new StageClock();
  const client = new Client(host.connect, clock);
  client.start();
  return { client, clock };
}

describe('calls', () => {
  test('wait for the first connection, then answer with their value', async () => {
    const { client } = connected(new StageHost({ 'app.info': answers(INFO) }));
    expect(client.connection).toBe('connecting');
    expect(await client.call('app.info', {})).toEqual({ ok: true, value: INFO });
  });

  test('answer with the failure of the host', async () => {
    const { client } = connected(new StageHost({ 'lesson.get': refuses('unknown-lesson') }));
    expect(await client.call('lesson.get', { lesson: 'x' })).toMatchObject({
      ok: false,
      error: { code: 'unknown-lesson' },
    });
  });

  test('end as an error when the connection breaks, and fail at once while it is gone', async () => {
    const host = new StageHost({ 'app.info': () => new Promise(() => undefined) });
    const { client } = connected(host);
    await settled();
    const asked = client.call('app.info', {});
    host.drop();
    expect(await asked).toEqual({ ok: false, error: NO_HANDS });
    expect(await client.call('app.info', {})).toEqual({ ok: false, error: NO_HANDS });
  });
});

describe('a lost connection', () => {
  test('is tried again after growing delays until the host is back', async () => {
    const host = new StageHost();
    const { client, clock } = connected(host);
    const seen: string[] = [];
    client.onConnection((connection) => seen.push(connection));
    await settled();
    host.down = true;
    host.drop();
    for (const delay of RETRY_DELAYS) {
      clock.elapse(delay - 1);
      await settled();
      const before = host.attempts;
      clock.elapse(1);
      await settled();
      expect(host.attempts).toBe(before + 1);
    }
    host.down = false;
    clock.elapse(RETRY_DELAYS.at(-1) ?? 0);
    await settled();
    expect(seen).toEqual(['open', 'lost', 'open']);
  });

  test('is tried at once when the learner asks', async () => {
    const host = new StageHost();
    const { client, clock } = connected(host);
    await settled();
    host.drop();
    client.retryNow();
    await settled();
    expect(client.connection).toBe('open');
    clock.elapse(60_000);
    expect(host.attempts).toBe(2);
  });
});

describe('an attempt that nobody answers', () => {
  test('is given up when the learner asks to try again', async () => {
    const host = new StageHost();
    host.silent = true;
    const { client } = connected(host);
    host.silent = false;
    client.retryNow();
    await settled();
    expect([client.connection, host.attempts]).toEqual(['open', 2]);
  });

  test('counts as lost after its limit, and the next one follows', async () => {
    const host = new StageHost();
    host.silent = true;
    const { client, clock } = connected(host);
    clock.elapse(ATTEMPT_LIMIT);
    expect(client.connection).toBe('lost');
    host.silent = false;
    clock.elapse(RETRY_DELAYS[0] ?? 0);
    await settled();
    expect([client.connection, host.attempts]).toEqual(['open', 2]);
  });
});

describe('terminal bytes', () => {
  test('that come before the page knows their terminal are kept for it', async () => {
    const host = new StageHost();
    const { client } = connected(host);
    await settled();
    host.print(7, 'early ');
    const seen: string[] = [];
    client.onTerminal(7, (bytes) => seen.push(new TextDecoder().decode(bytes)));
    host.print(7, 'late');
    host.print(8, 'another terminal');
    expect(seen).toEqual(['early ', 'late']);
  });

  test('of a terminal that was let go are dropped', async () => {
    const host = new StageHost();
    const { client } = connected(host);
    await settled();
    const seen: number[] = [];
    client.onTerminal(7, () => seen.push(7))();
    host.print(7, 'too late');
    client.onTerminal(7, () => seen.push(7));
    expect(seen).toEqual([]);
  });

  test('of a new connection’s terminal arrive, though one of its number was let go with the old connection', async () => {
    const host = new StageHost();
    const { client } = connected(host);
    await settled();
    const letGo = client.onTerminal(1, () => undefined);
    client.onConnection((connection) => {
      if (connection === 'lost') letGo();
    });
    host.drop();
    client.retryNow();
    await settled();
    const seen: string[] = [];
    client.onTerminal(1, (bytes) => seen.push(utf8Text(bytes)));
    host.print(1, 'prompt');
    expect(seen).toEqual(['prompt']);
  });

  test('typed and acknowledged go out with their terminal’s number', async () => {
    const host = new StageHost();
    const { client } = connected(host);
    await settled();
    client.type(3, 'ls\r');
    client.drawn(3, 120);
    expect(host.typed).toEqual([{ terminal: 3, text: 'ls\r' }]);
    expect(host.drawn).toEqual([{ terminal: 3, bytes: 120 }]);
  });
});

test('a feed reaches those who asked for it until they stop', async () => {
  const host = new StageHost();
  const { client } = connected(host);
  await settled();
  const codes: number[] = [];
  const stop = client.on('terminal.exit', ({ code }) => codes.push(code));
  host.feed('terminal.exit', { terminal: 1, code: 0 });
  host.feed('progress', {
    lessons: {},
    labs: {},
    settings: { theme: 'system', terminalFontSize: 13, clusters: 'keep' },
  });
  stop();
  host.feed('terminal.exit', { terminal: 2, code: 1 });
  expect(codes).toEqual([0]);
});
