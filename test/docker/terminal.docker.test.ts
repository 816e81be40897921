/** Terminals in containers, as a learner has them. */
import { expect, test } from 'vitest';
import type { Docker, TerminalOptions } from '../../src/engines/kind/docker/docker.ts';
import type { ShellStream } from '../../src/lab/ports.ts';
import { must, onEngine } from './support/engine.ts';

const signal = new AbortController().signal;
const SIZE = { columns: 80, rows: 24 };

/** A terminal whose screen a test waits on. */
class Screen {
  readonly stream: ShellStream;
  readonly exit: Promise<number>;
  text = '';
  bytes = 0;
  #seen = (): void => undefined;

  constructor(stream: ShellStream) {
    this.stream = stream;
    this.exit = new Promise((settle) => stream.onExit(({ code }) => settle(code)));
    stream.onData((bytes) => {
      this.bytes += bytes.length;
      this.text = (this.text + Buffer.from(bytes).toString()).slice(-100_000);
      this.#seen();
    });
  }

  type(text: string): void {
    this.stream.write(Buffer.from(text));
  }

  async shows(words: string | RegExp): Promise<void> {
    while (!(typeof words === 'string' ? this.text.includes(words) : words.test(this.text)))
      await new Promise<void>((settle) => (this.#seen = settle));
  }
}

async function opened(
  docker: Docker,
  container: string,
  argv: readonly string[] = ['bash', '--norc'],
  options: Partial<TerminalOptions> = {},
): Promise<Screen> {
  const terminal = await docker.containers.terminal(container, argv, {
    size: SIZE,
    environment: { PS1: '\\$ ' },
    ...options,
  });
  return new Screen(must(terminal));
}

onEngine('a terminal', ({ docker, sleeper }) => {
  /** Waits until nothing that runs in the container has these words in its command line. */
  const untilGone = async (name: string, words: string): Promise<void> => {
    const { containers } = await docker();
    const argv = ['pgrep', '-f', words];
    while (must(await containers.exec(name, argv, { signal })).stdout !== '');
  };

  test('is one: with its size from the first prompt on, and when it changes', async () => {
    const { name } = await sleeper();
    const screen = await opened(await docker(), name, undefined, { size: { columns: 132, rows: 43 } });
    screen.type('tty; stty size\r');
    await screen.shows('43 132');
    expect(screen.text).toContain('/dev/pts/');
    screen.stream.resize({ columns: 90, rows: 30 });
    screen.stream.resize({ columns: 99, rows: 33 });
    screen.type('until stty size | grep "33 99"; do :; done\r');
    await screen.shows(/33 99\r/);
    screen.type('exit 7\r');
    expect(await screen.exit).toBe(7);
  });

  test('passes UTF-8 and control characters as they are', async () => {
    const { name } = await sleeper();
    const screen = await opened(await docker(), name);
    screen.type('echo "größer 漢字 🕸" | tr a-z a-z; echo $TERM $LANG\r');
    await screen.shows('größer 漢字 🕸\r\n');
    await screen.shows('xterm-256color C.UTF-8\r\n');
    screen.type('(echo sl""eeping; exec sleep 1000)\r');
    await screen.shows('sleeping\r\n');
    screen.type('\x03');
    screen.type('echo $?\r');
    await screen.shows('130\r\n');
    screen.stream.close();
  });

  test('that is closed hangs up its session: jobs and what runs in front; nohup and daemons stay', async () => {
    const { containers } = await docker();
    const { name } = await sleeper();
    const screen = await opened(await docker(), name);
    screen.type(
      'sleep 3001 & (trap "" TERM; sleep 3002) & nohup sleep 3003 >/dev/null 2>&1 & setsid sleep 3004 &\r',
    );
    screen.type('echo r""eady; sleep 3005\r');
    await screen.shows('ready\r\n');
    screen.stream.close();
    for (const words of ['sleep 3001', 'sleep 3002', 'sleep 3005', 'bash --norc'])
      await untilGone(name, words);
    const left = must(await containers.exec(name, ['pgrep', '-af', 'sleep 300'], { signal })).stdout;
    expect(left.replaceAll(/^\d+ /gm, '').trim().split('\n').toSorted()).toEqual([
      'sleep 3003',
      'sleep 3004',
    ]);
  });

  test('that is closed ends its programs also where there is no ps, setsid or grep', async () => {
    const { containers } = await docker();
    const { name } = await sleeper();
    must(await containers.exec(name, ['rm', '/usr/bin/setsid', '/bin/grep', '/bin/ps'], { signal }));
    const screen = await opened(await docker(), name);
    screen.type('sleep 3101 & echo r""eady; exec sleep 3102\r');
    await screen.shows('ready\r\n');
    screen.stream.close();
    await untilGone(name, 'sleep 310');
  });

  test('ends with its container', async () => {
    const { containers } = await docker();
    const { name } = await sleeper();
    const screen = await opened(await docker(), name);
    await screen.shows('# ');
    must(await containers.remove(name, signal));
    expect(await screen.exit).toBeGreaterThan(0);
  });

  test('keeps a flood where it is while nobody reads, and answers Ctrl-C', async () => {
    const { name } = await sleeper();
    const screen = await opened(await docker(), name);
    screen.type('yes 0123456789012345678901234567890123456789\r');
    while (screen.bytes < 1_000_000)
      await screen.shows('0123456789\r\n').then(() => new Promise(setImmediate));
    screen.stream.pause();
    const memory = process.memoryUsage().rss;
    // The processor goes round as often as it would take to read hundreds of megabytes.
    for (let turn = 0; turn < 200; turn += 1) await new Promise((settle) => setTimeout(settle, 5));
    expect(process.memoryUsage().rss - memory).toBeLessThan(32 * 1024 * 1024);
    screen.type('\x03');
    screen.stream.resume();
    screen.type('echo d""one $?\r');
    await screen.shows('done 130');
    screen.stream.close();
  });

  test('in a container that is not there, or does not run, is an error by name', async () => {
    const { containers } = await docker();
    const { name } = await sleeper();
    must(await containers.stop(name, { signal, seconds: 0 }));
    const [absent, stopped] = await Promise.all(
      ['underlay-no-such', name].map((each) => containers.terminal(each, ['bash'], { size: SIZE })),
    );
    expect(absent).toMatchObject({ ok: false, error: { code: 'no-such-container' } });
    expect(stopped).toMatchObject({ ok: false, error: { code: 'container-stopped' } });
  });
});
