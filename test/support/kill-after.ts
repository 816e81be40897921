/** A process that is killed without warning while it works, for what must survive that. */
import { spawn } from 'node:child_process';

/** Runs a program until it has said so many lines, kills it without warning; resolves to the last number it said. */
export function killAfter(lines: number, program: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program]);
    let said = '';
    let complaints = '';
    child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.split('\n').length > lines) child.kill('SIGKILL');
    });
    child.on('close', (_, signal) => {
      if (signal !== 'SIGKILL') reject(new Error(complaints));
      else resolve(Number(/saved (\d+)\n[^\n]*$/.exec(said)?.[1]));
    });
  });
}
