/**
 * One at a time, also among processes: kind picks free ports and looks at networks without holding them, so two creations
 * at once may take each other's (kind#1596). A lock is a file that says whose it is; that of a dead process is nobody's.
 */
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import { folderFailed } from '../data-folder.ts';
import { CREATE_INTERRUPTED } from './errors.ts';
import { lives, ourselves, type Owner } from './owner.ts';

/** Milliseconds between two looks at a lock that another holds. */
const INTERVAL = 200;

const holder = z.object({ pid: z.number().int().positive(), started: z.string(), turn: z.string() });

/** Gives the lock back; harmless when it is not ours any more. */
export type Unlock = () => Promise<void>;

interface LockOptions {
  readonly signal: AbortSignal;
  /** Told once, when another holds it. */
  readonly onWait?: (holder: Owner) => void;
}

/** Waits for as long as a process that lives holds it; the signal ends the waiting. */
export async function lock(file: string, options: LockOptions): Promise<Result<Unlock, LabError>> {
  const turn = randomBytes(8).toString('hex');
  const text = JSON.stringify({ ...(await ourselves()), turn });
  let told = false;
  for (;;) {
    if (options.signal.aborted) return err(CREATE_INTERRUPTED);
    const taken = await take(file, text, turn);
    if (!taken.ok) return taken;
    if (taken.value) return ok(() => giveBack(file, turn));
    const other = await read(file);
    if (other !== undefined && (await lives(other))) {
      if (!told) options.onWait?.(other);
      told = true;
      await pause(INTERVAL, undefined, { signal: options.signal }).catch(() => undefined);
    } else {
      await setAside(file, other?.turn);
    }
  }
}

/** The file appears whole or not at all: a link to one that is written already. */
async function take(file: string, text: string, turn: string): Promise<Result<boolean, LabError>> {
  const draft = `${file}.${turn}`;
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(draft, text);
    return ok(await linked(draft, file));
  } catch (cause) {
    return err(folderFailed(dirname(file), cause));
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
}

/** False when there is such a file. */
async function linked(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cause;
  }
}

async function read(file: string): Promise<z.infer<typeof holder> | undefined> {
  try {
    return holder.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return undefined;
  }
}

/** Of several that find the same dead lock one moves it; a fresh one that came meanwhile is put back. */
async function setAside(file: string, turn: string | undefined): Promise<void> {
  const aside = `${file}.${randomBytes(8).toString('hex')}`;
  const moved = await rename(file, aside).then(
    () => true,
    () => false,
  );
  if (!moved) return;
  if ((await read(aside))?.turn !== turn) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true }).catch(() => undefined);
}

async function giveBack(file: string, turn: string): Promise<void> {
  if ((await read(file))?.turn === turn) await rm(file, { force: true }).catch(() => undefined);
}
