/** Real BIRD 2 daemons in the namespaces of a network, each with a configuration that can be exchanged, and what they cost. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { inside } from './namespaces.ts';

/** The metric that Calico gives to routes learnt by BGP. */
const LEARNT_METRIC = '1024';
/** The columns of /proc/net/route. */
const METRIC_COLUMN = 6;

interface Daemon {
  readonly file: string;
  readonly process: ChildProcess;
}

/** What our process may end by; the namespaces see to it that a signal does end it. */
const ENDS = ['exit', 'SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export class BirdDaemons {
  readonly #folder = mkdtempSync(join(tmpdir(), 'underlay-bird-'));
  readonly #daemons: Daemon[] = [];
  readonly #onExit = (): void => {
    for (const daemon of this.#daemons) daemon.process.kill('SIGKILL');
  };

  /** One daemon in each namespace. */
  constructor(configurations: ReadonlyMap<string, string>) {
    for (const end of ENDS) process.once(end, this.#onExit);
    for (const [namespace, configuration] of configurations) {
      const file = join(this.#folder, `${namespace}.conf`);
      writeFileSync(file, configuration);
      const argv = ['bird', '-f', '-c', file, '-s', join(this.#folder, `${namespace}.ctl`)];
      const [command = '', ...args] = inside(namespace, argv);
      this.#daemons.push({ file, process: spawn(command, args, { stdio: 'ignore' }) });
    }
  }

  /** As confd does it: new files, then a signal. In the order of the namespaces. */
  reconfigure(configurations: Iterable<string>): void {
    const texts = [...configurations];
    for (const [at, { file }] of this.#daemons.entries()) writeFileSync(file, texts[at] ?? '');
    for (const daemon of this.#daemons) daemon.process.kill('SIGHUP');
  }

  /** Whether the kernel of every daemon's namespace holds so many routes, of all or of those learnt by BGP. */
  haveRoutes(which: 'blackhole' | 'learnt', wanted: number): boolean {
    return this.#daemons.every(({ process: { pid } }) => {
      const lines = readFileSync(`/proc/${String(pid)}/net/route`, 'utf8')
        .split('\n')
        .slice(1);
      const fields = lines.map((line) => line.split(/\s+/));
      const found = fields.filter((columns) =>
        which === 'learnt' ? columns[METRIC_COLUMN] === LEARNT_METRIC : columns[0] === '*',
      );
      return found.length >= wanted;
    });
  }

  /** Milliseconds of processor time that all of them have used so far. */
  cpuTime(): number {
    const nanoseconds = this.#daemons.map(({ process: { pid } }) =>
      Number(readFileSync(`/proc/${String(pid)}/schedstat`, 'utf8').split(' ')[0]),
    );
    return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e6;
  }

  async stop(): Promise<void> {
    for (const end of ENDS) process.off(end, this.#onExit);
    await Promise.all(
      this.#daemons.map(async ({ process: daemon }) => {
        if (daemon.exitCode !== null || daemon.signalCode !== null) return;
        const ended = once(daemon, 'exit');
        daemon.kill('SIGKILL');
        await ended;
      }),
    );
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
