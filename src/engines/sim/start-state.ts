/** Builds a lab's start state the way a person would: IP pools by calicoctl, everything else by kubectl, then waiting. */
import { parseAllDocuments } from 'yaml';
import { err, ok, type Result } from '../../base/result.ts';
import type { LabEnvironment, LabError } from '../../lab/ports.ts';
import { WORKSTATION } from '../../model/place.ts';
import type { Simulator } from '../../sim/index.ts';
import { startFailed } from './errors.ts';
import type { Places } from './places.ts';

/** Virtual milliseconds that a part of the start state may take to come to rest. */
const SETTLE = 90_000;

/** Virtual milliseconds that have passed when the learner arrives: a cluster nobody has just switched on. */
export const ARRIVAL = 300_000;

const CALICO_API = 'projectcalico.org/v3';

type StartFile = LabEnvironment['start'][number];

/** A start file, its documents read once. */
export interface StartManifest extends StartFile {
  readonly documents: readonly Manifest[];
}

export function readStart(start: LabEnvironment['start']): readonly StartManifest[] {
  return start.map(({ file, text }) => ({ file, text, documents: documentsOf(text) }));
}

export async function buildStartState(
  start: readonly StartManifest[],
  {
    simulator,
    places,
    signal,
  }: { readonly simulator: Simulator; readonly places: Places; readonly signal: AbortSignal },
): Promise<Result<void, LabError>> {
  const calico = start.filter(({ documents }) =>
    documents.every(({ apiVersion }) => apiVersion === CALICO_API),
  );
  const others = start.filter((file) => !calico.includes(file));
  // Pools come before any pod can ask for an address.
  for (const group of [calico, others]) {
    for (const file of group) {
      const applied = await applyFile(file, group === calico ? 'calicoctl' : 'kubectl', { places, signal });
      if (!applied.ok) return applied;
    }
    simulator.settle(SETTLE);
    simulator.advanceTo(ARRIVAL / 2);
  }
  simulator.advanceTo(ARRIVAL);
  return ok(undefined);
}

async function applyFile(
  { file, text }: StartFile,
  tool: 'calicoctl' | 'kubectl',
  { places, signal }: { readonly places: Places; readonly signal: AbortSignal },
): Promise<Result<void, LabError>> {
  const { exitCode, stderr } = await places
    .shell(WORKSTATION)
    .exec([tool, 'apply', '-f', '-'], { signal, stdin: text });
  return exitCode === 0 ? ok(undefined) : err(startFailed(`${file}: ${stderr.trim()}`));
}

interface Manifest {
  readonly apiVersion?: unknown;
  readonly kind?: unknown;
}

function documentsOf(text: string): readonly Manifest[] {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document): readonly Manifest[] => {
    const value: unknown = document.toJS();
    return typeof value === 'object' && value !== null ? [value] : [];
  });
}
