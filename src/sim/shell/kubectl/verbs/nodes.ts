/** `kubectl cordon`, `uncordon` and `taint`. Source: k8s.io/kubectl/pkg/cmd/{drain,taint} v0.35. */
import type { JsonObject } from '../../../../base/json.ts';
import { at, listAt, textAt } from '../../../kube/fields.ts';
import { CONTENT_TYPE } from '../../../kube/api.ts';
import type { Call, Verb } from '../call.ts';
import { completeNames } from '../completion.ts';
import { Failure, usageFailure } from '../failure.ts';
import { Reporter } from '../reporting.ts';
import { select, type Selected } from '../selection.ts';
import { bool, DRY_RUN, OUTPUT, SELECTOR } from './shared-flags.ts';

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

async function cordon(call: Call, path: string, wanted: boolean): Promise<number> {
  if (call.args.length === 0 && !call.flags.given('selector'))
    throw usageFailure(path, `USAGE: ${path} NODE [flags]`);
  if (call.args.length > 0 && call.flags.given('selector')) {
    throw usageFailure(path, 'error: cannot specify both a node name and a --selector option');
  }
  const reporter = new Reporter(call);
  const nodes =
    call.args.length > 0
      ? await select(call, call.args, { bareTypes: false, defaultType: 'nodes' })
      : await select(call, ['nodes']);
  for (const { ref, object } of nodes) {
    const already = at(object, 'spec', 'unschedulable') === true;
    if (already !== wanted && reporter.dryRun !== 'client') {
      call.api.patch(
        ref,
        { spec: { unschedulable: wanted ? true : null } },
        {
          contentType: CONTENT_TYPE.strategicMergePatch,
          fieldManager: `kubectl-${path}`,
          dryRun: reporter.dryRun === 'server',
        },
      );
    }
    await reporter.report(object, `${already === wanted ? 'already ' : ''}${path}ed`);
  }
  return 0;
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
    OUTPUT,
    bool('overwrite', 'Allow changing a taint that is there already.'),
    SELECTOR,
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
  checkNodes(call, resources);
  const reporter = new Reporter(call);
  for (const node of await select(call, resources)) await taintOne({ call, reporter, node }, { add, remove });
  return 0;
}

function checkNodes(call: Call, resources: readonly string[]): void {
  const [type = ''] = resources;
  if (call.api.type(type.split('/')[0] ?? '').plural !== 'nodes') {
    throw new Failure(`error: invalid resource type ${type}, only node types are supported`);
  }
  const selecting = call.flags.is('all') || call.flags.given('selector');
  if (resources.length === 1 && !type.includes('/') && !selecting) {
    throw new Failure("error: at least one resource name must be specified since 'all' parameter is not set");
  }
}

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

function parseTaint(spec: string, needsEffect: boolean): Taint {
  const [keyValue = '', effect = '', ...more] = spec.split(':');
  const [key = '', value = '', ...extra] = keyValue.split('=');
  if (more.length > 0 || extra.length > 0 || key === '' || (needsEffect && effect === '')) {
    throw usageFailure('taint', `invalid taint spec: ${spec}`);
  }
  if (effect !== '' && !EFFECTS.includes(effect)) {
    throw usageFailure('taint', `invalid taint effect: ${effect}, unsupported taint effect`);
  }
  return { key, value, effect };
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
            fieldManager: 'kubectl-taint',
            dryRun: reporter.dryRun === 'server',
          },
        );
  await reporter.report(result, operation);
}
