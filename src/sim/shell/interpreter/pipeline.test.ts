/** Pipelines flow: what happens when, told by commands that speak at set moments of virtual time. */
import { describe, expect, test } from 'vitest';
import { NoSuchProgram, type Command } from '../command.ts';
import { EPOCH, labShell, LeapingClock, say } from '../../../../test/shell/lab.ts';

/** Prints one line a second, for ever, and notes when it did. */
function ticker(log: string[]): Command {
  return {
    name: 'tick',
    summary: 'one line a second',
    places: ['workstation'],
    async run({ stdout, clock, signal }) {
      for (let number = 1; ; number += 1) {
        log.push(`${clock.now() / 1000}s tick ${number}`);
        await stdout.write(`tick ${number}\n`);
        await clock.sleep(1000, signal);
      }
    },
  };
}

/** Notes when lines reach it. */
function watcher(log: string[]): Command {
  return {
    name: 'note',
    summary: 'passes lines on',
    places: ['workstation'],
    async run({ stdin, stdout, clock, signal }) {
      const decoder = new TextDecoder();
      for (let part = await stdin.read(signal); part !== undefined; part = await stdin.read(signal)) {
        log.push(`${clock.now() / 1000}s got ${decoder.decode(part).trim()}`);
        await stdout.write(part);
      }
      log.push(`${clock.now() / 1000}s end`);
      return 0;
    },
  };
}

describe('a pipeline', () => {
  test('passes each line on as it comes, and a reader that leaves ends its writers with SIGPIPE', async () => {
    const log: string[] = [];
    const shell = labShell({ commands: [ticker(log), watcher(log)] });
    const { output } = await say(shell, 'tick | note | head -2; echo ${PIPESTATUS[@]}');
    expect(output).toBe('tick 1\ntick 2\n141 141 0\n');
    // note learns of it when it writes the third line, tick when it writes the fourth: nobody is told earlier.
    expect(log).toEqual([
      '0s tick 1',
      '0s got tick 1',
      '1s tick 2',
      '1s got tick 2',
      '2s tick 3',
      '2s got tick 3',
      '3s tick 4',
    ]);
  });

  test('makes a fast writer wait for a slow reader', async () => {
    let written = 0;
    const fast: Command = {
      name: 'fast',
      summary: 'writes much',
      places: ['workstation'],
      async run({ stdout }) {
        for (; written < 1000; written += 1) await stdout.write('x'.repeat(1023) + '\n');
        return 0;
      },
    };
    const slow: Command = {
      name: 'slow',
      summary: 'reads late',
      places: ['workstation'],
      async run({ stdin, stdout, clock, signal }) {
        await clock.sleep(5000, signal);
        await stdout.write(`${written} blocks wait\n`);
        const text = await stdin.text();
        await stdout.write(`${text.length} bytes\n`);
        return 0;
      },
    };
    const { output } = await say(labShell({ commands: [fast, slow] }), 'fast | slow');
    expect(output).toBe('64 blocks wait\n1024000 bytes\n');
  });

  test('runs its stages in copies of the shell', async () => {
    const shell = labShell();
    expect((await say(shell, 'x=1; echo a | x=2; echo b | { read x; cd /tmp; }; echo $x $PWD')).output).toBe(
      '1 /home/learner\n',
    );
  });

  test('keeps the order of output and errors', async () => {
    expect(
      (await say(labShell(), 'echo 1; ls /nope; echo 3; { echo 4; echo 5 >&2; echo 6; } 2>&1 | cat')).output,
    ).toBe("1\nls: cannot access '/nope': No such file or directory\n3\n4\n5\n6\n");
  });
});

describe('an abort', () => {
  test('ends a pipeline and the rest of the line with status 130', async () => {
    const log: string[] = [];
    const controller = new AbortController();
    const shell = labShell({ commands: [ticker(log), watcher(log)] });
    const running = say(shell, 'tick | note | cat; echo not', controller.signal);
    while (log.length < 4) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    expect((await running).status).toBe(130);
    expect((await say(shell, 'echo $?')).output).toBe('130\n');
  });

  test.each([
    'while :; do :; done',
    'until false; do x=$((x+1)); done',
    'for ((;;)); do true; done',
    'while true; do echo x; done > /dev/null',
    'yes',
    'yes | cat | cat > /dev/null',
    '(while :; do :; done)',
    'x=$(yes)',
    'f() { while :; do :; done; }; f | cat',
    'while read x; do :; done < <(yes)',
  ])('reaches %s', async (line) => {
    const controller = new AbortController();
    const running = say(labShell(), line, controller.signal);
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    expect((await running).status).toBeGreaterThanOrEqual(130);
  });
});

describe('time', () => {
  test('is virtual', async () => {
    const clock = new LeapingClock();
    const shell = labShell({ clock });
    expect((await say(shell, 'date -u +%FT%TZ; sleep 1.5; sleep 2m; date +%T; time sleep 3')).output).toBe(
      '2026-05-01T10:00:00Z\n10:02:01\n\nreal\t0m3.000s\nuser\t0m0.000s\nsys\t0m0.000s\n',
    );
    expect(clock.epoch + clock.now()).toBe(EPOCH + 124_500);
  });

  test('timeout stops what takes too long', async () => {
    const log: string[] = [];
    const shell = labShell({ commands: [ticker(log)] });
    expect(await say(shell, 'timeout 2.5 tick; echo $?; timeout 5 true; echo $?')).toEqual({
      status: 0,
      output: 'tick 1\ntick 2\ntick 3\n124\n0\n',
    });
  });
});

describe('what a shell refuses', () => {
  test.each([
    [
      'sleep 5 &',
      'bash: background jobs (&) are not available in this shell; run the command in a second terminal\n',
      1,
    ],
    ['echo a > >(cat)', 'bash: >( ): only <( ) works in this shell\n', 2],
    ['f() { f; }; f', 'bash: f: maximum function nesting level exceeded (200)\n', 1],
    ['x=0123456789abcdef; while :; do x=$x$x; done', 'bash: x: value too large: cannot allocate memory\n', 1],
    ['crictl ps', 'bash: crictl: command not found\n', 127],
    ['kill %1', 'bash: kill: not available in this shell: there are no background jobs\n', 127],
    ['coproc cat', 'bash: coproc: this shell runs no background jobs\n', 2],
  ])('%s', async (line, output, status) => {
    expect(await say(labShell(), line)).toEqual({ status, output });
  });
});

describe('commands and places', () => {
  const tool: Command = {
    name: 'tool',
    summary: 'only on nodes',
    places: ['node'],
    run: async ({ stdout, args, env, place }) => (
      await stdout.write(`${place.kind} ${args.join('|')} ${env.get('A') ?? '-'}\n`),
      0
    ),
  };

  test.each(['/bin/sh', '/usr/bin/sh', '/bin/bash'])('%s is a path to the shell', async (path) => {
    expect(await say(labShell(), `${path} -c 'echo $0 hi' me`)).toEqual({ status: 0, output: 'me hi\n' });
  });

  test.each(['/bin/echo', '/sbin/ls', '/usr/bin/env'])('%s is a path to a program', async (path) => {
    expect((await say(labShell(), `${path} >/dev/null`)).status).toBe(0);
  });

  test.each(['/opt/sh', '/usr/local/bin/echo', '/bin/x/sh', '/bin/cd'])('%s is no program', async (path) => {
    expect(await say(labShell(), path)).toEqual({
      status: 127,
      output: `bash: ${path}: No such file or directory\n`,
    });
  });

  test('a command is found where it is', async () => {
    expect(
      (
        await say(
          labShell({ commands: [tool], place: { kind: 'node', name: 'node1' } }),
          'A=1 tool x "y z"; /usr/bin/tool; B=2 A=3; tool',
        )
      ).output,
    ).toBe('node x|y z 1\nnode  -\nnode  -\n');
    expect(await say(labShell({ commands: [tool] }), 'tool x')).toEqual({
      status: 127,
      output: 'bash: tool: command not found\n',
    });
  });

  test('exec runs one command without a shell around its words, in a copy of the state', async () => {
    const shell = labShell();
    const { signal } = new AbortController();
    await say(shell, 'x=1');
    expect(await shell.exec(['echo', '$x', '*', '|'], { signal })).toEqual({
      exitCode: 0,
      stdout: '$x * |\n',
      stderr: '',
    });
    expect(await shell.exec(['sh', '-c', 'cat; x=2; cd /; exit 5'], { signal, stdin: 'in\n' })).toEqual({
      exitCode: 5,
      stdout: 'in\n',
      stderr: '',
    });
    expect((await say(shell, 'echo $x $PWD')).output).toBe('1 /home/learner\n');
  });

  test('another place is reached through the command that goes there', async () => {
    const enter: Command = {
      name: 'enter',
      summary: 'runs there',
      places: ['workstation'],
      run: (io) => io.run({ kind: 'node', name: io.args[0] ?? '' }, io.args.slice(1), {}),
    };
    const shell = labShell({
      commands: [enter],
      elsewhere: (place) =>
        place.kind === 'node' && place.name === 'node1' ? labShell({ place }) : undefined,
    });
    expect(
      (
        await say(
          shell,
          'enter node1 hostname | cat; enter node1 sh -c "exit 7"; echo $?; echo in | enter node1 cat; enter node9 true; echo $?',
        )
      ).output,
    ).toBe('node1\n7\nin\nbash: node/node9: No such place\n126\n');
  });

  test('another place has programs, as a container runtime finds them: builtins are none', async () => {
    const enter: Command = {
      name: 'enter',
      summary: 'runs there',
      places: ['workstation'],
      run: async (io) => {
        try {
          return await io.run({ kind: 'node', name: 'node1' }, io.args, {});
        } catch (error) {
          if (!(error instanceof NoSuchProgram)) throw error;
          await io.stdout.write(`no ${error.program}\n`);
          return 1;
        }
      },
    };
    const shell = labShell({ commands: [enter], elsewhere: (place) => labShell({ place }) });
    const line = 'enter nope; enter cd /; enter /opt/sh; enter /bin/sh -c "echo sh"; enter /bin/echo echo';
    expect((await say(shell, line)).output).toBe('no nope\nno cd\nno /opt/sh\nsh\necho\n');
  });

  test('state lasts from line to line', async () => {
    const shell = labShell();
    for (const line of [
      'greet() { echo "hello $1"; }',
      'alias g="greet big"',
      'set -- one',
      'a=(1 2)',
      'cd /tmp',
    ])
      await say(shell, line);
    expect((await say(shell, 'g world; echo $1 ${a[1]} $OLDPWD; false')).output).toBe(
      'hello big\none 2 /home/learner\n',
    );
    expect((await say(shell, 'echo $?')).output).toBe('1\n');
  });

  test('unfinished input is known as such', () => {
    const shell = labShell();
    for (const text of [
      'if true; then',
      'echo "a',
      "echo 'a",
      'cat <<E\nx',
      'echo a \\',
      'echo a |',
      'f() {',
      'for i in 1',
      '{',
      'echo $(ls',
      'a &&',
      'case x in',
    ]) {
      expect([text, shell.isIncomplete(text)]).toEqual([text, true]);
    }
    for (const text of [
      '',
      'echo a',
      'fi',
      'echo a # \\',
      "echo 'a\\'",
      'cat <<E\nx\nE',
      '# if',
      'echo \\\\',
      'if true; fi',
      'echo >',
    ]) {
      expect([text, shell.isIncomplete(text)]).toEqual([text, false]);
    }
  });
});
