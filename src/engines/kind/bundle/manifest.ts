/**
 * The manifest of an offline bundle, and how a bundle lies on a disk. A bundle is a tar archive (POSIX ustar) in one fixed
 * form: first the manifest, in as many bytes as are always kept for it, then its members in the manifest's order. So the
 * place of every byte follows from the manifest, and whatever lies otherwise is not what Underlay wrote. No path is read from
 * a bundle: each follows from what the member is (`parts.ts`).
 */
import { createHash } from 'node:crypto';
import { pack } from 'tar-stream';
import { z } from 'zod';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import { damaged, NEWER, NOT_A_BUNDLE, UNFINISHED } from './errors.ts';
import { pathOf, type Part } from './parts.ts';

const MANIFEST_NAME = 'underlay-bundle.json';
const FORMAT = 'underlay-bundle';
/** Raised when a bundle can no longer be read as before. */
const VERSION = 1;

/** Of tar. */
export const BLOCK = 512;
/** Bytes kept for the manifest: some hundred members. */
const ROOM = 128 * 1024;
/** Header and manifest: what has to be read of a bundle before anything is known of it. */
export const HEAD_SIZE = BLOCK + ROOM;
/** The most that a ustar header can say. */
const LARGEST = 0o77777777777;

const reference = z.string().regex(/^[a-z0-9][a-z0-9._/:@-]{0,199}$/);
export const platformSchema = z.enum(['linux/amd64', 'linux/arm64']);
/** Of images. */
export type Platform = z.infer<typeof platformSchema>;
export const PLATFORMS = platformSchema.options;

const part = z.discriminatedUnion('is', [
  z.strictObject({ is: z.literal('manifest'), name: z.string().regex(/^[a-z][a-z0-9.-]{0,59}$/) }),
  z.strictObject({ is: z.literal('kind'), host: z.string().regex(/^[a-z0-9]{1,20}-[a-z0-9]{1,20}$/) }),
  z.strictObject({ is: z.literal('image'), reference, platform: platformSchema }),
]);

const member = z.strictObject({
  part,
  size: z.number().int().positive().max(LARGEST),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

const schema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  /** False while it is being made. */
  complete: z.boolean(),
  /** What it is a bundle of: another Underlay may need others. */
  pins: z.strictObject({ kind: z.string(), node: z.string(), calico: z.string(), tools: z.string() }),
  /** The ways of installing Calico that it serves. */
  installs: z.array(z.enum(['manifest', 'operator'])).min(1),
  platforms: z.array(platformSchema).min(1),
  members: z.array(member),
});

export type BundleManifest = Readonly<z.infer<typeof schema>>;
export type Member = Readonly<z.infer<typeof member>> & { readonly part: Part };
export type Pins = BundleManifest['pins'];

export const blankManifest = (
  about: Pick<BundleManifest, 'pins' | 'installs' | 'platforms'>,
): BundleManifest => ({ format: FORMAT, version: VERSION, complete: false, ...about, members: [] });

/** The first bytes of a bundle: one manifest has one text, since the schema orders its fields. */
export function headOf(manifest: BundleManifest): Buffer {
  const text = Buffer.from(`${JSON.stringify(schema.parse(manifest), undefined, 1)}\n`);
  if (text.length > ROOM) throw new RangeError(`a manifest of ${text.length} bytes has no room`);
  return Buffer.concat([headerOf(MANIFEST_NAME, ROOM), text, Buffer.alloc(ROOM - text.length, ' ')]);
}

/**
 * Tells this bundle from every other: whoever has it from a trusted person has, by the sums in the manifest, every byte.
 * @returns SHA-256 of the manifest, 64 hex digits
 */
export const fingerprintOf = (manifest: BundleManifest): string =>
  createHash('sha256').update(headOf(manifest).subarray(BLOCK)).digest('hex');

/** @param head the first `HEAD_SIZE` bytes, or what there is of them */
export function readHead(head: Uint8Array): Result<BundleManifest, LabError> {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  if (!bytes.subarray(0, BLOCK).equals(headerOf(MANIFEST_NAME, ROOM))) return err(NOT_A_BUNDLE);
  const known = parsed(bytes.subarray(BLOCK));
  if (!known.ok) return known;
  const { format, version } = z.looseObject({ format: z.unknown(), version: z.unknown() }).parse(known.value);
  if (format !== FORMAT) return err(NOT_A_BUNDLE);
  if (typeof version === 'number' && version > VERSION) return err(NEWER);
  const read = schema.safeParse(known.value);
  if (!read.success) return err(damaged('its manifest'));
  const manifest: BundleManifest = read.data;
  const paths = manifest.members.map(({ part: of }) => pathOf(of));
  const twice = paths.find((path, at) => paths.indexOf(path) !== at);
  if (twice !== undefined) return err(damaged(`its manifest, which has ${twice} twice`));
  // The fingerprint covers all that is there.
  if (!bytes.equals(headOf(manifest))) return err(damaged('its manifest'));
  return ok(manifest);
}

/** @returns the manifest of a bundle that is whole */
export function readWholeHead(head: Uint8Array): Result<BundleManifest, LabError> {
  const read = readHead(head);
  return read.ok && !read.value.complete ? err(UNFINISHED) : read;
}

function parsed(bytes: Buffer): Result<object, LabError> {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return typeof value === 'object' && value !== null ? ok(value) : err(NOT_A_BUNDLE);
  } catch {
    return err(damaged('its manifest'));
  }
}

/** A member, and where its header begins. */
export interface Placed {
  readonly member: Member;
  readonly path: string;
  readonly header: number;
  readonly from: number;
  /** Behind its last byte. */
  readonly to: number;
}

export function layoutOf(members: readonly Member[]): readonly Placed[] {
  let at = HEAD_SIZE;
  return members.map((one) => {
    const header = at;
    const from = header + BLOCK;
    const to = from + one.size;
    at = blocksTo(to);
    return { member: one, path: pathOf(one.part), header, from, to };
  });
}

/** Where the next header may begin. */
export const endOf = (members: readonly Member[]): number =>
  blocksTo(layoutOf(members).at(-1)?.to ?? HEAD_SIZE);

const blocksTo = (offset: number): number => Math.ceil(offset / BLOCK) * BLOCK;

/** Two empty blocks. */
export const TRAILER = Buffer.alloc(2 * BLOCK);

/** 1980-01-01: the same members make the same archive. */
const STAMP = new Date(315_532_800_000);

/** A file's header in a tar archive. */
export function headerOf(name: string, size: number): Buffer {
  const archive = pack();
  archive.entry({ name, size, mode: 0o644, mtime: STAMP }, () => undefined);
  const header = archive.read(BLOCK) as Buffer;
  archive.destroy();
  return header;
}

const MAGIC = { at: 257, text: 'ustar' } as const;
const NAME_LENGTH = 100;

/** The name that a header gives; undefined for bytes that are none. */
export function nameIn(header: Buffer): string | undefined {
  if (header.toString('latin1', MAGIC.at, MAGIC.at + MAGIC.text.length) !== MAGIC.text) return undefined;
  return header.toString('utf8', 0, NAME_LENGTH).split('\0')[0];
}
