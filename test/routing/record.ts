/** Runs scenarios with the real BIRD 2 in network namespaces and writes down what it says. Needs root and bird2. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { inside, must, Namespaces } from '../../src/cli/kernel/namespaces.ts';
import { stackProgram } from '../../src/cli/kernel/stack-program.ts';
import { fabric } from '../../src/sim/fabric/fabric.ts';
import { familiesOf, type SpeakerConfig } from '../../src/sim/routing/speaker-config.ts';
import { birdConfiguration } from './bird-config.ts';
import { netnsOf, type Scenario } from './scenarios.ts';
import { comparable } from './comparable.ts';

/** By speaker, then by command. */
export type Recorded = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

export const BIRDC = ['show route all', 'show protocols', 'show protocols all'] as const;
export const IP_ROUTE = 'ip route show proto bird';
export const IP_ROUTE_6 = 'ip -6 route show proto bird';

/** Of the kernel, one command for each family that the daemon speaks to it about. */
export const shownBy = (config: SpeakerConfig): readonly string[] =>
  familiesOf(config).map((family) => (family === 6 ? IP_ROUTE_6 : IP_ROUTE));

/** Milliseconds: sessions stand after a few seconds. */
const SETTLES_WITHIN = 14_000;
const LINKS_COME_WITHIN = 2_000;

export async function recorded({ topology, speakers }: Scenario): Promise<Recorded> {
  const stacks = [...fabric(topology).netns.values()].filter(({ id }) => id !== 'workstation');
  const namespaces = await Namespaces.cable(stacks);
  const folder = mkdtempSync(join(tmpdir(), 'underlay-bird-'));
  const daemons: ChildProcess[] = [];
  try {
    for (const stack of stacks) await namespaces.program(stack.id, stackProgram(stack));
    // Addresses on the links come once there is carrier, and BIRD looks for them when a session begins.
    await pause(LINKS_COME_WITHIN);
    for (const [name, config] of Object.entries(speakers)) {
      const file = join(folder, `${name}.conf`);
      writeFileSync(file, birdConfiguration(config));
      const argv = ['bird', '-f', '-c', file, '-s', join(folder, `${name}.ctl`)];
      const [command = '', ...args] = inside(namespaces.nameOf(netnsOf(name)), argv);
      daemons.push(spawn(command, args, { stdio: 'inherit' }));
    }
    await pause(SETTLES_WITHIN);
    const all: Record<string, Record<string, readonly string[]>> = {};
    for (const [name, config] of Object.entries(speakers)) {
      const said: Record<string, readonly string[]> = {};
      for (const line of BIRDC) {
        const text = await must(['birdc', '-s', join(folder, `${name}.ctl`), ...line.split(' ')]);
        said[line] = comparable(line, text);
      }
      for (const line of shownBy(config)) {
        const text = await must(inside(namespaces.nameOf(netnsOf(name)), line.split(' ')));
        said[line] = comparable(line, text);
      }
      all[name] = said;
    }
    return all;
  } finally {
    await Promise.all(daemons.map(ended));
    namespaces.dispose();
    rmSync(folder, { recursive: true });
  }
}

async function ended(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  const exit = once(daemon, 'exit');
  daemon.kill('SIGKILL');
  await exit;
}
