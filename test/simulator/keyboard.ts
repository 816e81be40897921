/** Somebody at the keyboards of a simulated lab: each line runs in that place's shell, and time passes while it waits. */
import { parsePlace, formatPlace } from '../../src/model/place.ts';
import { utf8Text } from '../../src/base/bytes.ts';
import { labCommands, MemoryFiles, Shell, type Simulator } from '../../src/sim/index.ts';

export interface Typed {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number;
}

export interface Keyboard {
  /** Types a line; what it printed, stdout and stderr apart. */
  type(place: string, line: string): Promise<Typed>;
  /** The same for a line that must succeed: what it printed on stdout. */
  do(place: string, line: string): Promise<string>;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Turns of the event loop without an end after which a program must be waiting for time to pass. */
const PATIENCE = 20;

export function keyboardOf(cluster: Simulator): Keyboard {
  const shells = new Map<string, Shell>();
  const shellAt = (name: string): Shell => {
    const place = parsePlace(name);
    if (!place) throw new Error(`no place ${name}`);
    const known = shells.get(formatPlace(place));
    if (known) return known;
    const { cluster: api, network, routing, agents, clock } = cluster;
    const shell = new Shell({
      place,
      commands: labCommands,
      ports: { cluster: api, network, routing, agents, clock },
      files: new MemoryFiles({ files: { '/root/': '', '/dev/null': '' } }),
      breathe: turn,
    });
    shells.set(formatPlace(place), shell);
    return shell;
  };
  const type = async (place: string, line: string): Promise<Typed> => {
    const printed = { stdout: '', stderr: '' };
    const sink = (name: keyof typeof printed) => ({
      write: (data: string | Uint8Array) => {
        printed[name] += typeof data === 'string' ? data : utf8Text(data);
        return Promise.resolve();
      },
    });
    const io = { stdout: sink('stdout'), stderr: sink('stderr'), signal: new AbortController().signal };
    let over = false;
    const running = shellAt(place)
      .run(line, io)
      .finally(() => (over = true));
    const isOver = (): boolean => over;
    while (!isOver()) {
      for (let waited = 0; waited < PATIENCE && !isOver(); waited += 1) await turn();
      const { nextEventAt } = cluster;
      if (!isOver() && nextEventAt !== undefined) cluster.advanceTo(nextEventAt);
    }
    return { ...printed, status: await running };
  };
  return {
    type,
    do: async (place, line) => {
      const { stdout, stderr, status } = await type(place, line);
      if (status !== 0) throw new Error(`${place}# ${line}\n${stdout}${stderr}[exit ${status}]`);
      return stdout;
    },
  };
}

/** Types lines that must all succeed. */
export async function typed(keys: Keyboard, place: string, all: readonly string[]): Promise<void> {
  for (const line of all) await keys.do(place, line);
}

const MAC = /(?:[0-9a-f]{2}:){5}[0-9a-f]{2}/g;

/** What differs from machine to machine stands as a word. */
export const plain = (text: string): string =>
  text
    .replace(MAC, (mac) => (/^(00|ff):/.test(mac) ? mac : 'MAC'))
    .replace(/time=[\d.]+ ms/g, 'time=T ms')
    .replace(/time \d+ms/g, 'time Tms')
    .replace(/= [\d./]+ ms/g, '= T ms')
    .replace(/^\d+: /gm, 'N: ')
    .replace(/@if\d+/g, '@ifN');

export const lines = (...all: readonly string[]): string => all.map((line) => `${line}\n`).join('');
