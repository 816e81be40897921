/** Offline bundles as a host has them: everything a lab on a real cluster needs, in one file, from one machine to others. */
import type { Result } from '../../../base/result.ts';
import type { BundleLoader, LoadWish } from '../../../lab/bundle-loader.ts';
import type { LabError } from '../../../lab/ports.ts';
import type { Docker } from '../docker/docker.ts';
import {
  createBundle,
  type BundleAbout,
  type BundleMeans,
  type BundleOptions,
  type BundleWish,
} from './create.ts';
import { loadBundle, type Loaded } from './load.ts';
import { verifyBundle } from './verify.ts';

export interface Bundles extends BundleLoader {
  create(wish: BundleWish, options: BundleOptions): Promise<Result<BundleAbout, LabError>>;
  /** Needs no Docker Engine. */
  verify(file: string, options: BundleOptions): Promise<Result<BundleAbout, LabError>>;
  load(wish: LoadWish, options: BundleOptions): Promise<Result<Loaded, LabError>>;
}

/** @param connect looks for the Docker Engine whenever it is needed */
export function bundles(
  means: Omit<BundleMeans, 'docker'>,
  connect: () => Promise<Result<Docker, LabError>>,
): Bundles {
  return {
    async create(wish, options) {
      const docker = await connect();
      return docker.ok ? createBundle(wish, { ...means, docker: docker.value }, options) : docker;
    },
    verify: (file, options) => verifyBundle(file, means, options),
    async load(wish, options) {
      const docker = await connect();
      return docker.ok ? loadBundle(wish, { ...means, docker: docker.value }, options) : docker;
    },
  };
}
