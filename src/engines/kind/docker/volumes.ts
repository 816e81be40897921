/** Volumes of an engine: how large they are, and their removal. */
import { ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import { orDone, type Client } from './client.ts';
import type { Volumes } from './docker.ts';

/** Milliseconds: the engine counts the bytes of every file. */
const COUNTING = 120_000;

interface Said {
  readonly Volumes?:
    readonly { readonly Name: string; readonly UsageData?: { readonly Size: number } | null }[] | null;
}

export class EngineVolumes implements Volumes {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  async sizes(
    names: readonly string[],
    signal: AbortSignal,
  ): Promise<Result<Readonly<Record<string, number>>, LabError>> {
    const { dockerode } = this.#client;
    const said = await this.#client.ask({ signal, patience: COUNTING }, () => dockerode.df());
    if (!said.ok) return said;
    const wanted = new Set(names);
    const sizes = ((said.value as Said).Volumes ?? []).flatMap(({ Name: name, UsageData: usage }) =>
      // -1 is the engine's word for not knowing.
      wanted.has(name) && usage && usage.Size >= 0 ? [[name, usage.Size] as const] : [],
    );
    return ok(Object.fromEntries(sizes));
  }

  async remove(name: string, signal: AbortSignal): Promise<Result<void, LabError>> {
    const { dockerode } = this.#client;
    const removed = await this.#client.ask({ signal, subject: name }, (abortSignal) =>
      dockerode.getVolume(name).remove({ abortSignal }),
    );
    return orDone(removed, 'no-such-volume');
  }
}
