/** The line under edit as the learner sees it. Expected screens follow readline 8.2 on Debian 12, written down by hand. */
import { describe, expect, test } from 'vitest';
import type { Command } from '../command.ts';
import { labShell, type LabOptions } from '../../../../test/shell/lab.ts';
import { Desk, KEYS } from '../../../../test/shell/terminal.ts';

const P = 'learner@workstation:~$';

async function desk(
  options: LabOptions = {},
  size: { readonly columns?: number; readonly rows?: number } = {},
): Promise<Desk> {
  return new Desk(labShell(options), size).settle();
}

const TREE = {
  '/home/learner/web.yaml': 'kind: Pod\n',
  '/home/learner/web-policy.yaml': 'x\n',
  '/home/learner/lab/notes one.txt': '',
};

describe('editing a line', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['insertion in the middle', `echo ac${KEYS.left}b`, 'echo abc'],
    ['home and end', `cho x${KEYS.home}e${KEYS.end}y`, 'echo xy'],
    ['Ctrl-A, Ctrl-E, Ctrl-B, Ctrl-F', 'cho ac\x01e\x05\x02b\x06d', 'echo abcd'],
    ['backspace and delete', `echo abX${KEYS.backspace}c${KEYS.home}${KEYS.delete}`, 'cho abc'],
    ['Ctrl-U and Ctrl-Y', 'one two\x15echo \x19', 'echo one two'],
    ['Ctrl-K and Ctrl-Y', 'one two\x01\x06\x06\x06\x0b\x01\x19', ' twoone'],
    ['Ctrl-W takes words by blanks, in a row all of them', 'a b-c d\x17\x17x\x19', 'a xb-c d'],
    ['Alt-B, Alt-F, Alt-D', 'one two three\x1bb\x1bb\x1bd\x1bf!', 'one  three!'],
    ['Alt-Backspace takes a word', 'get pods-all\x1b\x7fx', 'get pods-x'],
    ['Ctrl-arrows move by words', 'a bb cc\x1b[1;5D\x1b[1;5DX\x1b[1;5CY', 'a XbbY cc'],
    ['Ctrl-T swaps', 'ehco\x01\x06\x06\x14', 'echo'],
    ['unknown sequences vanish', 'a\x1b[99;99zb\x1b[15~c\x1bOPd\x1b]0;title\x07e', 'abcde'],
    ['Alt-. repeats nothing without history', 'x\x1b.', 'x'],
  ];
  test.each(cases)('%s', async (_name, keys, line) => {
    const at = await desk();
    await at.type(keys);
    expect(at.text).toBe(`${P} ${line}`.trimEnd());
  });

  test('Ctrl-D deletes forward, and on an empty line leaves', async () => {
    const at = await desk();
    await at.type('ab\x01\x04');
    expect(at.text).toBe(`${P} b`);
    await at.type('\x04\x04');
    expect(at.text).toBe(`${P}\nexit`);
    expect(at.exit).toBe(0);
  });

  test('Ctrl-L clears the screen and keeps the line', async () => {
    const at = await desk();
    await at.type('echo a\rec\x0c');
    expect(at.text).toBe(`${P} ec`);
  });

  test('Ctrl-C gives the line up with status 130', async () => {
    const at = await desk();
    await at.type('echo a\x03');
    await at.type('echo $?\r');
    expect(at.text).toBe(`${P} echo a^C\n${P} echo $?\n130\n${P}`);
  });

  test('characters may arrive byte by byte', async () => {
    const at = await desk();
    for (const byte of new TextEncoder().encode('echo é世\x1b[D.\r')) at.session.input(Uint8Array.of(byte));
    await at.settle();
    expect(at.text).toBe(`${P} echo é.世\né.世\n${P}`);
  });
});

describe('lines longer than the terminal', () => {
  test('wrap, and edits far back repaint all rows', async () => {
    const at = await desk({}, { columns: 40 });
    await at.type('echo 0123456789012345678901234567890123456789');
    expect(at.text).toBe(`${P} echo 012345678901\n2345678901234567890123456789`);
    await at.type(`${KEYS.home}X`);
    expect(at.text).toBe(`${P} Xecho 01234567890\n12345678901234567890123456789`);
    expect(at.screen.cursor).toBe('0:24');
    await at.type(`${KEYS.end}${KEYS.backspace.repeat(29)}`);
    expect(at.text).toBe(`${P} Xecho 01234567890`);
  });

  test('a line that fills its row puts the cursor on the next', async () => {
    const at = await desk({}, { columns: 40 });
    await at.type('12345678901234567');
    expect(at.screen.cursor).toBe('1:0');
    await at.type('x');
    expect(at.text).toBe(`${P} 12345678901234567\nx`);
    await at.type(KEYS.backspace.repeat(2));
    expect(at.text).toBe(`${P} 1234567890123456`);
  });

  test('wide characters move to the next row whole; combining ones take no room', async () => {
    const at = await desk({}, { columns: 40 });
    await at.type('echo 1234567890123世界');
    expect(at.text).toBe(`${P} echo 123456789012\n3世界`);
    await at.type(`\x15echo 12345678901世界${KEYS.left}${KEYS.left}`);
    expect(at.text).toBe(`${P} echo 12345678901\n世界`);
    expect(at.screen.cursor).toBe('1:0');
    await at.type(`\x05\x15e\u0301x${KEYS.left}${KEYS.left}${KEYS.delete}`);
    expect(at.text).toBe(`${P} x`);
  });

  test('a resize repaints for the new width', async () => {
    const at = await desk({}, { columns: 60 });
    await at.type('echo 0123456789012345678901234567890123');
    at.resize(40);
    expect(at.text).toBe(`${P} echo 012345678901\n2345678901234567890123`);
    at.resize(80);
    expect(at.text).toBe(`${P} echo 0123456789012345678901234567890123`);
    await at.type('4\r');
    expect(at.text.split('\n').at(-2)).toBe('01234567890123456789012345678901234');
  });
});

describe('history', () => {
  test('up and down walk it, and the new line is kept', async () => {
    const at = await desk({ history: ['echo one', 'echo two'] });
    await at.type(`draft${KEYS.up}`);
    expect(at.text).toBe(`${P} echo two`);
    await at.type('\x10');
    expect(at.text).toBe(`${P} echo one`);
    await at.type(KEYS.up);
    expect(at.screen.bells).toBe(1);
    await at.type(`${KEYS.down}\x0e`);
    expect(at.text).toBe(`${P} draft`);
  });

  test('keeps typed lines, but neither repeats nor lines with a leading blank', async () => {
    const shell = labShell();
    const at = await new Desk(shell).settle();
    await at.type('echo a\recho a\r echo secret\r\rhistory\r');
    expect(shell.history).toEqual(['echo a', 'history']);
    expect(at.text.endsWith(`${P} history\n    1  echo a\n    2  history\n${P}`)).toBe(true);
  });

  test('Ctrl-R searches backwards as one types', async () => {
    const at = await desk({ history: ['kubectl get pods', 'ip route', 'kubectl get nodes'] });
    await at.type('\x12get');
    expect(at.text).toBe("(reverse-i-search)`get': kubectl get nodes");
    await at.type('\x12');
    expect(at.text).toBe("(reverse-i-search)`get': kubectl get pods");
    await at.type('\x12');
    expect(at.text).toBe("(failed reverse-i-search)`get': kubectl get pods");
    await at.type(`${KEYS.end} -A`);
    expect(at.text).toBe(`${P} kubectl get pods -A`);
    await at.type('\x15mine\x12route\x07');
    expect(at.text).toBe(`${P} mine`);
  });
});

describe('completion', () => {
  const verbs: Command = {
    name: 'kubectl',
    summary: 'a tool with a hook',
    places: ['workstation'],
    run: () => Promise.resolve(0),
    complete: (words) =>
      words.length === 1
        ? ['get', 'describe', 'delete']
        : words.at(-1)?.startsWith('--') === true
          ? ['--namespace=', '--all']
          : [],
  };

  test.each([
    ['a command', 'whoa\t', 'whoami'],
    ['a path of files', 'cat web.\t', 'cat web.yaml'],
    ['a directory, without a blank behind', 'ls la\tn', 'ls lab/n'],
    ['a name with blanks', 'cat lab/n\t', 'cat lab/notes\\ one.txt'],
    ['inside quotes', 'cat "lab/n\t', 'cat "lab/notes one.txt"'],
    ['after a pipe', 'ls | whoa\t', 'ls | whoami'],
    ['after a redirection', 'echo > web.\t', 'echo > web.yaml'],
    ['a variable', 'echo $HOM\t', 'echo $HOME'],
    ["a command's own words", 'kubectl ge\tx', 'kubectl get x'],
    ['a flag with a value', 'kubectl get --n\tx', 'kubectl get --namespace=x'],
    ['files where the hook has nothing', 'kubectl get web.\t', 'kubectl get web.yaml'],
    ["behind watch, the command's", 'watch -n 1 kubectl ge\tx', 'watch -n 1 kubectl get x'],
    ['in the middle', `cat web. x${KEYS.left}${KEYS.left}\t`, 'cat web.yaml  x'],
  ])('%s', async (_name, keys, line) => {
    const at = await desk({ tree: TREE, commands: [verbs] });
    await at.type(keys);
    expect(at.text).toBe(`${P} ${line}`);
  });

  test('goes as far as it is clear, then lists', async () => {
    const at = await desk({ tree: TREE });
    await at.type('cat w\t');
    expect(at.text).toBe(`${P} cat web`);
    expect(at.screen.bells).toBe(1);
    await at.type('\t');
    expect(at.text).toBe(`${P} cat web\nweb-policy.yaml  web.yaml\n${P} cat web`);
  });

  test('asks before it lists very much', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 120 }, (_, at) => [`/home/learner/many/f${at}`, '']),
    );
    const at = await desk({ tree: many });
    await at.type('ls many/\t\t');
    expect(at.text).toBe(`${P} ls many/f\nDisplay all 120 possibilities? (y or n)`);
    await at.type('n');
    expect(at.text).toBe(`${P} ls many/f\nDisplay all 120 possibilities? (y or n)\n${P} ls many/f`);
  });

  test('says nothing but a bell when nothing fits', async () => {
    const at = await desk();
    await at.type('nosuch\t');
    expect(at.text).toBe(`${P} nosuch`);
    expect(at.screen.bells).toBe(1);
  });
});
