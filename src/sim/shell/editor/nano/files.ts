/** Writing the text out and reading files in, with nano's questions on the way. */
import { INSERT, WRITE } from './bars.ts';
import type { Nano } from './nano-editor.ts';

export const linesText = (count: number): string => `${count} line${count === 1 ? '' : 's'}`;

export function writeOut(nano: Nano, thenExit: boolean): void {
  nano.ask('File Name to Write', WRITE, {
    answer: nano.name,
    onAnswer: (name) => confirmed(nano, name, thenExit),
    onKey: (key) => nano.notHere(key, ['<M-d>', '<M-m>', '<M-a>', '<M-p>', '<M-b>', '<C-t>']),
  });
}

function confirmed(nano: Nano, name: string, thenExit: boolean): void {
  const other = name !== nano.name;
  const question =
    other && nano.files.read(name) !== undefined
      ? `File "${name}" exists; OVERWRITE?`
      : other && nano.name !== ''
        ? 'Save file under DIFFERENT NAME?'
        : undefined;
  if (name === '') nano.say('Cancelled');
  else if (question === undefined) save(nano, name, thenExit);
  else
    nano.askYesNo(question, false, (answer) => {
      if (answer === 'y') save(nano, name, thenExit);
    });
}

export function save(nano: Nano, name: string, thenExit: boolean): void {
  const problem = nano.files.isDirectory(name)
    ? 'Is a directory'
    : nano.files.write(name, nano.document.text);
  if (problem !== undefined) {
    nano.warn(`Error writing ${name}: ${problem}`);
    return;
  }
  nano.name = name;
  nano.document.saved();
  nano.say(`Wrote ${linesText(nano.document.count)}`);
  if (thenExit) nano.done = true;
}

export function insertFile(nano: Nano): void {
  nano.ask('File to insert [from ./]', INSERT, {
    answer: '',
    onAnswer: (name) => insert(nano, name),
    onKey: (key) => nano.notHere(key, ['<M-f>', '<M-n>', '<C-x>', '<C-t>']),
  });
}

function insert(nano: Nano, name: string): void {
  if (name === '') {
    nano.say('Cancelled');
    return;
  }
  const text = nano.files.read(name);
  if (nano.files.isDirectory(name)) nano.warn(`"${name}" is a directory`);
  else if (text === undefined) nano.warn(`File "${name}" not found`);
  else {
    const { document } = nano;
    document.settle();
    document.replace({ from: document.cursor, to: document.cursor }, text, 'insertion');
    document.settle();
    nano.say(`Read ${linesText(text.split('\n').length - (text.endsWith('\n') ? 1 : 0))}`);
  }
}
