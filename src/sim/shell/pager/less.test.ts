/** less and watch on 80x24. Prompts follow less 590, header and statuses watch of procps 4.0.2, both of Debian 12. */
import { describe, expect, test } from 'vitest';
import { labShell } from '../../../../test/shell/lab.ts';
import { Desk, KEYS } from '../../../../test/shell/terminal.ts';

const HUNDRED = Array.from({ length: 100 }, (_, at) => `line ${at + 1}`);
const TREE = {
  '/home/learner/hundred.txt': `${HUNDRED.join('\n')}\n`,
  '/home/learner/five.txt': '1\n2\n3\n4\n5\n',
};
const P = 'learner@workstation:~$';

async function desk(command: string): Promise<Desk> {
  const at = await new Desk(labShell({ tree: TREE })).settle();
  await at.type(`${command}\r`);
  return at;
}

const page = (from: number, prompt: string): string => [...HUNDRED.slice(from, from + 23), prompt].join('\n');

describe('less', () => {
  test('moves by line, page, half page, and to both ends', async () => {
    const at = await desk('less hundred.txt');
    expect(at.text).toBe(page(0, 'hundred.txt'));
    await at.type(' ');
    expect(at.text).toBe(page(23, ':'));
    await at.type('j5k');
    expect(at.text).toBe(page(19, ':'));
    await at.type('d');
    expect(at.text).toBe(page(31, ':'));
    await at.type('G');
    expect(at.text).toBe(page(77, '(END)'));
    await at.type('g');
    expect(at.text).toBe(page(0, ':'));
    await at.type('50g');
    expect(at.text).toBe(page(49, ':'));
    await at.type(`${KEYS.pageUp}q`);
    expect([at.text, at.screen.alternate]).toEqual([`${P} less hundred.txt\n${P}`, false]);
    expect([at.errors, at.screen.unknown]).toEqual([[], []]);
  });

  test('searches, marks what it found, and goes to the next and the one before', async () => {
    const at = await desk('less hundred.txt');
    await at.type('/1[05]\r');
    expect(at.text).toBe(page(9, ':'));
    expect(at.screen.reversed).toEqual(['10', '15']);
    await at.type('n');
    expect(at.text).toBe(page(14, ':'));
    await at.type('N');
    expect(at.text).toBe(page(9, ':'));
    await at.type('/zzz\r');
    expect(at.text.split('\n').at(-1)).toBe('Pattern not found  (press RETURN)');
  });

  test('numbers, chops, and shows where it is', async () => {
    const at = await desk('less -N hundred.txt');
    expect(at.text.split('\n')[0]).toBe('      1 line 1');
    await at.type('=');
    expect(at.text.split('\n').at(-1)).toBe('hundred.txt lines 1-23/100 23%  (press RETURN)');
    await at.type('q');
    await at.type('printf "%090d\\n" 7 | less -S\r');
    expect(at.text.split('\n')[0]).toBe(`${'0'.repeat(79)}>`);
    expect(at.text.split('\n')[1]).toBe('(END)');
  });

  test('reads a pipe that is still running, and ends it when left', async () => {
    const at = await desk('yes | less');
    expect(at.text).toBe([...Array.from({ length: 23 }, () => 'y'), ':'].join('\n'));
    await at.type('q');
    expect(at.text).toBe(`${P} yes | less\n${P}`);
  });

  test('-F prints what fits; without a terminal it is cat; without a file it complains', async () => {
    const at = await desk('less -F five.txt; less five.txt|head -1; less; less no');
    expect(at.text).toBe(
      [
        `${P} less -F five.txt; less five.txt|head -1; less; less no`,
        ...['1', '2', '3', '4', '5', '1'],
        'Missing filename ("less --help" for help)',
        'no: No such file or directory',
        P,
      ].join('\n'),
    );
  });
});

describe('watch', () => {
  test('shows the output under its header, again and again, until Ctrl-C', async () => {
    const at = await desk('watch -n 5 "cat five.txt | head -2"');
    const [header = '', blank, ...rest] = at.text.split('\n');
    expect(header).toMatch(
      /^Every 5\.0s: cat five\.txt \| head -2 +workstation: Fri May {2}1 10:\d\d:\d\d 2026$/,
    );
    expect([header.length, blank, rest, at.screen.alternate]).toEqual([80, '', ['1', '2'], true]);
    await at.type(KEYS.interrupt);
    await at.type('echo $?\r');
    expect(at.text).toBe(`${P} watch -n 5 "cat five.txt | head -2"\n${P} echo $?\n130\n${P}`);
  });

  test('-g ends at a change, -e at a failure after a key, -t has no header', async () => {
    const at = await desk('watch -g -n 1 date +%s; echo changed=$?');
    expect(at.text).toBe(`${P} watch -g -n 1 date +%s; echo changed=$?\nchanged=0\n${P}`);
    await at.type('watch -et "echo bad; false"\r');
    expect(at.text.split('\n')[0]).toBe('bad');
    expect(at.text.split('\n').at(-1)).toBe('command exit with a non-zero status, press a key to exit');
    await at.type('x');
    await at.type('echo $?\r');
    expect(at.text).toContain('echo $?\n8\n');
  });

  test('-d marks what has changed', async () => {
    const at = await desk('watch -d -n 1 date +%s');
    await at.settle();
    expect(at.screen.reversed.join('')).toMatch(/^\d+$/);
    await at.type(KEYS.interrupt);
    expect(at.text.split('\n').at(-1)).toBe(P);
  });

  test('refuses what it does not know', async () => {
    const at = await desk('watch -n x date; watch -Z date');
    expect(at.text).toContain(
      "watch: failed to parse argument: 'x': Invalid argument\nwatch: invalid option -- 'Z'\n",
    );
  });
});
