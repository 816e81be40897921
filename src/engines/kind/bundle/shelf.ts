/**
 * Where the parts of a bundle belong on this machine, and where the engine looks for them: kind and Calico's manifests in
 * the data folder, images in the Docker Engine under the names that labs ask for. What is there is never replaced by a
 * bundle, whatever it says; an image for other machines under such a name is none.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import { manifestPath } from '../calico/manifests.ts';
import { releasedKind } from '../cluster/kind-binary.ts';
import { adoptNodeImage, NODE_IMAGE_REFERENCE, presentNodeImage } from '../cluster/node-image.ts';
import { runsOn } from '../docker/architecture.ts';
import { alreadyThere, recorded, recordOf, sha256Of } from '../download.ts';
import { presentToolImage } from '../fabric/tool-image.ts';
import { provenBytes } from './bytes.ts';
import type { BundleMeans } from './create.ts';
import {
  CHANGED,
  fileFault,
  imageOfOtherPlatform,
  manifestDiffers,
  noKindFor,
  strangeArchive,
} from './errors.ts';
import { removeNameless } from './images.ts';
import type { Member } from './manifest.ts';
import { nameOf, shortReference, type Part } from './parts.ts';

interface Putting {
  readonly signal: AbortSignal;
  readonly onBytes: (done: number) => void;
}

export class Shelf {
  readonly #means: BundleMeans;
  readonly #tools: string;

  /** @param tools reference of the tool image */
  constructor(means: BundleMeans, tools: string) {
    this.#means = means;
    this.#tools = tools;
  }

  /** Errors: what is there speaks against the bundle. */
  async has({ part, sha256 }: Member, signal: AbortSignal): Promise<Result<boolean, LabError>> {
    if (part.is === 'image') return this.#hasImage(part.reference, signal);
    if (part.is === 'kind') {
      const wanted = releasedKind(part.host, this.#means);
      return ok(wanted !== undefined && (await alreadyThere(wanted)) !== undefined);
    }
    const file = manifestPath(this.#means.folder, part.name);
    const known = await recorded(file);
    if (known !== undefined && known !== sha256) return err(manifestDiffers(part.name, recordOf(file)));
    return ok(known === sha256 && (await sha256Of(file).catch(() => undefined)) === sha256);
  }

  /** Whole or not at all: of bytes that are not the member's, nothing is left. */
  async put(
    member: Member,
    bytes: AsyncIterable<Uint8Array>,
    putting: Putting,
  ): Promise<Result<void, LabError>> {
    const { part, sha256 } = member;
    const proven = provenBytes(bytes, sha256);
    if (part.is === 'image') return this.#putImage(part, proven, putting);
    if (part.is === 'manifest') {
      const file = manifestPath(this.#means.folder, part.name);
      const placed = await place(file, proven, putting);
      if (placed.ok) await writeFile(recordOf(file), `${sha256}\n`);
      return placed;
    }
    const wanted = releasedKind(part.host, this.#means);
    return wanted ? place(wanted.file, proven, { ...putting, executable: true }) : err(noKindFor(part.host));
  }

  async #hasImage(reference: string, signal: AbortSignal): Promise<Result<boolean, LabError>> {
    const { docker, folder, toolImageFolder } = this.#means;
    if (reference === NODE_IMAGE_REFERENCE || reference === this.#tools) {
      const found =
        reference === this.#tools
          ? await presentToolImage(docker, { folder: toolImageFolder, env: {}, signal })
          : await presentNodeImage(docker, { folder, signal });
      return found.ok ? ok(found.value !== undefined) : found;
    }
    const found = await docker.images.inspect(reference, signal);
    return found.ok ? ok(found.value !== undefined && runsOn(docker, found.value)) : found;
  }

  async #putImage(
    part: Part & { readonly is: 'image' },
    bytes: AsyncIterable<Uint8Array>,
    { signal, onBytes }: Putting,
  ): Promise<Result<void, LabError>> {
    const { docker } = this.#means;
    const loaded = await docker.images.load(bytes, {
      signal,
      onProgress: ({ done = 0 }) => onBytes(done),
    });
    if (!loaded.ok) return loaded.error.code === 'archive-not-read' ? err(CHANGED) : loaded;
    const [name, ...others] = loaded.value;
    if (name === undefined || others.length > 0)
      return err(strangeArchive(nameOf(part), `the engine found ${loaded.value.length} images in it`));
    const image = await docker.images.inspect(name, signal);
    if (!image.ok) return image;
    if (!image.value) return err(strangeArchive(nameOf(part), 'the engine does not know it again'));
    const { id, arch } = image.value;
    if (!runsOn(docker, image.value)) {
      await removeNameless(docker, id, signal);
      return err(imageOfOtherPlatform(shortReference(part.reference), `linux/${arch}`, part.platform));
    }
    const named = await this.#name(part.reference, id, signal);
    if (!named.ok) return named;
    const there = await this.#hasImage(part.reference, signal);
    if (!there.ok) return there;
    return there.value
      ? ok(undefined)
      : err(strangeArchive(nameOf(part), 'it is not the image that its name promises'));
  }

  #name(reference: string, id: string, signal: AbortSignal): Promise<Result<void, LabError>> {
    const { docker, folder } = this.#means;
    return reference === NODE_IMAGE_REFERENCE
      ? adoptNodeImage(docker, id, { folder, signal })
      : docker.images.tag(id, reference, signal);
  }
}

/** Written aside, flushed, and then given its name. */
async function place(
  file: string,
  bytes: AsyncIterable<Uint8Array>,
  { signal, onBytes, executable = false }: Putting & { readonly executable?: boolean },
): Promise<Result<void, LabError>> {
  const aside = `${file}.${randomBytes(4).toString('hex')}.new`;
  try {
    await mkdir(dirname(file), { recursive: true });
    const handle = await open(aside, 'wx', 0o600);
    try {
      let done = 0;
      for await (const piece of bytes) {
        signal.throwIfAborted();
        await handle.writeFile(piece);
        done += piece.length;
        onBytes(done);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (executable) await chmod(aside, 0o755);
    await rename(aside, file);
    return ok(undefined);
  } catch (cause) {
    await rm(aside, { force: true }).catch(() => undefined);
    return err(fileFault(file, cause, signal));
  }
}
