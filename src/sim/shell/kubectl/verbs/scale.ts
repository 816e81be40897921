/** `kubectl scale`. Source: k8s.io/kubectl/pkg/cmd/scale, pkg/scale v0.35. */
import { numberAt, objectAt } from '../../../kube/fields.ts';
import { CONTENT_TYPE } from '../../../kube/api.ts';
import type { Call, Verb } from '../call.ts';
import { completeResources } from '../completion.ts';
import { ApiFailure, Failure } from '../failure.ts';
import { Reporter } from '../reporting.ts';
import { select } from '../selection.ts';
import { bool, DRY_RUN, FILENAME, int, PRINT_FLAGS, RECURSIVE, SELECTOR } from './shared-flags.ts';

export const SCALE: Verb = {
  path: 'scale',
  summary: 'Set how many pods a deployment keeps',
  about:
    'Sets how many pods a deployment or replica set keeps; with --current-replicas only when it has that many now.',
  usage:
    'scale [--resource-version=version] [--current-replicas=count] --replicas=COUNT (-f FILENAME | TYPE NAME)',
  examples: [
    'kubectl scale deployment/web --replicas=3',
    'kubectl scale --current-replicas=2 --replicas=3 deployment/web',
  ],
  provenance: 'source',
  flags: [
    bool('all', 'Every object of the type in the namespace.'),
    int('current-replicas', -1, 'Only when this is the size now.'),
    DRY_RUN,
    FILENAME,
    ...PRINT_FLAGS,
    RECURSIVE,
    int('replicas', 0, 'The new size.'),
    SELECTOR,
  ],
  run: scale,
  complete: completeResources,
};

async function scale(call: Call): Promise<number> {
  if (!call.flags.given('replicas')) throw new Failure('error: required flag(s) "replicas" not set');
  const replicas = call.flags.int('replicas');
  if (replicas < 0) {
    throw new Failure(
      'error: The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0',
    );
  }
  const expected = call.flags.int('current-replicas');
  if (expected < -1)
    throw new Failure('error: The --current-replicas must specify an integer of -1 or greater');
  const reporter = new Reporter(call);
  const selected = await select(call, call.args);
  if (selected.length === 0) throw new Failure('error: no objects passed to scale');
  for (const { ref, object } of selected) {
    if (reporter.dryRun !== 'client') {
      if (expected !== -1) checkSize(call, { ref, expected });
      scaleOne(call, ref, { replicas, dryRun: reporter.dryRun === 'server' });
    }
    const scaled = { ...object, spec: { ...objectAt(object, 'spec'), replicas } };
    await reporter.report(scaled, 'scaled');
  }
  return 0;
}

type Ref = Parameters<Call['api']['get']>[0];

function scaleOne(call: Call, ref: Ref, wish: { readonly replicas: number; readonly dryRun: boolean }): void {
  try {
    call.api.patch(
      ref,
      { spec: { replicas: wish.replicas } },
      {
        contentType: CONTENT_TYPE.mergePatch,
        fieldManager: 'kubectl-scale',
        subresource: 'scale',
        dryRun: wish.dryRun,
      },
    );
  } catch (error) {
    // Kinds without the scale subresource answer 404 though the object exists.
    if (error instanceof ApiFailure && error.notFound) {
      throw new Failure('Error from server (NotFound): the server could not find the requested resource');
    }
    throw error;
  }
}

function checkSize(call: Call, { ref, expected }: { readonly ref: Ref; readonly expected: number }): void {
  const now = numberAt(call.api.get(ref), 'spec', 'replicas');
  if (now !== expected) throw new Failure(`error: Expected replicas to be ${expected}, was ${now}`);
}
