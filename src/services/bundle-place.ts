/** Where a bundle is, as a person writes it: typed, pasted out of a file manager, or copied from the whiteboard. */
import { homedir } from 'node:os';
import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * A web address as it is, or a file's whole path. Undefined when it is neither: a host has no folder of the learner's that a
 * shorter path could begin in.
 */
export function bundlePlace(text: string, home = homedir()): string | undefined {
  // Windows copies paths in quotes.
  const bare = text.trim().replace(/^(["'])(.*)\1$/, '$2');
  if (/^https?:\/\//i.test(bare)) return bare;
  const path = /^file:\/\//i.test(bare) ? pathOf(bare) : bare.replace(/^~(?=[/\\])/, () => home);
  return path !== undefined && isAbsolute(path) ? path : undefined;
}

/** Undefined for a file of another machine, and for an address that is none. */
function pathOf(url: string): string | undefined {
  try {
    return fileURLToPath(url);
  } catch {
    return undefined;
  }
}
