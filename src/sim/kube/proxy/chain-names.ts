/**
 * What kube-proxy calls its chains: a prefix and a hash of what the chain is for, short enough for iptables.
 * Source: k8s.io/kubernetes pkg/proxy/iptables/proxier.go portProtoHash, Kubernetes 1.35.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8 } from '../../../base/bytes.ts';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The first 16 characters of the base32 form of a SHA-256. */
export function shortHash(text: string): string {
  let bits = 0;
  let held = 0;
  let encoded = '';
  for (const byte of sha256(utf8(text)).subarray(0, 10)) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      encoded += BASE32[(held >>> bits) & 31] ?? '';
    }
  }
  return encoded;
}

interface Hashed {
  readonly hash: string;
}

export const chainOf = {
  cluster: ({ hash }: Hashed): string => `KUBE-SVC-${hash}`,
  local: ({ hash }: Hashed): string => `KUBE-SVL-${hash}`,
  external: ({ hash }: Hashed): string => `KUBE-EXT-${hash}`,
  firewall: ({ hash }: Hashed): string => `KUBE-FW-${hash}`,
};
