/** `nano`: the editor of people who have just met a terminal. */
import { utf8, utf8Text } from '../../../../base/bytes.ts';
import { parseOptions, usageError, type Options } from '../../builtins/options.ts';
import type { Command, CommandIo } from '../../command.ts';
import { resolvePath } from '../../interpreter/paths.ts';
import { Painter } from '../../screen/painter.ts';
import { Nano, type NanoFiles } from './nano-editor.ts';
import { picture } from './view.ts';

const SPEC = {
  flags: 'livEwhV',
  values: 'T',
  long: {
    linenumbers: 'l',
    autoindent: 'i',
    view: 'v',
    tabstospaces: 'E',
    nowrap: 'w',
    tabsize: 'T',
    help: 'h',
    version: 'V',
  },
};

const PLACES: Command['places'] = ['workstation', 'node', 'router', 'host'];

export const NANO_COMMAND: Command = {
  name: 'nano',
  summary: 'edit a text file (easy to use)',
  places: PLACES,
  run,
};

async function run(io: CommandIo): Promise<number> {
  const at = io.args.filter((arg) => /^\+\d/.test(arg));
  const parsed = parseOptions(
    io.args.filter((arg) => !/^\+\d/.test(arg)),
    SPEC,
  );
  if (!parsed.ok) {
    await usageError('nano', parsed.message, io.stderr);
    return 1;
  }
  const { flags } = parsed.options;
  if (flags.has('h') || flags.has('V')) {
    await io.stdout.write(flags.has('h') ? HELP : ' GNU nano, version 7.2\n');
    return 0;
  }
  const problem = complaint(io, parsed.options);
  if (problem !== undefined || io.screen === undefined) {
    await io.stderr.write(`${problem ?? 'Standard output is not a terminal'}\n`);
    return 1;
  }
  return edit(io.screen, opened(io, parsed.options, at[0]));
}

function opened(io: CommandIo, { flags, values, operands }: Options, at = ''): Nano {
  const nano = new Nano(filesOf(io), operands[0] ?? '', {
    lineNumbers: flags.has('l'),
    viewOnly: flags.has('v'),
    autoIndent: flags.has('i'),
    tabsToSpaces: flags.has('E'),
    tabSize: Number(values.get('T') ?? '8'),
  });
  const [, row = '1', column = '1'] = /^\+(\d+)(?:,(\d+))?/.exec(at) ?? [];
  nano.document.moveTo({ row: Number(row) - 1, offset: Number(column) - 1 });
  return nano;
}

/** Why nano cannot start. */
function complaint(io: CommandIo, { values, operands }: Options): string | undefined {
  const tabSize = values.get('T') ?? '8';
  if (!/^[1-9]\d*$/.test(tabSize)) return `Requested tab size "${tabSize}" is invalid`;
  if (operands.length > 1) return 'nano: one file at a time can be edited here; insert others with ^R';
  return io.tty !== undefined && !io.stdin.isTerminal ? 'Standard input is not a terminal' : undefined;
}

async function edit(door: NonNullable<CommandIo['screen']>, nano: Nano): Promise<number> {
  const screen = await door.open({ interruptKey: true });
  const painter = new Painter(screen);
  while (!nano.done) {
    await painter.paint(picture(nano, screen.size()));
    const event = await screen.next();
    if (event.kind !== 'key') continue;
    if (event.key.kind === 'key' && event.key.name === 'C-l') painter.forget();
    nano.press(event.key);
  }
  await screen.close();
  return 0;
}

function filesOf({ files, cwd }: CommandIo): NanoFiles {
  const at = (path: string): string => resolvePath(cwd, path);
  return {
    read: (path) => {
      const bytes = files.read(at(path));
      return bytes === undefined ? undefined : utf8Text(bytes);
    },
    write: (path, text) => files.write(at(path), utf8(text)),
    isDirectory: (path) => files.stat(at(path))?.type === 'directory',
  };
}

const HELP = `Usage: nano [OPTIONS] [[+LINE[,COLUMN]] FILE]

To place the cursor on a specific line of a file, put the line number with
a '+' before the filename.  The column number can be added after a comma.

 Option         Long option             Meaning
 -E             --tabstospaces          Convert typed tabs to spaces
 -T <number>    --tabsize=<number>      Make a tab this number of columns wide
 -V             --version               Print version information and exit
 -h             --help                  Show this help text and exit
 -i             --autoindent            Automatically indent new lines
 -l             --linenumbers           Show line numbers in front of the text
 -v             --view                  View mode (read-only)
 -w             --nowrap                Don't hard-wrap long lines [default]
`;
