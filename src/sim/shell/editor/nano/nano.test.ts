/** Whole screens of nano; those of GNU nano 7.2 on 80x24 (Debian 12) were recorded from the real one. */
import { describe, expect, test } from 'vitest';
import { labShell } from '../../../../../test/shell/lab.ts';
import { Desk, KEYS } from '../../../../../test/shell/terminal.ts';

const FIVE = {
  '/home/learner/five.txt': '1\n2\n3\n4\n5\n',
  '/home/learner/long.txt': `${'0123456789'.repeat(12)}\n`,
};
const P = 'learner@workstation:~$';
const MAIN = [
  '^G Help      ^O Write Out ^W Where Is  ^K Cut       ^T Execute   ^C Location',
  '^X Exit      ^R Read File ^\\ Replace   ^U Paste     ^J Justify   ^/ Go To Line',
];

async function desk(command: string): Promise<Desk> {
  const at = await new Desk(labShell({ tree: FIVE })).settle();
  await at.type(`${command}\r`);
  return at;
}

function page(title: string, rows: readonly string[], status: string, bar: readonly string[] = MAIN): string {
  const text = [...rows, ...Array.from({ length: 20 - rows.length }, () => '')];
  return [title, ...text, status, ...bar].join('\n');
}

const TITLE = '  GNU nano 7.2                        five.txt';

describe('nano', () => {
  test('opens, changes, asks on the way out, writes, and gives the screen back', async () => {
    const at = await desk('nano five.txt');
    const rows = ['1', '2', '3', '4', '5'];
    expect(at.text).toBe(page(TITLE, rows, `${' '.repeat(32)}[ Read 5 lines ]`));
    expect(at.screen.cursor).toBe('1:0');
    await at.type('x');
    expect(at.text.split('\n').slice(0, 2)).toEqual([`${TITLE} *`, 'x1']);
    await at.type('\x18');
    const question = page(`${TITLE} *`, ['x1', ...rows.slice(1)], 'Save modified buffer?', [
      ' Y Yes',
      ' N No           ^C Cancel',
    ]);
    expect([at.text, at.screen.cursor]).toEqual([question, '21:22']);
    await at.type('y');
    const writing = page(`${TITLE} *`, ['x1', ...rows.slice(1)], 'File Name to Write: five.txt', [
      '^G Help             M-D DOS Format      M-A Append          M-B Backup File',
      '^C Cancel           M-M Mac Format      M-P Prepend         ^T Browse',
    ]);
    expect([at.text, at.screen.cursor]).toEqual([writing, '21:28']);
    await at.type('\r');
    await at.type('head -1 five.txt\r');
    expect(at.text).toBe(`${P} nano five.txt\n${P} head -1 five.txt\nx1\n${P}`);
    expect([at.errors, at.screen.unknown, at.screen.bracketedPaste]).toEqual([[], [], true]);
  });

  test('^O writes and goes on; a file that did not end in a newline does afterwards', async () => {
    const at = await desk('nano new.txt');
    expect(at.text).toBe(
      page('  GNU nano 7.2                         new.txt', [], `${' '.repeat(34)}[ New File ]`),
    );
    await at.type('a\rb\x0f');
    await at.type('\r');
    expect(at.text.split('\n')[21]).toBe(`${' '.repeat(31)}[ Wrote 2 lines ]`);
    await at.type('\x18');
    await at.type('wc new.txt; cat new.txt\r');
    expect(at.text).toContain('2 2 4 new.txt\na\nb\n');
  });

  test('cuts lines together, pastes them elsewhere, and takes it back', async () => {
    const at = await desk('nano five.txt');
    await at.type(`\x0b\x0b${KEYS.down}\x15`);
    expect(at.text.split('\n').slice(1, 6)).toEqual(['3', '1', '2', '4', '5']);
    await at.type('\x1bu');
    expect(at.text.split('\n')[21]?.trim()).toBe('[ Undid paste ]');
    await at.type('\x1bu\x1bu\x1bu');
    expect(at.text.split('\n').slice(1, 6)).toEqual(['1', '2', '3', '4', '5']);
    expect(at.text.split('\n')[21]?.trim()).toBe('[ Nothing to undo ]');
    await at.type('\x18');
    expect(at.text.split('\n').at(-1)).toBe(P);
  });

  test('searches and replaces', async () => {
    const at = await desk('nano five.txt');
    await at.type('\x173\r');
    expect(at.screen.cursor).toBe('3:0');
    await at.type('\x17z\r');
    expect(at.text.split('\n')[21]).toBe(`${' '.repeat(31)}[ "z" not found ]`);
    await at.type('\x1c');
    expect(at.text.split('\n')[21]).toBe('Search (to replace) [z]:');
    await at.type('[0-9]\r');
    expect(at.text.split('\n')[21]).toBe('Replace with:');
    await at.type('x\r');
    expect(at.text.split('\n')[21]?.trim()).toBe('[ "[0-9]" not found ]');
    await at.type('\x1c5\rx\r');
    expect(at.text.split('\n')[21]).toBe('Replace this instance?');
    await at.type('a');
    expect(at.text.split('\n')[21]?.trim()).toBe('[ Replaced 1 occurrence ]');
    expect(at.text.split('\n').slice(1, 6)).toEqual(['1', '2', '3', '4', 'x']);
  });

  test('pages a long line sideways', async () => {
    const at = await desk('nano long.txt');
    expect(at.text.split('\n')[1]).toBe(`${'0123456789'.repeat(8).slice(0, 79)}>`);
    await at.type(KEYS.end);
    expect(at.text.split('\n')[1]).toBe('<34567890123456789012345678901234567890123456789');
    expect(at.screen.cursor).toBe('1:48');
  });

  test('knows where it is, and goes elsewhere', async () => {
    const at = await desk('nano five.txt');
    await at.type('\x03');
    expect(at.text.split('\n')[21]?.trim()).toBe('[ line  1/6 (16%), col  1/ 2 ( 50%), char  0/10 ( 0%) ]');
    await at.type('\x1f4\r');
    expect(at.screen.cursor).toBe('4:0');
  });

  test('without a terminal it says so', async () => {
    const at = await desk('nano five.txt | cat');
    expect(at.text).toBe(`${P} nano five.txt | cat\nStandard output is not a terminal\n${P}`);
  });
});
