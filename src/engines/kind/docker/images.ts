/** Images of an engine: what is there, and how it comes there: pulled, loaded or built, with progress. */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { ImageBuildOptions, ImageInspectInfo } from 'dockerode';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import { archiveOf, streamOf } from './archive.ts';
import { orAbsent, orDone, type Asking, type Client } from './client.ts';
import { credentialsFor } from './credentials.ts';
import type { ImageBuild, Images, ImageState, TransferOptions } from './docker.ts';
import type { DockerSurroundings } from './endpoints.ts';
import { faultOf } from './errors.ts';
import { follow, LayerProgress } from './transfer.ts';

/** Since which API an image of several platforms can be saved for one (docs/api/version-history.md). */
const SAVES_PLATFORM = 48;

export class EngineImages implements Images {
  readonly #client: Client;
  readonly #around: DockerSurroundings;

  constructor(client: Client, around: DockerSurroundings) {
    this.#client = client;
    this.#around = around;
  }

  async inspect(reference: string, signal: AbortSignal): Promise<Result<ImageState | undefined, LabError>> {
    const found = await this.#client.ask({ signal, subject: reference }, async () =>
      stateOf(await this.#client.dockerode.getImage(reference).inspect()),
    );
    return orAbsent(found, 'no-such-image');
  }

  async pull(
    reference: string,
    { signal, onProgress, platform }: TransferOptions & { readonly platform?: string },
  ): Promise<Result<ImageState, LabError>> {
    const login = await credentialsFor(reference, this.#around);
    const layers = new LayerProgress();
    const asking = { signal, subject: reference, pulling: true, patience: Infinity };
    const pulled = await this.#client.ask(asking, async (abortSignal) => {
      const options = {
        fromImage: tagged(reference),
        ...(platform !== undefined && { platform }),
        abortSignal,
      };
      const { dockerode } = this.#client;
      const stream = login
        ? await dockerode.createImage(login, options)
        : await dockerode.createImage(options);
      await follow(stream, abortSignal, (message) => {
        const progress = layers.next(message);
        if (progress) onProgress?.(progress);
      });
    });
    return pulled.ok ? this.#made(reference, signal) : pulled;
  }

  async load(
    archive: AsyncIterable<Uint8Array>,
    { signal, onProgress }: TransferOptions,
  ): Promise<Result<readonly string[], LabError>> {
    const references: string[] = [];
    const source = new Source(archive, (done) => onProgress?.({ status: 'Loading', done }));
    const asking = { signal, subject: 'the archive', patience: Infinity };
    const loaded = await this.#client.ask(asking, async (abortSignal) => {
      const stream = await this.#client.dockerode.loadImage(source.stream, { abortSignal });
      await follow(stream, abortSignal, ({ stream: line = '' }) => {
        const named = /^Loaded image(?: ID)?: (\S+)/.exec(line)?.[1];
        if (named !== undefined) references.push(named);
      });
    });
    source.stream.destroy();
    if (loaded.ok) return ok(references);
    return err(source.fault && loaded.error.code !== 'interrupted' ? unreadable(source.fault) : loaded.error);
  }

  async save(
    references: readonly string[],
    { signal, platform }: { readonly signal: AbortSignal; readonly platform?: string },
  ): Promise<Result<AsyncIterable<Uint8Array>, LabError>> {
    const subject = references.join(', ');
    const asking = { signal, subject, patience: Infinity };
    // An engine begins to answer before it looks: what is absent is asked for first.
    for (const reference of references) {
      const found = await this.inspect(reference, signal);
      if (!found.ok) return found;
      if (!found.value)
        return err(
          this.#client.error({ status: 404, says: `No such image: ${reference}` }, { subject: reference }),
        );
    }
    const limit = new AbortController();
    const stop = (): void => limit.abort();
    signal.addEventListener('abort', stop, { once: true });
    const opened = await this.#client.ask(asking, () => this.#archiveOf(references, platform, limit.signal));
    signal.removeEventListener('abort', stop);
    return opened.ok ? ok(this.#pieces(opened.value, asking)) : opened;
  }

  async tag(reference: string, as: string, signal: AbortSignal): Promise<Result<void, LabError>> {
    const [repo, tag] = split(as);
    const done = await this.#client.ask({ signal, subject: reference }, (abortSignal) =>
      this.#client.dockerode.getImage(reference).tag({ repo, tag, abortSignal }),
    );
    return orDone(done);
  }

  async build(
    build: ImageBuild,
    { signal, onProgress, onLog }: TransferOptions & { readonly onLog?: (line: string) => void },
  ): Promise<Result<ImageState, LabError>> {
    const { context, tag, labels, args, network, platform } = build;
    const files = Object.entries(context).map(([path, content]) => ({ path, content }));
    const archive = await archiveOf(files);
    const asking = { signal, subject: tag, pulling: false, patience: Infinity };
    const built = await this.#client.ask(asking, async (abortSignal) => {
      const options: ImageBuildOptions = {
        t: tag,
        rm: true,
        forcerm: true,
        labels: { ...labels },
        buildargs: { ...args },
        ...(network !== undefined && { networkmode: network }),
        ...(platform !== undefined && { platform }),
        abortSignal,
      };
      const stream = await this.#client.dockerode.buildImage(streamOf(archive), options);
      const lines = new Lines((line) => {
        onLog?.(line);
        const [, done, total] = /^Step (\d+)\/(\d+) : /.exec(line) ?? [];
        if (done !== undefined)
          onProgress?.({ status: line, layers: { done: Number(done) - 1, total: Number(total) } });
      });
      await follow(stream, abortSignal, ({ stream: text, status, id }) => {
        if (text !== undefined) lines.push(text);
        else if (status !== undefined) lines.push(`${id === undefined ? '' : `${id}: `}${status}\n`);
      });
      lines.end();
    });
    return built.ok ? this.#made(tag, signal) : built;
  }

  async remove(reference: string, signal: AbortSignal): Promise<Result<void, LabError>> {
    const removed = await this.#client.ask({ signal, subject: reference }, (abortSignal) =>
      this.#client.dockerode.getImage(reference).remove({ abortSignal }),
    );
    return orDone(removed, 'no-such-image');
  }

  async #made(reference: string, signal: AbortSignal): Promise<Result<ImageState, LabError>> {
    const found = await this.inspect(reference, signal);
    if (!found.ok) return found;
    if (found.value) return ok(found.value);
    return err(
      this.#client.error({ status: 404, says: `No such image: ${reference}` }, { subject: reference }),
    );
  }

  /** dockerode knows no options of this call. */
  #archiveOf(
    references: readonly string[],
    platform: string | undefined,
    signal: AbortSignal,
  ): Promise<Readable> {
    const [, minor = 0] = this.#client.engine.apiVersion.split('.').map(Number);
    const [os = '', architecture = '', variant] = (platform ?? '').split('/');
    const one = platform !== undefined && minor >= SAVES_PLATFORM;
    const options = {
      names: [...references],
      ...(one && { platform: { os, architecture, ...(variant !== undefined && { variant }) } }),
    };
    return new Promise((settle, reject) => {
      this.#client.dockerode.modem.dial(
        {
          path: '/images/get?',
          method: 'GET',
          options,
          isStream: true,
          abortSignal: signal,
          statusCodes: { 200: true, 404: 'no such image', 500: 'server error' },
        },
        (error: unknown, stream: unknown) => (error ? reject(error as Error) : settle(stream as Readable)),
      );
    });
  }

  async *#pieces(stream: Readable, { signal, subject }: Asking): AsyncGenerator<Uint8Array> {
    const stop = (): void => void stream.destroy();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      for await (const chunk of stream) yield chunk as Uint8Array;
      if ((stream as IncomingMessage).complete === false) throw new Error('aborted');
    } catch (cause) {
      const asking = subject === undefined ? {} : { subject };
      throw this.#client.error(signal.aborted ? { system: 'ABORT_ERR', says: '' } : faultOf(cause), asking);
    } finally {
      signal.removeEventListener('abort', stop);
      stream.destroy();
    }
  }
}

/** An archive on its way, counted; what goes wrong in reading it is the archive's fault and not the engine's. */
class Source {
  readonly stream: Readable;
  fault: Error | undefined;

  constructor(archive: AsyncIterable<Uint8Array>, onBytes: (done: number) => void) {
    this.stream = Readable.from(counted(archive, onBytes));
    this.stream.on('error', (fault) => {
      this.fault ??= fault;
    });
  }
}

async function* counted(
  archive: AsyncIterable<Uint8Array>,
  onBytes: (done: number) => void,
): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const piece of archive) {
    done += piece.length;
    onBytes(done);
    yield piece;
  }
}

/** Text that comes in pieces, line by line. */
class Lines {
  readonly #onLine: (line: string) => void;
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(text: string): void {
    const lines = `${this.#rest}${text}`.split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#onLine(line.replace(/\r$/, ''));
  }

  end(): void {
    if (this.#rest !== '') this.#onLine(this.#rest);
  }
}

const unreadable = ({ message }: Error): LabError => ({
  code: 'archive-not-read',
  message: `The archive could not be read: ${message}.`,
  remedy: 'Look at the file and its disk; copy it anew.',
});

/** Repository and tag; a port of the registry is no tag. */
function split(reference: string): readonly [repo: string, tag: string] {
  const colon = reference.lastIndexOf(':');
  return colon > reference.lastIndexOf('/')
    ? [reference.slice(0, colon), reference.slice(colon + 1)]
    : [reference, 'latest'];
}

/** Without a tag an engine pulls every tag there is. */
const tagged = (reference: string): string =>
  reference.includes('@') ? reference : split(reference).join(':');

const stateOf = (said: ImageInspectInfo): ImageState => ({
  id: said.Id,
  tags: said.RepoTags ?? [],
  digests: said.RepoDigests ?? [],
  size: said.Size,
  arch: said.Architecture,
  labels: said.Config?.Labels ?? {},
});
