import { expect, test } from 'vitest';
import { engineServer, type Asked } from '../../../../test/support/engine-server.ts';
import { connectDocker } from './connect.ts';

const event = (action: string, timeNano: number, id = 'c1'): string =>
  JSON.stringify({
    Type: 'container',
    Action: action,
    Actor: { ID: id, Attributes: { name: 'node', image: 'kindest/node', 'io.x-k8s.kind.cluster': 'lab' } },
    time: Math.floor(timeNano / 1e9),
    timeNano,
  });

test('a connection that is lost is made again from the last event, which is not told twice', async () => {
  const server = await engineServer();
  const connections: Asked[] = [];
  let connected = (): void => undefined;
  server.answer = (asked) => {
    if (asked.path === '/info') return { status: 200, body: { SystemTime: '2026-01-01T00:00:05.25Z' } };
    asked.response.writeHead(200, { 'Content-Type': 'application/json' });
    asked.response.flushHeaders();
    connections.push(asked);
    connected();
    return undefined;
  };
  const around = { env: { DOCKER_HOST: server.host }, platform: 'linux', home: server.folder } as const;
  const docker = await connectDocker(around);
  const next = async (count: number): Promise<Asked> => {
    while (connections.length < count) await new Promise<void>((settle) => (connected = settle));
    const asked = connections[count - 1];
    if (!asked) throw new Error('nobody asked');
    return asked;
  };
  const log: string[] = [];
  let logged = (): void => undefined;
  const until = async (count: number): Promise<void> => {
    while (log.length < count) await new Promise<void>((settle) => (logged = settle));
  };
  const control = new AbortController();
  if (!docker.ok) throw new Error(docker.error.message);
  docker.value.watch(
    {
      label: 'io.x-k8s.kind.cluster=lab',
      onEvent: ({ action, name, labels }) => {
        log.push(`${action} ${name} ${JSON.stringify(labels)}`);
        logged();
      },
      onGone: (error) => {
        log.push(error?.code ?? 'back');
        logged();
      },
    },
    control.signal,
  );
  const START = 1_767_225_605_300_000_000;
  const first = await next(1);
  expect(first.query.get('since')).toBe('1767225605.250000000');
  expect(JSON.parse(first.query.get('filters') ?? '')).toEqual({
    type: ['container'],
    label: ['io.x-k8s.kind.cluster=lab'],
    event: ['start', 'die', 'destroy'],
  });
  const text = `${event('start', START)}\n`;
  first.response.write(text.slice(0, 30));
  first.response.write(`${text.slice(30)}${event('exec_die', START + 1e6)}\n`);
  await until(1);
  first.response.destroy();
  const second = await next(2);
  expect(second.query.get('since')).toMatch(/^1767225605\.3\d{8}$/);
  second.response.write(`${event('start', START)}\n${event('die', START)}\n${event('start', START + 2e9)}\n`);
  await until(5);
  control.abort();
  const labels = '{"io.x-k8s.kind.cluster":"lab"}';
  expect(log).toEqual([
    `start node ${labels}`,
    'docker-gone',
    'back',
    `die node ${labels}`,
    `start node ${labels}`,
  ]);
  await server.close();
});
