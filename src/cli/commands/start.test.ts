import { createServer, type Server } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fakeServices } from '../../../test/support/fake-services.ts';
import { listenNear, parsePort, start } from './start.ts';
import { spoken } from '../../../test/support/spoken.ts';

/** Takes a port that the system chooses, with a free one after it. */
async function takenPort(): Promise<number> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe('the port', () => {
  test.each([
    [undefined, undefined],
    ['0', 0],
    ['7340', 7340],
    ['65535', 65535],
  ])('%s is read', (text, port) => {
    expect(parsePort(text)).toEqual({ ok: true, value: port });
  });

  test.each(['', 'x', '-1', '65536', '99999', '80.5', '0x50', '1e3'])('"%s" is refused', async (text) => {
    expect(parsePort(text)).toEqual({
      ok: false,
      error: `--port needs a number from 0 to 65535, not "${text}".`,
    });
    const { code, err } = await spoken(() => start.run({ words: [], flags: new Map([['port', text]]) }));
    expect([code, err]).toEqual([2, `--port needs a number from 0 to 65535, not "${text}".\n`]);
  });

  test('that is taken makes way for the next free one', async () => {
    const port = await takenPort();
    const { services } = await fakeServices();
    const host = await listenNear({ services, root: '.', port });
    if (!host.ok) throw new Error(host.error);
    onTestFinished(() => host.value.close());
    expect(host.value.port).toBeGreaterThan(port);
  });

  test('0 is any free one', async () => {
    const { services } = await fakeServices();
    const host = await listenNear({ services, root: '.', port: 0 });
    if (!host.ok) throw new Error(host.error);
    onTestFinished(() => host.value.close());
    expect(host.value.port).toBeGreaterThan(0);
  });
});
