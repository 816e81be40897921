/** Images, networks and volumes of the fake engine. */
import { err, ok, type Result } from '../../src/base/result.ts';
import {
  MTU_OPTION,
  type ImageBuild,
  type Images,
  type ImageState,
  type Networks,
  type NetworkSpec,
  type NetworkState,
  type TransferOptions,
  type Volumes,
} from '../../src/engines/kind/docker/docker.ts';
import type { LabError } from '../../src/lab/ports.ts';
import { labelled, refusal, type Call } from './fake-docker-words.ts';

/** An image of which a test says more than its reference. */
export interface FakeImage extends Partial<ImageState> {
  readonly reference: string;
}

/** Archives that hold their images, as an engine's do. */
export interface FakeArchives {
  write(image: ImageState): Promise<Uint8Array>;
  /** Throws what an engine says of bytes that are none. */
  read(archive: Uint8Array): Promise<ImageState>;
}

const HEX_DIGITS = 64;
const digestOf = (text: string): string =>
  `sha256:${[...Buffer.from(text)]
    .map((byte) => byte.toString(16))
    .join('')
    .padEnd(HEX_DIGITS, '0')
    .slice(0, HEX_DIGITS)}`;

const withoutDigest = (reference: string): string => reference.split('@')[0] ?? reference;

export class FakeImages implements Images {
  /** What is there, by every reference it has. */
  readonly present = new Map<string, ImageState>();
  /** What each `load` was given, whole. */
  readonly loaded: Uint8Array[] = [];
  readonly built: ImageBuild[] = [];
  /** The references that the next `load` finds in its archive. */
  inArchive: readonly string[] = [];
  /** How images are really written and read; words in their place unless a test says. */
  archives: FakeArchives | undefined;
  readonly #call: Call;
  readonly #registry: readonly string[] | undefined;

  constructor(
    call: Call,
    { images = [], registry }: { images?: readonly (string | FakeImage)[]; registry?: readonly string[] },
  ) {
    this.#call = call;
    this.#registry = registry;
    for (const image of images) this.add(image);
  }

  add(image: string | FakeImage): ImageState {
    const { reference, ...more }: FakeImage = typeof image === 'string' ? { reference: image } : image;
    const [name = '', digest] = reference.split('@');
    const colon = name.lastIndexOf(':');
    const repository = colon > name.lastIndexOf('/') ? name.slice(0, colon) : name;
    const state: ImageState = {
      id: digestOf(name),
      tags: [colon > name.lastIndexOf('/') ? name : `${name}:latest`],
      digests: digest === undefined ? [] : [`${repository}@${digest}`],
      size: 1_000_000,
      arch: 'amd64',
      labels: {},
      ...more,
    };
    for (const tag of state.tags) this.#untag(tag, state.id);
    for (const known of [reference, ...state.tags, ...state.digests, state.id, name])
      this.present.set(known, state);
    return state;
  }

  /** Another image that had the tag has it no more. */
  #untag(tag: string, id: string): void {
    const other = this.present.get(tag);
    if (!other || other.id === id) return;
    const left = { ...other, tags: other.tags.filter((each) => each !== tag) };
    for (const [known, state] of [...this.present]) if (state === other) this.present.set(known, left);
  }

  async inspect(reference: string, signal: AbortSignal): Promise<Result<ImageState | undefined, LabError>> {
    const failed = await this.#call(`images.inspect ${reference}`, signal);
    return failed ? err(failed) : ok(this.present.get(reference));
  }

  async pull(
    reference: string,
    { signal, onProgress, platform }: TransferOptions & { readonly platform?: string },
  ): Promise<Result<ImageState, LabError>> {
    onProgress?.({ status: 'Downloading', done: 500_000, total: 1_000_000, layers: { done: 0, total: 2 } });
    const failed = await this.#call(`images.pull ${reference}`, signal);
    if (failed) return err(failed);
    if (this.#registry && !this.#registry.includes(reference))
      return err(refusal({ says: `manifest for ${reference} not found: manifest unknown` }, reference, true));
    onProgress?.({
      status: 'Pull complete',
      done: 1_000_000,
      total: 1_000_000,
      layers: { done: 2, total: 2 },
    });
    if (platform === undefined) return ok(this.add(reference));
    const id = digestOf(`${platform} ${reference}`);
    return ok(this.add({ reference, id, arch: platform.split('/')[1] ?? '' }));
  }

  async load(
    archive: AsyncIterable<Uint8Array>,
    { signal, onProgress }: TransferOptions,
  ): Promise<Result<readonly string[], LabError>> {
    const pieces: Uint8Array[] = [];
    let done = 0;
    try {
      for await (const piece of archive) {
        if (signal.aborted) break;
        pieces.push(piece);
        done += piece.length;
        onProgress?.({ status: 'Loading', done });
      }
    } catch (cause) {
      return err(unreadable(cause));
    }
    const failed = await this.#call('images.load', signal);
    if (failed) return err(failed);
    this.loaded.push(Buffer.concat(pieces));
    if (this.archives) return this.#unpacked(Buffer.concat(pieces), this.archives);
    for (const reference of this.inArchive) this.add(reference);
    return ok(this.inArchive);
  }

  async save(
    references: readonly string[],
    { signal }: { readonly signal: AbortSignal },
  ): Promise<Result<AsyncIterable<Uint8Array>, LabError>> {
    const failed = await this.#call(`images.save ${references.join(' ')}`, signal);
    if (failed) return err(failed);
    const absent = references.find((reference) => !this.present.has(reference));
    if (absent !== undefined) return err(noSuchImage(absent));
    const image = this.present.get(references[0] ?? '');
    if (this.archives && image) return ok(pieces([await this.archives.write(image)]));
    return ok(pieces(references.map((reference) => Buffer.from(`archive of ${reference}\n`))));
  }

  /** An archive without names: what is in it is known by its id alone. */
  async #unpacked(archive: Uint8Array, { read }: FakeArchives): Promise<Result<readonly string[], LabError>> {
    try {
      const image = await read(archive);
      const known = this.present.get(image.id);
      this.present.set(image.id, known ?? { ...image, tags: [], digests: [] });
      return ok([image.id]);
    } catch (cause) {
      return err(refusal({ says: cause instanceof Error ? cause.message : String(cause) }, 'the archive'));
    }
  }

  async tag(reference: string, as: string, signal: AbortSignal): Promise<Result<void, LabError>> {
    const failed = await this.#call(`images.tag ${reference} ${as}`, signal);
    if (failed) return err(failed);
    const image = this.present.get(reference);
    if (!image) return err(noSuchImage(reference));
    this.add({ ...image, reference: as, tags: [...new Set([...image.tags, as])] });
    return ok(undefined);
  }

  async build(
    build: ImageBuild,
    { signal, onProgress, onLog }: TransferOptions & { readonly onLog?: (line: string) => void },
  ): Promise<Result<ImageState, LabError>> {
    onProgress?.({ status: 'Step 1/1', layers: { done: 0, total: 1 } });
    onLog?.('Step 1/1 : FROM scratch');
    const failed = await this.#call(`images.build ${build.tag}`, signal);
    if (failed) return err(failed);
    this.built.push(build);
    const arch = build.platform?.split('/')[1] ?? 'amd64';
    const id = digestOf(`${arch} ${build.tag}`);
    return ok(this.add({ reference: build.tag, labels: build.labels, ...(build.platform && { arch, id }) }));
  }

  async remove(reference: string, signal: AbortSignal): Promise<Result<void, LabError>> {
    const failed = await this.#call(`images.remove ${reference}`, signal);
    if (failed) return err(failed);
    const image = this.present.get(reference);
    for (const [known, state] of [...this.present])
      if (known === reference || state === image || withoutDigest(known) === reference)
        this.present.delete(known);
    return ok(undefined);
  }
}

/** As `docker/images.ts` says it. */
const unreadable = (cause: unknown): LabError => ({
  code: 'archive-not-read',
  message: `The archive could not be read: ${(cause as Error).message}.`,
  remedy: 'Look at the file and its disk; copy it anew.',
});

const noSuchImage = (reference: string): LabError =>
  refusal({ status: 404, says: `No such image: ${reference}` }, reference);

async function* pieces(all: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const piece of all) yield await Promise.resolve(piece);
}

export interface FakeNetwork {
  readonly spec: NetworkSpec;
  readonly id: string;
  readonly subnet: string;
  /** Container name -> its address. */
  readonly members: Map<string, string>;
}

export class FakeNetworks implements Networks {
  readonly all = new Map<string, FakeNetwork>();
  readonly #call: Call;
  #made = 0;

  constructor(call: Call) {
    this.#call = call;
    this.#add({ name: 'bridge', labels: {}, subnet: '172.17.0.0/16' });
  }

  async list(
    labels: Readonly<Record<string, string>> | string,
    signal: AbortSignal,
  ): Promise<Result<readonly NetworkState[], LabError>> {
    const failed = await this.#call('networks.list', signal);
    if (failed) return err(failed);
    return ok([...this.all.values()].filter(({ spec }) => labelled(spec.labels, labels)).map(stateOf));
  }

  async inspect(name: string, signal: AbortSignal): Promise<Result<NetworkState | undefined, LabError>> {
    const failed = await this.#call(`networks.inspect ${name}`, signal);
    const network = this.find(name);
    return failed ? err(failed) : ok(network && stateOf(network));
  }

  async create(spec: NetworkSpec, signal: AbortSignal): Promise<Result<NetworkState, LabError>> {
    const failed = await this.#call(`networks.create ${spec.name}`, signal);
    if (failed) return err(failed);
    if (this.all.has(spec.name))
      return err(refusal({ status: 409, says: `network with name ${spec.name} already exists` }, spec.name));
    if ([...this.all.values()].some(({ subnet }) => subnet === spec.subnet))
      return err(
        refusal({ status: 403, says: 'Pool overlaps with other one on this address space' }, spec.name),
      );
    return ok(stateOf(this.#add(spec)));
  }

  async remove(name: string, signal: AbortSignal): Promise<Result<void, LabError>> {
    const failed = await this.#call(`networks.remove ${name}`, signal);
    if (failed) return err(failed);
    const network = this.find(name);
    if (network) this.all.delete(network.spec.name);
    return ok(undefined);
  }

  find(name: string): FakeNetwork | undefined {
    return this.all.get(name) ?? [...this.all.values()].find(({ id }) => id === name);
  }

  /** The address that a container has on it from now on: the next free one, unless said. */
  join(network: FakeNetwork, container: string, address?: string): string {
    const base = network.subnet.split('/')[0] ?? '';
    const taken = new Set(network.members.values());
    let host = 2;
    const at = (): string => base.replace(/\d+$/, String(host));
    while (taken.has(at())) host += 1;
    network.members.set(container, address ?? at());
    return address ?? at();
  }

  #add(spec: NetworkSpec): FakeNetwork {
    this.#made += 1;
    const network: FakeNetwork = {
      spec,
      id: `fake-network-${this.#made}`,
      subnet: spec.subnet ?? `172.${17 + this.#made}.0.0/16`,
      members: new Map(),
    };
    this.all.set(spec.name, network);
    return network;
  }
}

const stateOf = ({ id, spec, subnet, members }: FakeNetwork): NetworkState => ({
  id,
  name: spec.name,
  labels: spec.labels,
  subnets: [subnet, ...(spec.ipv6Subnet === undefined ? [] : [spec.ipv6Subnet])],
  ...(spec.options?.[MTU_OPTION] !== undefined && { mtu: Number(spec.options[MTU_OPTION]) }),
  containers: [...members.keys()],
});

export class FakeVolumes implements Volumes {
  /** Bytes by name. */
  readonly all = new Map<string, number>();
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  async remove(name: string, signal: AbortSignal): Promise<Result<void, LabError>> {
    const failed = await this.#call(`volumes.remove ${name}`, signal);
    if (failed) return err(failed);
    this.all.delete(name);
    return ok(undefined);
  }
}
