/** Terminals of a session: a login shell in a place's own container, or `kubectl exec` into a pod. */
import { PatientEmitter } from '../../../base/event.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError, ShellStream, TerminalSize } from '../../../lab/ports.ts';
import { formatPlace, type Place } from '../../../model/place.ts';
import { containerOf } from '../probe/doors.ts';
import { noSuchPlace } from '../probe/errors.ts';
import { isIn, podExec, workingAt } from '../probe/execution.ts';
import { podOf } from '../probe/kubernetes.ts';
import type { Measured } from '../probe/target.ts';
import { headOf } from './control-plane.ts';

/** Each line is written when it was run, so that it is there when the terminal is not any more. */
const HISTORY = { PROMPT_COMMAND: 'history -a', HISTSIZE: '2000', HISTFILESIZE: '2000' };

/** The best shell that a pod's image has. */
const POD_SHELL = ['sh', '-c', 'command -v bash >/dev/null && exec bash; exec sh'];

export async function openShell(
  measured: Measured,
  place: Place,
  size: TerminalSize,
): Promise<Result<ShellStream, LabError>> {
  if (place.kind === 'pod') return podShell(measured, place, size);
  if (!isIn(measured, place)) return err(noSuchPlace(formatPlace(place)));
  const { environment, ...where } = workingAt(place);
  return measured.cluster.docker.containers.terminal(containerOf(measured.cluster, place), ['bash', '-l'], {
    ...where,
    size,
    environment: { ...environment, ...HISTORY },
  });
}

async function podShell(
  measured: Measured,
  place: Extract<Place, { readonly kind: 'pod' }>,
  size: TerminalSize,
): Promise<Result<ShellStream, LabError>> {
  const { signal } = new AbortController();
  const pod = await podOf(measured.kubectl, place, signal);
  if (!pod.ok) return pod;
  if (pod.value?.phase !== 'Running') return err(noSuchPlace(formatPlace(place)));
  const { container, environment } = headOf(measured.cluster);
  const argv = ['kubectl', ...podExec(place, pod.value.container), '--stdin', '--tty', '--', ...POD_SHELL];
  return measured.cluster.docker.containers.terminal(container, argv, { size, environment });
}

/** What a shell ends with whose terminal hangs up: 128 and SIGHUP. */
const HUNG_UP = 129;

/** A terminal that tells what happens on it, and forgets nothing of its own. The engine tells nothing of one that was closed. */
export function observed(
  stream: ShellStream,
  { typed, closed }: { readonly typed: () => void; readonly closed: (own: ShellStream) => void },
): ShellStream {
  const exit = new PatientEmitter<{ readonly code: number }>();
  let over = false;
  const end = (code: number): void => {
    if (over) return;
    over = true;
    closed(own);
    exit.emit({ code });
  };
  const own: ShellStream = {
    onData: (listener) => stream.onData(listener),
    onExit: exit.subscribe,
    write: (bytes) => {
      stream.write(bytes);
      typed();
    },
    resize: (to) => stream.resize(to),
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    close: () => {
      stream.close();
      end(HUNG_UP);
    },
  };
  stream.onExit(({ code }) => end(code));
  return own;
}

/** The bytes of a file at a place; undefined for one that is not there. */
export async function readFileAt(
  measured: Measured,
  { place, path }: { readonly place: Place; readonly path: string },
  signal: AbortSignal,
): Promise<Result<Uint8Array | undefined, LabError>> {
  if (place.kind === 'pod') return readInPod(measured, { place, path }, signal);
  if (!isIn(measured, place)) return err(noSuchPlace(formatPlace(place)));
  const { containers } = measured.cluster.docker;
  const read = await containers.readFile(containerOf(measured.cluster, place), path, { signal });
  // Bytes and nothing more: what comes out of Node's streams is a Buffer.
  return read.ok && read.value ? ok(new Uint8Array(read.value)) : read;
}

const PATIENCE = 60;

async function readInPod(
  measured: Measured,
  { place, path }: { readonly place: Extract<Place, { readonly kind: 'pod' }>; readonly path: string },
  signal: AbortSignal,
): Promise<Result<Uint8Array | undefined, LabError>> {
  const pod = await podOf(measured.kubectl, place, signal);
  if (!pod.ok) return pod;
  if (pod.value?.phase !== 'Running') return err(noSuchPlace(formatPlace(place)));
  const { container, environment } = headOf(measured.cluster);
  const pieces: Uint8Array[] = [];
  const argv = ['kubectl', ...podExec(place, pod.value.container), '--', 'cat', path];
  const done = await measured.cluster.docker.containers.exec(container, argv, {
    ...{ signal, seconds: PATIENCE, environment },
    onOutput: (bytes, stream) => {
      if (stream === 'stdout') pieces.push(Uint8Array.from(bytes));
    },
  });
  if (!done.ok) return done;
  return ok(done.value.exitCode === 0 ? new Uint8Array(Buffer.concat(pieces)) : undefined);
}
