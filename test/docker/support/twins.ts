/**
 * A lab on both engines at once, and the questions that are asked of each. Addresses that a pod or a tunnel got are read as the name
 * of who has them, since a real cluster gives them in the order in which things come up.
 */
import { expect, vi } from 'vitest';
import { realClustersHere } from '../../../src/cli/real-clusters.ts';
import { freeRunningSimEngine } from '../../../src/engines/sim/free-running-engine.ts';
import { place } from '../../../src/engines/small-lab.contract.ts';
import type { LabEnvironment, LabSession, ReachFlow, ReachReport } from '../../../src/lab/ports.ts';
import { must } from './engine.ts';

const signal = new AbortController().signal;

/** Both engines with the same lab. */
export class Twins {
  readonly sim: LabSession;
  readonly real: LabSession;

  private constructor(sim: LabSession, real: LabSession) {
    this.sim = sim;
    this.real = real;
  }

  static async open(lab: LabEnvironment): Promise<Twins> {
    const sim = must(await freeRunningSimEngine().open(lab, { signal }));
    return new Twins(sim, must(await realClustersHere().trials.open(lab, { signal })));
  }

  async dispose(): Promise<void> {
    await Promise.all([this.sim.dispose(), this.real.dispose()]);
  }

  /** Asks both until they agree, as long as a test may take: a real cluster's routes come when they come. */
  async agree<T>(question: (session: LabSession) => Promise<T>): Promise<T> {
    await this.sim.clock?.settle(60_000, signal);
    const expected = await question(this.sim);
    await vi.waitFor(async () => expect(await question(this.real)).toEqual(expected), {
      timeout: 240_000,
      interval: 1000,
    });
    return expected;
  }
}

interface Named {
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly status?: { readonly podIPs?: readonly { readonly ip: string }[] };
}

/** Whose addresses are whose, as far as a cluster gave them. */
export async function holders(session: LabSession): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const list = async (resource: string, namespace?: string): Promise<readonly Named[]> =>
    must(
      await session.objects({ resource, ...(namespace && { namespace }) }, signal),
    ) as unknown as readonly Named[];
  for (const { metadata, status } of await list('pods', 'default'))
    for (const { ip } of status?.podIPs ?? []) found.set(ip, `pod ${metadata.name}`);
  for (const { metadata } of await list('nodes'))
    for (const [key, value] of Object.entries(metadata.annotations ?? {}))
      if (/TunnelAddr$/.test(key)) found.set(value, `tunnel of ${metadata.name}`);
  return found;
}

/** All but the words. */
export type Told = Omit<ReachReport, 'reason'>;

export async function reach(session: LabSession, from: string, flow: Omit<ReachFlow, 'from'>): Promise<Told> {
  const names = await holders(session);
  const { reason: _words, ...told } = must(await session.reach({ from: place(from), ...flow }, signal));
  const named = (address: string): string => names.get(address) ?? address;
  return {
    ...told,
    hops: told.hops.map(named),
    ...(told.sourceSeen !== undefined && { sourceSeen: named(told.sourceSeen) }),
  };
}

/** What a command that must succeed prints. */
export const out = async (
  session: LabSession,
  where: string,
  ...argv: readonly string[]
): Promise<string> => {
  const { exitCode, stdout, stderr } = must(await session.exec(place(where), argv, signal));
  if (exitCode !== 0) throw new Error(`${argv.join(' ')} at ${where}: ${stderr}`);
  return stdout;
};

export const lines = async (session: LabSession, where: string, line: string): Promise<readonly string[]> =>
  (await out(session, where, ...line.split(' '))).split('\n').filter((each) => each !== '');
