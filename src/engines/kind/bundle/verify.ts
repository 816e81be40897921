/** Looks through a whole bundle: every byte against its sum, every archive for what it calls itself, nothing put anywhere. */
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import { toolImageOf } from '../fabric/tool-image.ts';
import { faultOfMember } from './check.ts';
import { contentsOf } from './contents.ts';
import { counted } from './bytes.ts';
import { aboutOf, type BundleAbout, type BundleMeans, type BundleOptions } from './create.ts';
import { fileFault } from './errors.ts';
import type { Placed } from './manifest.ts';
import { nameOf } from './parts.ts';
import { openFile, type OpenBundle } from './source.ts';

export type VerifyMeans = Omit<BundleMeans, 'docker'>;

export async function verifyBundle(
  file: string,
  means: VerifyMeans,
  options: BundleOptions,
): Promise<Result<BundleAbout, LabError>> {
  const { signal } = options;
  const opened = await openFile(file, signal);
  if (!opened.ok) return opened;
  const bundle = opened.value;
  try {
    const tools = await toolImageOf(means.toolImageFolder);
    const contents = await contentsOf(bundle, { signal, tools, search: means });
    if (!contents.ok) return contents;
    const checked = await checkMembers(bundle, bundle.members, means, options);
    return checked.ok ? ok(aboutOf(file, bundle.manifest)) : checked;
  } catch (cause) {
    return err(fileFault(file, cause, signal));
  } finally {
    await bundle.close(true);
  }
}

/** Throws what reading throws. */
export async function checkMembers(
  bundle: OpenBundle,
  members: readonly Placed[],
  search: VerifyMeans,
  { signal, onProgress }: BundleOptions,
): Promise<Result<void, LabError>> {
  const total = members.reduce((sum, { member }) => sum + member.size, 0);
  let done = 0;
  for (const placed of members) {
    const detail = nameOf(placed.member.part);
    const bytes = counted(bundle.content(placed), (count) => {
      done += count;
      onProgress?.({ phase: 'Checking the bundle', fraction: Math.min(1, done / total), detail });
    });
    const fault = await faultOfMember(placed.member, bytes, { signal, search });
    if (fault) return err(fault);
  }
  return ok(undefined);
}
