/** Redirections, in the order they are written: bash(1), "REDIRECTION". Left out: `<>`, `{name}>` and descriptors above 9. */
import type { HereDoc, Redirect, Redirection } from 'unbash';
import { utf8 } from '../../../base/bytes.ts';
import type { Output } from '../command.ts';
import type { FileSystem } from '../files.ts';
import { expandFields, expandHereDoc, expandText, withoutTabs, type Expansion } from './expand.ts';
import { ShellError } from './parameter.ts';
import { parentOf, resolvePath } from './paths.ts';
import type { Descriptor, Descriptors, Host } from './scope.ts';
import { bytesInput, EMPTY_INPUT, nullOutput, Source, textInput } from './streams.ts';

interface Opening {
  readonly on: Expansion;
  readonly host: Host;
  readonly fds: Descriptors;
}

/** Throws `ShellError` with bash's complaint when a file cannot be opened. */
export async function redirect(redirections: readonly Redirection[], opening: Opening): Promise<Descriptors> {
  const fds = new Map(opening.fds);
  for (const redirection of redirections) await apply(redirection, fds, { ...opening, fds });
  return fds;
}

function descriptorOf({ descriptor }: Redirection): number | undefined {
  if (descriptor?.type !== 'FileDescriptorVariable') return descriptor?.value;
  throw new ShellError(`{${descriptor.name}}: named descriptors do not work in this shell`);
}

async function apply(
  redirection: Redirection,
  fds: Map<number, Descriptor>,
  opening: Opening,
): Promise<void> {
  if (redirection.type === 'Redirect') {
    await applyFile(redirection, fds, opening);
    return;
  }
  const text =
    redirection.type === 'HereDoc'
      ? await hereDocument(redirection, opening)
      : `${redirection.target === undefined ? '' : await expandText(redirection.target, opening.on)}\n`;
  fds.set(descriptorOf(redirection) ?? 0, { input: Source.of(textInput(text)) });
}

async function hereDocument(
  { body, delimiter, operator, closing }: HereDoc,
  { on, fds }: Opening,
): Promise<string> {
  const tabs = operator === '<<-';
  const text =
    delimiter?.quoted === true ? withoutTabs(body.text, tabs) : await expandHereDoc(body, on, tabs);
  if (closing !== undefined) return text;
  const { label, line } = on.state;
  const wanted = delimiter?.value ?? '';
  const warning = `here-document at line ${line} delimited by end-of-file (wanted \`${wanted}')`;
  await fds.get(2)?.output?.write(`${label}: warning: ${warning}\n`);
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

async function applyFile(
  redirection: Redirect,
  fds: Map<number, Descriptor>,
  opening: Opening,
): Promise<void> {
  const { operator, target } = redirection;
  const fd = descriptorOf(redirection);
  const words = target === undefined ? [] : await expandFields([target], opening.on);
  const [word = ''] = words;
  if (words.length !== 1) throw new ShellError(`${target?.text ?? ''}: ambiguous redirect`);
  switch (operator) {
    case '<':
      fds.set(fd ?? 0, openInput(word, opening));
      return;
    case '<&':
    case '>&':
      duplicate(operator, { fd, word }, fds, opening);
      return;
    case '&>':
    case '&>>': {
      const file = openOutput(word, operator === '&>>', opening);
      fds.set(1, file).set(2, file);
      return;
    }
    case '<>':
      throw new ShellError(`${word}: <> does not work in this shell`);
    default:
      fds.set(fd ?? 1, openOutput(word, operator === '>>', opening));
  }
}

function duplicate(
  operator: '<&' | '>&',
  { fd, word }: { readonly fd: number | undefined; readonly word: string },
  fds: Map<number, Descriptor>,
  opening: Opening,
): void {
  const to = fd ?? (operator === '<&' ? 0 : 1);
  if (word === '-') {
    fds.delete(to);
    return;
  }
  if (/^\d+$/.test(word)) {
    const from = fds.get(Number(word));
    if (from === undefined) throw new ShellError(`${word}: Bad file descriptor`);
    fds.set(to, from);
    return;
  }
  if (operator === '<&' || fd !== undefined) throw new ShellError(`${word}: ambiguous redirect`);
  const file = openOutput(word, false, opening);
  fds.set(1, file).set(2, file);
}

const DEVICES: Readonly<Record<string, number>> = { '/dev/stdin': 0, '/dev/stdout': 1, '/dev/stderr': 2 };

function openInput(word: string, { on, fds }: Opening): Descriptor {
  const path = resolvePath(on.state.cwd, word);
  if (path === '/dev/null') return { input: Source.of(EMPTY_INPUT) };
  const device = DEVICES[path];
  if (device !== undefined) return fds.get(device) ?? {};
  const stat = on.files.stat(path);
  if (stat === undefined || word === '') throw new ShellError(`${word}: No such file or directory`);
  return {
    input: Source.of(
      stat.type === 'directory' ? EMPTY_INPUT : bytesInput(on.files.read(path) ?? new Uint8Array()),
    ),
  };
}

function openOutput(word: string, append: boolean, { on, host, fds }: Opening): Descriptor {
  const path = resolvePath(on.state.cwd, word);
  if (path === '/dev/null') return { output: nullOutput(host.pace) };
  const device = DEVICES[path];
  if (device !== undefined) return fds.get(device) ?? {};
  const problem = openingProblem(word, path, on.files) ?? on.files.write(path, new Uint8Array(), { append });
  if (problem !== undefined) throw new ShellError(`${word}: ${problem}`);
  return { output: fileOutput(path, word, { host, files: on.files }) };
}

function openingProblem(word: string, path: string, files: FileSystem): string | undefined {
  if (word === '') return 'No such file or directory';
  if (word.endsWith('/') && files.stat(path) === undefined) return 'Is a directory';
  const parent = files.stat(parentOf(path));
  if (parent === undefined) return 'No such file or directory';
  return parent.type === 'directory' ? undefined : 'Not a directory';
}

function fileOutput(
  path: string,
  word: string,
  { host, files }: { readonly host: Host; readonly files: FileSystem },
): Output {
  return {
    async write(data) {
      await host.pace.step();
      const bytes = typeof data === 'string' ? utf8(data) : data;
      const problem = files.write(path, bytes, { append: true });
      if (problem !== undefined) throw new ShellError(`${word}: write error: ${problem}`);
    },
  };
}
