/** vi against recorded files of the real Vim (vim.golden.json), and whole screens as Vim 9.0 draws them on 80x24. */
import { describe, expect, test } from 'vitest';
import { labShell } from '../../../../../test/shell/lab.ts';
import { Desk, KEYS } from '../../../../../test/shell/terminal.ts';
import { decodeKey } from '../../terminal/keys.ts';
import { Vi } from './editor.ts';
import { load } from './files.ts';
import { ViState } from './state.ts';
import golden from './vim.golden.json' with { type: 'json' };

const ESC = KEYS.escape;

/** What the file holds after the keys and `:wq`. */
function written(keys: string): string {
  let text = golden.start;
  const state = new ViState({
    read: () => text,
    write: (_path, changed) => {
      text = changed;
      return undefined;
    },
    isDirectory: () => false,
    now: () => 0,
  });
  load(state, 'f');
  const vi = new Vi(state);
  let rest = `${keys}${ESC}:wq\r`;
  while (rest !== '') {
    const escape = rest.startsWith(ESC);
    const decoded = escape
      ? { key: { kind: 'key', name: 'escape' } as const, rest: rest.slice(1) }
      : decodeKey(rest);
    if (decoded === undefined) break;
    if (decoded.key !== undefined) vi.press(decoded.key);
    ({ rest } = decoded);
  }
  expect(state.quit).toBe(0);
  return text;
}

describe('the text after the same keys in the real Vim', () => {
  test.each(golden.cases.map(({ keys, text }) => [JSON.stringify(keys), keys, text] as const))(
    '%s',
    (_name, keys, text) => {
      expect(written(keys)).toBe(text);
    },
  );
});

const FIVE = { '/home/learner/five.txt': '1\n2\n3\n4\n5\n' };
const P = 'learner@workstation:~$';

async function desk(command: string, tree: Readonly<Record<string, string>> = FIVE): Promise<Desk> {
  const at = await new Desk(labShell({ tree })).settle();
  await at.type(`${command}\r`);
  return at;
}

const page = (rows: readonly string[], bottom: string): string =>
  [...rows, ...Array.from({ length: 23 - rows.length }, () => '~'), bottom].join('\n');

const bottom = (left: string, ruler: string): string => left.padEnd(62) + ruler;

describe('the screen', () => {
  test('opens a file, writes it, and leaves the prompt as it was', async () => {
    const at = await desk('vi five.txt');
    expect(at.text).toBe(page(['1', '2', '3', '4', '5'], bottom('"five.txt" 5L, 10B', '1,1           All')));
    expect([at.screen.alternate, at.screen.cursor]).toEqual([true, '0:0']);
    await at.type('jA!');
    expect(at.text).toBe(page(['1', '2!', '3', '4', '5'], bottom('-- INSERT --', '2,3           All')));
    await at.type(ESC);
    await at.type(':w\r');
    expect(at.text).toBe(
      page(['1', '2!', '3', '4', '5'], bottom('"five.txt" 5L, 11B written', '2,2           All')),
    );
    await at.type(':q\r');
    expect([at.text, at.screen.alternate]).toEqual([`${P} vi five.txt\n${P}`, false]);
    await at.type('cat five.txt\r');
    expect(at.text).toContain('2!\n');
    expect([at.errors, at.screen.unknown]).toEqual([[], []]);
  });

  test('a new file, an empty one, and leaving without saving', async () => {
    const at = await desk('vi new.yaml');
    expect(at.text).toBe(page([''], bottom('"new.yaml" [New]', '0,0-1         All')));
    await at.type(`ikind: Pod${ESC}`);
    await at.type(':q\r');
    expect(at.text.split('\n').at(-1)).toBe(
      bottom('E37: No write since last change (add ! to override)', '1,9           All'),
    );
    await at.type(':q!\rls new.yaml\r');
    expect(at.text).toBe(
      `${P} vi new.yaml\n${P} ls new.yaml\nls: cannot access 'new.yaml': No such file or directory\n${P}`,
    );
  });

  test('says what went wrong in the words of Vim', async () => {
    const at = await desk('vi five.txt');
    const said = async (keys: string): Promise<string> => {
      await at.type(keys);
      return (at.text.split('\n').at(-1) ?? '').replace(/ {2,}\S+ +\S+$/, '');
    };
    expect(await said(':foo\r')).toBe('E492: Not an editor command: foo');
    expect(await said('/zzz\r')).toBe('E486: Pattern not found: zzz');
    expect(await said(':9,12d\r')).toBe('E16: Invalid range');
    expect(await said(':3,1d\r')).toBe('E493: Backwards range given');
    expect(await said(':set foo\r')).toBe('E518: Unknown option: foo');
    expect(await said('u')).toBe('Already at oldest change');
    expect(await said('dd3j')).toBe('"five.txt" 5L, 10B'.slice(0, 0));
    expect(await said('u')).toBe('1 more line; before #1  0 seconds ago');
    expect(await said(':%s/$/;/\r')).toBe('5 substitutions on 5 lines');
    expect(await said('3yy')).toBe('');
    expect(await said('gg3yy')).toBe('3 lines yanked');
    expect(await said('5dd')).toBe('--No lines in buffer--');
  });

  test('numbers lines, wraps long ones, shows wide characters and tabs', async () => {
    const at = await desk('vim wide.txt', {
      '/home/learner/wide.txt': `${'0123456789'.repeat(9)}\n漢字\tx\n`,
    });
    await at.type(':set nu\r');
    expect(at.text.split('\n').slice(0, 4)).toEqual([
      `  1 ${'0123456789'.repeat(8).slice(0, 76)}`,
      `    ${'0123456789'.repeat(9).slice(76)}`,
      '  2 漢字    x',
      '~',
    ]);
    await at.type('j$');
    expect(at.screen.cursor).toBe('2:12');
    expect(at.text.split('\n').at(-1)?.slice(62)).toBe('2,8-9         All');
  });

  test('follows a change of the window while it runs', async () => {
    const at = await desk('vi five.txt');
    at.resize(40, 6);
    await at.settle();
    expect(at.text.split('\n')).toEqual(['1', '2', '3', '4', '5', '"five.txt" 5L, 10B    1,1           All']);
    await at.type('ZZ');
    expect(at.text.split('\n').at(-1)).toBe(P);
  });

  test('a paste is text, not commands; keys typed ahead reach the next prompt', async () => {
    const at = await desk('vi five.txt');
    await at.type('i\x1b[200~dd\n:q!\n\x1b[201~');
    expect(at.text.split('\n').slice(0, 4)).toEqual(['dd', ':q!', '1', '2']);
    await at.type(`${ESC}`);
    await at.type(':q!\recho after\r');
    expect(at.text).toBe(`${P} vi five.txt\n${P} echo after\nafter\n${P}`);
  });
});
