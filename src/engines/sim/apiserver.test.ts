/** The listener's guard and its streams; what kubectl makes of the answers is in `test/kubectl`. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { smallEnvironment } from '../small-lab.contract.ts';
import { SimSession } from './session.ts';

let session: SimSession;
let server: URL;

beforeAll(async () => {
  const opened = await SimSession.open(smallEnvironment(), { belongings: { places: {} }, pace: 'live' });
  if (!opened.ok) throw new Error(opened.error.message);
  session = opened.value;
  const config = await session.kubeconfig();
  server = new URL(config.ok ? (/server: (\S+)/.exec(config.value)?.[1] ?? '') : '');
});
afterAll(() => session.dispose());

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** Not `fetch`, which sets Host and Origin by itself. */
function ask(path: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ host: '127.0.0.1', port: server.port, path, method, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(parts).toString('utf8'),
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const api = (path: string): string => `${server.pathname}${path}`;

describe('the guard', () => {
  test('lets in who knows the path, by either name of loopback', async () => {
    expect(await ask(api('/healthz'))).toMatchObject({ status: 200, body: 'ok' });
    const headers = { host: `localhost:${server.port}` };
    expect(await ask(api('/readyz?verbose'), { headers })).toMatchObject({
      status: 200,
      body: '[+]ping ok\nreadyz check passed\n',
    });
  });

  test('has a secret of at least 128 bits', () => {
    expect(Buffer.from(server.pathname.slice(1), 'base64url').length).toBeGreaterThanOrEqual(16);
  });

  test.each<[string, () => Promise<Answer>]>([
    ['no secret', () => ask('/api/v1/pods')],
    ['a wrong one', () => ask(`/${'A'.repeat(32)}/api/v1/pods`)],
    ['a part of it', () => ask(`${server.pathname.slice(0, -1)}/api/v1/pods`)],
    ['the secret in another place', () => ask(`/api${server.pathname}/v1/pods`)],
    ['the root', () => ask('/')],
    ['a foreign host', () => ask(api('/version'), { headers: { host: 'evil.example' } })],
    ['another port', () => ask(api('/version'), { headers: { host: '127.0.0.1:1' } })],
    ['a page', () => ask(api('/version'), { headers: { origin: 'http://evil.example' } })],
    ['a page of loopback', () => ask(api('/version'), { headers: { origin: server.origin } })],
    ['a page without an origin', () => ask(api('/version'), { headers: { origin: 'null' } })],
  ])('refuses %s, and says the same to all', async (_, asked) => {
    const { status, headers, body } = await asked();
    expect({ status, body, type: headers['content-type'] }).toEqual({
      status: 403,
      body: 'This is not served here.\n',
      type: 'text/plain; charset=utf-8',
    });
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test.each([
    ['no secret', '/api/v1/namespaces/default/pods/near/exec?command=hostname', {}],
    ['a page', undefined, { origin: 'http://evil.example' }],
  ])('refuses a socket to %s', async (_, path, headers) => {
    const url = `ws://127.0.0.1:${server.port}${path ?? api('/api/v1/namespaces/default/pods/near/exec?command=hostname')}`;
    const socket = new WebSocket(url, 'v5.channel.k8s.io', { headers });
    const why = await new Promise((resolve) => socket.on('error', ({ message }) => resolve(message)));
    expect(why).toBe('Unexpected server response: 403');
  });
});

test('a port that is taken is an error, and another one may be tried', async () => {
  const opened = await SimSession.open(smallEnvironment(), { belongings: { places: {} }, pace: 'free' });
  if (!opened.ok) throw new Error(opened.error.message);
  await using other = { session: opened.value, [Symbol.asyncDispose]: () => opened.value.dispose() };
  expect(await other.session.kubeconfig({ port: Number(server.port) })).toMatchObject({
    ok: false,
    error: { code: 'port-taken', message: `Port ${server.port} of 127.0.0.1 is in use.` },
  });
  expect(await other.session.kubeconfig()).toMatchObject({ ok: true });
});

describe('a body', () => {
  const json = { 'content-type': 'application/json' };

  test('that is too long is not read to its end', async () => {
    const body = `{"a":"${'x'.repeat(3 * 1024 * 1024)}"}`;
    const path = api('/api/v1/namespaces/default/configmaps');
    const answer = await ask(path, { method: 'POST', headers: json, body });
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.body)).toMatchObject({
      message: 'Request entity too large: limit is 3145728',
    });
  });

  test('may be YAML', async () => {
    const headers = { 'content-type': 'application/yaml' };
    const body = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: told }\n';
    const path = api('/api/v1/namespaces/default/configmaps');
    expect(await ask(path, { method: 'POST', headers, body })).toMatchObject({ status: 201 });
  });

  test.each([
    ['broken JSON', json, '{'],
    ['broken protobuf', { 'content-type': 'application/vnd.kubernetes.protobuf' }, 'k8s'],
  ])('that is %s is a bad request', async (_, headers, body) => {
    const path = api('/api/v1/namespaces/default/configmaps');
    const answer = await ask(path, { method: 'POST', headers, body });
    expect(JSON.parse(answer.body)).toMatchObject({ kind: 'Status', code: 400, reason: 'BadRequest' });
  });

  test('and a path that is no URL', async () => {
    expect(await ask(api('/api/v1/namespaces/%E0%A4%A'))).toMatchObject({ status: 400 });
  });
});

describe('a watch', () => {
  const lines = (text: string): unknown[] =>
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);

  test('ends when its time is over, and begins with what is there', async () => {
    const { body } = await ask(api('/api/v1/namespaces/default/pods?watch=true&timeoutSeconds=1'));
    expect(lines(body)).toMatchObject([
      { type: 'ADDED', object: { metadata: { name: 'far' } } },
      { type: 'ADDED', object: { metadata: { name: 'near' } } },
    ]);
  });

  test('of the streaming kind marks where the start ends', async () => {
    const query = 'watch=true&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan';
    const watched = async (more: string): Promise<readonly unknown[]> =>
      lines((await ask(api(`/api/v1/namespaces/default/pods?${query}${more}`))).body);
    expect((await watched('&allowWatchBookmarks=true')).at(-1)).toMatchObject({
      type: 'BOOKMARK',
      object: { kind: 'Pod', metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
    });
    expect(await watched('')).toMatchObject([{ type: 'ADDED' }, { type: 'ADDED' }]);
    expect(await watched('&resourceVersion=99999999')).toMatchObject([
      { type: 'ERROR', object: { code: 504, reason: 'Timeout', details: { retryAfterSeconds: 1 } } },
    ]);
  });

  test('that could not be a list is refused like one', async () => {
    expect(await ask(api('/api/v1/pods?watch=1&labelSelector=a+b'))).toMatchObject({ status: 400 });
    expect(await ask(api('/api/v1/nosuch?watch=1'))).toMatchObject({ status: 404 });
  });
});

describe('a terminal in a pod', () => {
  /** Opens an exec with a terminal; collects what comes on each channel. */
  function terminal(command: string) {
    const query = `command=${command}&stdin=true&stdout=true&tty=true`;
    const url = `ws://127.0.0.1:${server.port}${api(`/api/v1/namespaces/default/pods/near/exec?${query}`)}`;
    const socket = new WebSocket(url, ['v5.channel.k8s.io', 'v4.channel.k8s.io']);
    const channels: string[] = ['', '', '', '', ''];
    socket.on('message', (data: Buffer) => {
      const channel = data[0] ?? 0;
      channels[channel] = `${channels[channel] ?? ''}${data.subarray(1).toString('utf8')}`;
      socket.emit('told');
    });
    const closed = new Promise((resolve) => socket.on('close', resolve));
    const send = (channel: number, text: string): void =>
      socket.send(Buffer.concat([Buffer.of(channel), Buffer.from(text)]));
    const until = (pattern: RegExp): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (pattern.test(channels[1] ?? '')) resolve();
        };
        socket.on('told', look);
        look();
      });
    const open = new Promise((resolve) => socket.on('open', resolve));
    return { socket, open, channels, closed, send, until };
  }

  test('takes keys and a size, and ends with the exit code', async () => {
    const { socket, channels, closed, send, until } = terminal('sh');
    expect(socket.protocol).toBe('');
    await until(/# $/);
    expect(socket.protocol).toBe('v5.channel.k8s.io');
    send(4, '{"Width":132,"Height":40}');
    send(0, 'exit 4\r');
    await closed;
    expect(JSON.parse(channels[3] ?? '')).toMatchObject({
      status: 'Failure',
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '4' }] },
    });
  });

  test('passes Ctrl-C on to the command', async () => {
    const { open, channels, closed, send, until } = terminal('cat');
    await open;
    send(0, 'echoed\r');
    await until(/echoed\r\nechoed\r\n/);
    send(0, '\x03');
    await closed;
    expect(JSON.parse(channels[3] ?? '')).toMatchObject({ details: { causes: [{ message: '130' }] } });
  });
});
