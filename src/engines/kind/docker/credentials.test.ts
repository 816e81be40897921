import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { credentialsFor, registryOf } from './credentials.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'underlay-logins-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const login = async (reference: string, config: object): ReturnType<typeof credentialsFor> => {
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  const env = { DOCKER_CONFIG: folder, PATH: `${folder}:/usr/bin:/bin` };
  return credentialsFor(reference, { env, platform: 'linux', home: '/nonexistent' });
};

const helper = (name: string, script: string): Promise<void> =>
  writeFile(join(folder, `docker-credential-${name}`), `#!/bin/sh\n${script}\n`, { mode: 0o755 });

test.each([
  ['kindest/node:v1.35.5', 'https://index.docker.io/v1/'],
  ['docker.io/library/debian', 'https://index.docker.io/v1/'],
  ['debian', 'https://index.docker.io/v1/'],
  ['quay.io/calico/node:v3.32.1', 'quay.io'],
  ['localhost/a', 'localhost'],
  ['10.0.0.1:5000/a/b@sha256:f00', '10.0.0.1:5000'],
])('%s is of the registry %s', (reference, registry) => {
  expect(registryOf(reference)).toBe(registry);
});

test('a login in the file is read; none is none', async () => {
  const auth = Buffer.from('me:se:cret').toString('base64');
  expect(await login('quay.io/a', { auths: { 'quay.io': { auth } } })).toEqual({
    username: 'me',
    password: 'se:cret',
    serveraddress: 'quay.io',
  });
  expect(await login('ghcr.io/a', { auths: { 'quay.io': { auth } } })).toBeUndefined();
  expect(await login('quay.io/a', { auths: { 'quay.io': {} } })).toBeUndefined();
});

test('a helper is asked for the registry; one that fails is no login', async () => {
  await helper(
    'keys',
    'read -r registry; echo "{\\"Username\\":\\"of $registry\\",\\"Secret\\":\\"s3cret\\"}"',
  );
  await helper('token', 'cat > /dev/null; echo "{\\"Username\\":\\"<token>\\",\\"Secret\\":\\"t0ken\\"}"');
  await helper('broken', 'echo "credentials not found in native keychain"; exit 1');
  const config = { credsStore: 'broken', credHelpers: { 'quay.io': 'keys', 'ghcr.io': 'token' } };
  expect(await login('quay.io/a', config)).toEqual({
    username: 'of quay.io',
    password: 's3cret',
    serveraddress: 'quay.io',
  });
  expect(await login('ghcr.io/a', config)).toEqual({ identitytoken: 't0ken', serveraddress: 'ghcr.io' });
  expect(await login('debian', config)).toBeUndefined();
  expect(await login('debian', { credsStore: '../../evil' })).toBeUndefined();
});
