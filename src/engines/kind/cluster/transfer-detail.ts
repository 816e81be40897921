/** How far a transfer is, as the detail of a phase: `kindest/node:v1.35.5, 212 of 411 MB`. */
import type { TransferProgress } from '../docker/docker.ts';

const MEGABYTE = 1e6;

const megabytes = (bytes: number): number => Math.round(bytes / MEGABYTE);

/** @param name what is transferred; a digest behind it is left out */
export function transferDetail(name: string, { done, total, layers }: Partial<TransferProgress>): string {
  const [short = name] = name.split('@');
  if (done !== undefined && total !== undefined && total > 0)
    return `${short}, ${megabytes(Math.min(done, total))} of ${megabytes(total)} MB`;
  if (done !== undefined && done > 0) return `${short}, ${megabytes(done)} MB`;
  if (layers) return `${short}, ${layers.done} of ${layers.total} layers`;
  return short;
}

/** 0-1, when the engine says enough. */
export function transferFraction({ done, total, layers }: Partial<TransferProgress>): number | undefined {
  if (done !== undefined && total !== undefined && total > 0) return Math.min(1, done / total);
  return layers && layers.total > 0 ? layers.done / layers.total : undefined;
}
