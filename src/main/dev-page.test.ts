import { createServer } from 'node:http';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openDesktop } from '../../test/support/desktop.ts';
import { CONTENT_SECURITY_POLICY } from '../server/security.ts';
import { devPage, devServer } from './dev-page.ts';

describe('the dev server', () => {
  test.each(['http://localhost:5173', 'http://127.0.0.1:5173/'])('may be %s', (address) => {
    expect(devServer(address)?.port).toBe('5173');
  });

  test.each([
    undefined,
    '',
    'https://localhost',
    'http://evil.example',
    'http://127.0.0.1.evil.example',
    'file:///x',
  ])('may not be %j', (address) => {
    expect(devServer(address)).toBeUndefined();
  });

  test('is behind the private scheme, and the policy has its socket more', async () => {
    const server = createServer((request, response) => {
      response.writeHead(200, { 'content-type': 'text/javascript', 'access-control-allow-origin': '*' });
      response.end(`// ${request.url ?? ''}`);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const address = server.address();
    const url = devServer(`http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`);
    if (!url) throw new Error('no server');
    const { electron } = await openDesktop({ options: { page: devPage(url), devSocket: url.host } });
    const answer = await electron.ask('app://underlay/main.ts?t=1');
    expect(await answer.text()).toBe('// /main.ts?t=1');
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    expect(answer.headers.get('content-security-policy')).toBe(
      CONTENT_SECURITY_POLICY.replace("connect-src 'self'", `connect-src 'self' ws://${url.host}`),
    );
    expect(electron.sessionFake.allows(`ws://${url.host}/?token=x`)).toBe(true);
    expect(electron.sessionFake.allows('ws://127.0.0.1:1/')).toBe(false);
    expect(electron.sessionFake.allows(`http://${url.host}/`)).toBe(false);
  });
});
