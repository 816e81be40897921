/**
 * What a bundle holds against what it may hold. A bundle comes from others: only parts that this Underlay would have fetched
 * itself are taken, and Calico's manifests, which name most of the images, are read before anything else.
 */
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import type { Manifest } from '../calico/manifests.ts';
import type { PlatformSearch } from '../cluster/kind-binary.ts';
import { faultOfMember } from './check.ts';
import { pinnedHosts } from './create.ts';
import { damaged, otherVersion, stray } from './errors.ts';
import type { BundleManifest, Pins, Placed, Platform } from './manifest.ts';
import { imageParts, kindParts, manifestParts, nameOf, pathOf, pinsOf, type Part } from './parts.ts';
import type { OpenBundle } from './source.ts';

/** Bytes of a manifest: Calico's largest has three million. */
const LARGEST = 16 * 1024 * 1024;

export interface Contents {
  readonly manifests: readonly Manifest[];
  /** The images of one platform, as this Underlay would fetch them. */
  images(platform: Platform): readonly (Part & { readonly is: 'image' })[];
}

interface Judging {
  readonly signal: AbortSignal;
  readonly search: PlatformSearch;
  /** Reference of the tool image that this Underlay would build. */
  readonly tools: string;
}

/** Errors: it was made for another version, or holds what does not belong there. Throws what reading throws. */
export async function contentsOf(bundle: OpenBundle, judging: Judging): Promise<Result<Contents, LabError>> {
  const { manifest } = bundle;
  const { tools, search } = judging;
  const other = otherPin(manifest.pins, pinsOf(tools));
  if (other) return err(otherVersion(other));
  const manifests = await readManifests(bundle, judging);
  if (!manifests.ok) return manifests;
  const { installs, platforms } = manifest;
  const images: Contents['images'] = (platform) =>
    imageParts(platform, { tools, installs, manifests: manifests.value });
  const known = [
    ...manifestParts(installs),
    ...kindParts(pinnedHosts(search), platforms),
    ...platforms.flatMap(images),
  ];
  const fault = strangePart(manifest, known) ?? lacking(manifest, known);
  return fault ? err(fault) : ok({ manifests: manifests.value, images });
}

const WORDS: Readonly<Record<keyof Pins, string>> = {
  kind: 'kind',
  node: 'the node image',
  calico: 'Calico',
  tools: 'the tool image',
};

function otherPin(found: Pins, wanted: Pins): string | undefined {
  const pin = (Object.keys(WORDS) as (keyof Pins)[]).find((each) => found[each] !== wanted[each]);
  return pin && `${WORDS[pin]} in it is ${JSON.stringify(found[pin])}, and ${wanted[pin]} is needed`;
}

async function readManifests(
  bundle: OpenBundle,
  { signal, search }: Judging,
): Promise<Result<readonly Manifest[], LabError>> {
  const placed = bundle.members.filter(({ member: { part } }) => part.is === 'manifest');
  const large = placed.find(({ member }) => member.size > LARGEST);
  if (large) return err(damaged(`${large.path} is larger than any manifest`));
  const brought = await bundle.bring(placed, { signal });
  if (!brought.ok) return brought;
  const manifests: Manifest[] = [];
  for (const one of placed) {
    const read = await readManifest(one, bundle, { signal, search });
    if (!read.ok) return read;
    manifests.push(read.value);
  }
  return ok(manifests);
}

async function readManifest(
  placed: Placed,
  bundle: OpenBundle,
  options: Parameters<typeof faultOfMember>[2],
): Promise<Result<Manifest, LabError>> {
  const { member } = placed;
  const pieces: Uint8Array[] = [];
  for await (const piece of bundle.content(placed)) pieces.push(piece);
  const fault = await faultOfMember(member, again(pieces), options);
  if (fault || member.part.is !== 'manifest') return err(fault ?? damaged(placed.path));
  return ok({ name: member.part.name, text: Buffer.concat(pieces).toString(), sha256: member.sha256 });
}

async function* again(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield await Promise.resolve(piece);
}

const key = (part: Part): string =>
  part.is === 'image' ? `${part.reference} ${part.platform}` : pathOf(part);

function strangePart({ members }: BundleManifest, known: readonly Part[]): LabError | undefined {
  const keys = new Set(known.map(key));
  const found = members.find(({ part }) => !keys.has(key(part)));
  return found && stray(nameOf(found.part));
}

function lacking({ members }: BundleManifest, known: readonly Part[]): LabError | undefined {
  const there = new Set(members.map(({ part }) => key(part)));
  const part = known.find((each) => !there.has(key(each)));
  return part && otherVersion(`it lacks ${nameOf(part)}`);
}
