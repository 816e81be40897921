/** `kubectl cordon`, `uncordon` and `taint`. Source: k8s.io/kubectl/pkg/cmd/{drain,taint} v0.35. */
import type { JsonObject } from '../../../../base/json.ts';
import { at, listAt, textAt } from '../../../kube/fields.ts';
import { CONTENT_TYPE } from '../../../kube/api.ts';
import type { Call, Verb } from '../call.ts';
import { completeNames } from '../completion.ts';
import { combined, Failure, usageFailure } from '../failure.ts';
import { Reporter } from '../reporting.ts';
import { select, type Selected } from '../selection.ts';
import { bool, DRY_RUN, fieldManager, PRINT_FLAGS, SELECTOR } from './shared-flags.ts';
import { VALIDATE } from './validation-flag.ts';

function cordonVerb(
  path: 'cordon' | 'uncordon',
  wanted: boolean,
  words: { readonly summary: string; readonly about: string },
): Verb {
  return {
    path,
    ...words,
    usage: `${path} NODE`,
    examples: [`kubectl ${path} node1`],
    provenance: 'source',
    flags: [DRY_RUN, SELECTOR],
    run: (call) => cordon(call, path, wanted),
    complete: completeNames('nodes'),
  };
}

export const CORDON = cordonVerb('cordon', true, {
  summary: 'Keep new pods off a node',
  about: 'Marks nodes unschedulable: pods that run there stay, new ones go elsewhere.',
});

export const UNCORDON = cordonVerb('uncordon', false, {
  summary: 'Let new pods onto a node again',
  about: 'Takes the unschedulable mark off nodes.',
});

/** The nodes that `cordon`, `uncordon` and `drain` are about; fails as they do. */
export async function chosenNodes(call: Call, path: string): Promise<readonly Selected[]> {
  if (call.args.length === 0 && !call.flags.given('selector'))
    throw usageFailure(path, `USAGE: ${path} NODE [flags]`);
  if (call.args.length > 0 && call.flags.given('selector')) {
    throw usageFailure(path, 'cannot specify both a node name and a --selector option');
  }
  const nodes =
    call.args.length > 0
      ? await select(call, call.args, { bareTypes: false, defaultType: 'nodes' })
      : await select(call, ['nodes']);
  const wrong = nodes.find(({ ref }) => ref.type.plural !== 'nodes');
  if (!wrong) return nodes;
  const { group, version, plural } = wrong.ref.type;
  throw new Failure(
    `error: expected resource of type node, got ${JSON.stringify(`${group}/${version}, Resource=${plural}`)}`,
  );
}

async function cordon(call: Call, path: string, wanted: boolean): Promise<number> {
  const reporter = new Reporter(call);
  for (const node of await chosenNodes(call, path)) await cordonOne({ call, reporter, node, wanted });
  return 0;
}

export async function cordonOne(work: {
  readonly call: Call;
  readonly reporter: Reporter;
  readonly node: Selected;
  readonly wanted: boolean;
}): Promise<void> {
  const { call, reporter, node, wanted } = work;
  const path = wanted ? 'cordon' : 'uncordon';
  const already = (at(node.object, 'spec', 'unschedulable') === true) === wanted;
  if (!already && reporter.dryRun !== 'client') {
    call.api.patch(
      node.ref,
      { spec: { unschedulable: wanted ? true : null } },
      {
        contentType: CONTENT_TYPE.strategicMergePatch,
        fieldManager: `kubectl-${path}`,
        dryRun: reporter.dryRun === 'server',
      },
    );
  }
  await reporter.report(node.object, `${already ? 'already ' : ''}${path}ed`);
}

export const TAINT: Verb = {
  path: 'taint',
  summary: 'Change the taints of nodes',
  about:
    'Adds taints (KEY=VALUE:EFFECT or KEY:EFFECT) to nodes, or removes them (a minus at the end).\nEffects: NoSchedule, PreferNoSchedule, NoExecute.',
  usage: 'taint NODE NAME KEY_1=VAL_1:TAINT_EFFECT_1 ... KEY_N=VAL_N:TAINT_EFFECT_N',
  examples: ['kubectl taint nodes node1 rack=a:NoSchedule', 'kubectl taint nodes node1 rack:NoSchedule-'],
  provenance: 'source',
  flags: [
    bool('all', 'Every node.'),
    DRY_RUN,
    fieldManager('kubectl-taint'),
    ...PRINT_FLAGS,
    bool('overwrite', 'Allow changing a taint that is there already.'),
    SELECTOR,
    VALIDATE,
  ],
  run: taint,
  complete: (call) => (call.args.length === 0 ? ['nodes'] : completeNames('nodes')(call)),
};

interface Taint {
  readonly key: string;
  readonly value: string;
  /** Empty: any effect (for removal). */
  readonly effect: string;
}

async function taint(call: Call): Promise<number> {
  const firstSpec = call.args.findIndex((arg, index) => index > 0 && /[=:]|-$/.test(arg));
  const resources = firstSpec < 0 ? call.args : call.args.slice(0, firstSpec);
  const specs = firstSpec < 0 ? [] : call.args.slice(firstSpec);
  if (resources.length === 0)
    throw new Failure('error: one or more resources must be specified as <resource> <name>');
  if (specs.length === 0) throw new Failure('error: at least one taint update is required');
  const add = specs.filter((spec) => !spec.endsWith('-')).map((spec) => parseTaint(spec, true));
  const remove = specs
    .filter((spec) => spec.endsWith('-'))
    .map((spec) => parseTaint(spec.slice(0, -1), false));
  refuseRepeats(add, remove);
  checkNodes(call, resources);
  const reporter = new Reporter(call);
  const failures: Failure[] = [];
  for (const node of await select(call, resources)) {
    try {
      await taintOne({ call, reporter, node }, { add, remove });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failures.push(error);
    }
  }
  const failure = combined(failures);
  if (failure) throw failure;
  return 0;
}

function checkNodes(call: Call, resources: readonly string[]): void {
  const [type = ''] = resources;
  if (type.includes('/'))
    throw new Failure(`the server doesn't have a resource type ${JSON.stringify(type)}`);
  if (call.api.type(type).plural !== 'nodes') {
    throw new Failure(`error: invalid resource type ${type}, only node types are supported`);
  }
  const selecting = call.flags.is('all') || call.flags.given('selector');
  if (resources.length === 1 && !selecting) {
    throw new Failure("error: at least one resource name must be specified since 'all' parameter is not set");
  }
}

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

const NAME_PART = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const NAME_RULE =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/** Without a colon the whole word is taken for a key. */
function parseTaint(spec: string, needsEffect: boolean): Taint {
  const [keyValue = '', effect = '', ...more] = spec.split(':');
  const hasEffect = spec.includes(':');
  const [key = '', value = '', ...extra] = hasEffect ? keyValue.split('=') : [spec];
  if (more.length + extra.length > 0) throw usageFailure('taint', `invalid taint spec: ${spec}`);
  checkEffect(effect, !hasEffect || !needsEffect);
  checkKey(spec, key);
  if (needsEffect && effect === '') throw usageFailure('taint', `invalid taint spec: ${spec}`);
  return { key, value, effect };
}

function checkEffect(effect: string, mayBeEmpty: boolean): void {
  if (EFFECTS.includes(effect) || (effect === '' && mayBeEmpty)) return;
  throw usageFailure('taint', `invalid taint effect: ${effect}, unsupported taint effect`);
}

function checkKey(spec: string, key: string): void {
  const name = key.split('/').at(-1) ?? '';
  if (NAME_PART.test(name)) return;
  const empty = name === '' ? 'name part must be non-empty; ' : '';
  throw usageFailure('taint', `invalid taint spec: ${spec}, ${empty}${NAME_RULE}`);
}

/** One command may name a taint only once. */
function refuseRepeats(add: readonly Taint[], remove: readonly Taint[]): void {
  const twice = add.find((one, index) =>
    add.slice(0, index).some((other) => other.key === one.key && other.effect === one.effect),
  );
  if (twice) {
    throw usageFailure(
      'taint',
      `duplicated taints with the same key and effect: {${twice.key} ${twice.value} ${twice.effect} <nil>}`,
    );
  }
  const both = remove.filter((one) =>
    add.some((other) => other.key === one.key && (one.effect === '' || one.effect === other.effect)),
  );
  if (both.length > 0) {
    const named = both.map(({ key, effect }) => `${key}=${effect === '' ? '' : `:${effect}`}`).join(',');
    throw new Failure(
      `error: can not both modify and remove the following taint(s) in the same command: ${named}`,
    );
  }
}

async function taintOne(
  work: { readonly call: Call; readonly reporter: Reporter; readonly node: Selected },
  change: { readonly add: readonly Taint[]; readonly remove: readonly Taint[] },
): Promise<void> {
  const { call, reporter, node } = work;
  const before = listAt(node.object, 'spec', 'taints');
  const same = (one: JsonObject, other: Taint): boolean =>
    one['key'] === other.key && (other.effect === '' || one['effect'] === other.effect);
  const clashes = change.add.filter((one) => before.some((other) => same(other, one)));
  if (clashes.length > 0 && !call.flags.is('overwrite')) {
    throw new Failure(
      `error: node ${node.ref.name} already has ${clashes.map((one) => one.key).join(',')} taint(s) with same effect(s) and --overwrite is false`,
    );
  }
  const missing = change.remove.filter((one) => !before.some((other) => same(other, one)));
  if (missing.length > 0) {
    throw new Failure(
      missing
        .map(
          (one) =>
            `error: taint ${JSON.stringify(one.effect === '' ? one.key : `${one.key}:${one.effect}`)} not found`,
        )
        .join('\n'),
    );
  }
  const kept = before.filter((one) => ![...change.add, ...change.remove].some((other) => same(one, other)));
  const added = change.add.map(({ key, value, effect }) => ({
    key,
    ...(value === '' ? {} : { value }),
    effect,
  }));
  const taints = [...added, ...kept];
  const operation =
    call.flags.is('overwrite') || (added.length > 0 && change.remove.length > 0)
      ? 'modified'
      : added.length > 0
        ? 'tainted'
        : 'untainted';
  const local = { ...node.object, spec: { ...(node.object['spec'] as JsonObject), taints } };
  const result =
    reporter.dryRun === 'client'
      ? local
      : call.api.patch(
          node.ref,
          {
            metadata: { resourceVersion: textAt(node.object, 'metadata', 'resourceVersion') },
            spec: { taints },
          },
          {
            contentType: CONTENT_TYPE.mergePatch,
            fieldManager: call.flags.text('field-manager'),
            dryRun: reporter.dryRun === 'server',
          },
        );
  await reporter.report(result, operation);
}
