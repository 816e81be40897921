/** `kubectl rollout history`. Source: k8s.io/kubectl/pkg/cmd/rollout/rollout_history.go, polymorphichelpers/history.go v0.35. */
import type { JsonObject } from '../../../../base/json.ts';
import { objectAt, textAt } from '../../../kube/fields.ts';
import { replicaSetsOf, revisionOf } from '../deployments.ts';
import { describeTemplate } from '../describe/containers.ts';
import { Document } from '../describe/document.ts';
import { wallClock, type Call, type Verb } from '../call.ts';
import { completeResources } from '../completion.ts';
import { kindName } from '../discovery.ts';
import { Failure } from '../failure.ts';
import { OBJECT_FORMATS } from '../output/object-printer.ts';
import { DESCRIBE_TABS, TabWriter } from '../output/tab-writer.ts';
import { outputOf, printerFor } from '../reporting.ts';
import { select, type Selected } from '../selection.ts';
import { FILENAME, int, PRINT_FLAGS, RECURSIVE, SELECTOR } from './shared-flags.ts';

export const ROLLOUT_HISTORY: Verb = {
  path: 'rollout history',
  summary: 'List the versions of a deployment',
  about: 'Lists the revisions of a deployment that its replica sets still remember, or shows one of them.',
  usage: 'rollout history (TYPE NAME | TYPE/NAME) [flags]',
  examples: ['kubectl rollout history deployment/web', 'kubectl rollout history deployment/web --revision=2'],
  provenance: 'compared',
  flags: [
    FILENAME,
    ...PRINT_FLAGS,
    RECURSIVE,
    int('revision', 0, 'Show the pod template of this revision; 0 lists all.'),
    SELECTOR,
  ],
  run: history,
  complete: completeResources,
};

async function history(call: Call): Promise<number> {
  if (call.args.length === 0 && call.flags.all('filename').length === 0)
    throw new Failure('error: required resource not specified');
  const revision = call.flags.int('revision');
  if (revision < 0) throw new Failure(`error: revision must be a positive integer: ${revision}`);
  for (const one of await select(call, call.args, { bareTypes: true })) {
    requireHistory(one, 'history viewer');
    const all = [...replicaSetsOf(call, one.object)].sort((a, b) => revisionOf(a) - revisionOf(b));
    const sets = revision === 0 ? all : all.filter((set) => revisionOf(set) === revision);
    if (revision !== 0 && sets.length === 0)
      throw new Failure('error: unable to find the specified revision');
    await (outputOf(call) !== '' ? printSets(call, sets) : printHistory(call, one, sets));
  }
  return 0;
}

/** Deployments have replica sets to remember; the others would need ControllerRevisions, which are not served here. */
export function requireHistory({ ref }: Selected, what: 'history viewer' | 'rollbacker'): void {
  const { kind, group } = ref.type;
  if (kind === 'Deployment') return;
  if (kind === 'DaemonSet' || kind === 'StatefulSet') {
    throw new Failure(
      `error: unable to find history controlled by ${kind} ${ref.name}: the server could not find the requested resource`,
    );
  }
  const name = group === '' ? kind : `${kind}.${group}`;
  throw new Failure(`error: no ${what} has been implemented for ${JSON.stringify(name)}`);
}

async function printSets(call: Call, sets: readonly JsonObject[]): Promise<void> {
  const print = printerFor(call, outputOf(call), OBJECT_FORMATS);
  for (const set of sets) {
    const text = print({ apiVersion: 'apps/v1', kind: 'ReplicaSet', ...set });
    if (!text.ok) throw new Failure(`error: ${text.error}`);
    await call.out(text.value);
  }
}

async function printHistory(call: Call, { ref }: Selected, sets: readonly JsonObject[]): Promise<void> {
  const name = `${kindName(ref.type)}/${ref.name}`;
  const [set] = sets;
  if (call.flags.int('revision') !== 0 && set) {
    const head = `${name} with revision #${call.flags.int('revision')}\n`;
    return call.out(`${head}${templateText(call, objectAt(set, 'spec', 'template'), set)}\n`);
  }
  const writer = new TabWriter(DESCRIBE_TABS);
  writer.write('REVISION\tCHANGE-CAUSE\n');
  for (const one of sets) {
    const cause = changeCause(one);
    writer.write(`${revisionOf(one)}\t${cause === '' ? '<none>' : cause}\n`);
  }
  return call.out(`${name} \n${writer.flush()}\n`);
}

const changeCause = (set: JsonObject | undefined): string =>
  textAt(set, 'metadata', 'annotations', 'kubernetes.io/change-cause');

/** The pod template as `describe` prints it, its tabs left as they are; with the cause of a revision among its annotations. */
export function templateText(call: Call, template: JsonObject, revision?: JsonObject): string {
  const page = new Document(wallClock(call.io), plainWriter());
  const cause = changeCause(revision);
  const metadata = objectAt(template, 'metadata');
  const annotations = {
    ...objectAt(metadata, 'annotations'),
    ...(cause === '' ? {} : { 'kubernetes.io/change-cause': cause }),
  };
  describeTemplate(page, { ...template, metadata: { ...metadata, annotations } });
  return page.text;
}

function plainWriter(): Pick<TabWriter, 'write' | 'flush'> {
  let written = '';
  return {
    write: (text) => {
      written += text;
    },
    flush: () => {
      const text = written;
      written = '';
      return text;
    },
  };
}
