/** One question to a Docker Engine by dockerode: bounded by a signal and by patience, and its failure a value. */
import type Dockerode from 'dockerode';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import type { EngineVersion } from './docker.ts';
import type { DockerEndpoint } from './endpoints.ts';
import { dockerError, faultOf, INTERRUPTED, type DockerFault } from './errors.ts';

/** Milliseconds that an engine has for an answer which asks no work of it. */
const PATIENCE = 60_000;

export interface Asking {
  readonly signal: AbortSignal;
  /** What it is about, for the sentence of a failure. */
  readonly subject?: string;
  readonly pulling?: boolean;
  /** Milliseconds; a minute unless said, and `Infinity` for what takes its time. */
  readonly patience?: number;
}

/** The engine said in a stream that it failed. */
export class StreamFault extends Error {}

export class Client {
  readonly dockerode: Dockerode;
  readonly endpoint: DockerEndpoint;
  readonly engine: EngineVersion;
  readonly platform: NodeJS.Platform;

  constructor(
    dockerode: Dockerode,
    known: {
      readonly endpoint: DockerEndpoint;
      readonly engine: EngineVersion;
      readonly platform: NodeJS.Platform;
    },
  ) {
    this.dockerode = dockerode;
    this.endpoint = known.endpoint;
    this.engine = known.engine;
    this.platform = known.platform;
  }

  /** dockerode consumes the options it is given: each question makes them anew. */
  async ask<T>(
    asking: Asking,
    question: (abortSignal: AbortSignal) => Promise<T>,
  ): Promise<Result<T, LabError>> {
    const { patience = PATIENCE } = asking;
    if (asking.signal.aborted) return err(INTERRUPTED);
    // One for each question: many of them listening to the same one look to Node like a leak.
    const signal = AbortSignal.any([asking.signal]);
    const limit = new AbortController();
    let late = false;
    const given = new Promise<never>((_, reject) => {
      limit.signal.addEventListener('abort', () => reject(new Error('given up')), { once: true });
    });
    given.catch(() => undefined);
    const stop = (): void => limit.abort();
    signal.addEventListener('abort', stop, { once: true });
    const timer = Number.isFinite(patience)
      ? setTimeout(() => {
          late = true;
          limit.abort();
        }, patience)
      : undefined;
    try {
      return ok(await Promise.race([question(limit.signal), given]));
    } catch (cause) {
      if (signal.aborted) return err(INTERRUPTED);
      if (late) return err(this.error({ system: 'TIMEOUT', says: 'no answer' }, asking));
      if (cause instanceof TypeError || cause instanceof RangeError) throw cause;
      return err(this.error(faultOf(cause), asking));
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  }

  error(fault: DockerFault, { subject, pulling }: Partial<Asking> = {}): LabError {
    return dockerError(fault, {
      host: this.endpoint.host,
      platform: this.platform,
      ...(subject !== undefined && { subject }),
      ...(pulling !== undefined && { pulling }),
    });
  }
}

/** Turns errors that say "it is not there" into undefined. */
export function orAbsent<T>(
  result: Result<T, LabError>,
  ...codes: readonly string[]
): Result<T | undefined, LabError> {
  return !result.ok && codes.includes(result.error.code) ? ok(undefined) : result;
}

/** Turns errors that say "it is so already" into success, and forgets the answer. */
export function orDone(
  result: Result<unknown, LabError>,
  ...codes: readonly string[]
): Result<void, LabError> {
  return result.ok || codes.includes(result.error.code) ? ok(undefined) : result;
}

/** A list says too little of each: what was listed is looked at, and what went meanwhile is not there. */
export async function lookedAt<T>(
  ids: readonly string[],
  inspect: (id: string) => Promise<Result<T | undefined, LabError>>,
): Promise<Result<readonly T[], LabError>> {
  const looks = await Promise.all(ids.map(inspect));
  const there: T[] = [];
  for (const look of looks) {
    if (!look.ok) return look;
    if (look.value !== undefined) there.push(look.value);
  }
  return ok(there);
}

/** A label filter as Docker takes it: `name`, `name=value`. */
export const labelFilter = (labels: Readonly<Record<string, string>> | string): string[] =>
  typeof labels === 'string' ? [labels] : Object.entries(labels).map(([name, value]) => `${name}=${value}`);
