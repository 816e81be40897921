/** `vi`, `vim`, `view`: the editor on the learner's terminal. What it does without one is Vim's: it says so and edits blind. */
import { utf8, utf8Text } from '../../../../base/bytes.ts';
import type { Command, CommandIo } from '../../command.ts';
import { resolvePath } from '../../interpreter/paths.ts';
import { parseOptions } from '../../builtins/options.ts';
import { Painter } from '../../screen/painter.ts';
import { Vi } from './editor.ts';
import { EX_NAMES, runEx } from './ex.ts';
import { load } from './files.ts';
import { OPTION_NAMES } from './options.ts';
import { ViState, type ViFiles } from './state.ts';
import { picture } from './view.ts';

const PLACES: Command['places'] = ['workstation', 'node', 'router', 'host'];

const command = (name: string, summary: string, readonly: boolean): Command => ({
  name,
  summary,
  places: PLACES,
  run: (io) => run(io, name, readonly),
});

export const VI_COMMANDS: readonly Command[] = [
  command('vi', 'edit a text file (Vim)', false),
  command('vim', 'edit a text file (Vim)', false),
  command('view', 'look at a text file with vi', true),
];

const SPEC = { flags: 'Rnh', values: 'cu', long: { help: 'h', version: 'v', cmd: 'c' } };

async function run(io: CommandIo, name: string, readonly: boolean): Promise<number> {
  // `+12` and `+/pattern` stand among the file names.
  const plus = io.args.filter((arg) => /^\+/.test(arg));
  const parsed = parseOptions(
    io.args.filter((arg) => !/^\+/.test(arg)),
    SPEC,
  );
  if (!parsed.ok) {
    const option = io.args.find((arg) => arg.startsWith('-')) ?? '';
    await io.stderr.write(
      `VIM - Vi IMproved 9.0\nUnknown option argument: "${option}"\nMore info with: "vim -h"\n`,
    );
    return 1;
  }
  const { flags, values, operands } = parsed.options;
  if (flags.has('h')) {
    await io.stdout.write(help(name));
    return 0;
  }
  if (operands.length > 1) {
    await io.stderr.write(`${name}: one file at a time can be edited here; open the others with :e FILE\n`);
    return 1;
  }
  if (io.screen === undefined || !io.stdin.isTerminal) return withoutTerminal(io);
  const state = new ViState(filesOf(io));
  state.options.readonly = readonly || flags.has('R');
  startup(state, io);
  load(state, operands[0]);
  const commands = [
    ...plus.map((arg) => (arg === '+' ? '$' : arg.slice(1))),
    ...(values.has('c') ? [values.get('c') ?? ''] : []),
  ];
  for (const each of commands) runEx(state, each);
  return edit(io.screen, state);
}

async function edit(door: NonNullable<CommandIo['screen']>, state: ViState): Promise<number> {
  const screen = await door.open({ interruptKey: true });
  const painter = new Painter(screen);
  const vi = new Vi(state);
  let bells = state.bells;
  while (state.quit === undefined) {
    await painter.paint(picture(state, screen.size()));
    if (state.bells > bells) await screen.write('\x07');
    bells = state.bells;
    const event = await screen.next();
    if (event.kind !== 'key') continue;
    if (event.key.kind === 'key' && event.key.name === 'C-l') painter.forget();
    vi.press(event.key);
  }
  await screen.close();
  return state.quit;
}

async function withoutTerminal(io: CommandIo): Promise<number> {
  const what = io.tty === undefined ? 'Output is not to a terminal' : 'Input is not from a terminal';
  await io.stderr.write(`Vim: Warning: ${what}\nVim: Error reading input, exiting...\n`);
  return 1;
}

/** `set` lines of ~/.vimrc and ~/.exrc; everything else in them is Vim script, which is not run. */
function startup(state: ViState, io: CommandIo): void {
  const home = io.env.get('HOME') ?? '/root';
  const text = state.files.read(`${home}/.vimrc`) ?? state.files.read(`${home}/.exrc`) ?? '';
  for (const line of text.split('\n'))
    if (/^\s*:?set?\s/.test(line)) runEx(state, line.replace(/\s".*$/, ''));
  state.message = undefined;
}

function filesOf({ files, cwd, clock }: CommandIo): ViFiles {
  const at = (path: string): string => resolvePath(cwd, path);
  return {
    read: (path) => {
      const bytes = files.read(at(path));
      return bytes === undefined ? undefined : utf8Text(bytes);
    },
    write: (path, text) => files.write(at(path), utf8(text)),
    isDirectory: (path) => files.stat(at(path))?.type === 'directory',
    now: () => clock.epoch + clock.now(),
  };
}

function help(name: string): string {
  return `VIM - Vi IMproved 9.0

Usage: ${name} [arguments] [file]       edit the file

Arguments:
   -R                   Readonly mode (like "view")
   +                    Start at end of file
   +<lnum>              Start at line <lnum>
   -c <command>         Execute <command> after loading the file
   -h  or  --help       Print Help (this message) and exit

Commands after ":" in this simulation:
   ${wrapWords(EX_NAMES, 72).join('\n   ')}

Options of ":set" with an effect:
   ${wrapWords(OPTION_NAMES, 72).join('\n   ')}
`;
}

function wrapWords(words: readonly string[], width: number): readonly string[] {
  const lines: string[] = [''];
  for (const word of words) {
    const line = lines.at(-1) ?? '';
    if (line.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}
