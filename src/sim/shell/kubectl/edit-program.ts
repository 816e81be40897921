/** The editor behind `kubectl edit`: KUBE_EDITOR, EDITOR, else vi. Source: k8s.io/kubectl/pkg/cmd/util/editor/editor.go v0.35. */
import { utf8, utf8Text } from '../../../base/bytes.ts';
import { sha256 } from '@noble/hashes/sha2.js';
import type { CommandIo, Output } from '../command.ts';
import { Failure } from './failure.ts';

const DIRECTORY = '/tmp';
const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';

export interface Edited {
  readonly text: string;
  readonly path: string;
}

/** Writes a file that nobody else has, lets the editor at it, and reads it back. */
export async function editTemporary(io: CommandIo, text: string, suffix: string): Promise<Edited> {
  const path = freshPath(io, suffix);
  const problem = io.files.write(path, utf8(text));
  if (problem !== undefined) throw new Failure(`error: open ${path}: ${problem.toLowerCase()}`);
  await launch(io, path);
  const bytes = io.files.read(path);
  if (bytes === undefined) throw new Failure(`error: open ${path}: no such file or directory`);
  return { text: utf8Text(bytes), path };
}

function freshPath(io: CommandIo, suffix: string): string {
  for (let attempt = 0; ; attempt += 1) {
    const digest = sha256(utf8(`edit ${io.clock.now()} ${attempt}`));
    const random = Array.from(digest.slice(0, 5), (byte) => LETTERS[byte % LETTERS.length] ?? '').join('');
    const path = `${DIRECTORY}/kubectl-edit-${random}${suffix}`;
    if (io.files.stat(path) === undefined) return path;
  }
}

async function launch(io: CommandIo, path: string): Promise<void> {
  const editor = [io.env.get('KUBE_EDITOR'), io.env.get('EDITOR')].find(
    (text) => text !== undefined && text !== '',
  );
  const words = editorWords(editor ?? 'vi', io.env.get('SHELL') ?? '/bin/bash');
  const shown = JSON.stringify(words.argv.join(' '));
  const [program = ''] = words.argv;
  if (
    !program.includes('/') &&
    (await io.run(io.place, ['which', program], { stdout: NOWHERE, stderr: NOWHERE })) !== 0
  )
    throw new Failure(`error: unable to launch the editor ${shown}`);
  const argv = words.shell
    ? [...words.argv.slice(0, -1), `${words.argv.at(-1) ?? ''} ${JSON.stringify(path)}`]
    : [...words.argv, path];
  if ((await io.run(io.place, argv, {})) !== 0)
    throw new Failure(`error: there was a problem with the editor ${shown}`);
}

/** With quotes or backslashes in it the text is the shell's to read. */
function editorWords(
  editor: string,
  shell: string,
): { readonly argv: readonly string[]; readonly shell: boolean } {
  if (!editor.includes(' ')) return { argv: [editor], shell: false };
  if (!/["'\\]/.test(editor)) return { argv: editor.split(' '), shell: false };
  return { argv: [shell, '-c', editor], shell: true };
}

const NOWHERE: Output = { write: () => Promise.resolve() };
