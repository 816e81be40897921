/** Joins a shell's stream to this process's own terminal, and gives the terminal back as it was. */
import { DisposableStore } from '../base/disposable.ts';
import type { ShellStream } from '../lab/ports.ts';

/** What is needed of process.stdin. */
export interface TerminalInput {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
  on(event: 'data', listener: (chunk: Uint8Array) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  off(event: 'data', listener: (chunk: Uint8Array) => void): unknown;
  off(event: 'end', listener: () => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

/** What is needed of process.stdout. */
export interface TerminalOutput {
  readonly columns?: number;
  readonly rows?: number;
  write(bytes: Uint8Array): boolean;
  on(event: 'resize' | 'drain', listener: () => void): unknown;
  off(event: 'resize' | 'drain', listener: () => void): unknown;
}

/** What Ctrl-D sends: the shell's own sign that nothing more will be typed. */
const END_OF_INPUT = Uint8Array.of(4);

/** Resolves to the shell's exit code when it ends. */
export async function attach(
  stream: ShellStream,
  { input, output }: { readonly input: TerminalInput; readonly output: TerminalOutput },
): Promise<number> {
  using ends = new DisposableStore();
  if (input.isTTY && input.setRawMode) {
    input.setRawMode(true);
    ends.add(() => input.setRawMode?.(false));
  }
  const typed = (chunk: Uint8Array): void => stream.write(chunk);
  const finished = (): void => stream.write(END_OF_INPUT);
  const resized = (): void => stream.resize({ columns: output.columns ?? 80, rows: output.rows ?? 24 });
  const drained = (): void => stream.resume();
  input.on('data', typed);
  input.on('end', finished);
  output.on('resize', resized);
  output.on('drain', drained);
  ends.add(() => {
    input.off('data', typed);
    input.off('end', finished);
    input.pause();
    output.off('resize', resized);
    output.off('drain', drained);
  });
  const exit = new Promise<number>((resolve) => {
    ends.add(
      stream.onData((bytes) => {
        if (!output.write(bytes)) stream.pause();
      }),
    );
    ends.add(stream.onExit(({ code }) => resolve(code)));
  });
  input.resume();
  return await exit;
}
