/** One place of a lab, brought into the state that its plan describes, as often as it is asked. */
import { setTimeout as sleep } from 'node:timers/promises';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabError } from '../../../lab/ports.ts';
import type { Docker } from '../docker/docker.ts';
import { CARRIER } from './carrier.ts';
import { neverStarted, notAsPlanned, tooNarrow, unreadable } from './errors.ts';
import { mendingCommands, type CarrierPort, type Command } from './mending.ts';
import { parseObserved, sysctlFile, type Observed } from './observed.ts';
import type { PlacePlan } from './plan.ts';

export interface LaidPlace {
  readonly docker: Docker;
  /** Where programs of the tool image run in the place's network: the place's own container, or a node's sidecar. */
  readonly container: string;
  readonly plan: PlacePlan;
  readonly carrier: CarrierPort;
}

const OBSERVE = '/usr/local/lib/underlay/observe';
const MEND = '/usr/local/lib/underlay/mend';

/** What one pass does opens the way for the next at most twice; the last one finds nothing. */
const PASSES = 4;
/** Seconds for either program: they do little, on machines that may do much else. */
const PATIENCE = 30;
/** kind's entrypoint reads the address of Docker's gateway from the routes; until it is done they must stay. */
const ENTRYPOINT = 'entrypoint';
const START = { tries: 300, apart: 200 };

/** Idempotent: a place that is as planned is looked at and left alone. */
export async function layPlace(place: LaidPlace, signal: AbortSignal): Promise<Result<void, LabError>> {
  const name = `${place.plan.kind}/${place.plan.name}`;
  let said = '';
  for (let pass = 0; pass < PASSES; pass += 1) {
    const seen = await observeStarted(place, signal);
    if (!seen.ok) return seen;
    const narrow = pass === 0 ? narrowness(place, seen.value) : undefined;
    if (narrow) return err(narrow);
    const commands = mendingCommands(place.plan, seen.value, place.carrier);
    if (commands.length === 0) return ok(undefined);
    const done = await mend(place, commands, signal);
    if (!done.ok) return done;
    said = done.value || `still to do: ${commands.map((command) => command.join(' ')).join('; ')}`;
  }
  return err(notAsPlanned(name, said));
}

async function observeStarted(place: LaidPlace, signal: AbortSignal): Promise<Result<Observed, LabError>> {
  for (let turn = 0; turn < START.tries; turn += 1) {
    const seen = await observe(place, signal);
    if (!seen.ok || seen.value.init !== ENTRYPOINT) return seen;
    await sleep(START.apart, undefined, { signal }).catch(() => undefined);
  }
  return err(neverStarted(`${place.plan.kind}/${place.plan.name}`));
}

async function observe(
  { docker, container, plan }: LaidPlace,
  signal: AbortSignal,
): Promise<Result<Observed, LabError>> {
  const files = Object.keys(plan.sysctls).map(sysctlFile);
  const looked = await docker.containers.exec(container, [OBSERVE, ...files], { signal, seconds: PATIENCE });
  if (!looked.ok) return looked;
  const { exitCode, stdout, stderr } = looked.value;
  const name = `${plan.kind}/${plan.name}`;
  if (exitCode !== 0) return err(unreadable(name, stderr));
  try {
    return ok(parseObserved(stdout));
  } catch (cause) {
    return err(unreadable(name, String(cause)));
  }
}

const UNIT_SEPARATOR = '\x1f';

/** What the commands complained about, if any did: whether it matters the next look tells. */
async function mend(
  { docker, container }: LaidPlace,
  commands: readonly Command[],
  signal: AbortSignal,
): Promise<Result<string, LabError>> {
  const lines = commands.map((command) => `${command.join(UNIT_SEPARATOR)}\n`).join('');
  const options = { signal, seconds: PATIENCE, stdin: new TextEncoder().encode(lines) };
  const done = await docker.containers.exec(container, [MEND], options);
  return done.ok ? ok(done.value.stderr.replaceAll(UNIT_SEPARATOR, ' ')) : done;
}

/** Docker's device, as Docker made it, tells what its network carries. */
function narrowness({ carrier }: LaidPlace, { links }: Observed): LabError | undefined {
  if (links.some(({ ifname }) => ifname === CARRIER)) return undefined;
  const made = links.find(({ ifname }) => ifname === 'eth0');
  return made && made.mtu < carrier.mtu ? tooNarrow('of the cluster', made.mtu, carrier.mtu) : undefined;
}
