/**
 * Docker can start a program in a container and cannot end it: its API has no such call, and a program whose client has gone
 * runs on. So each is started with a mark in its environment, which its children inherit, and is ended by a second program
 * that looks for the mark in /proc (proc_pid_environ(5), proc_pid_stat(5)), with nothing but a shell.
 */
import { randomBytes } from 'node:crypto';
import type { Client } from './client.ts';

/** The variable that carries the mark. */
const VARIABLE = 'UNDERLAY_RUN';
/** Milliseconds that the ending of processes may take. */
const ENDING = 10_000;

export interface Marked {
  readonly container: string;
  readonly mark: string;
  /** As the program itself: others may not read its environment. */
  readonly user?: string;
  readonly privileged?: boolean;
}

export const newMark = (): string => randomBytes(8).toString('hex');

export const markedEnvironment = (mark: string): string => `${VARIABLE}=${mark}`;

/** Kills a program and all that it started, wherever those went; waits until it is done. */
export async function killMarked(client: Client, marked: Marked): Promise<void> {
  // The engine or the container may be gone, and then the program is too.
  await client.ask({ signal: AbortSignal.timeout(ENDING) }, async (abortSignal) => {
    const stream = await start(client, marked, KILL, abortSignal);
    stream.resume();
    await new Promise((settle) => stream.once('close', settle).once('error', settle));
  });
}

/**
 * Hangs up the terminal's session, as a terminal that is closed does, and a second later kills what stayed of it; what ignores
 * the hangup (nohup) or left the session goes on. The engine sees to it by itself, also when we are gone by then.
 */
export async function hangUpMarked(client: Client, marked: Marked): Promise<void> {
  await client.ask({ signal: AbortSignal.timeout(ENDING) }, (abortSignal) =>
    start(client, marked, HANG_UP, abortSignal),
  );
}

async function start(
  { dockerode }: Client,
  { container, mark, user, privileged }: Marked,
  script: string,
  abortSignal: AbortSignal,
): Promise<NodeJS.ReadWriteStream> {
  const detached = script === HANG_UP;
  const exec = await dockerode.getContainer(container).exec({
    Cmd: ['sh', '-c', script, 'sh', `${VARIABLE}=${mark}`],
    AttachStdout: !detached,
    AttachStderr: !detached,
    ...(user !== undefined && { User: user }),
    ...(privileged === true && { Privileged: true }),
    abortSignal,
  });
  return await exec.start(detached ? { Detach: true, abortSignal } : { hijack: true, abortSignal });
}

/** `marked`: folders in /proc of processes that carry the mark. `look`: session and time of start of one of them. */
const LOOKING = `
mark=$1
marked() {
  if command -v grep >/dev/null 2>&1; then
    grep -ls -- "$mark" /proc/[0-9]*/environ 2>/dev/null
  else
    for file in /proc/[0-9]*/environ; do
      while IFS= read -r line || [ -n "$line" ]; do
        case $line in *"$mark"*) echo "$file"; break ;; esac
      done 2>/dev/null < "$file"
    done
  fi
}
look() {
  line=
  { IFS= read -r line; } 2>/dev/null < "$1/stat" || return 1
  set -- \${line##*) }
  session=$4 started=\${20}
}
of_sessions() {
  for dir in /proc/[0-9]*; do
    look "$dir" || continue
    case $1 in *" $session "*) echo "\${dir#/proc/}" ;; esac
  done
}
`;

/** Again until nothing is found: a program may start others while it is looked at. */
const KILL = `${LOOKING}
for turn in 1 2 3 4 5; do
  found= sessions=' '
  for file in $(marked); do
    dir=\${file%/environ}
    found="$found \${dir#/proc/}"
    look "$dir" && [ "$session" -gt 1 ] && sessions="$sessions$session "
  done
  [ -n "$found" ] || break
  kill -KILL $found $(of_sessions "$sessions") 2>/dev/null
done
`;

/** The session is that of the oldest process with the mark: the program that the terminal was opened with. */
const HANG_UP = `${LOOKING}
oldest= own=
for file in $(marked); do
  look "\${file%/environ}" || continue
  if [ -z "$oldest" ] || [ "$started" -lt "$oldest" ]; then oldest=$started own=$session; fi
done
[ -n "$own" ] && [ "$own" -gt 1 ] || exit 0
kill -HUP $(of_sessions " $own ") 2>/dev/null
kill -CONT $(of_sessions " $own ") 2>/dev/null
sleep 1
for pid in $(of_sessions " $own "); do
  ignores=
  while read -r name value; do
    case $name$value in SigIgn:*[13579bdf]) ignores=yes ;; esac
  done 2>/dev/null < "/proc/$pid/status"
  [ -n "$ignores" ] || kill -KILL "$pid" 2>/dev/null
done
`;
