/**
 * What an engine tells while it pulls, loads or builds: a stream of JSON objects (moby pkg/jsonmessage), in which failures come
 * as objects too, after an HTTP status of 200. Layers are told one by one; they are added up to one progress.
 */
import type { Readable } from 'node:stream';
import { StreamFault } from './client.ts';
import type { TransferProgress } from './docker.ts';
import { JsonPieces } from './json-pieces.ts';

/** moby's JSONMessage, as far as it is read. */
export interface TransferMessage {
  readonly id?: string;
  readonly status?: string;
  readonly stream?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number } | null;
  readonly aux?: { readonly ID?: string };
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string } | null;
}

/** Reads a stream to its end; throws what the engine says went wrong, and hangs up with the signal. */
export async function follow(
  stream: NodeJS.ReadableStream,
  signal: AbortSignal,
  onMessage: (message: TransferMessage) => void,
): Promise<void> {
  const readable = stream as Readable;
  const pieces = new JsonPieces();
  const stop = (): void => void readable.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const chunk of readable) {
      for (const piece of pieces.push(chunk as Uint8Array)) {
        const message = piece as TransferMessage;
        const fault = message.error ?? message.errorDetail?.message;
        if (fault !== undefined) throw new StreamFault(fault);
        onMessage(message);
      }
    }
  } finally {
    signal.removeEventListener('abort', stop);
    readable.destroy();
  }
}

interface Layer {
  readonly done: number;
  readonly total: number;
  readonly complete: boolean;
}

const COMPLETE = /^(Pull complete|Already exists)$/;
/** A tag is told under an id as layers are, but is none. */
const OF_A_TAG = /^Pulling from /;

/** The layers of an image that is pulled, added up. */
export class LayerProgress {
  readonly #layers = new Map<string, Layer>();

  /** The whole as it stands after a message; undefined for one that is about no layer. */
  next({ id, status = '', progressDetail }: TransferMessage): TransferProgress | undefined {
    if (id === undefined || OF_A_TAG.test(status)) return undefined;
    this.#layers.set(id, layerAfter(this.#layers.get(id) ?? NOTHING_YET, status, progressDetail));
    const layers = [...this.#layers.values()];
    const total = layers.reduce((sum, layer) => sum + layer.total, 0);
    return {
      status,
      ...(total > 0 && { done: layers.reduce((sum, layer) => sum + layer.done, 0), total }),
      layers: { done: layers.filter(({ complete }) => complete).length, total: layers.length },
    };
  }
}

const NOTHING_YET: Layer = { done: 0, total: 0, complete: false };

/** Bytes are those that are downloaded: while a layer is unpacked it counts as whole. */
function layerAfter(before: Layer, status: string, detail: TransferMessage['progressDetail']): Layer {
  if (COMPLETE.test(status)) return { done: before.total, total: before.total, complete: true };
  if (status === 'Downloading')
    return {
      done: Math.max(before.done, detail?.current ?? 0),
      total: Math.max(before.total, detail?.total ?? 0),
      complete: false,
    };
  return /^(Download complete|Verifying Checksum|Extracting)$/.test(status)
    ? { ...before, done: before.total }
    : before;
}
