/** Files into containers and out of them. */
import { expect, test } from 'vitest';
import { must, onEngine } from './support/engine.ts';

const signal = new AbortController().signal;

onEngine('files', ({ docker, sleeper, cli }) => {
  const binary = Uint8Array.from({ length: 70_000 }, (_, at) => (at * 7) % 256);

  test('are written with their modes, and read back byte by byte', async () => {
    const { containers } = await docker();
    const { name } = await sleeper();
    const files = [
      { path: '/opt/new/folder/data', content: binary },
      { path: '/usr/local/bin/greet', content: Buffer.from('#!/bin/sh\necho hello\n'), mode: 0o755 },
      { path: `/tmp/${'long-name-'.repeat(12)}`, content: Buffer.from('long') },
    ];
    must(await containers.writeFiles(name, files, signal));
    expect(must(await containers.readFile(name, '/opt/new/folder/data', { signal }))).toEqual(
      Buffer.from(binary),
    );
    expect(must(await containers.exec(name, ['greet'], { signal })).stdout).toBe('hello\n');
    const long = must(await containers.readFile(name, files[2]?.path ?? '', { signal }));
    expect(String(long)).toBe('long');
    const modes = ['stat', '-c', '%a %U', '/opt/new/folder/data', '/usr/local/bin/greet'];
    expect(must(await containers.exec(name, modes, { signal })).stdout).toBe('644 root\n755 root\n');
  });

  test('reach a tmpfs, which the archive call of engines writes below', async () => {
    const { containers } = await docker();
    const made = [
      'run',
      '--detach',
      '--network',
      'none',
      '--tmpfs',
      '/run',
      'underlay-test/base:1',
      'sleep',
      '99',
    ];
    const id = (await cli(...made)).trim();
    must(await containers.writeFiles(id, [{ path: '/run/lab/file', content: binary }], signal));
    expect(must(await containers.exec(id, ['wc', '-c', '/run/lab/file'], { signal })).stdout).toBe(
      '70000 /run/lab/file\n',
    );
    expect(must(await containers.readFile(id, '/run/lab/file', { signal }))).toEqual(Buffer.from(binary));
  });

  test('are written without tar too', async () => {
    const { containers } = await docker();
    const { name } = await sleeper();
    must(await containers.exec(name, ['rm', '/bin/tar'], { signal }));
    const file = { path: '/opt/a b/$(touch pwned)', content: binary, mode: 0o600 };
    must(await containers.writeFiles(name, [file], signal));
    expect(must(await containers.readFile(name, file.path, { signal }))).toEqual(Buffer.from(binary));
  });

  test('are read where there is no shell to read by', async () => {
    const { containers } = await docker();
    const { name } = await sleeper();
    must(await containers.writeFiles(name, [{ path: '/opt/kept', content: binary }], signal));
    must(await containers.exec(name, ['rm', '/bin/sh'], { signal }));
    expect(must(await containers.readFile(name, '/opt/kept', { signal }))).toEqual(Buffer.from(binary));
    expect(must(await containers.readFile(name, '/opt/not-there', { signal }))).toBeUndefined();
  });

  test('of a stopped container are written and read as well', async () => {
    const { containers } = await docker();
    const { name } = await sleeper();
    must(await containers.stop(name, { signal, seconds: 0 }));
    must(await containers.writeFiles(name, [{ path: '/opt/kept', content: binary }], signal));
    expect(must(await containers.readFile(name, '/opt/kept', { signal }))).toEqual(Buffer.from(binary));
    expect(must(await containers.readFile(name, '/opt/not-there', { signal }))).toBeUndefined();
    expect(await containers.readFile(name, '/opt/kept', { signal, limit: 1000 })).toMatchObject({
      error: { code: 'file-too-long' },
    });
    must(await containers.start(name, signal));
    expect(must(await containers.readFile(name, '/opt/kept', { signal }))).toHaveLength(70_000);
  });

  test('of one that ends while it is read are read all the same', async () => {
    const { containers } = await docker();
    const line = 'trap "exit 0" TERM; sleep 99 & wait';
    const id = (
      await cli('run', '--detach', '--network', 'none', 'underlay-test/base:1', 'bash', '-c', line)
    ).trim();
    const ending = Buffer.from('#!/bin/sh\nkill -TERM 1\nexec sleep 99\n');
    const files = [
      { path: '/opt/kept', content: binary },
      { path: '/usr/local/bin/cat', content: ending, mode: 0o755 },
    ];
    must(await containers.writeFiles(id, files, signal));
    expect(must(await containers.readFile(id, '/opt/kept', { signal }))).toEqual(Buffer.from(binary));
  });

  test('that are not there, too long or folders are told apart', async () => {
    const { containers } = await docker();
    const { name } = await sleeper();
    expect(must(await containers.readFile(name, '/not/there', { signal }))).toBeUndefined();
    expect(await containers.readFile(name, '/bin/bash', { signal, limit: 1000 })).toMatchObject({
      error: { code: 'file-too-long' },
    });
    expect(await containers.readFile(name, '/etc', { signal })).toMatchObject({
      error: {
        code: 'file-not-read',
        message: `/etc of ${name} could not be read: cat: /etc: Is a directory`,
      },
    });
    expect(
      await containers.writeFiles(name, [{ path: '/proc/nothing', content: binary }], signal),
    ).toMatchObject({ error: { code: 'file-not-written' } });
  });
});
