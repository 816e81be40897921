import { expect, test } from 'vitest';
import { readCollected } from './belongings-keeper.ts';

test('files and history are read from what a place printed', () => {
  expect(readCollected('/root/a.pcap\taGk=\n/root/with blank\t\n# history\nls\nip route\n')).toEqual({
    files: { '/root/a.pcap': 'aGk=', '/root/with blank': '' },
    history: ['ls', 'ip route'],
  });
});

test('a place where nobody was has neither', () => {
  expect(readCollected('# history\n')).toEqual({ files: {}, history: [] });
});
