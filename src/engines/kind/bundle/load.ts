/**
 * Takes an offline bundle in: what is on this machine already is left as it is, the rest is checked as a whole before the
 * first of it is put in place, and each part is put there whole or not at all. So a loading that is cut goes on with what is
 * missing.
 */
import { join } from 'node:path';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LoadedBundle, LoadedPart, LoadWish } from '../../../lab/bundle-loader.ts';
import type { LabError } from '../../../lab/ports.ts';
import { lock } from '../cluster/lock.ts';
import { toolImageOf } from '../fabric/tool-image.ts';
import { sharing } from '../share.ts';
import { contentsOf, type Contents } from './contents.ts';
import { aboutOf, type BundleAbout, type BundleMeans, type BundleOptions } from './create.ts';
import { fileFault, otherEngine, otherFingerprint, otherPlatform } from './errors.ts';
import { platformOf } from './images.ts';
import type { Placed } from './manifest.ts';
import { hostName } from '../cluster/kind-binary.ts';
import { nameOf, type Part } from './parts.ts';
import { Shelf } from './shelf.ts';
import { openFile, type OpenBundle } from './source.ts';
import { checkMembers } from './verify.ts';
import { isAddress, openAddress } from './web-source.ts';

export interface Loaded extends BundleAbout, LoadedBundle {}

export async function loadBundle(
  wish: LoadWish,
  means: BundleMeans,
  options: BundleOptions,
): Promise<Result<Loaded, LabError>> {
  const { signal } = options;
  const unlock = await lock(join(means.folder.root, 'bundle.lock'), {
    signal,
    onWait: () => options.onProgress?.({ phase: 'Waiting for another bundle to be finished' }),
  });
  if (!unlock.ok) return unlock;
  let bundle: OpenBundle | undefined;
  let loaded: Result<Loaded, LabError> | undefined;
  try {
    const opened = await opening(wish.from, means, options);
    if (!opened.ok) return opened;
    bundle = opened.value;
    loaded = await take(bundle, wish, means, options);
    return loaded;
  } catch (cause) {
    return err(fileFault(wish.from, cause, signal));
  } finally {
    await bundle?.close(loaded?.ok === true).catch(() => undefined);
    await unlock.value();
  }
}

function opening(
  from: string,
  { folder, env }: BundleMeans,
  { signal, onProgress }: BundleOptions,
): Promise<Result<OpenBundle, LabError>> {
  if (!isAddress(from)) return openFile(from, signal);
  return openAddress(from, {
    ...{ folder, env, signal },
    onProgress: (done, total) =>
      onProgress?.({ phase: 'Fetching the bundle', detail: megabytes(done, total) }),
  });
}

const MEGABYTE = 1e6;
const megabytes = (done: number, total: number | undefined): string =>
  total === undefined
    ? `${Math.round(done / MEGABYTE)} MB`
    : `${Math.round(done / MEGABYTE)} of ${Math.round(total / MEGABYTE)} MB`;

/** Shares of the way at which members are on this machine, and at which they are checked. */
const BROUGHT = 0.3;
const CHECKED = 0.5;

async function take(
  bundle: OpenBundle,
  { from, fingerprint = '' }: LoadWish,
  means: BundleMeans,
  options: BundleOptions,
): Promise<Result<Loaded, LabError>> {
  const { signal, onProgress } = options;
  if (!bundle.fingerprint.startsWith(fingerprint.toLowerCase()))
    return err(otherFingerprint(bundle.fingerprint, fingerprint));
  const tools = await toolImageOf(means.toolImageFolder);
  const contents = await contentsOf(bundle, { signal, tools, search: means });
  if (!contents.ok) return contents;
  const wanted = wantedOf(bundle, contents.value, means);
  if (!wanted.ok) return wanted;
  const shelf = new Shelf(means, tools);
  const missing: Placed[] = [];
  const parts: LoadedPart[] = [];
  for (const placed of wanted.value) {
    const there = await shelf.has(placed.member, signal);
    if (!there.ok) return there;
    parts.push({ name: nameOf(placed.member.part), wasThere: there.value });
    if (!there.value) missing.push(placed);
  }
  const brought = await bundle.bring(missing, {
    signal,
    onProgress: (done, total, name) =>
      onProgress?.({
        phase: 'Fetching the bundle',
        fraction: BROUGHT * (done / total),
        detail: `${name}, ${megabytes(done, total)}`,
      }),
  });
  if (!brought.ok) return brought;
  const checked = await checkMembers(bundle, missing, means, {
    signal,
    ...sharing(options, BROUGHT, CHECKED),
  });
  if (!checked.ok) return checked;
  const put = await putAll(bundle, missing, shelf, { signal, ...sharing(options, CHECKED, 1) });
  return put.ok ? ok({ ...aboutOf(from, bundle.manifest), parts }) : put;
}

/** What of the bundle is for this machine. */
function wantedOf(
  { manifest, members }: OpenBundle,
  contents: Contents,
  means: BundleMeans,
): Result<readonly Placed[], LabError> {
  const platform = platformOf(means.docker);
  if (platform === undefined) return err(otherEngine(means.docker.engine.arch));
  if (!manifest.platforms.includes(platform)) return err(otherPlatform(manifest.platforms, platform));
  const host = hostName(means);
  const isWanted = (part: Part): boolean =>
    part.is === 'manifest' ||
    (part.is === 'kind' && part.host === host) ||
    (part.is === 'image' &&
      part.platform === platform &&
      contents.images(platform).some(({ reference }) => reference === part.reference));
  return ok(members.filter(({ member }) => isWanted(member.part)));
}

async function putAll(
  bundle: OpenBundle,
  members: readonly Placed[],
  shelf: Shelf,
  { signal, onProgress }: BundleOptions,
): Promise<Result<void, LabError>> {
  const total = members.reduce((sum, { member }) => sum + member.size, 0);
  let before = 0;
  for (const placed of members) {
    const { member } = placed;
    const phase = `Putting ${nameOf(member.part)} in place`;
    const start = before;
    onProgress?.({ phase, fraction: start / total });
    const put = await shelf.put(member, bundle.content(placed), {
      signal,
      onBytes: (done) =>
        onProgress?.({
          phase,
          fraction: Math.min(1, (start + done) / total),
          detail: megabytes(done, member.size),
        }),
    });
    if (!put.ok) return put;
    before += member.size;
  }
  onProgress?.({ phase: 'The bundle is loaded', fraction: 1 });
  return ok(undefined);
}
