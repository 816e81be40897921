import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { selfSigned } from '../../../test/support/self-signed.ts';
import { download } from './download.ts';
import { wayOut } from './way-out.ts';

const CONTENT = 'what was wanted';
const { key, cert } = selfSigned();

let folder = '';
const servers: Server[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'underlay-way-out-'));
});
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  await rm(folder, { recursive: true, force: true });
});

async function listening(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const open = async (): Promise<string> =>
  `http://127.0.0.1:${await listening(createServer((_, response) => void response.end(CONTENT)))}/file`;

const secure = async (): Promise<string> =>
  `https://127.0.0.1:${await listening(createSecureServer({ key, cert }, (_, response) => void response.end(CONTENT)))}/file`;

interface Proxy {
  readonly port: number;
  /** Where it was asked to lead, and who asked. */
  readonly asked: { readonly to: string; readonly login: string | undefined }[];
}

/** A proxy as RFC 9110, section 9.3.6, has them. */
async function proxy(status = 200): Promise<Proxy> {
  const asked: Proxy['asked'] = [];
  const server = createServer();
  server.on('connect', (request: IncomingMessage, client: Socket, first: Buffer) => {
    asked.push({ to: request.url ?? '', login: request.headers['proxy-authorization'] });
    if (status !== 200) {
      client.end(`HTTP/1.1 ${status} No\r\n\r\n`);
      return;
    }
    const [host = '', port] = (request.url ?? '').split(':');
    const target = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      target.write(first);
      target.pipe(client).pipe(target);
    });
    for (const end of [target, client])
      end.on('error', () => [target, client].forEach((each) => each.destroy()));
    client.on('close', () => target.destroy());
  });
  return { port: await listening(server), asked };
}

const fetched = (url: string, env: NodeJS.ProcessEnv): ReturnType<typeof download> =>
  download(
    {
      url,
      file: join(folder, 'file'),
      name: 'the file',
      sha256: createHash('sha256').update(CONTENT).digest('hex'),
      instead: 'bring your own',
    },
    { signal: new AbortController().signal, env },
  );

async function extraCertificates(text = cert): Promise<NodeJS.ProcessEnv> {
  const file = join(folder, 'network.pem');
  await writeFile(file, text);
  return { NODE_EXTRA_CA_CERTS: file };
}

describe('proxies', () => {
  test('are gone through, with their password, and not to what NO_PROXY names', async () => {
    const { port, asked } = await proxy();
    const url = await open();
    const { host } = new URL(url);
    expect(await fetched(url, { HTTP_PROXY: `http://me:se%2Fcret@127.0.0.1:${port}` })).toMatchObject({
      ok: true,
    });
    expect(asked).toEqual([{ to: host, login: `Basic ${Buffer.from('me:se/cret').toString('base64')}` }]);
    await rm(join(folder, 'file'));
    // As curl, a host and a port are enough; the lower case goes first.
    const env = { http_proxy: `127.0.0.1:${port}`, HTTP_PROXY: 'http://127.0.0.1:1' };
    expect(await fetched(url, { ...env, NO_PROXY: 'localhost,127.0.0.1' })).toMatchObject({ ok: true });
    expect(asked).toHaveLength(1);
    await rm(join(folder, 'file'));
    expect(await fetched(url, { ...env, no_proxy: 'example.org' })).toMatchObject({ ok: true });
    expect(asked).toHaveLength(2);
  });

  test('lead to what is encrypted as well, which stays so', async () => {
    const { port, asked } = await proxy();
    const url = await secure();
    const env = { HTTPS_PROXY: `http://127.0.0.1:${port}`, ...(await extraCertificates()) };
    expect(await fetched(url, env)).toMatchObject({ ok: true });
    expect(asked).toEqual([{ to: new URL(url).host, login: undefined }]);
  });

  test.each([
    [407, 'proxy-login', /asks for a name and a password/, /http:\/\/name:password@host:port/],
    [403, 'proxy-refused', /does not lead to 127\.0\.0\.1:\d+: HTTP 403/, /NO_PROXY/],
  ] as const)('that answer %d are told as they are', async (status, code, message, remedy) => {
    const { port } = await proxy(status);
    const told = await fetched(await open(), { HTTP_PROXY: `http://me:hidden@127.0.0.1:${port}` });
    expect(told).toMatchObject({
      error: {
        code,
        message: expect.stringMatching(message),
        remedy: expect.stringMatching(remedy),
      },
    });
    expect(JSON.stringify(told)).not.toContain('hidden');
    expect(JSON.stringify(told)).toContain('bring your own, or load an offline bundle');
  });

  test('that are away, or none, are named', async () => {
    expect(await fetched('http://192.0.2.1/file', { HTTP_PROXY: 'http://127.0.0.1:1' })).toMatchObject({
      error: {
        code: 'download-failed',
        message: 'the file could not be downloaded from 192.0.2.1: ECONNREFUSED.',
        remedy: expect.stringContaining('its proxy, http://127.0.0.1:1'),
      },
    });
    expect(await wayOut({ HTTPS_PROXY: 'http://me:hidden@[' })).toMatchObject({
      error: { code: 'proxy-invalid', message: 'HTTPS_PROXY is no address of a proxy: http://[.' },
    });
  });
});

describe('certificates', () => {
  test('that nobody vouches for are refused, with the way to vouch for them', async () => {
    expect(await fetched(await secure(), {})).toMatchObject({
      error: {
        code: 'download-untrusted',
        message: expect.stringContaining('DEPTH_ZERO_SELF_SIGNED_CERT'),
        remedy: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
      },
    });
  });

  test('of the network are trusted when they are named, in this very process', async () => {
    expect(await fetched(await secure(), await extraCertificates())).toMatchObject({ ok: true });
  });

  test('that cannot be read are told', async () => {
    expect(await wayOut({ NODE_EXTRA_CA_CERTS: join(folder, 'none.pem') })).toMatchObject({
      error: { code: 'certificates-unreadable' },
    });
  });

  test('are not left behind: what is sent on without encryption is a page of somebody else', async () => {
    const elsewhere = await open();
    const port = await listening(
      createSecureServer(
        { key, cert },
        (_, response) => void response.writeHead(302, { location: elsewhere }).end(),
      ),
    );
    expect(await fetched(`https://127.0.0.1:${port}/file`, await extraCertificates())).toMatchObject({
      error: { code: 'captive-portal', message: expect.stringContaining(new URL(elsewhere).host) },
    });
  });
});
