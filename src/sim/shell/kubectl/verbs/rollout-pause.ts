/** `kubectl rollout pause` and `resume`. Source: k8s.io/kubectl/pkg/cmd/rollout/rollout_{pause,resume}.go v0.35. */
import { CONTENT_TYPE } from '../../../kube/api.ts';
import { at } from '../../../kube/fields.ts';
import type { Call, Verb } from '../call.ts';
import { completeResources } from '../completion.ts';
import { resourceName } from '../discovery.ts';
import { combined, Failure } from '../failure.ts';
import { Reporter } from '../reporting.ts';
import { chosen } from './rollout.ts';
import { fieldManager, FILENAME, PRINT_FLAGS, RECURSIVE, SELECTOR } from './shared-flags.ts';

interface Change {
  readonly path: 'rollout pause' | 'rollout resume';
  readonly paused: boolean;
  /** `pausing` */
  readonly doing: string;
  readonly done: string;
  /** What the server has already: `is already paused`. */
  readonly already: string;
}

const FLAGS = [fieldManager('kubectl-rollout'), FILENAME, ...PRINT_FLAGS, RECURSIVE, SELECTOR];

export const ROLLOUT_PAUSE: Verb = {
  path: 'rollout pause',
  summary: 'Hold a deployment back from rolling out changes',
  about:
    'Pauses a deployment: changes of its pod template are kept but not rolled out until it is resumed. Only deployments\ncan be paused.',
  usage: 'rollout pause RESOURCE',
  examples: ['kubectl rollout pause deployment/web'],
  provenance: 'compared',
  flags: FLAGS,
  run: (call) => change(call, PAUSE),
  complete: completeResources,
};

const PAUSE: Change = {
  path: 'rollout pause',
  paused: true,
  doing: 'pausing',
  done: 'paused',
  already: 'is already paused',
};

export const ROLLOUT_RESUME: Verb = {
  path: 'rollout resume',
  summary: 'Let a paused deployment roll out its changes',
  about: 'Resumes a paused deployment: what was changed meanwhile is rolled out at once.',
  usage: 'rollout resume RESOURCE',
  examples: ['kubectl rollout resume deployment/web'],
  provenance: 'compared',
  flags: FLAGS,
  run: (call) => change(call, RESUME),
  complete: completeResources,
};

const RESUME: Change = {
  path: 'rollout resume',
  paused: false,
  doing: 'resuming',
  done: 'resumed',
  already: 'is not paused',
};

async function change(call: Call, { paused, doing, done, already }: Change): Promise<number> {
  const reporter = new Reporter(call);
  const failures: Failure[] = [];
  for (const { ref, object } of await chosen(call)) {
    const name = `${resourceName(ref.type)} ${JSON.stringify(ref.name)}`;
    if (ref.type.kind !== 'Deployment') {
      failures.push(new Failure(`error: ${name} ${doing} is not supported`));
    } else if ((at(object, 'spec', 'paused') === true) === paused) {
      failures.push(new Failure(`error: ${name} ${already}`));
    } else {
      const patched = call.api.patch(
        ref,
        { spec: { paused: paused ? true : null } },
        { contentType: CONTENT_TYPE.strategicMergePatch, fieldManager: call.flags.text('field-manager') },
      );
      await reporter.report(patched, done);
    }
  }
  const failure = combined(failures);
  if (failure) throw failure;
  return 0;
}
