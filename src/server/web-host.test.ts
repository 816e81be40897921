/** The browser host over real sockets: who gets in, who does not, and what they get. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { request, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import WebSocket from 'ws';
import { fakeServices, temporaryFolder, type FakeServices } from '../../test/support/fake-services.ts';
import { WebHost } from './web-host.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Running extends FakeServices {
  readonly host: WebHost;
  readonly port: number;
  readonly cookie: string;
}

async function running(): Promise<Running> {
  const root = temporaryFolder();
  mkdirSync(join(root, 'renderer', 'assets'), { recursive: true });
  writeFileSync(join(root, 'renderer', 'index.html'), '<!doctype html>');
  writeFileSync(join(root, 'renderer', 'assets', 'app.js'), 'export {};');
  writeFileSync(join(root, 'renderer', 'secret.key'), 'no type');
  writeFileSync(join(root, 'package.json'), '{"outside":true}');
  writeFileSync(join(root, 'renderer-not.html'), 'a neighbour');
  const fakes = await fakeServices();
  const host = await WebHost.listen({ services: fakes.services, root: join(root, 'renderer'), port: 0 });
  if (!host.ok) throw new Error(host.error);
  onTestFinished(() => host.value.close());
  return {
    ...fakes,
    host: host.value,
    port: host.value.port,
    cookie: host.value.gate.cookie.split(';')[0] ?? '',
  };
}

/** The path goes out as written: no client may tidy it up first. */
function ask(
  port: number,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    });
    asking.on('error', reject);
    asking.end();
  });
}

/** Opens the socket; resolves to it, or to the status and sentence of the refusal. */
function upgrade(
  port: number,
  headers: Record<string, string>,
  path = '/socket',
): Promise<WebSocket | string> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers });
    socket.on('open', () => resolve(socket));
    socket.on('error', reject);
    socket.on('unexpected-response', (_, response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => resolve(`${response.statusCode ?? 0} ${body.trim()}`));
      response.on('error', () => resolve(`${response.statusCode ?? 0} ${body.trim()}`));
    });
  });
}

async function opened(port: number, cookie: string): Promise<WebSocket> {
  const socket = await upgrade(port, { cookie, origin: `http://127.0.0.1:${port}` });
  if (typeof socket === 'string') throw new Error(socket);
  onTestFinished(() => socket.terminate());
  return socket;
}

const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "style-src-elem 'self' 'unsafe-inline'",
  "style-src-attr 'none'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types svelte-trusted-html',
].join('; ');

describe('the start token', () => {
  test('is exchanged for a cookie that scripts and other sites never see', async () => {
    const { host, port } = await running();
    const { search } = new URL(host.gate.startUrl);
    const { status, headers, body } = await ask(port, `/${search}`);
    expect([status, headers.location, body]).toEqual([303, '/', '']);
    const [cookie, ...attributes] = (headers['set-cookie']?.[0] ?? '').split('; ');
    expect(cookie).toMatch(new RegExp(`^underlay-${port}=[A-Za-z0-9_-]{32}$`));
    expect(attributes).toEqual(['Path=/', 'HttpOnly', 'SameSite=Strict']);
    expect(cookie).not.toContain(new URLSearchParams(search).get('token'));
    expect(headers['cache-control']).toBe('no-store');
    expect((await ask(port, '/', { cookie: cookie ?? '' })).body).toBe('<!doctype html>');
  });

  test.each(['/', '/?token=', '/?token=wrong', '/index.html', '/assets/app.js', '/socket', '/nowhere'])(
    'is missing, so %s is refused',
    async (path) => {
      const { port } = await running();
      const { status, body, headers } = await ask(port, path);
      expect([status, body]).toEqual([
        401,
        'Open Underlay by the address that npm start prints: it carries the key to this page.\n',
      ]);
      expect(headers['set-cookie']).toBeUndefined();
    },
  );

  test('of another run opens nothing', async () => {
    const [one, two] = [await running(), await running()];
    const { search } = new URL(one.host.gate.startUrl);
    expect((await ask(two.port, `/${search}`)).status).toBe(401);
    expect(
      (await ask(two.port, '/', { cookie: one.cookie.replace(String(one.port), String(two.port)) })).status,
    ).toBe(401);
  });
});

describe('a page', () => {
  test('comes with every security header', async () => {
    const { port, cookie } = await running();
    const { status, headers } = await ask(port, '/', { cookie });
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-security-policy': CSP,
      'x-content-type-options': 'nosniff',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'permissions-policy': 'camera=(), microphone=(), geolocation=()',
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
    });
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });

  test('with a hash in its name may be kept', async () => {
    const { port, cookie } = await running();
    const { headers, body } = await ask(port, '/assets/app.js', { cookie });
    expect([headers['content-type'], headers['cache-control'], body]).toEqual([
      'text/javascript; charset=utf-8',
      'private, max-age=31536000, immutable',
      'export {};',
    ]);
    expect((await ask(port, '/assets/app.js', { cookie }, 'HEAD')).body).toBe('');
  });

  test.each([
    '/nowhere',
    '/assets',
    '/assets/',
    '/secret.key',
    '/../package.json',
    '/%2e%2e/package.json',
    '/..%2fpackage.json',
    '/%2e%2e%2fpackage.json',
    '/assets/..%2f..%2fpackage.json',
    '/..%5cpackage.json',
    '/..%2frenderer-not.html',
    '/index.html%00.js',
    '/%',
    '//etc/passwd',
    '/%252e%252e/package.json',
  ])('%s is not there', async (path) => {
    const { port, cookie } = await running();
    const { status, body, headers } = await ask(port, path, { cookie });
    expect([status, body]).toEqual([404, 'There is no such page.\n']);
    expect(headers['content-security-policy']).toBe(CSP);
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('cannot be asked by %s', async (method) => {
    const { port, cookie } = await running();
    const { status, body } = await ask(port, '/', { cookie }, method);
    expect([status, body]).toEqual([405, 'Only reading is possible here.\n']);
  });
});

describe('a request from elsewhere', () => {
  const hosts = (port: number): readonly string[] => [
    'evil.example',
    `evil.example:${port}`,
    '127.0.0.1',
    `127.0.0.1:${port}.evil.example`,
    `127.0.0.1.evil.example:${port}`,
    `[::1]:${port}`,
    `0.0.0.0:${port}`,
  ];

  test('under a foreign name is refused, cookie and token or not', async () => {
    const { port, cookie, host } = await running();
    const { search } = new URL(host.gate.startUrl);
    for (const name of hosts(port)) {
      for (const path of ['/', `/${search}`]) {
        const { status, body } = await ask(port, path, { cookie, host: name });
        expect([name, status, body]).toEqual([name, 403, 'This address is not served here.\n']);
      }
      const socket = await upgrade(port, { cookie, host: name, origin: `http://${name}` });
      expect([name, socket]).toEqual([name, '403 This address is not served here.']);
    }
  });

  test('of a foreign page is refused', async () => {
    const { port, cookie } = await running();
    for (const origin of [
      'http://evil.example',
      'null',
      `https://127.0.0.1:${port}`,
      `http://localhost:${port}`,
      'http://127.0.0.1',
    ]) {
      const { status, body } = await ask(port, '/', { cookie, origin });
      expect([origin, status, body]).toEqual([origin, 403, 'Requests from other pages are refused.\n']);
      expect(await upgrade(port, { cookie, origin })).toBe('403 Requests from other pages are refused.');
    }
  });
});

describe('the socket', () => {
  test('wants the cookie, an origin and its own path', async () => {
    const { port, cookie } = await running();
    const origin = `http://127.0.0.1:${port}`;
    expect(await upgrade(port, { origin })).toMatch(/^401 /);
    expect(await upgrade(port, { origin, cookie: `underlay-${port}=wrong` })).toMatch(/^401 /);
    expect(await upgrade(port, { cookie })).toBe('403 Only a page of Underlay may open this socket.');
    expect(await upgrade(port, { cookie, origin }, '/other')).toBe('404 There is no such socket.');
  });

  test('opens for our own page, by either of our names', async () => {
    const { port, cookie } = await running();
    for (const name of ['127.0.0.1', 'localhost']) {
      const socket = await upgrade(port, {
        cookie,
        host: `${name}:${port}`,
        origin: `http://${name}:${port}`,
      });
      if (typeof socket === 'string') throw new Error(socket);
      const answered = new Promise((resolve) =>
        socket.once('message', (data: Buffer) => resolve(JSON.parse(data.toString()))),
      );
      socket.send(JSON.stringify({ type: 'call', id: 1, method: 'app.info', input: {} }));
      expect(await answered).toMatchObject({ type: 'answer', id: 1, value: { host: 'browser' } });
      socket.terminate();
    }
  });

  test('that sends a flood is closed; the others go on', async () => {
    const { port, cookie, logged } = await running();
    const [flood, calm] = [await opened(port, cookie), await opened(port, cookie)];
    const closed = new Promise((resolve) => flood.once('close', resolve));
    flood.send(new Uint8Array(4 * 1024 * 1024 + 1));
    expect(await closed).toBe(1009);
    const answered = new Promise((resolve) =>
      calm.once('message', (data: Buffer) => resolve(JSON.parse(data.toString()))),
    );
    calm.send(JSON.stringify({ type: 'call', id: 2, method: 'progress.get', input: {} }));
    expect(await answered).toMatchObject({ type: 'answer', id: 2 });
    expect(logged).toEqual(['a window sent something unreadable']);
  });

  test('survives a caller who hangs up before the refusal', async () => {
    const { port, cookie } = await running();
    await new Promise<void>((resolve) => {
      const raw = connect(port, '127.0.0.1', () => {
        raw.write(
          `GET /socket HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
        );
        raw.resetAndDestroy();
      });
      raw.on('close', () => resolve());
      raw.on('error', () => undefined);
    });
    expect((await ask(port, '/', { cookie })).status).toBe(200);
  });
});

describe('listening', () => {
  test('is on loopback only, and a taken port is a value', async () => {
    const { host, port, services } = await running();
    expect(host.gate.origin).toBe(`http://127.0.0.1:${port}`);
    expect(await WebHost.listen({ services, root: '.', port })).toEqual({ ok: false, error: 'port-taken' });
  });

  test('ends with every connection', async () => {
    const { host, port, cookie } = await running();
    const socket = await opened(port, cookie);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await host.close();
    expect(await closed).toBe(1006);
    await expect(ask(port, '/')).rejects.toThrow('ECONNREFUSED');
  });
});
