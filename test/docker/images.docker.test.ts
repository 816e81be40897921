/** Images: inspected, saved, loaded, built, tagged, removed; pulled as far as a machine without a registry goes. */
import { expect, test } from 'vitest';
import type { TransferProgress } from '../../src/engines/kind/docker/docker.ts';
import { BASE_IMAGE, must, onEngine } from './support/engine.ts';

const signal = new AbortController().signal;

onEngine('images', ({ docker }) => {
  test('are saved as a stream and loaded from it, with progress', async () => {
    const { images } = await docker();
    const before = must(await images.inspect(BASE_IMAGE, signal));
    must(await images.tag(BASE_IMAGE, 'localhost:5000/underlay/copy:2', signal));
    const archive = must(await images.save(['localhost:5000/underlay/copy:2'], { signal }));
    const pieces: Uint8Array[] = [];
    for await (const piece of archive) pieces.push(piece);
    must(await images.remove('localhost:5000/underlay/copy:2', signal));
    expect(must(await images.inspect('localhost:5000/underlay/copy:2', signal))).toBeUndefined();
    const told: TransferProgress[] = [];
    async function* again(): AsyncGenerator<Uint8Array> {
      for (const piece of pieces) yield await Promise.resolve(piece);
    }
    expect(
      must(await images.load(again(), { signal, onProgress: (progress) => told.push(progress) })),
    ).toEqual(['localhost:5000/underlay/copy:2']);
    expect(told.at(-1)).toEqual({
      status: 'Loading',
      done: pieces.reduce((sum, { length }) => sum + length, 0),
    });
    const after = must(await images.inspect('localhost:5000/underlay/copy:2', signal));
    expect(after).toMatchObject({ id: before?.id, arch: before?.arch });
    expect(after?.tags).toContain('localhost:5000/underlay/copy:2');
    must(await images.remove('localhost:5000/underlay/copy:2', signal));
    must(await images.remove('localhost:5000/underlay/copy:2', signal));
  });

  test('that are no archives, cut short or unreadable are refused', async () => {
    const { images } = await docker();
    async function* garbage(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Buffer.alloc(100_000, 'no archive'));
    }
    expect(await images.load(garbage(), { signal })).toMatchObject({ ok: false });
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Buffer.alloc(100_000));
      throw new Error('the stick was pulled out');
    }
    expect(await images.load(broken(), { signal })).toMatchObject({
      error: {
        code: 'archive-not-read',
        message: 'The archive could not be read: the stick was pulled out.',
      },
    });
    const control = new AbortController();
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Buffer.alloc(512));
      control.abort();
      await new Promise((settle) => setTimeout(settle, 60_000).unref());
    }
    expect(await images.load(endless(), { signal: control.signal })).toMatchObject({
      error: { code: 'interrupted' },
    });
  });

  test('that cannot be had are told with the reason', async () => {
    const { images } = await docker();
    expect(await images.pull('registry.invalid/underlay/none:1', { signal })).toMatchObject({
      ok: false,
      error: { code: expect.stringMatching(/^(unknown-registry|pull-failed)$/) as string },
    });
    expect(await images.pull('127.0.0.1:9/underlay/none:1', { signal })).toMatchObject({
      error: { code: 'pull-failed' },
    });
    expect(await images.save(['underlay-test/absent:1'], { signal })).toMatchObject({
      error: { code: 'no-such-image' },
    });
    expect(await images.tag('underlay-test/absent:1', 'x:1', signal)).toMatchObject({
      error: { code: 'no-such-image' },
    });
  });

  test('are built from a folder, line by line', async () => {
    const { images, containers } = await docker();
    const log: string[] = [];
    const steps: (string | undefined)[] = [];
    const dockerfile = `FROM ${BASE_IMAGE}\nARG WORD\nCOPY hello /hello\nRUN echo "$WORD" >> /hello\n`;
    const build = {
      context: { Dockerfile: Buffer.from(dockerfile), hello: Buffer.from('hello\n') },
      tag: 'underlay-test/built:1',
      labels: { 'underlay.version': '7' },
      args: { WORD: 'world' },
      network: 'none',
    };
    const options = {
      signal,
      onLog: (line: string) => log.push(line),
      onProgress: ({ layers }: TransferProgress) =>
        steps.push(`${layers?.done ?? ''}/${layers?.total ?? ''}`),
    };
    const built = must(await images.build(build, options));
    expect(built).toMatchObject({ tags: ['underlay-test/built:1'], labels: { 'underlay.version': '7' } });
    expect(steps.slice(0, 4)).toEqual(['0/5', '1/5', '2/5', '3/5']);
    expect(log).toContain('Step 4/5 : RUN echo "$WORD" >> /hello');
    const spec = {
      name: 'underlay-built',
      image: built.id,
      labels: {},
      network: 'none',
      command: ['sleep', '99'],
    };
    const { name } = must(await containers.run(spec, signal));
    expect(String(must(await containers.readFile(name, '/hello', { signal })))).toBe('hello\nworld\n');
    must(await containers.remove(name, signal));

    const failing = { ...build, context: { Dockerfile: Buffer.from(`FROM ${BASE_IMAGE}\nRUN exit 3\n`) } };
    expect(await images.build(failing, { signal })).toMatchObject({
      error: {
        code: 'docker-refused',
        message: expect.stringContaining('returned a non-zero code: 3') as string,
      },
    });
  });
});
