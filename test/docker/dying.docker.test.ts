/** An engine that is killed while it is used, and comes back: an engine of this test's own. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectDocker } from '../../src/engines/kind/docker/connect.ts';
import { BASE_IMAGE, must, onEngine } from './support/engine.ts';
import { loadBaseImage } from './support/base-image.ts';
import { startEngine, type OwnEngine } from './support/dockerd.ts';
import { which } from './support/programs.ts';

const { signal } = new AbortController();
const LABEL = 'underlay.cluster';

onEngine('an engine that is killed', () => {
  let engine: OwnEngine | undefined;
  beforeAll(async () => {
    engine = await startEngine(which('dockerd') ?? 'dockerd');
    await loadBaseImage(engine.host, which('docker') ?? 'docker');
  });
  afterAll(() => engine?.stop());

  test('ends what was asked with a name for it, and is used again when it is back', async () => {
    if (!engine) throw new Error('no engine was started');
    const around = { env: { DOCKER_HOST: engine.host }, platform: 'linux', home: '/nonexistent' } as const;
    const docker = must(await connectDocker(around));
    const { containers } = docker;
    const spec = { name: 'underlay-dying', image: BASE_IMAGE, labels: { [LABEL]: 'dying' }, network: 'none' };
    must(await containers.run({ ...spec, command: ['sleep', 'infinity'] }, signal));
    const log: string[] = [];
    let logged = (): void => undefined;
    const until = async (words: string): Promise<void> => {
      while (log.at(-1) !== words) await new Promise<void>((settle) => (logged = settle));
    };
    const note = (words: string): void => {
      log.push(words);
      logged();
    };
    const watching = new AbortController();
    docker.watch(
      {
        label: LABEL,
        onEvent: ({ action, name }) => note(`${action} ${name}`),
        onGone: (error) => note(error?.code ?? 'back'),
      },
      watching.signal,
    );
    const terminal = must(
      await containers.terminal(spec.name, ['bash', '--norc'], { size: { columns: 80, rows: 24 } }),
    );
    const exit = new Promise((settle) => terminal.onExit(({ code }) => settle(code)));
    await new Promise((settle) => terminal.onData(settle));
    let kill = (): void => undefined;
    const up = new Promise<void>((settle) => (kill = settle));
    const running = containers.exec(spec.name, ['sh', '-c', 'echo up; sleep 600'], {
      signal,
      onOutput: () => kill(),
    });
    await up;
    await engine.kill();
    expect(await running).toMatchObject({ ok: false, error: { code: 'docker-gone' } });
    expect(await exit).toBe(255);
    expect(await containers.list(LABEL, signal)).toMatchObject({ error: { code: 'docker-gone' } });
    expect(log.at(-1)).toBe('docker-gone');
    expect(await connectDocker(around)).toMatchObject({ error: { code: 'docker-missing' } });

    await engine.startAgain();
    while (!log.includes('back')) await new Promise<void>((settle) => (logged = settle));
    must(await containers.stop(spec.name, { signal, seconds: 0 }));
    must(await containers.start(spec.name, signal));
    await until(`start ${spec.name}`);
    must(await containers.remove(spec.name, signal));
    await until(`destroy ${spec.name}`);
    watching.abort();
  });
});
