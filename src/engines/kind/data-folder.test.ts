import { expect, test } from 'vitest';
import { folderFailed } from './data-folder.ts';

test('a folder that cannot be written is told with the cause, and a full disk has a name of its own', () => {
  const failed = (code: string): unknown => folderFailed('/data', Object.assign(new Error('x'), { code }));
  expect(failed('ENOSPC')).toEqual({
    code: 'disk-full',
    message: 'The disk that holds /data is full.',
    remedy: 'Free some space there, then try again.',
  });
  expect(failed('EROFS')).toEqual({
    code: 'data-folder-failed',
    message: '/data cannot be written: EROFS.',
    remedy: 'Look at the rights of that folder, then try again.',
  });
  expect(folderFailed('/data', new Error('x'))).toMatchObject({ message: '/data cannot be written: x.' });
});
