/**
 * What belongs into an offline bundle: everything that a lab on a real cluster would fetch or build. Both sides reckon it
 * from the same pins, so a bundle is taken only as far as it holds what this Underlay would have fetched itself.
 */
import { clusterImages } from '../calico/images.ts';
import { MANIFEST_FILES, type Install, type Manifest } from '../calico/manifests.ts';
import { NODE_IMAGE_REFERENCE } from '../cluster/node-image.ts';
import { CALICO_VERSION, CALICOCTL_IMAGE, KIND_VERSION } from '../versions.ts';
import type { Pins, Platform } from './manifest.ts';

export type Part =
  /** One of Calico's manifests: `calico.yaml`. */
  | { readonly is: 'manifest'; readonly name: string }
  /** kind's CLI for a machine, as its release names machines: `darwin-arm64`. */
  | { readonly is: 'kind'; readonly host: string }
  /** An archive as `docker save` writes it, compressed. */
  | { readonly is: 'image'; readonly reference: string; readonly platform: Platform };

/** Its name in the archive. */
export function pathOf(part: Part): string {
  if (part.is === 'manifest') return `manifests/${CALICO_VERSION}/${part.name}`;
  if (part.is === 'kind') return `kind/kind-${KIND_VERSION}-${part.host}`;
  const name = shortReference(part.reference).replaceAll(/[^a-z0-9.-]/g, '_');
  return `images/${part.platform.replace('/', '-')}/${name}.tar.gz`;
}

/** For sentences: `kind v0.32.0 for darwin-arm64`, `calico.yaml`, `kindest/node:v1.35.5 for linux/amd64`. */
export function nameOf(part: Part): string {
  if (part.is === 'manifest') return `${part.name} of Calico ${CALICO_VERSION}`;
  if (part.is === 'kind') return `kind ${KIND_VERSION} for ${part.host}`;
  return `${shortReference(part.reference)} for ${part.platform}`;
}

/** Without its digest. */
export const shortReference = (reference: string): string => reference.split('@')[0] ?? reference;

/** @param tools reference of the tool image */
export const pinsOf = (tools: string): Pins => ({
  kind: KIND_VERSION,
  node: NODE_IMAGE_REFERENCE,
  calico: CALICO_VERSION,
  tools,
});

export const manifestParts = (installs: readonly Install[]): readonly (Part & { is: 'manifest' })[] =>
  installs.flatMap((install) => MANIFEST_FILES[install]).map((name) => ({ is: 'manifest', name }));

/** kind's release names machines by system and architecture; an engine's images are of its machine's architecture. */
export const kindParts = (hosts: readonly string[], platforms: readonly Platform[]): readonly Part[] =>
  hosts
    .filter((host) => platforms.some((platform) => host.endsWith(`-${architectureOf(platform)}`)))
    .map((host) => ({ is: 'kind', host }));

export const architectureOf = (platform: Platform): string => platform.split('/')[1] ?? '';

/** The images of one platform. @param manifests of all installs, which name most of them */
export function imageParts(
  platform: Platform,
  {
    tools,
    installs,
    manifests,
  }: {
    readonly tools: string;
    readonly installs: readonly Install[];
    readonly manifests: readonly Manifest[];
  },
): readonly (Part & { is: 'image' })[] {
  const calico = installs.flatMap((install) =>
    clusterImages(
      install,
      manifests.filter(({ name }) => MANIFEST_FILES[install].includes(name)),
    ),
  );
  const references = new Set([NODE_IMAGE_REFERENCE, tools, ...calico, CALICOCTL_IMAGE]);
  return [...references].map((reference) => ({ is: 'image', reference, platform }));
}
