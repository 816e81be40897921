/**
 * What happens to containers, as an engine tells it (`GET /events`). A connection that is lost is made again, and asks for what
 * happened since the last event; an engine tells the last moment twice, and that is dropped. The times are the engine's own.
 */
import type { GetEventsOptions } from 'dockerode';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from './client.ts';
import type { ContainerEvent, ContainerWatch } from './docker.ts';
import { faultOf } from './errors.ts';
import { JsonPieces } from './json-pieces.ts';

/** Milliseconds between tries to reach an engine that went away. */
const SHORTEST = 100;
const LONGEST = 3_000;

const ACTIONS = ['start', 'die', 'destroy'] as const;

/** moby's events.Message, as far as it is read. */
interface Said {
  readonly Action?: string;
  readonly Actor?: { readonly ID?: string; readonly Attributes?: Readonly<Record<string, string>> };
  readonly time?: number;
  readonly timeNano?: number;
}

export function watchContainers(client: Client, watch: ContainerWatch, signal: AbortSignal): void {
  void new Watching(client, watch, signal).run();
}

class Watching {
  readonly #client: Client;
  readonly #watch: ContainerWatch;
  readonly #signal: AbortSignal;
  /** The engine's time up to which everything was told, as it spells it. */
  #since: string | undefined;
  /** What was told of that very moment. */
  #told = new Set<string>();
  #gone = false;

  constructor(client: Client, watch: ContainerWatch, signal: AbortSignal) {
    this.#client = client;
    this.#watch = watch;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    for (let wait = SHORTEST; !this.#signal.aborted; wait = Math.min(2 * wait, LONGEST)) {
      const cause = await this.#listen(() => {
        wait = SHORTEST;
      });
      if (this.#signal.aborted) return;
      if (!this.#gone) {
        this.#gone = true;
        this.#watch.onGone?.(this.#client.error(faultOf(cause ?? new Error('socket hang up'))));
      }
      await sleep(wait, undefined, { signal: this.#signal }).catch(() => undefined);
    }
  }

  /** Until the connection is lost; why, if it is known. */
  async #listen(onReached: () => void): Promise<unknown> {
    try {
      this.#since ??= await this.#engineTime();
      const stream = await this.#open();
      onReached();
      if (this.#gone) this.#watch.onGone?.(undefined);
      this.#gone = false;
      const pieces = new JsonPieces();
      for await (const chunk of stream)
        for (const said of pieces.push(chunk as Uint8Array)) this.#tell(said as Said);
      return undefined;
    } catch (cause) {
      return cause;
    }
  }

  async #open(): Promise<Readable> {
    const options = {
      filters: { type: ['container'], label: [this.#watch.label], event: [...ACTIONS] },
      since: this.#since ?? '',
      abortSignal: this.#signal,
    };
    // A time with its fraction is text; the types know only whole seconds.
    const asked = this.#client.dockerode.getEvents(options as unknown as GetEventsOptions);
    const stream = (await asked) as Readable;
    const stop = (): void => void stream.destroy();
    this.#signal.addEventListener('abort', stop, { once: true });
    stream.once('close', () => this.#signal.removeEventListener('abort', stop));
    if (this.#signal.aborted) stop();
    return stream;
  }

  /** Nothing that happens between now and the answer is missed, whatever our own clock says. */
  async #engineTime(): Promise<string> {
    const { SystemTime: time } = (await this.#client.dockerode.info()) as { readonly SystemTime: string };
    const nanoseconds = /\.(\d+)/.exec(time)?.[1]?.padEnd(9, '0').slice(0, 9) ?? '000000000';
    return `${Math.floor(Date.parse(time) / 1000)}.${nanoseconds}`;
  }

  #tell(said: Said): void {
    const event = eventIn(said);
    const { time = 0, timeNano = 0 } = said;
    // A number of JSON cannot hold all nanoseconds: what remains is near enough, since what is near is compared.
    const at = `${time}.${String(timeNano % 1e9).padStart(9, '0')}`;
    const key = `${said.Actor?.ID ?? ''} ${said.Action ?? ''} ${timeNano}`;
    if (!event || this.#told.has(key)) return;
    if (at > (this.#since ?? '')) {
      this.#told = new Set([...this.#told].filter((other) => nearTo(other, timeNano)));
      this.#since = at;
    }
    this.#told.add(key);
    this.#watch.onEvent(event);
  }
}

/** Nanoseconds within which a repeated event may lie. */
const NEAR = 1e9;
const nearTo = (key: string, timeNano: number): boolean =>
  Math.abs(Number(key.split(' ').at(-1)) - timeNano) < NEAR;

function eventIn({ Action: action, Actor: actor }: Said): ContainerEvent | undefined {
  const known = ACTIONS.find((each) => each === action);
  const id = actor?.ID;
  if (!known || id === undefined) return undefined;
  const { name = '', exitCode, image: _, execDuration: __, ...labels } = actor?.Attributes ?? {};
  return { action: known, id, name, labels, ...(exitCode !== undefined && { exitCode: Number(exitCode) }) };
}
