/** A part's own way as its share of the whole. */
import type { Progress } from '../../lab/ports.ts';

interface Telling {
  readonly onProgress?: (progress: Progress) => void;
}

/** @param from where on the whole way, 0-1, the part begins, and @param to where it ends */
export function sharing({ onProgress }: Telling, from: number, to: number): Telling {
  if (!onProgress) return {};
  return {
    onProgress: ({ fraction = 0, ...told }) =>
      onProgress({ ...told, fraction: from + fraction * (to - from) }),
  };
}
