/** A shell on a machine without a cluster, whose virtual time leaps to the next sleeper whenever nothing else can run. */
import type { Place } from '../../src/model/place.ts';
import { WORKSTATION } from '../../src/model/place.ts';
import type { ClockPort, ClusterPort, Command, NetworkPort } from '../../src/sim/shell/command.ts';
import { imageFiles } from '../../src/sim/shell/files-image.ts';
import { MemoryFiles } from '../../src/sim/shell/memory-files.ts';
import { Shell, type ShellSetup } from '../../src/sim/shell/shell.ts';

export const EPOCH = Date.UTC(2026, 4, 1, 10, 0, 0);

export class LeapingClock implements ClockPort {
  readonly epoch = EPOCH;
  #now = 0;
  readonly #sleepers: { readonly at: number; readonly wake: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason as Error);
        return;
      }
      const sleeper = {
        at: this.#now + milliseconds,
        wake: () => {
          signal?.removeEventListener('abort', leave);
          resolve();
        },
      };
      const leave = (): void => {
        const at = this.#sleepers.indexOf(sleeper);
        if (at >= 0) this.#sleepers.splice(at, 1);
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#sleepers.push(sleeper);
      if (milliseconds !== Infinity) setImmediate(() => this.#leap());
    });
  }

  #leap(): void {
    const next = this.#sleepers.toSorted((a, b) => a.at - b.at)[0];
    if (next === undefined || next.at === Infinity) return;
    this.#sleepers.splice(this.#sleepers.indexOf(next), 1);
    this.#now = Math.max(this.#now, next.at);
    next.wake();
  }
}

const CLUSTER: ClusterPort = {
  request: () => {
    throw new Error('this lab has no cluster');
  },
  watch: () => {
    throw new Error('this lab has no cluster');
  },
};

const absent = (): never => {
  throw new Error('this lab has no network');
};

const NETWORK: NetworkPort = {
  netnsOf: () => undefined,
  netns: () => undefined,
  memory: absent,
  edit: absent,
  changeLinks: absent,
  echo: absent,
  udpProbe: absent,
  http: absent,
  tcp: absent,
  accept: absent,
  capture: absent,
};

export interface LabOptions extends Partial<Omit<ShellSetup, 'ports'>> {
  readonly place?: Place;
  readonly tree?: Readonly<Record<string, string>>;
  readonly clock?: ClockPort;
  readonly commands?: readonly Command[];
}

export function labShell({
  place = WORKSTATION,
  tree = {},
  clock = new LeapingClock(),
  ...setup
}: LabOptions = {}): Shell {
  const files = new MemoryFiles({ files: { ...imageFiles(place), ...tree }, now: () => clock.now() });
  return new Shell({
    place,
    commands: [],
    ports: {
      cluster: CLUSTER,
      network: NETWORK,
      routing: { speaker: () => undefined, at: () => undefined },
      agents: { health: () => undefined },
      clock,
    },
    files,
    breathe: () => new Promise((resolve) => setImmediate(resolve)),
    ...setup,
  });
}

export interface Said {
  readonly status: number;
  /** Standard output and error in the order in which they came. */
  readonly output: string;
}

export async function say(
  shell: Shell,
  line: string,
  signal: AbortSignal = new AbortController().signal,
): Promise<Said> {
  let output = '';
  const decoder = new TextDecoder();
  const sink = {
    write: (data: string | Uint8Array): Promise<void> => {
      output += typeof data === 'string' ? data : decoder.decode(data, { stream: true });
      return Promise.resolve();
    },
  };
  const status = await shell.run(line, { stdout: sink, stderr: sink, signal });
  return { status, output };
}
