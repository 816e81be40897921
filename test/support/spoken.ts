/** Collects what a command says, instead of printing it. */
import process from 'node:process';
import { vi } from 'vitest';

export interface Spoken<T = number> {
  /** What it resolved to: of a command, its exit code. */
  readonly code: T;
  readonly out: string;
  readonly err: string;
}

export async function spoken<T = number>(run: () => Promise<T>): Promise<Spoken<T>> {
  const said = { out: '', err: '' };
  const collect = (stream: 'out' | 'err') => (chunk: unknown) => {
    said[stream] += String(chunk);
    return true;
  };
  const out = vi.spyOn(process.stdout, 'write').mockImplementation(collect('out'));
  const err = vi.spyOn(process.stderr, 'write').mockImplementation(collect('err'));
  try {
    return { code: await run(), ...said };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}
