/**
 * The hash of a pod template in the names of ReplicaSets and in the labels of a DaemonSet's pods.
 * Source: k8s.io/kubernetes pkg/controller/controller_utils.go ComputeHash, Kubernetes 1.35; compared with the real thing.
 */
import type { Json } from '../../../base/json.ts';
import { goDump } from '../go-dump.ts';
import { fnv32a, safeEncode } from '../name.ts';

/** `collisions`: how often the name was somebody else's, at most 127. */
export function templateHash(template: Json | undefined, collisions = 0): string {
  const again = collisions === 0 ? '' : `${String.fromCharCode(collisions)}${'\0'.repeat(7)}`;
  return safeEncode(String(fnv32a(goDump('v1.PodTemplateSpec', template) + again)));
}
