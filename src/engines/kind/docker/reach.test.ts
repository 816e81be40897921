import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dockerEndpoints } from './endpoints.ts';
import { findDocker } from './reach.ts';

let home = '';
const engines: Server[] = [];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'underlay-docker-'));
});

afterEach(async () => {
  for (const engine of engines.splice(0)) engine.close();
  await rm(home, { recursive: true, force: true });
});

/** Answers `GET /version` as an engine does, and nothing else. */
async function engineAt(socket: string): Promise<string> {
  const engine = createServer((request, response) => {
    response.statusCode = request.url === '/version' ? 200 : 404;
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ Version: '28.2.2', ApiVersion: '1.50', Os: 'linux' }));
  });
  engines.push(engine);
  engine.listen(socket);
  await once(engine, 'listening');
  return `unix://${socket}`;
}

async function context(name: string, host: string): Promise<void> {
  const folder = join(home, '.docker', 'contexts', 'meta', `digest-of-${name}`);
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, 'meta.json'),
    JSON.stringify({ Name: name, Endpoints: { docker: { Host: host } } }),
  );
}

const around = (env: NodeJS.ProcessEnv = {}, platform: NodeJS.Platform = 'linux') => ({
  env,
  platform,
  home,
});

test('DOCKER_HOST is asked before any context', async () => {
  const host = await engineAt(join(home, 'engine.sock'));
  await context('other', 'unix:///nowhere');
  const found = await findDocker(around({ DOCKER_HOST: host, DOCKER_CONTEXT: 'other' }));
  expect(found).toEqual({
    ok: true,
    value: {
      endpoint: { host, from: 'DOCKER_HOST' },
      version: '28.2.2',
      apiVersion: '1.50',
      osType: 'linux',
    },
  });
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

test('without a choice the sockets of the known distributions are tried in order', async () => {
  const host = await engineAt(join(home, 'docker.sock'));
  const found = await findDocker(around({ XDG_RUNTIME_DIR: home }, 'linux'));
  // A machine of a developer may have an engine at the first place.
  expect(found.ok && [host, 'unix:///var/run/docker.sock']).toContain(found.ok && found.value.endpoint.host);
  expect((await dockerEndpoints(around({}, 'darwin'))).map(({ host: at }) => at)).toContain(
    `unix://${home}/.colima/default/docker.sock`,
  );
  expect((await dockerEndpoints(around({}, 'win32')))[0]?.host).toBe('npipe:////./pipe/docker_engine');
});

test.each([
  ['a socket that is not there', 'unix:///nowhere/docker.sock', 'ENOENT'],
  ['a port that nobody listens on', 'tcp://127.0.0.1:9', 'ECONNREFUSED'],
  ['a daemon behind ssh', 'ssh://me@far', 'UNSUPPORTED'],
])('%s is told with its cause and a remedy', async (_, host, code) => {
  expect(await findDocker(around({ DOCKER_HOST: host }))).toEqual({
    ok: false,
    error: {
      reason: `No Docker Engine answers at ${host} (DOCKER_HOST: ${code}).`,
      remedy: 'Start that engine, or choose another: `docker context use default`, or unset DOCKER_HOST.',
    },
  });
});

test('a context that does not exist is told by its name', async () => {
  const found = await findDocker(around({ DOCKER_CONTEXT: 'gone' }));
  expect(!found.ok && found.error.reason).toBe(
    'No Docker Engine answers at an unknown address (context "gone": NO_SUCH_CONTEXT).',
  );
});
