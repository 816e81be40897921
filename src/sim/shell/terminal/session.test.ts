/** What a learner sees. Expected screens follow readline 8.2 and bash 5.2 as Debian 12 ships them, written down by hand. */
import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import type { Command } from '../command.ts';
import { labShell, type LabOptions } from '../../../../test/shell/lab.ts';
import { Desk, KEYS } from '../../../../test/shell/terminal.ts';

const P = 'learner@workstation:~$';

async function desk(options: LabOptions = {}, size: { readonly columns?: number; readonly rows?: number } = {}): Promise<Desk> {
  return new Desk(labShell(options), size).settle();
}

const TREE = { '/home/learner/web.yaml': 'kind: Pod\n', '/home/learner/web-policy.yaml': 'x\n', '/home/learner/lab/notes one.txt': '' };

describe('the prompt', () => {
  test.each([
    [{ kind: 'workstation' }, 'learner@workstation:~$'],
    [{ kind: 'node', name: 'node1' }, 'root@node1:~#'],
    [{ kind: 'pod', namespace: 'default', name: 'web-1' }, 'root@web-1:/#'],
    [{ kind: 'router', name: 'router' }, 'root@router:~#'],
  ] as const)('names the place %j', async (place, prompt) => {
    const at = await desk({ place });
    expect(at.text).toBe(prompt);
    expect(at.screen.bracketedPaste).toBe(true);
  });

  test('follows cd, and shortens home', async () => {
    const at = await desk({ tree: TREE });
    await at.type('cd lab\rcd /tmp\r');
    expect(at.text).toBe(`${P} cd lab\nlearner@workstation:~/lab$ cd /tmp\nlearner@workstation:/tmp$`);
  });

  test('stands behind output that lacks its newline, and survives editing there', async () => {
    const at = await desk();
    await at.type('printf abc\r');
    await at.type(`echo x${KEYS.left}y`);
    expect(at.text).toBe(`${P} printf abc\nabc${P} echo yx`);
  });
});

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

describe('lines that go on', () => {
  test('quotes, loops, here-documents and backslashes ask for more', async () => {
    const at = await desk();
    await at.type('for i in 1 2; do\recho $i\rdone\r');
    await at.type('cat <<EOF\ra\rEOF\r');
    await at.type("echo 'x\ry'\recho a \\\rb\r");
    expect(at.text).toBe(
      [`${P} for i in 1 2; do`, '> echo $i', '> done', '1', '2', `${P} cat <<EOF`, '> a', '> EOF', 'a'].join('\n') +
        '\n' +
        [`${P} echo 'x`, "> y'", 'x', 'y', `${P} echo a \\`, '> b', 'a b', P].join('\n'),
    );
  });

  test('Ctrl-C gives all of them up; Ctrl-D is an end of file', async () => {
    const at = await desk();
    await at.type('if true; then\recho no\x03');
    await at.type('echo "open\r\x04');
    expect(at.text).toBe(
      [`${P} if true; then`, '> echo no^C', `${P} echo "open`, '>', "bash: unexpected EOF while looking for matching `\"'", P].join('\n'),
    );
  });

  test('a bracketed paste is inserted as it is and runs with Enter', async () => {
    const at = await desk();
    await at.type('\x1b[200~echo a\necho b\n\x1b[201~');
    expect(at.text).toBe(`${P} echo a\necho b`);
    await at.type('\r');
    expect(at.text).toBe(`${P} echo a\necho b\n\na\nb\n${P}`);
  });

  test('a plain paste of lines runs them one after the other', async () => {
    const at = await desk();
    await at.type('echo a\recho b\r');
    expect(at.text).toBe(`${P} echo a\na\n${P} echo b\nb\n${P}`);
  });
});

describe('completion', () => {
  const verbs: Command = {
    name: 'kubectl',
    summary: 'a tool with a hook',
    places: ['workstation'],
    run: () => Promise.resolve(0),
    complete: (words) => (words.length === 1 ? ['get', 'describe', 'delete'] : words.at(-1)?.startsWith('--') === true ? ['--namespace=', '--all'] : []),
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
    const many = Object.fromEntries(Array.from({ length: 120 }, (_, at) => [`/home/learner/many/f${at}`, '']));
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

describe('while a command runs', () => {
  const endless: Command = {
    name: 'ping',
    summary: 'prints until it is stopped, then its statistics',
    places: ['workstation'],
    async run({ stdout, clock, signal }) {
      try {
        for (let number = 1; ; number += 1) {
          await stdout.write(`reply ${number}\n`);
          await clock.sleep(number < 3 ? 1000 : Infinity, signal);
        }
      } catch {
        await stdout.write('\n--- statistics ---\n');
      }
      return 0;
    },
  };

  test('Ctrl-C stops it; its last words come before the prompt; the rest of the line is given up', async () => {
    const at = await desk({ commands: [endless] });
    await at.type('ping; echo not\r');
    await at.type('\x03');
    await at.type('echo $?\r');
    expect(at.text).toBe(
      [`${P} ping; echo not`, 'reply 1', 'reply 2', 'reply 3', '^C', '--- statistics ---', `${P} echo $?`, '130', P].join('\n'),
    );
  });

  test('Ctrl-C stops what never waits', async () => {
    const at = await desk();
    at.press('while true; do :; done\r');
    await at.settle();
    expect(at.text).toBe(`${P} while true; do :; done`);
    await at.type('\x03');
    await at.type('yes | cat > /dev/null\r');
    await at.type('\x03');
    await at.type('f() { f; }; f\r');
    expect(at.text).toBe(
      [
        `${P} while true; do :; done`,
        '^C',
        `${P} yes | cat > /dev/null`,
        '^C',
        `${P} f() { f; }; f`,
        'bash: f: maximum function nesting level exceeded (200)',
        P,
      ].join('\n'),
    );
  });

  test('Ctrl-C leaves behind a command that does not listen, and its later output is lost', async () => {
    let late: () => Promise<void> = () => Promise.resolve();
    const deaf: Command = {
      name: 'deaf',
      summary: 'heeds nothing',
      places: ['workstation'],
      run: ({ stdout }) =>
        new Promise(() => {
          late = () => stdout.write('too late\n');
        }),
    };
    const at = await desk({ commands: [deaf] });
    await at.type('deaf\r');
    await at.type('\x03');
    await at.settle(100);
    await late().catch(() => undefined);
    await at.settle();
    expect(at.text).toBe(`${P} deaf\n^C\n${P}`);
  });

  test('typed lines are its input, with echo and erasing; Ctrl-D ends it', async () => {
    const at = await desk();
    await at.type('cat -n\r');
    await at.type('abX\x7fc\r');
    await at.type('zz\x15last\r');
    await at.type('\x04');
    expect(at.text).toBe([`${P} cat -n`, 'abc', '     1\tabc'.replace('\t', '  '), 'last', '     2\tlast'.replace('\t', '  '), P].join('\n'));
  });

  test('read asks at the keyboard', async () => {
    const at = await desk();
    await at.type('read -p "name? " n; echo "hello $n"\r');
    await at.type('web\r');
    expect(at.text).toBe(`${P} read -p "name? " n; echo "hello $n"\nname? web\nhello web\n${P}`);
  });

  test('what nobody reads waits for the prompt', async () => {
    const clockless: Command = { ...endless, name: 'wait', run: ({ signal }) => new Promise((_done, reject) => signal.addEventListener('abort', () => reject(new Error('stopped')))) };
    const at = await desk({ commands: [clockless] });
    await at.type('timeout 1 wait\recho ahead\r');
    expect(at.text).toBe(`${P} timeout 1 wait\n${P} echo ahead\nahead\n${P}`);
  });

  test('a bug in a command is told plainly, and the session lives', async () => {
    const broken: Command = { ...endless, name: 'broken', run: () => Promise.reject(new TypeError('oops')) };
    const at = await desk({ commands: [broken] });
    await at.type('broken\recho fine\r');
    expect(at.text).toBe(`${P} broken\nbash: this command failed inside the simulator: oops\n${P} echo fine\nfine\n${P}`);
    expect(at.errors).toHaveLength(1);
  });
});

describe('shells inside shells', () => {
  test('bash at the keyboard has its own variables, and gives its status back', async () => {
    const at = await desk();
    await at.type('x=1; export y=2; bash\recho "[$x$y]"\rcd /tmp\rexit 4\recho $? $PWD\r');
    expect(at.text).toBe(
      [
        `${P} x=1; export y=2; bash`,
        `${P} echo "[$x$y]"`,
        '[2]',
        `${P} cd /tmp`,
        'learner@workstation:/tmp$ exit 4',
        'exit',
        `${P} echo $? $PWD`,
        '4 /home/learner',
        P,
      ].join('\n'),
    );
  });

  test('a command may open a shell at another place', async () => {
    const pod = { kind: 'pod', namespace: 'default', name: 'web-1' } as const;
    const enter: Command = { name: 'enter', summary: 'kubectl exec -it', places: ['workstation'], run: (io) => io.run(pod, ['sh'], {}) };
    const at = await desk({ commands: [enter], elsewhere: () => labShell({ place: pod }) });
    await at.type('enter\rcat /etc/hostname\rsleep 100000\r');
    await at.type('\x04');
    await at.type('whoami\r');
    expect(at.text).toBe(
      [`${P} enter`, 'root@web-1:/# cat /etc/hostname', 'web-1', 'root@web-1:/# sleep 100000', 'root@web-1:/#', 'exit', `${P} whoami`, 'learner', P].join('\n'),
    );
  });

  test('without a terminal sh reads commands from its input', async () => {
    const at = await desk();
    await at.type('echo "echo from \\$0" | sh\r');
    expect(at.text).toBe(`${P} echo "echo from \\$0" | sh\nfrom sh\n${P}`);
  });
});

describe('the end', () => {
  test('exit says so and tells its status', async () => {
    const at = await desk();
    await at.type('exit 3\r');
    expect([at.text, at.exit]).toEqual([`${P} exit 3\nexit`, 3]);
  });

  test('closing hangs up what runs', async () => {
    const at = await desk();
    await at.type('cat\r');
    at.session.close();
    await at.settle();
    expect(at.exit).toBe(129);
    await at.type('x');
    expect(at.text).toBe(`${P} cat`);
  });
});

test('no bytes, in no pieces, break the session', async () => {
  const chunk = fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.constantFrom('\x1b', '\x1b[', '\x1b[A', '\x1b[200~', '\x1b[201~', '\t', '\r', '\x12', '\x03', '\x04x', "'", '"$(', '<<E\r', 'echo ', '世', '|', '\x7f').map((text) => new TextEncoder().encode(text)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(chunk, { maxLength: 25 }), fc.integer({ min: 2, max: 90 }), async (chunks, columns) => {
      const at = await desk({}, { columns });
      for (const bytes of chunks) {
        at.session.input(bytes);
        if (bytes.length % 3 === 0) at.resize(columns + bytes.length);
      }
      await at.settle(20);
      expect(at.errors).toEqual([]);
      expect(at.screen.unknown).toEqual([]);
      at.session.close();
      await at.settle(200);
      expect(at.exit).toBeDefined();
    }),
    { numRuns: 150, seed: 20260501, endOnFailure: true },
  );
});
