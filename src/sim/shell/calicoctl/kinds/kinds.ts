/** All kinds that calicoctl handles. */
import { BGP_KINDS } from './bgp.ts';
import { CONFIGURATIONS } from './configurations.ts';
import { PROFILE, WORKLOAD_ENDPOINT } from './derived.ts';
import { IP_POOL } from './ippool.ts';
import type { ResourceManager } from './manager.ts';
import { NODE } from './node.ts';
import { POLICY_KINDS } from './policies.ts';

export const MANAGERS: readonly ResourceManager[] = [
  ...BGP_KINDS,
  ...CONFIGURATIONS,
  IP_POOL,
  NODE,
  ...POLICY_KINDS,
  PROFILE,
  WORKLOAD_ENDPOINT,
];

export const managerOf = (kind: string): ResourceManager | undefined =>
  MANAGERS.find((manager) => manager.kind === kind || `${manager.kind}List` === kind);

export const managerNamed = (word: string): ResourceManager | undefined =>
  MANAGERS.find(({ aliases }) => aliases.includes(word.toLowerCase()));
