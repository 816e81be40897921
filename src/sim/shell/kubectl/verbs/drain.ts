/** `kubectl drain`. Source: k8s.io/kubectl/pkg/cmd/drain/drain.go, pkg/drain/{drain,filters}.go v0.35. */
import type { JsonObject } from '../../../../base/json.ts';
import { textAt } from '../../../kube/fields.ts';
import type { Call, Verb } from '../call.ts';
import { completeNames } from '../completion.ts';
import { judged, type Judged } from '../drain-filters.ts';
import { Evictions } from '../evictions.ts';
import { Failure } from '../failure.ts';
import { Reporter } from '../reporting.ts';
import type { Selected } from '../selection.ts';
import { chosenNodes, cordonOne } from './nodes.ts';
import { bool, CHUNK_SIZE, DRY_RUN, duration, int, SELECTOR, text } from './shared-flags.ts';

export const DRAIN: Verb = {
  path: 'drain',
  summary: 'Empty a node for maintenance',
  about:
    'Marks a node unschedulable and evicts its pods. Pods of daemon sets stay, and stop the command unless\n--ignore-daemonsets is given; a pod that nothing would replace needs --force, one that keeps data in an emptyDir needs\n--delete-emptydir-data. Disruption budgets are asked: an eviction that one refuses is tried again every five seconds.',
  usage: 'drain NODE',
  examples: [
    'kubectl drain node1 --ignore-daemonsets',
    'kubectl drain node1 --ignore-daemonsets --force --timeout=60s',
  ],
  provenance: 'compared',
  flags: [
    CHUNK_SIZE,
    bool('delete-emptydir-data', 'Also pods with emptyDir volumes, whose data is lost.'),
    bool('disable-eviction', 'Delete the pods without asking disruption budgets.'),
    DRY_RUN,
    bool('force', 'Also pods that no controller would start again.'),
    int('grace-period', -1, 'Seconds a pod gets to stop by itself; -1 takes its own setting.'),
    bool('ignore-daemonsets', 'Leave pods of daemon sets where they are.'),
    text('pod-selector', 'Only pods whose labels match.'),
    SELECTOR,
    int(
      'skip-wait-for-delete-timeout',
      0,
      'Do not wait for pods that have been going for longer than these seconds.',
    ),
    duration('timeout', '0s', 'Give up after this time; 0s has no limit.'),
  ],
  run: drain,
  complete: completeNames('nodes'),
};

async function drain(call: Call): Promise<number> {
  const reporter = new Reporter(call);
  const nodes = await chosenNodes(call, 'drain');
  for (const node of nodes) await cordonOne({ call, reporter, node, wanted: true });
  const pending: Selected[] = [];
  const problems: string[] = [];
  for (const node of nodes) {
    const failed = await empty(call, node, reporter);
    if (failed.length === 0) {
      await reporter.report(node.object, 'drained');
      continue;
    }
    pending.push(node);
    problems.push(...failed);
    const [only = ''] = failed;
    const all = failed.length === 1 ? only : `[${failed.join(', ')}]`;
    await call.err(
      `error: unable to drain node ${JSON.stringify(node.ref.name)} due to error: ${all}, continuing command...\n`,
    );
  }
  if (pending.length === 0) return 0;
  const names = pending.map(({ ref }) => ` ${ref.name}\n`).join('');
  await call.err(`There are pending nodes to be drained:\n${names}`);
  throw new Failure(problems.join('\n'));
}

/** Why the node could not be emptied; nothing when it is. */
async function empty(call: Call, node: Selected, reporter: Reporter): Promise<readonly string[]> {
  const verdict = judged(call, podsOn(call, node.ref.name));
  if (verdict.errors.length > 0) return verdict.errors;
  if (verdict.warnings.length > 0) await call.err(`Warning: ${verdict.warnings.join('; ')}\n`);
  const problems = await new Evictions(call, reporter.dryRun).run(verdict.pods);
  if (problems.length > 0) await tellPending(call, node, problems);
  return problems;
}

async function tellPending(call: Call, node: Selected, problems: readonly string[]): Promise<void> {
  const { pods }: Judged = judged(call, podsOn(call, node.ref.name));
  if (pods.length === 0) return;
  const [only = ''] = problems;
  const all = problems.length === 1 ? only : `[${problems.join(', ')}]`;
  const names = pods.map((pod) => `pod/${textAt(pod, 'metadata', 'name')}\n`).join('');
  await call.err(
    `There are pending pods in node ${JSON.stringify(node.ref.name)} when an error occurred: ${all}\n${names}`,
  );
}

function podsOn(call: Call, node: string): readonly JsonObject[] {
  const labelSelector = call.flags.text('pod-selector');
  return call.api.items(call.api.type('pods'), undefined, {
    fieldSelector: `spec.nodeName=${node}`,
    ...(labelSelector === '' ? {} : { labelSelector }),
  });
}
