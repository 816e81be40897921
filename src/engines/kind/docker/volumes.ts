/** Volumes of an engine. */
import type { Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import { orDone, type Client } from './client.ts';
import type { Volumes } from './docker.ts';

export class EngineVolumes implements Volumes {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  async remove(name: string, signal: AbortSignal): Promise<Result<void, LabError>> {
    const { dockerode } = this.#client;
    const removed = await this.#client.ask({ signal, subject: name }, (abortSignal) =>
      dockerode.getVolume(name).remove({ abortSignal }),
    );
    return orDone(removed, 'no-such-volume');
  }
}
