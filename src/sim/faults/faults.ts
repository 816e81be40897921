/**
 * The library of faults, and how one is injected and cleared: as transactions of a world, so that logs and snapshots hold them.
 * A fault is there once at most; what was chosen and how it heals stands in a record of the store that no API serves.
 */
import type { Json, JsonObject } from '../../base/json.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { nextRandom, seeded } from '../core/random.ts';
import { textAt } from '../kube/fields.ts';
import type { Controller } from '../kube/controller.ts';
import { ClusterTransaction } from '../kube/transaction.ts';
import type { Stacks, World } from '../stacks.ts';
import { CONFIGURATION_FAULTS } from './configuration-faults.ts';
import type { Fault, FaultPlan, FaultStep } from './fault.ts';
import { MACHINE_FAULTS } from './machine-faults.ts';

/** In the order in which one reads them. */
export const FAULTS: readonly Fault[] = [...MACHINE_FAULTS, ...CONFIGURATION_FAULTS];

const RECORDS = 'faults.simulator';

export interface ActiveFault {
  readonly name: string;
  readonly seed: number;
  readonly told: string;
}

export const activeFaults = ({ cluster }: World): readonly ActiveFault[] =>
  cluster.store.list(RECORDS).map(({ metadata: { name }, spec }) => ({
    name,
    seed: Number(spec?.['seed']),
    told: textAt(spec, 'told'),
  }));

export interface FaultMachinery {
  readonly controllers: readonly Controller[];
  readonly stacks: Stacks;
  /** Carries out one step; an error when it does not come about. */
  readonly step: (world: World, step: FaultStep) => Result<World, string>;
}

/** The world with the fault, and what broke; an error leaves nothing half broken. */
export function injectFault(
  world: World,
  machinery: FaultMachinery,
  { name, seed }: { readonly name: string; readonly seed: number },
): Result<{ readonly world: World; readonly told: string }, string> {
  const fault = FAULTS.find((each) => each.name === name);
  if (!fault) return err(`there is no fault ${name}`);
  if (world.cluster.store.get(RECORDS, undefined, name))
    return err(`${name} is there already: clear it first`);
  const plan = planOf(world, machinery, { fault, seed });
  if (!plan.ok) return plan;
  const broken = carriedOut(world, machinery, plan.value.break);
  if (!broken.ok) return broken;
  const { told, heal } = plan.value;
  const spec = { seed, told, heal: heal as unknown as Json };
  return ok({ world: withRecord(broken.value, machinery, { name, spec }), told });
}

export function clearFault(world: World, machinery: FaultMachinery, name: string): Result<World, string> {
  const record = world.cluster.store.get(RECORDS, undefined, name);
  if (!record) return err(`there is no fault ${name} to clear`);
  const healed = carriedOut(world, machinery, record.spec?.['heal'] as unknown as readonly FaultStep[]);
  return healed.ok ? ok(withRecord(healed.value, machinery, { name, spec: undefined })) : healed;
}

function planOf(
  world: World,
  { stacks }: FaultMachinery,
  { fault, seed }: { readonly fault: Fault; readonly seed: number },
): Result<FaultPlan, string> {
  let random = seeded(seed);
  return fault.plan({
    world,
    stack: (id) => stacks.netns(world, id),
    pick: (among) => {
      const { value, state } = nextRandom(random);
      random = state;
      return among[Math.floor(value * among.length)];
    },
  });
}

function carriedOut(
  world: World,
  { step }: FaultMachinery,
  steps: readonly FaultStep[],
): Result<World, string> {
  let at = world;
  for (const each of steps) {
    const next = step(at, each);
    if (!next.ok) return next;
    at = next.value;
  }
  return ok(at);
}

function withRecord(
  world: World,
  { controllers }: FaultMachinery,
  { name, spec }: { readonly name: string; readonly spec: JsonObject | undefined },
): World {
  const tx = new ClusterTransaction(world.cluster, controllers);
  if (spec) tx.put(RECORDS, { apiVersion: 'simulator/v1', kind: 'Fault', metadata: { name }, spec });
  else tx.delete(RECORDS, undefined, name);
  return { ...world, cluster: tx.state };
}
