/**
 * The port that takes in an offline bundle: one file with everything that an engine would fetch or build, from a stick or
 * from another machine. Only an engine that needs such things implements it.
 */
import type { Result } from '../base/result.ts';
import type { CareOptions } from './care.ts';
import type { LabError } from './ports.ts';

/** A bundle's fingerprint, or its first digits, of which 16 are enough: it is the SHA-256 of all that is in it. */
export const FINGERPRINT = /^[0-9a-f]{16,64}$/i;

export interface LoadWish {
  /** A file of this machine, or an address that begins with `http://` or `https://`. */
  readonly from: string;
  /** Of the bundle that is meant, see `FINGERPRINT`; any is taken unless it is said. */
  readonly fingerprint?: string;
}

export interface LoadedBundle {
  /** Whole: 64 hex digits. */
  readonly fingerprint: string;
  /** Those that this machine needs, in the bundle's order. */
  readonly parts: readonly LoadedPart[];
}

export interface LoadedPart {
  readonly name: string;
  /** It was on this machine before. */
  readonly wasThere: boolean;
}

export interface BundleLoader {
  /** What is there already stays; a loading that was cut, or given up by its signal, goes on with what is missing. */
  load(wish: LoadWish, options: CareOptions): Promise<Result<LoadedBundle, LabError>>;
}
