/**
 * A fault is a name and a plan: given a world and a source of chance it says what breaks, and which transactions break and heal
 * it. Plans are pure; `faults.ts` carries them out. What is chosen depends on the seed and on what there is to break.
 */
import type { Result } from '../../base/result.ts';
import type { NetnsId } from '../../model/trace.ts';
import type { ApiRequest } from '../kube/api.ts';
import type { MachineChange } from '../machine-change.ts';
import type { NetnsEdit } from '../net/edit.ts';
import type { Netns } from '../net/netns.ts';
import type { World } from '../stacks.ts';

export type FaultStep =
  | { readonly kind: 'machine'; readonly machine: NetnsId; readonly change: MachineChange }
  | { readonly kind: 'edit'; readonly netns: NetnsId; readonly edit: NetnsEdit }
  | { readonly kind: 'request'; readonly request: ApiRequest };

export interface FaultPlan {
  /** What breaks, as a sentence for whoever injects it. */
  readonly told: string;
  readonly break: readonly FaultStep[];
  /** Empty where the cluster heals itself. */
  readonly heal: readonly FaultStep[];
}

export interface FaultScene {
  readonly world: World;
  readonly stack: (id: NetnsId) => Netns | undefined;
  /** One of these, by the seed; undefined of none. */
  readonly pick: <T>(among: readonly T[]) => T | undefined;
}

export interface Fault {
  /** Lower case with dashes. */
  readonly name: string;
  /** One sentence: what it is and what one will see. */
  readonly description: string;
  readonly plan: (scene: FaultScene) => Result<FaultPlan, string>;
}
