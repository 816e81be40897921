import { utf8Text } from '../../base/bytes.ts';
import { describe, expect, test } from 'vitest';
import {
  answers,
  refuses,
  settled,
  StageClock,
  StageHost,
} from '../../../test/renderer-harness/stage-host.ts';
import { Client } from '../client.ts';
import { ACKNOWLEDGED_AT_ONCE, Terminals, type Screen } from './terminal.svelte.ts';

class Page implements Screen {
  text = '';
  pasted = '';
  focused = 0;
  columns = 80;
  /** Drawing that has not happened yet. */
  readonly pending: (() => void)[] = [];

  size(): { columns: number; rows: number } {
    return { columns: this.columns, rows: 24 };
  }
  write(bytes: Uint8Array, drawn: () => void): void {
    this.text += utf8Text(bytes);
    this.pending.push(drawn);
  }
  paste(text: string): void {
    this.pasted += text;
  }
  focus(): void {
    this.focused += 1;
  }
}

async function stage(host: StageHost): Promise<Terminals> {
  const client = new Client(host.connect, new StageClock());
  client.start();
  await settled();
  return new Terminals(client, () => 's1');
}

const opening = (): StageHost => {
  let last = 0;
  return new StageHost({
    'terminal.open': () => Promise.resolve({ ok: true, value: { terminal: (last += 1) } }),
    'terminal.resize': answers(null),
    'terminal.close': answers(null),
  });
};

describe('a terminal', () => {
  test('opens its shell in the size of its screen, and carries bytes both ways', async () => {
    const host = opening();
    const tab = (await stage(host)).open('node/node1');
    const page = new Page();
    tab.show(page);
    await settled();
    host.print(1, 'root@node1:~# ');
    tab.type('ip route\r');
    expect(host.called('terminal.open')).toEqual([
      { session: 's1', place: 'node/node1', columns: 80, rows: 24 },
    ]);
    expect(page.text).toBe('root@node1:~# ');
    expect(host.typed).toEqual([{ terminal: 1, text: 'ip route\r' }]);
    expect(tab.status).toBe('open');
  });

  test('acknowledges bytes when they are drawn, not when they come, and in portions', async () => {
    const host = opening();
    const tab = (await stage(host)).open('workstation');
    const page = new Page();
    tab.show(page);
    await settled();
    host.print(1, 'hello');
    host.print(1, 'x'.repeat(ACKNOWLEDGED_AT_ONCE));
    expect(host.drawn).toEqual([]);
    page.pending[0]?.();
    expect(host.drawn).toEqual([]);
    page.pending[1]?.();
    expect(host.drawn).toEqual([{ terminal: 1, bytes: 5 + ACKNOWLEDGED_AT_ONCE }]);
  });

  test('tells the host the size it has by the time the shell is there', async () => {
    const host = opening();
    const tab = (await stage(host)).open('workstation');
    const page = new Page();
    tab.show(page);
    page.columns = 120;
    await settled();
    expect(host.called('terminal.resize')).toEqual([{ terminal: 1, columns: 120, rows: 24 }]);
  });

  test('keeps what was put in before its shell was there', async () => {
    const host = opening();
    const tab = (await stage(host)).open('workstation');
    tab.paste('kubectl get pods');
    tab.focus();
    const page = new Page();
    tab.show(page);
    await settled();
    expect(page).toMatchObject({ pasted: 'kubectl get pods', focused: 1 });
  });

  test('keeps what was typed while its shell was opening', async () => {
    const host = opening();
    const tab = (await stage(host)).open('workstation');
    tab.type('too early');
    tab.show(new Page());
    tab.type('ip ');
    tab.type('route\r');
    await settled();
    expect(host.typed).toEqual([{ terminal: 1, text: 'ip route\r' }]);
  });

  test('keeps what was typed between the connection’s return and its new shell, not what was typed into the gap', async () => {
    const host = opening();
    const clock = new StageClock();
    const client = new Client(host.connect, clock);
    client.start();
    await settled();
    const terminals = new Terminals(client, () => 's1');
    const tab = terminals.open('workstation');
    tab.show(new Page());
    await settled();
    host.drop();
    terminals.lost();
    tab.type('nobody hears this');
    client.retryNow();
    await settled();
    tab.type('cat ');
    terminals.reopen();
    tab.type('note.txt\r');
    await settled();
    expect(host.typed).toEqual([{ terminal: 2, text: 'cat note.txt\r' }]);
  });

  test('ends with its shell’s code; Enter starts another shell', async () => {
    const host = opening();
    const tab = (await stage(host)).open('workstation');
    tab.show(new Page());
    await settled();
    tab.ended(1, 3);
    expect([tab.status, tab.exitCode]).toEqual(['ended', 3]);
    tab.type('x');
    expect(tab.status).toBe('ended');
    tab.type('\r');
    await settled();
    expect([tab.status, tab.exitCode]).toEqual(['open', undefined]);
  });

  test('that cannot open says why and may be tried again', async () => {
    const host = opening();
    const working = host.handlers['terminal.open'];
    host.handlers['terminal.open'] = refuses('unknown-place');
    const tab = (await stage(host)).open('pod/gone');
    tab.show(new Page());
    await settled();
    expect([tab.status, tab.problem?.code]).toEqual(['failed', 'unknown-place']);
    if (working !== undefined) host.handlers['terminal.open'] = working;
    await tab.open();
    expect([tab.status, tab.problem]).toEqual(['open', undefined]);
  });

  test('closed while its shell was opening leaves no shell behind', async () => {
    const host = opening();
    const terminals = await stage(host);
    const tab = terminals.open('workstation');
    tab.show(new Page());
    terminals.close(tab);
    await settled();
    expect(host.called('terminal.close')).toEqual([{ terminal: 1 }]);
  });
});

describe('tabs', () => {
  const places = (terminals: Terminals): readonly string[] =>
    terminals.tabs.map((tab) => `${tab.place} ${tab.ordinal}${tab === terminals.active ? ' active' : ''}`);

  test('one place has one tab, unless another one is asked for', async () => {
    const terminals = await stage(opening());
    terminals.open('workstation');
    terminals.open('node/node1');
    terminals.open('workstation');
    terminals.openAnother('workstation');
    expect(places(terminals)).toEqual(['workstation 1', 'node/node1 1', 'workstation 2 active']);
  });

  test('closing the active one shows its neighbour, closing the last one shows none', async () => {
    const terminals = await stage(opening());
    terminals.open('workstation');
    const middle = terminals.open('node/node1');
    terminals.open('node/node2');
    terminals.activate(middle);
    terminals.close(middle);
    expect(places(terminals)).toEqual(['workstation 1', 'node/node2 1 active']);
    for (const tab of terminals.tabs) terminals.close(tab);
    expect([terminals.tabs, terminals.active]).toEqual([[], undefined]);
  });

  test('get new shells on their screens when the connection is back', async () => {
    const host = opening();
    const terminals = await stage(host);
    const page = new Page();
    terminals.open('workstation').show(page);
    await settled();
    host.print(1, 'before ');
    terminals.lost();
    expect(terminals.active?.status).toBe('waiting');
    terminals.reopen();
    await settled();
    host.print(2, 'after');
    expect(page.text).toBe('before after');
  });
});
