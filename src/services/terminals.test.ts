import { describe, expect, test } from 'vitest';
import { FakeShell } from '../../test/support/fake-session.ts';
import { UNACKNOWLEDGED_LIMIT } from '../contract/wire.ts';
import { Terminals } from './terminals.ts';

const SIZE = { columns: 80, rows: 24 };

function window(): { readonly terminals: Terminals; readonly seen: string[] } {
  const seen: string[] = [];
  const terminals = new Terminals({
    data: (terminal, bytes) => void seen.push(`${terminal} data ${bytes.length}`),
    exit: (terminal, code) => void seen.push(`${terminal} exit ${code}`),
  });
  return { terminals, seen };
}

describe('terminals', () => {
  test('are numbered, and carry bytes both ways', () => {
    const { terminals, seen } = window();
    const [one, two] = [new FakeShell(SIZE), new FakeShell(SIZE)];
    expect([terminals.add('s', one), terminals.add('s', two)]).toEqual([1, 2]);
    two.print('hello');
    terminals.write(1, new TextEncoder().encode('ls\r'));
    terminals.write(9, new TextEncoder().encode('lost'));
    expect(terminals.resize(1, { columns: 100, rows: 30 })).toEqual({ ok: true, value: null });
    expect(seen).toEqual(['2 data 5']);
    expect(one.events).toEqual(['open 80x24', 'write ls\r', 'resize 100x30']);
  });

  test('pause a source whose output is not drawn, and resume it at half the limit', () => {
    const { terminals } = window();
    const shell = new FakeShell(SIZE);
    const id = terminals.add('s', shell);
    shell.print(new Uint8Array(UNACKNOWLEDGED_LIMIT));
    expect(shell.events).toEqual(['open 80x24']);
    shell.print(new Uint8Array(1));
    shell.print(new Uint8Array(1));
    expect(shell.events).toEqual(['open 80x24', 'pause']);
    terminals.drawn(id, UNACKNOWLEDGED_LIMIT / 2 + 2);
    expect(shell.events).toEqual(['open 80x24', 'pause']);
    terminals.drawn(id, 1);
    expect(shell.events).toEqual(['open 80x24', 'pause', 'resume']);
  });

  test('cannot be made to owe by a window that claims to have drawn too much', () => {
    const { terminals } = window();
    const shell = new FakeShell(SIZE);
    const id = terminals.add('s', shell);
    terminals.drawn(id, Number.MAX_SAFE_INTEGER);
    shell.print(new Uint8Array(UNACKNOWLEDGED_LIMIT + 1));
    expect(shell.events).toEqual(['open 80x24', 'pause']);
  });

  test('tell the end of their shell once, and are gone', () => {
    const { terminals, seen } = window();
    const shell = new FakeShell(SIZE);
    const id = terminals.add('s', shell);
    shell.end(3);
    shell.end(3);
    shell.print('late');
    expect(seen).toEqual(['1 exit 3']);
    expect(terminals.close(id)).toMatchObject({ ok: false, error: { code: 'unknown-terminal' } });
    expect(terminals.resize(id, SIZE)).toMatchObject({ ok: false, error: { code: 'unknown-terminal' } });
  });

  test('of one session end with it, told as hung up; the others stay', () => {
    const { terminals, seen } = window();
    const [one, two] = [new FakeShell(SIZE), new FakeShell(SIZE)];
    terminals.add('s', one);
    terminals.add('t', two);
    terminals.closeAll('s');
    expect(seen).toEqual(['1 exit 129']);
    expect([one.events.at(-1), two.events.at(-1)]).toEqual(['close', 'open 80x24']);
    terminals.closeAll();
    expect(two.events.at(-1)).toBe('close');
    expect(seen).toEqual(['1 exit 129']);
  });
});
