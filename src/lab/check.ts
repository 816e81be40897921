/** Runs a lab file's checks: one table from the kind's key to what evaluates it. */
import { bgp } from './checks/bgp.ts';
import { command } from './checks/command.ts';
import { ipam } from './checks/ipam.ts';
import { ippool } from './checks/ippool.ts';
import { judge, type CheckDefinition, type Remarks } from './checks/kind.ts';
import { object } from './checks/object.ts';
import { reach } from './checks/reach.ts';
import { route } from './checks/route.ts';
import { script } from './checks/script.ts';
import type { Probe } from './ports.ts';
import type { Check, LabStep } from './spec.ts';
import type { CheckKind, StepVerdict, Verdict } from './verdict.ts';

type Body<K extends CheckKind> = NonNullable<Check[K]>;

const DEFINITIONS: { readonly [K in CheckKind]: CheckDefinition<Body<K>> } = {
  ippool,
  object,
  reach,
  route,
  bgp,
  ipam,
  command,
  script,
};

const KINDS = Object.keys(DEFINITIONS) as CheckKind[];

export function kindOf(check: Check): CheckKind {
  const kind = KINDS.find((candidate) => check[candidate] !== undefined);
  if (!kind) throw new Error('a check without a kind passed the schema');
  return kind;
}

export function titleOf(check: Check): string {
  return withDefinition(check, (definition, body) => definition.title(body));
}

export function runCheck(check: Check, probe: Probe, signal: AbortSignal): Promise<Verdict> {
  return withDefinition(check, (definition, body) => judge(definition, body, probe, signal));
}

/** Checks run in the order of the file, one after another, so that evidence does not disturb evidence. */
export async function runStep(step: LabStep, probe: Probe, signal: AbortSignal): Promise<StepVerdict> {
  const verdicts: Verdict[] = [];
  for (const check of step.checks) verdicts.push(await runCheck(check, probe, signal));
  return { step: step.id, passed: verdicts.every(({ outcome }) => outcome === 'pass'), verdicts };
}

function withDefinition<R>(
  check: Check,
  use: <T extends Remarks>(definition: CheckDefinition<T>, body: T) => R,
): R {
  const apply = <K extends CheckKind>(kind: K): R => {
    const body = check[kind];
    if (body === undefined) throw new Error(`the check has no ${kind}`);
    return use(DEFINITIONS[kind] as CheckDefinition<Remarks>, body as Remarks);
  };
  return apply(kindOf(check));
}
