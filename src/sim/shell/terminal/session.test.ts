/** What a learner sees. Expected screens follow readline 8.2 and bash 5.2 as Debian 12 ships them, written down by hand. */
import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
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

describe('lines that go on', () => {
  test('quotes, loops, here-documents and backslashes ask for more', async () => {
    const at = await desk();
    await at.type('for i in 1 2; do\recho $i\rdone\r');
    await at.type('cat <<EOF\ra\rEOF\r');
    await at.type("echo 'x\ry'\recho a \\\rb\r");
    expect(at.text).toBe(
      [`${P} for i in 1 2; do`, '> echo $i', '> done', '1', '2', `${P} cat <<EOF`, '> a', '> EOF', 'a'].join(
        '\n',
      ) +
        '\n' +
        [`${P} echo 'x`, "> y'", 'x', 'y', `${P} echo a \\`, '> b', 'a b', P].join('\n'),
    );
  });

  test('Ctrl-C gives all of them up; Ctrl-D is an end of file', async () => {
    const at = await desk();
    await at.type('if true; then\recho no\x03');
    await at.type('echo "open\r\x04');
    expect(at.text).toBe(
      [
        `${P} if true; then`,
        '> echo no^C',
        `${P} echo "open`,
        '>',
        'bash: unexpected EOF while looking for matching `"\'',
        P,
      ].join('\n'),
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
      [
        `${P} ping; echo not`,
        'reply 1',
        'reply 2',
        'reply 3',
        '^C',
        '--- statistics ---',
        `${P} echo $?`,
        '130',
        P,
      ].join('\n'),
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
    expect(at.text).toBe(
      [
        `${P} cat -n`,
        'abc',
        '     1\tabc'.replace('\t', '  '),
        'last',
        '     2\tlast'.replace('\t', '  '),
        P,
      ].join('\n'),
    );
  });

  test('read asks at the keyboard', async () => {
    const at = await desk();
    await at.type('read -p "name? " n; echo "hello $n"\r');
    await at.type('web\r');
    expect(at.text).toBe(`${P} read -p "name? " n; echo "hello $n"\nname? web\nhello web\n${P}`);
  });

  test('what nobody reads waits for the prompt', async () => {
    const clockless: Command = {
      ...endless,
      name: 'wait',
      run: ({ signal }) =>
        new Promise((_done, reject) => signal.addEventListener('abort', () => reject(new Error('stopped')))),
    };
    const at = await desk({ commands: [clockless] });
    await at.type('timeout 1 wait\recho ahead\r');
    expect(at.text).toBe(`${P} timeout 1 wait\n${P} echo ahead\nahead\n${P}`);
  });

  test('a bug in a command is told plainly, and the session lives', async () => {
    const broken: Command = { ...endless, name: 'broken', run: () => Promise.reject(new TypeError('oops')) };
    const at = await desk({ commands: [broken] });
    await at.type('broken\recho fine\r');
    expect(at.text).toBe(
      `${P} broken\nbash: this command failed inside the simulator: oops\n${P} echo fine\nfine\n${P}`,
    );
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
    const enter: Command = {
      name: 'enter',
      summary: 'kubectl exec -it',
      places: ['workstation'],
      run: (io) => io.run(pod, ['sh'], {}),
    };
    const at = await desk({ commands: [enter], elsewhere: () => labShell({ place: pod }) });
    await at.type('enter\rcat /etc/hostname\rsleep 100000\r');
    await at.type('\x04');
    await at.type('whoami\r');
    expect(at.text).toBe(
      [
        `${P} enter`,
        'root@web-1:/# cat /etc/hostname',
        'web-1',
        'root@web-1:/# sleep 100000',
        'root@web-1:/#',
        'exit',
        `${P} whoami`,
        'learner',
        P,
      ].join('\n'),
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
    fc
      .constantFrom(
        '\x1b',
        '\x1b[',
        '\x1b[A',
        '\x1b[200~',
        '\x1b[201~',
        '\t',
        '\r',
        '\x12',
        '\x03',
        '\x04x',
        "'",
        '"$(',
        '<<E\r',
        'echo ',
        '世',
        '|',
        '\x7f',
      )
      .map((text) => new TextEncoder().encode(text)),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(chunk, { maxLength: 25 }),
      fc.integer({ min: 2, max: 90 }),
      async (chunks, columns) => {
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
      },
    ),
    { numRuns: 150, seed: 20260501, endOnFailure: true },
  );
});
