import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { engineServer, type EngineServer } from '../../../../test/support/engine-server.ts';
import { connectDocker } from './connect.ts';
import { dockerEndpoints, environmentFor } from './endpoints.ts';

let home = '';
const engines: EngineServer[] = [];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'underlay-docker-'));
});

afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.close()));
  await rm(home, { recursive: true, force: true });
});

async function engine(version?: Readonly<Record<string, string>>): Promise<EngineServer> {
  const started = await engineServer(version);
  engines.push(started);
  return started;
}

async function context(name: string, host: string, more: object = {}): Promise<string> {
  const digest = `digest-of-${name}`;
  const folder = join(home, '.docker', 'contexts', 'meta', digest);
  await mkdir(folder, { recursive: true });
  const meta = { Name: name, Endpoints: { docker: { Host: host, ...more } } };
  await writeFile(join(folder, 'meta.json'), JSON.stringify(meta));
  return digest;
}

const around = (env: NodeJS.ProcessEnv = {}, platform: NodeJS.Platform = 'linux') => ({
  env,
  platform,
  home,
});

test('the setting is asked before DOCKER_HOST, and that before any context', async () => {
  const { host } = await engine();
  await context('other', 'unix:///nowhere');
  const chosen = await connectDocker(around({ DOCKER_HOST: host, DOCKER_CONTEXT: 'other' }));
  expect(chosen).toMatchObject({
    ok: true,
    value: {
      endpoint: { host, from: 'DOCKER_HOST' },
      engine: {
        version: '28.2.2',
        apiVersion: '1.50',
        minApiVersion: '1.24',
        osType: 'linux',
        arch: 'amd64',
      },
    },
  });
  const set = await connectDocker(around({ DOCKER_HOST: 'unix:///nowhere' }), host.replace('unix://', ''));
  expect(set).toMatchObject({ ok: true, value: { endpoint: { host, from: 'the setting' } } });
});

test('the current context of the docker CLI is followed; DOCKER_CONTEXT overrides it', async () => {
  await context('colima', 'unix:///home/me/.colima/default/docker.sock');
  await context('desktop', 'unix:///home/me/.docker/desktop/docker.sock');
  await writeFile(join(home, '.docker', 'config.json'), '{"currentContext":"colima"}');
  expect(await dockerEndpoints(around())).toEqual([
    { host: 'unix:///home/me/.colima/default/docker.sock', from: 'context "colima"' },
  ]);
  expect(await dockerEndpoints(around({ DOCKER_CONTEXT: 'desktop' }))).toEqual([
    { host: 'unix:///home/me/.docker/desktop/docker.sock', from: 'context "desktop"' },
  ]);
});

test('certificates of a context, or of the environment, are handed on to children by their folder', async () => {
  const digest = await context('lab', 'tcp://10.0.0.5:2376');
  const folder = join(home, '.docker', 'contexts', 'tls', digest, 'docker');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'ca.pem'), '');
  const [endpoint] = await dockerEndpoints(around({ DOCKER_CONTEXT: 'lab' }));
  expect(endpoint).toEqual({
    host: 'tcp://10.0.0.5:2376',
    from: 'context "lab"',
    tls: { folder, verify: true },
  });
  expect(endpoint && environmentFor(endpoint)).toEqual({
    DOCKER_HOST: 'tcp://10.0.0.5:2376',
    DOCKER_CONTEXT: '',
    DOCKER_TLS: '',
    DOCKER_TLS_VERIFY: '1',
    DOCKER_CERT_PATH: folder,
  });
  const env = { DOCKER_HOST: '10.0.0.5:2376', DOCKER_TLS: '1', DOCKER_CERT_PATH: '/certs' };
  expect(await dockerEndpoints(around(env))).toEqual([
    { host: 'tcp://10.0.0.5:2376', from: 'DOCKER_HOST', tls: { folder: '/certs', verify: false } },
  ]);
});

test('without a choice the sockets of the known distributions are tried in order', async () => {
  const { host, folder } = await engine();
  const found = await connectDocker(around({ XDG_RUNTIME_DIR: folder }, 'linux'));
  // A machine of a developer may have an engine at the first place.
  expect([host, 'unix:///var/run/docker.sock']).toContain(found.ok && found.value.endpoint.host);
  expect((await dockerEndpoints(around({}, 'darwin'))).map(({ host: at }) => at)).toContain(
    `unix://${home}/.colima/default/docker.sock`,
  );
  expect((await dockerEndpoints(around({}, 'win32')))[0]?.host).toBe('npipe:////./pipe/docker_engine');
});

test.each([
  ['a socket that is not there', 'unix:///nowhere/docker.sock', 'ENOENT'],
  ['a port that nobody listens on', 'tcp://127.0.0.1:9', 'ECONNREFUSED'],
  ['an address that is none', 'fd://', 'UNSUPPORTED'],
])('%s is told with its cause and a remedy', async (_, host, code) => {
  expect(await connectDocker(around({ DOCKER_HOST: host }))).toEqual({
    ok: false,
    error: {
      code: 'docker-missing',
      message: `No Docker Engine answers at ${host} (DOCKER_HOST: ${code}).`,
      remedy: 'Start that engine, or choose another: `docker context use default`, or unset DOCKER_HOST.',
    },
  });
});

test('an engine behind SSH is named and refused', async () => {
  expect(await connectDocker(around({ DOCKER_HOST: 'ssh://me@far' }))).toMatchObject({
    error: {
      code: 'docker-remote',
      message: 'Labs need a Docker Engine on this machine, and ssh://me@far (DOCKER_HOST) is reached by SSH.',
    },
  });
});

test('a context that does not exist is told by its name', async () => {
  const found = await connectDocker(around({ DOCKER_CONTEXT: 'gone' }));
  expect(!found.ok && found.error.message).toBe(
    'No Docker Engine answers at an unknown address (context "gone": NO_SUCH_CONTEXT).',
  );
});

test('no Docker, a stopped Docker and a forbidden one are three things', async () => {
  // `win32` has no sockets that a developer's machine may answer at; pipes are files that are not there.
  const missing = await connectDocker(around({ PATH: home }, 'win32'));
  expect(missing).toMatchObject({ error: { code: 'docker-missing' } });
  await writeFile(join(home, 'docker.exe'), '');
  const stopped = await connectDocker(around({ PATH: home }, 'win32'));
  expect(stopped).toMatchObject({
    error: {
      code: 'docker-stopped',
      message: 'Docker is installed on this machine, but no Docker Engine answers.',
      remedy:
        'Start Docker Desktop or Rancher Desktop (one inside a WSL distribution alone is out of reach).',
    },
  });
});

test('an engine that says nothing is not waited for', async () => {
  const mute = createServer();
  mute.listen(join(home, 'mute.sock'));
  await once(mute, 'listening');
  const found = await connectDocker(around({ DOCKER_HOST: `unix://${home}/mute.sock` }));
  expect(!found.ok && found.error.message).toContain('(DOCKER_HOST: TIMEOUT)');
  mute.close();
});

test.each([
  [{ ApiVersion: '1.40' }, 'docker-too-old', 'Install Docker Engine 20.10 or newer.'],
  [{ Os: 'windows' }, 'docker-windows-containers', 'Switch it to Linux containers.'],
  [{ ApiVersion: '1.70', MinAPIVersion: '1.60' }, 'docker-too-new', 'Install a newer Underlay.'],
])('an engine of %j is refused', async (version, code, remedy) => {
  const { host } = await engine(version);
  expect(await connectDocker(around({ DOCKER_HOST: host }))).toMatchObject({ error: { code, remedy } });
});

test.each([
  ['1.41', '/v1.41/info'],
  ['1.99', '/v1.51/info'],
])('an engine that speaks %s is asked at %s', async (api, path) => {
  const server = await engine({ ApiVersion: api });
  let asked: string | undefined;
  server.answer = ({ request }) => {
    asked = request.url;
    return { status: 200, body: { NCPU: 2 } };
  };
  const docker = await connectDocker(around({ DOCKER_HOST: server.host }));
  expect(docker.ok && (await docker.value.info(new AbortController().signal))).toMatchObject({ ok: true });
  expect(asked).toBe(path);
});

test('a DOCKER_HOST of this process that cannot be read does not matter beside a setting', async () => {
  const { host } = await engine();
  const before = process.env['DOCKER_HOST'];
  process.env['DOCKER_HOST'] = 'tcp://[';
  try {
    expect(await connectDocker(around(), host)).toMatchObject({ ok: true });
    expect(process.env['DOCKER_HOST']).toBe('tcp://[');
  } finally {
    if (before === undefined) delete process.env['DOCKER_HOST'];
    else process.env['DOCKER_HOST'] = before;
  }
});
