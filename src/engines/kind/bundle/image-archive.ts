/**
 * What an archive of an image calls itself. Loading one gives the image the names that its archive holds, also names that
 * other images of the learner's have; so an archive in a bundle may hold one image, and no name but the one it stands for.
 * Both forms that engines write are read: docker's own (`manifest.json`, `repositories`) and OCI's (`index.json`).
 */
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Extract } from 'tar-stream';
import { z } from 'zod';

/** Bytes of a description, and of a whole image once it is unpacked. */
const LONGEST = 4 * 1024 * 1024;
const LARGEST = 32 * 1024 ** 3;

const DESCRIPTIONS = ['manifest.json', 'index.json', 'repositories'];
const NAMES = ['io.containerd.image.name', 'org.opencontainers.image.ref.name'];

const dockerManifest = z.array(z.looseObject({ RepoTags: z.array(z.string()).nullish() }));
const repositories = z.record(z.string(), z.record(z.string(), z.string()));
const index = z.looseObject({
  manifests: z.array(z.looseObject({ annotations: z.record(z.string(), z.string()).nullish() })),
});

/** Takes the bytes of a compressed archive as they come, and says at the end what is wrong with it. */
export class ImageArchive {
  readonly #gunzip = createGunzip();
  readonly #read = new Map<string, Buffer>();
  readonly #done: Promise<void>;
  #fault: string | undefined;

  constructor() {
    this.#done = pipeline(this.#gunzip, limited, this.#extract()).catch((cause: unknown) => {
      this.#fault = cause instanceof Error ? cause.message : String(cause);
    });
  }

  /** Waits while there is too much on its way. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#fault !== undefined || this.#gunzip.destroyed) return;
    if (!this.#gunzip.write(bytes))
      await Promise.race([once(this.#gunzip, 'drain').catch(() => undefined), this.#done]);
  }

  /** @returns what is wrong, in words */
  async end(reference: string): Promise<string | undefined> {
    if (!this.#gunzip.destroyed) this.#gunzip.end();
    await this.#done;
    if (this.#fault !== undefined) return `it cannot be unpacked (${this.#fault})`;
    return this.#judged(reference);
  }

  /** Whatever came so far is enough. */
  async giveUp(): Promise<void> {
    this.#gunzip.destroy();
    await this.#done;
  }

  #extract(): Extract {
    const unpacking = extract();
    unpacking.on('entry', ({ name, size = 0, type }, content, next) => {
      const pieces: Uint8Array[] = [];
      const path = name.replace(/^\.\//, '');
      const wanted = type === 'file' && DESCRIPTIONS.includes(path) && size <= LONGEST;
      if (wanted) content.on('data', (piece: Uint8Array) => pieces.push(piece));
      content.on('end', () => {
        if (wanted) this.#read.set(path, Buffer.concat(pieces));
        next();
      });
      content.resume();
    });
    return unpacking;
  }

  #judged(reference: string): string | undefined {
    const images = this.#parsed('manifest.json', dockerManifest);
    const others = this.#parsed('repositories', repositories);
    const oci = this.#parsed('index.json', index);
    if (images === 'unreadable' || others === 'unreadable' || oci === 'unreadable')
      return 'its description cannot be read';
    if (!images) return 'it describes no image';
    if (images.length !== 1) return `it holds ${images.length} images`;
    const names = [
      ...(images[0]?.RepoTags ?? []),
      ...Object.entries(others ?? {}).flatMap(([repository, tags]) =>
        Object.keys(tags).map((tag) => `${repository}:${tag}`),
      ),
      ...(oci?.manifests ?? []).flatMap(({ annotations }) =>
        NAMES.map((name) => annotations?.[name]).filter((name) => name !== undefined),
      ),
    ];
    const other = names.find((name) => !isNameOf(name, reference));
    return other === undefined ? undefined : `it names ${other}`;
  }

  #parsed<T>(file: string, schema: z.ZodType<T>): T | 'unreadable' | undefined {
    const bytes = this.#read.get(file);
    if (!bytes) return undefined;
    try {
      return schema.parse(JSON.parse(bytes.toString()));
    } catch {
      return 'unreadable';
    }
  }
}

/** Engines leave Docker Hub's name out or write it; an OCI name may be the tag alone. */
function isNameOf(name: string, reference: string): boolean {
  const short = name.replace(/^docker\.io\/(library\/)?/, '');
  return short === reference || reference.endsWith(`:${name}`);
}

async function* limited(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const piece of bytes) {
    size += piece.length;
    if (size > LARGEST) throw new Error('it is larger than any image');
    yield piece;
  }
}
