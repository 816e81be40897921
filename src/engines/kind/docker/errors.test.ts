import { afterEach, describe, expect, test } from 'vitest';
import { engineServer, type EngineServer } from '../../../../test/support/engine-server.ts';
import { connectDocker } from './connect.ts';
import type { Docker } from './docker.ts';
import { dockerError, faultOf } from './errors.ts';

const servers: EngineServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

const { signal } = new AbortController();

async function engine(): Promise<{ readonly server: EngineServer; readonly docker: Docker }> {
  const server = await engineServer();
  servers.push(server);
  const around = { env: { DOCKER_HOST: server.host }, platform: 'linux', home: server.folder } as const;
  const docker = await connectDocker(around);
  if (!docker.ok) throw new Error(docker.error.message);
  return { server, docker: docker.value };
}

const SPEC = { name: 'c1', image: 'debian:12', labels: {}, network: 'none' };

// Wordings: moby 20.10 to 28, libnetwork, runc 1.1, as their sources and issues have them.
describe('what an engine answers to the making of a container', () => {
  test.each([
    [404, 'No such image: debian:12', 'no-such-image'],
    [404, 'network underlay-a not found', 'no-such-network'],
    [404, 'No such container: underlay-node', 'no-such-container'],
    [409, 'Conflict. The container name "/c1" is already in use by container "f00"', 'name-taken'],
    [500, 'write /var/lib/docker/overlay2/x: no space left on device', 'docker-no-space'],
    [500, 'mkdir /var/lib/docker/overlay2/x: disk quota exceeded', 'docker-no-space'],
    [500, 'failed to create fsnotify watcher: too many open files', 'inotify-exhausted'],
    [500, 'inotify_add_watch /sys/fs/cgroup: no space left on device', 'inotify-exhausted'],
    [500, 'fork/exec /usr/bin/containerd-shim: cannot allocate memory', 'docker-no-memory'],
    [
      500,
      'driver failed programming external connectivity: Bind for 127.0.0.1:80 failed: port is already allocated',
      'port-taken',
    ],
    [500, 'listen tcp4 127.0.0.1:6443: bind: address already in use', 'port-taken'],
    [403, 'Address already in use', 'address-taken'],
    [500, 'OCI runtime create failed: unable to apply caps: operation not permitted', 'not-permitted'],
    [
      500,
      'OCI runtime create failed: runc create failed: error adding pid 4321 to cgroups: failed to write 4321',
      'cgroup-unusable',
    ],
    [500, 'OCI runtime create failed: the kernel does not support cgroup namespaces', 'kernel-too-old'],
    [400, 'client version 1.51 is too new. Maximum supported API version is 1.40', 'docker-too-old'],
    [400, 'client version 1.51 is too old. Minimum supported API version is 1.60', 'docker-too-new'],
    [500, 'something that nobody has seen before', 'docker-refused'],
  ])('%i %s is %s', async (status, message, code) => {
    const { server, docker } = await engine();
    server.answer = () => ({ status, body: { message } });
    const made = await docker.containers.run(SPEC, signal);
    expect(made).toMatchObject({ ok: false, error: { code } });
    expect(!made.ok && made.error.message).toMatch(/^[A-Z].*\.$/s);
    expect(!made.ok && made.error.remedy).toMatch(/^[A-Z].*\.$/s);
  });
});

test.each([
  [403, 'Pool overlaps with other one on this address space', 'subnet-taken'],
  [409, 'network with name underlay-a already exists', 'name-taken'],
  [
    400,
    'could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network',
    'address-pool-exhausted',
  ],
  [500, 'all predefined address pools have been fully subnetted', 'address-pool-exhausted'],
  [
    500,
    'Cannot read IPv6 setup for bridge br-1: open /proc/sys/net/ipv6/conf: no such file',
    'ipv6-unavailable',
  ],
])('a network that is answered by %i %s is %s', async (status, message, code) => {
  const { server, docker } = await engine();
  server.answer = () => ({ status, body: { message } });
  expect(await docker.networks.create({ name: 'underlay-a', labels: {} }, signal)).toMatchObject({
    error: { code },
  });
});

describe('what a pull tells in its stream', () => {
  test.each([
    [
      'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host',
      'unknown-registry',
    ],
    ['toomanyrequests: You have reached your pull rate limit', 'rate-limited'],
    ['Get "https://quay.io/v2/": x509: certificate signed by unknown authority', 'registry-untrusted'],
    ['manifest for quay.io/calico/node:v9 not found: manifest unknown', 'no-such-image'],
    [
      'pull access denied for underlay/x, repository does not exist or may require docker login',
      'image-denied',
    ],
    ['Get "https://quay.io/v2/": net/http: request canceled (Client.Timeout exceeded)', 'pull-failed'],
    ['failed to register layer: write /usr/bin/x: no space left on device', 'docker-no-space'],
  ])('%s is %s', async (words, code) => {
    const { server, docker } = await engine();
    server.answer = ({ response }) => {
      response.write(
        '{"status":"Pulling from calico/node","id":"v3"}\r\n{"status":"Pulling fs layer","id":"a1"}\r\n{"sta',
      );
      response.write('tus":"Downloading","progressDetail":{"current":512,"total":1024},"id":"a1"}\r\n');
      response.end(`${JSON.stringify({ errorDetail: { message: words }, error: words })}\r\n`);
      return undefined;
    };
    const told: unknown[] = [];
    const pulled = await docker.images.pull('quay.io/calico/node:v3', {
      signal,
      onProgress: (progress) => told.push(progress),
    });
    expect(pulled).toMatchObject({ ok: false, error: { code } });
    expect(told).toEqual([
      { status: 'Pulling fs layer', layers: { done: 0, total: 1 } },
      { status: 'Downloading', done: 512, total: 1024, layers: { done: 0, total: 1 } },
    ]);
  });
});

describe('an engine that goes away', () => {
  test('between two questions is told so', async () => {
    const { server, docker } = await engine();
    await server.close();
    servers.pop();
    expect(await docker.containers.list('underlay.cluster', signal)).toEqual({
      ok: false,
      error: {
        code: 'docker-gone',
        message: `The Docker Engine at ${server.host} went away.`,
        remedy: 'Start it (`sudo systemctl start docker`).',
      },
    });
  });

  test.each(['/containers/c1/json', '/images/create', '/containers/c1/exec'])(
    'in its answer to %s',
    async (path) => {
      const { server, docker } = await engine();
      server.answer = ({ request, response }) => {
        response.write('{"sta');
        setImmediate(() => request.destroy());
        return undefined;
      };
      const ask = {
        '/containers/c1/json': () => docker.containers.inspect('c1', signal),
        '/images/create': () => docker.images.pull('debian:12', { signal }),
        '/containers/c1/exec': () => docker.containers.exec('c1', ['true'], { signal }),
      }[path];
      expect(await ask?.()).toMatchObject({ ok: false, error: { code: 'docker-gone' } });
    },
  );
});

test('a question that is given up is interrupted, also when it is never answered', async () => {
  const { server, docker } = await engine();
  const control = new AbortController();
  server.answer = () => {
    control.abort();
    return new Promise(() => undefined);
  };
  expect(await docker.containers.inspect('c1', control.signal)).toMatchObject({
    error: { code: 'interrupted' },
  });
});

test.each([
  [404, 'get data: no such volume', 'no-such-volume'],
  [409, 'remove data: volume is in use - [f00]', 'in-use'],
  [403, 'error while removing network: network underlay-a id f00 has active endpoints', 'in-use'],
])('what cannot be removed for %i %s is %s', (status, says, code) => {
  expect(dockerError({ status, says }, { host: 'unix:///d', platform: 'linux', subject: 'it' }).code).toBe(
    code,
  );
});

test.each([
  [{ code: 'EACCES' }, 'docker-forbidden'],
  [{ code: 'ECONNREFUSED' }, 'docker-gone'],
  [{ code: 'TIMEOUT' }, 'docker-timeout'],
  [{ code: 'CERT_HAS_EXPIRED', message: 'certificate has expired' }, 'docker-tls'],
  [{ code: 'DEPTH_ZERO_SELF_SIGNED_CERT', message: 'self-signed certificate' }, 'docker-tls'],
])('%j of a socket is %s', (cause, code) => {
  expect(dockerError(faultOf(cause), { host: 'unix:///d', platform: 'linux' }).code).toBe(code);
});

test.each([
  [409, 'Container f00 is not running', 'container-stopped'],
  [409, 'Container f00 is paused, unpause the container before exec', 'container-paused'],
  [404, 'No such container: c1', 'no-such-container'],
])('exec that is answered by %i %s is %s', async (status, message, code) => {
  const { server, docker } = await engine();
  server.answer = () => ({ status, body: { message } });
  expect(await docker.containers.exec('c1', ['true'], { signal })).toMatchObject({ error: { code } });
});
