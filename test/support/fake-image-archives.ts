/** Archives of the fake engine's images in the form of `docker save`, compressed or not, without names. */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import { archiveOf } from '../../src/engines/kind/docker/archive.ts';
import type { ImageState } from '../../src/engines/kind/docker/docker.ts';
import type { FakeArchives } from './fake-docker-stores.ts';

/** Bytes of the one layer; several pieces of a stream. */
const LAYER = 300_000;

/** @param names what the archive calls its image */
export function imageArchive(image: ImageState, names: readonly string[] | null = null): Promise<Buffer> {
  const description = [{ Config: 'config.json', RepoTags: names, Layers: ['layer.tar'] }];
  return archiveOf([
    { path: 'config.json', content: Buffer.from(JSON.stringify(image)) },
    { path: 'layer.tar', content: layerOf(image) },
    { path: 'manifest.json', content: Buffer.from(JSON.stringify(description)) },
  ]);
}

/** Bytes that no compression makes fewer, as those of programs nearly are. */
const layerOf = ({ id }: ImageState): Buffer =>
  createHash('shake256', { outputLength: LAYER }).update(id).digest();

export const imageArchives: FakeArchives = {
  write: (image) => imageArchive(image),
  async read(archive) {
    const isCompressed = archive[0] === 0x1f;
    const files = await filesIn(isCompressed ? await promisify(gunzip)(archive) : archive);
    const config = files.get('config.json');
    if (!config || !files.has('manifest.json')) throw new Error('invalid archive');
    return JSON.parse(config) as ImageState;
  },
};

async function filesIn(archive: Uint8Array): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  const unpacking = extract();
  unpacking.on('entry', ({ name }, content, next) => {
    const pieces: Uint8Array[] = [];
    content.on('data', (piece: Uint8Array) => pieces.push(piece));
    content.on('end', () => {
      files.set(name, Buffer.concat(pieces).toString());
      next();
    });
  });
  await new Promise<void>((settle, reject) => {
    unpacking.on('finish', settle).on('error', reject);
    Readable.from([archive]).pipe(unpacking);
  });
  return files;
}
