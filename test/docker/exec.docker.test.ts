/** Programs in containers: their output, their ends, and their being ended. */
import { expect, test } from 'vitest';
import { must, onEngine } from './support/engine.ts';

const signal = new AbortController().signal;

onEngine('exec', ({ docker, sleeper }) => {
  const sh = (script: string): readonly string[] => ['sh', '-c', script];

  test('keeps both outputs apart, and the exit code', async () => {
    const { containers } = await docker();
    const { name } = await sleeper();
    expect(must(await containers.exec(name, sh('echo out; echo err >&2; exit 3'), { signal }))).toEqual({
      exitCode: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    });
  });

  test('ends a program that prints more than can be kept, and says so', async () => {
    const { containers } = await docker();
    const { name } = await sleeper();
    const flood = sh('head --bytes=80000000 /dev/zero; sleep 400');
    expect(await containers.exec(name, flood, { signal })).toMatchObject({
      error: { code: 'output-too-long', message: 'sh printed more than can be kept.' },
    });
    const { stdout } = must(await containers.exec(name, ['ps', '-e', '-o', 'args='], { signal }));
    expect(stdout).not.toContain('sleep 400');
  });

  test('gives input, and closes it', async () => {
    const { containers } = await docker();
    const { name } = await sleeper();
    const large = Buffer.alloc(3_000_000, 'x');
    expect(must(await containers.exec(name, ['wc', '-c'], { signal, stdin: large })).stdout).toBe(
      '3000000\n',
    );
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (const word of ['ein ', 'Wörtchen']) yield await Promise.resolve(Buffer.from(word));
    }
    expect(must(await containers.exec(name, ['cat'], { signal, stdin: pieces() })).stdout).toBe(
      'ein Wörtchen',
    );
    const unread = must(await containers.exec(name, sh('exit 4'), { signal, stdin: large }));
    expect(unread.exitCode).toBe(4);
  });

  test('keeps megabytes of output whole, and tells of them as they come', async () => {
    const { containers } = await docker();
    const { name } = await sleeper();
    let told = 0;
    const { stdout } = must(
      await containers.exec(name, sh('yes 0123456789abcde | head -c 8000000'), {
        signal,
        onOutput: (bytes) => (told += bytes.length),
      }),
    );
    expect([stdout.length, told]).toEqual([8_000_000, 8_000_000]);
    expect(stdout.replaceAll('0123456789abcde\n', '')).toBe('');
  });

  test('runs as whom, where and with what it is told', async () => {
    const { containers } = await docker();
    const { name } = await sleeper();
    const { stdout } = must(
      await containers.exec(name, sh('id -u; pwd; echo "$GREETING"'), {
        signal,
        user: '1234',
        workingDir: '/usr',
        environment: { GREETING: 'hello there' },
      }),
    );
    expect(stdout).toBe('1234\n/usr\nhello there\n');
  });

  test.each([
    ['a program that is not there', ['nosuch'], 127],
    ['a path that is not there', ['/no/such'], 127],
    ['a file that is none', ['/etc/hostname'], 126],
  ])('says of %s what a shell would', async (_, argv, exitCode) => {
    const { containers } = await docker();
    const { name } = await sleeper();
    const ended = must(await containers.exec(name, argv, { signal }));
    expect(ended).toMatchObject({ exitCode, stdout: '' });
    expect(ended.stderr).toContain(argv[0]);
  });

  test('ends a program that takes too long, inside', async () => {
    const { containers } = await docker();
    const { name } = await sleeper();
    expect(must(await containers.exec(name, ['sleep', '77'], { signal, seconds: 1 })).exitCode).toBe(124);
    expect(must(await containers.exec(name, ['pgrep', '-f', 'sleep 77'], { signal })).stdout).toBe('');
  });

  test('that is given up kills all that it started, wherever it went', async () => {
    const { containers } = await docker();
    const { name } = await sleeper();
    const control = new AbortController();
    const script = 'sleep 1001 & setsid sleep 1002 & (env -i sleep 1003 &) ; echo up; exec sleep 1004';
    const running = containers.exec(name, sh(script), {
      signal: control.signal,
      onOutput: (bytes) => {
        if (Buffer.from(bytes).toString() === 'up\n') control.abort();
      },
    });
    expect(await running).toMatchObject({ ok: false, error: { code: 'interrupted' } });
    expect(must(await containers.exec(name, ['pgrep', '-af', 'sleep 100'], { signal })).stdout).toBe('');
  });

  test('in a container that is not there, stopped or killed meanwhile is an error by name', async () => {
    const { containers } = await docker();
    const { name } = await sleeper();
    expect(await containers.exec('underlay-no-such', ['true'], { signal })).toMatchObject({
      ok: false,
      error: { code: 'no-such-container', message: 'There is no container underlay-no-such.' },
    });
    const running = containers.exec(name, sh('echo up; sleep 500'), {
      signal,
      onOutput: () => void containers.stop(name, { signal, seconds: 0 }),
    });
    const killed = await running;
    expect(killed.ok ? killed.value.exitCode : killed.error.code).toSatisfy((end) =>
      [137, 'no-such-container', 'container-stopped'].includes(end as never),
    );
    expect(await containers.exec(name, ['true'], { signal })).toMatchObject({
      ok: false,
      error: { code: 'container-stopped' },
    });
  });

  test('sees the processes of the container whose process numbers it shares', async () => {
    const { containers } = await docker();
    const { name } = await sleeper({ command: ['sleep', '4321'] });
    const sidecar = await sleeper({ network: `container:${name}`, pid: `container:${name}` });
    const control = new AbortController();
    const running = containers.exec(sidecar.name, sh('sleep 5001 & echo up; sleep 5002'), {
      signal: control.signal,
      onOutput: () => control.abort(),
    });
    expect(await running).toMatchObject({ ok: false, error: { code: 'interrupted' } });
    const left = must(await containers.exec(sidecar.name, ['pgrep', '-af', 'sleep'], { signal })).stdout;
    expect(left).toContain('sleep 4321');
    expect(left).not.toContain('sleep 500');
  });
});
