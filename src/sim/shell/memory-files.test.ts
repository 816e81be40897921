import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { utf8, utf8Text } from '../../base/bytes.ts';
import { fromBase64, toBase64 } from '../../base/base64.ts';
import { imageFiles } from './files-image.ts';
import { MemoryFiles } from './memory-files.ts';

const text = (files: MemoryFiles, path: string): string | undefined => {
  const data = files.read(path);
  return data === undefined ? undefined : utf8Text(data);
};

describe('files in memory', () => {
  test('are written, appended to, listed and removed', () => {
    let now = 1000;
    const files = new MemoryFiles({ files: { '/home/': '' }, now: () => now });
    expect(files.write('/home/a', utf8('one\n'))).toBeUndefined();
    now = 2000;
    expect(files.write('/home/a', utf8('two\n'), { append: true })).toBeUndefined();
    expect(files.mkdir('/home/x/y', { parents: true })).toBeUndefined();
    expect(text(files, '/home/a')).toBe('one\ntwo\n');
    expect(files.stat('/home/a')).toEqual({ type: 'file', size: 8, modified: 2000 });
    expect(files.list('/home')).toEqual(['a', 'x']);
    expect(files.remove('/home/x', { recursive: true })).toBeUndefined();
    expect(files.list('/home')).toEqual(['a']);
    expect(files.list('/home/a')).toBeUndefined();
  });

  test.each([
    [
      'write into nowhere',
      (files: MemoryFiles) => files.write('/no/a', utf8('')),
      'No such file or directory',
    ],
    ['write through a file', (files: MemoryFiles) => files.write('/f/a', utf8('')), 'Not a directory'],
    ['write over a directory', (files: MemoryFiles) => files.write('/d', utf8('')), 'Is a directory'],
    ['mkdir twice', (files: MemoryFiles) => files.mkdir('/d'), 'File exists'],
    [
      'mkdir -p over a file',
      (files: MemoryFiles) => files.mkdir('/f/x', { parents: true }),
      'Not a directory',
    ],
    ['remove what is not there', (files: MemoryFiles) => files.remove('/nope'), 'No such file or directory'],
    ['remove a full directory', (files: MemoryFiles) => files.remove('/d'), 'Directory not empty'],
    [
      'remove the root',
      (files: MemoryFiles) => files.remove('/', { recursive: true }),
      'Device or resource busy',
    ],
  ])('%s fails as on Linux', (_name, act, message) => {
    expect(act(new MemoryFiles({ files: { '/f': '', '/d/e': '' } }))).toBe(message);
  });

  test('a read-only tree refuses every change', () => {
    const files = new MemoryFiles({ files: { '/f': 'x' }, readOnly: true });
    expect([files.write('/f', utf8('')), files.mkdir('/d'), files.remove('/f')]).toEqual(
      Array(3).fill('Read-only file system'),
    );
    expect(text(files, '/f')).toBe('x');
  });

  test('/dev/null swallows, and is not kept', () => {
    const files = new MemoryFiles({ files: imageFiles({ kind: 'workstation' }) });
    expect(files.write('/dev/null', utf8('x'))).toBeUndefined();
    expect(text(files, '/dev/null')).toBe('');
    expect(Object.keys(files.snapshot()).filter((path) => path.startsWith('/dev'))).toEqual([]);
  });

  test('a snapshot restores the same tree', () => {
    const files = new MemoryFiles({
      files: { '/a/b': 'text\n', '/empty/': '', '/a/ü': new Uint8Array([0, 255, 10]) },
    });
    const kept = JSON.parse(JSON.stringify(files.snapshot())) as ReturnType<MemoryFiles['snapshot']>;
    const again = MemoryFiles.restore(kept);
    expect(again.snapshot()).toEqual(files.snapshot());
    expect(again.read('/a/ü')).toEqual(new Uint8Array([0, 255, 10]));
    expect(again.list('/empty')).toEqual([]);
  });

  test('base64 is RFC 4648', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
        expect(fromBase64(toBase64(bytes))).toEqual(bytes);
      }),
    );
  });
});

test('a pod sees the files that kubelet writes', () => {
  const files = imageFiles(
    { kind: 'pod', namespace: 'shop', name: 'web-1' },
    { addresses: ['10.244.1.5'], nameserver: '10.96.0.10' },
  );
  expect(files['/etc/resolv.conf']).toBe(
    'search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n',
  );
  expect(files['/etc/hosts']).toBe(
    '# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n10.244.1.5\tweb-1\n',
  );
  expect(files['/etc/hostname']).toBe('web-1\n');
});
