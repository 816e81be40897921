/** Applies a lab's manifests as a person would: IP pools and whatever else is Calico's by calicoctl, the rest by kubectl. */
import { parseAllDocuments, stringify } from 'yaml';
import { err, ok, type Result } from '../../../base/result.ts';
import type { LabEnvironment, LabError } from '../../../lab/ports.ts';
import type { Cluster, Kubectl } from '../cluster/cluster.ts';
import { ownContainer } from '../names.ts';
import { workingAt } from '../probe/execution.ts';
import { WORKSTATION } from '../../../model/place.ts';

const CALICO_API = 'projectcalico.org/v3';
/** Seconds for one file. */
const PATIENCE = 60;

export interface Applying {
  readonly cluster: Cluster;
  readonly kubectl: Kubectl;
  readonly signal: AbortSignal;
}

interface Document {
  readonly file: string;
  readonly apiVersion: unknown;
  readonly kind: unknown;
  readonly text: string;
}

/** Pools come before any pod can ask for an address. */
export async function applyStart(
  start: LabEnvironment['start'],
  applying: Applying,
): Promise<Result<void, LabError>> {
  const configured = await applyCalicoStart(start, applying);
  return configured.ok ? applyAll(start, 'kubectl', applying) : configured;
}

/** What of it is Calico's own: a cluster without pools of its own is not whole before. */
export const applyCalicoStart = (
  start: LabEnvironment['start'],
  applying: Applying,
): Promise<Result<void, LabError>> => applyAll(start, 'calicoctl', applying);

type Tool = 'calicoctl' | 'kubectl';

async function applyAll(
  start: LabEnvironment['start'],
  tool: Tool,
  applying: Applying,
): Promise<Result<void, LabError>> {
  const documents = start
    .flatMap(documentsOf)
    .filter(({ apiVersion }) => (apiVersion === CALICO_API) === (tool === 'calicoctl'));
  return documents.length === 0 ? ok(undefined) : apply(documents, tool, applying);
}

function documentsOf({ file, text }: LabEnvironment['start'][number]): readonly Document[] {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document): readonly Document[] => {
    const value = document.toJS() as { readonly apiVersion?: unknown; readonly kind?: unknown } | null;
    if (typeof value !== 'object' || value === null) return [];
    return [{ file, apiVersion: value.apiVersion, kind: value.kind, text: stringify(value) }];
  });
}

async function apply(
  documents: readonly Document[],
  tool: Tool,
  { cluster, kubectl, signal }: Applying,
): Promise<Result<void, LabError>> {
  const stdin = new TextEncoder().encode(documents.map(({ text }) => text).join('---\n'));
  const options = { signal, stdin, seconds: PATIENCE };
  const done =
    tool === 'kubectl'
      ? await kubectl(['apply', '--filename=-'], options)
      : await cluster.docker.containers.exec(
          ownContainer(cluster.name, 'workstation'),
          ['calicoctl', 'apply', '-f', '-'],
          { ...workingAt(WORKSTATION), ...options },
        );
  if (!done.ok) return done;
  const { exitCode, stdout, stderr } = done.value;
  if (exitCode === 0) return ok(undefined);
  const files = [...new Set(documents.map(({ file }) => file))].join(', ');
  return err(startFailed(`${files}: ${(stderr || stdout).trim()}`));
}

export function startFailed(detail: string): LabError {
  return {
    code: 'lab-start-failed',
    message: `The lab's start state could not be built: ${detail}`,
    remedy: 'Reset the lab; if it happens again, this is a fault of the lab, so please report it.',
  };
}
