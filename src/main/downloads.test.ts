import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openDesktop } from '../../test/support/desktop.ts';
import { FakeDownload } from '../../test/support/fake-download.ts';
import { FakeEvent } from '../../test/support/fake-electron.ts';

describe('saving a file', () => {
  const saving = async (url: string, name: string) => {
    const desktop = await openDesktop();
    const event = new FakeEvent();
    const item = new FakeDownload(url, name);
    desktop.electron.sessionFake.emit('will-download', event, item, desktop.electron.window.webContents);
    return { ...desktop, event, item };
  };

  test('asks where to, with the name the lab gave', async () => {
    const { event, item, logged } = await saving('blob:app://underlay/1', 'overlay.pcap');
    expect(event.prevented).toBe(false);
    expect(item.options).toEqual({
      title: 'Save a file of the lab',
      defaultPath: join('/home/learner/Downloads', 'overlay.pcap'),
      filters: [
        { name: 'Packet captures', extensions: ['pcap', 'pcapng', 'cap'] },
        { name: 'All files', extensions: ['*'] },
      ],
    });
    item.emit('done', new FakeEvent(), 'cancelled');
    item.emit('done', new FakeEvent(), 'interrupted');
    expect(logged).toEqual([]);
  });

  test('a disk that fails is logged', async () => {
    const { item, logged } = await saving('blob:app://underlay/1', 'notes.txt');
    expect(item.options?.filters).toEqual([{ name: 'All files', extensions: ['*'] }]);
    item.emit('done', new FakeEvent(), 'interrupted');
    expect(logged).toEqual(['a file could not be saved: notes.txt']);
  });

  test('a name cannot leave the folder', async () => {
    const { item } = await saving('blob:app://underlay/1', '../../.bashrc');
    expect(item.options?.defaultPath).toBe(join('/home/learner/Downloads', '.bashrc'));
  });

  test.each([
    'https://evil.example/x',
    'app://underlay/index.html',
    'blob:https://evil.example/1',
    'data:,x',
  ])('an address is never fetched: %s', async (url) => {
    const { event, item, logged } = await saving(url, 'x');
    expect([event.prevented, item.options]).toEqual([true, undefined]);
    expect(logged).toEqual([`a download was refused: ${url}`]);
  });
});
