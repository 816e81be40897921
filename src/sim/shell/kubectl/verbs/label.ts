/** `kubectl label` and `kubectl annotate`. Source: k8s.io/kubectl/pkg/cmd/{label,annotate} v0.35. */
import { isJsonObject, jsonEquals, type JsonObject } from '../../../../base/json.ts';
import { CONTENT_TYPE } from '../../../kube/api.ts';
import type { Call, Verb } from '../call.ts';
import { completeResources } from '../completion.ts';
import { combined, Failure } from '../failure.ts';
import { Reporter } from '../reporting.ts';
import { metadataOf, select, type Selected } from '../selection.ts';
import {
  ALL_NAMESPACES,
  bool,
  DRY_RUN,
  FIELD_SELECTOR,
  fieldManager,
  FILENAME,
  PRINT_FLAGS,
  RECURSIVE,
  SELECTOR,
} from './shared-flags.ts';

interface Subject {
  readonly verb: 'label' | 'annotate';
  readonly member: 'labels' | 'annotations';
  readonly noun: 'label' | 'annotation';
}

const LABELS: Subject = { verb: 'label', member: 'labels', noun: 'label' };
const ANNOTATIONS: Subject = { verb: 'annotate', member: 'annotations', noun: 'annotation' };

const flagsOf = (subject: Subject): Verb['flags'] => [
  bool('all', 'Every object of the type in the namespace.'),
  ALL_NAMESPACES,
  DRY_RUN,
  fieldManager(`kubectl-${subject.verb}`),
  FIELD_SELECTOR,
  FILENAME,
  bool('list', 'Print what there is instead of changing it.'),
  ...PRINT_FLAGS,
  bool('overwrite', 'Allow changing a value that is there already.'),
  RECURSIVE,
  SELECTOR,
];

export const LABEL: Verb = {
  path: 'label',
  summary: 'Set and remove labels',
  about:
    'Sets labels (KEY=VALUE) and removes them (KEY-). A label that has another value is left alone unless --overwrite is given.',
  usage:
    'label [--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version]',
  examples: [
    'kubectl label pod web tier=front',
    'kubectl label node node1 rack=a --overwrite',
    'kubectl label pod web tier-',
  ],
  provenance: 'compared',
  flags: flagsOf(LABELS),
  run: (call) => change(call, LABELS),
  complete: completeResources,
};

export const ANNOTATE: Verb = {
  path: 'annotate',
  summary: 'Set and remove annotations',
  about:
    'Sets annotations (KEY=VALUE) and removes them (KEY-). One that has another value is left alone unless --overwrite is given.',
  usage:
    'annotate [--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version]',
  examples: ["kubectl annotate pod web note='do not touch'", 'kubectl annotate pod web note-'],
  provenance: 'compared',
  flags: flagsOf(ANNOTATIONS),
  run: (call) => change(call, ANNOTATIONS),
  complete: completeResources,
};

interface Changes {
  readonly set: ReadonlyMap<string, string>;
  readonly remove: readonly string[];
}

async function change(call: Call, subject: Subject): Promise<number> {
  const firstChange = call.args.findIndex((arg) => arg.includes('=') || arg.endsWith('-'));
  const resources = firstChange < 0 ? call.args : call.args.slice(0, firstChange);
  const specs = firstChange < 0 ? [] : call.args.slice(firstChange);
  const reporter = new Reporter(call);
  if (resources.length === 0 && call.flags.all('filename').length === 0) {
    throw new Failure(
      'error: one or more resources must be specified as <resource> <name> or <resource>/<name>',
    );
  }
  const listing = call.flags.is('list');
  if (specs.length === 0 && !listing)
    throw new Failure(`error: at least one ${subject.noun} update is required`);
  const changes = parseChanges(specs, subject);
  const selected = await select(call, resources);
  const failures: Failure[] = [];
  for (const one of selected) {
    try {
      if (listing) await print(call, subject, { one, alone: selected.length === 1 });
      else await changeOne({ call, subject, changes, reporter }, one);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failures.push(error);
    }
  }
  const failure = combined(failures);
  if (failure) throw failure;
  return 0;
}

function parseChanges(specs: readonly string[], subject: Subject): Changes {
  const set = new Map<string, string>();
  const remove: string[] = [];
  for (const spec of specs) {
    const equals = spec.indexOf('=');
    if (equals >= 0) {
      const key = spec.slice(0, equals);
      const value = spec.slice(equals + 1);
      if (subject === LABELS) checkLabel(spec, value);
      if (key === '') throw new Failure(`error: invalid ${subject.noun} format: ${spec}`);
      set.set(key, value);
    } else if (spec.endsWith('-')) remove.push(spec.slice(0, -1));
    else
      throw new Failure(
        subject === LABELS
          ? `error: unknown label spec: ${spec}`
          : `error: invalid annotation format: ${spec}`,
      );
  }
  const both = remove.filter((key) => set.has(key));
  if (both.length > 0) {
    throw new Failure(
      subject === LABELS
        ? 'error: can not both modify and remove a label in the same command'
        : `error: can not both modify and remove the following annotation(s) in the same command: ${both.join(', ')}`,
    );
  }
  return { set, remove };
}

const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

function checkLabel(spec: string, value: string): void {
  if (value.includes('=')) throw new Failure(`error: invalid label spec: ${spec}`);
  const complaints = [
    ...(value.length > 63 ? ['must be no more than 63 bytes'] : []),
    ...(LABEL_VALUE.test(value)
      ? []
      : [
          "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
        ]),
  ];
  if (complaints.length > 0)
    throw new Failure(`error: invalid label value: ${JSON.stringify(spec)}: ${complaints.join(';')}`);
}

interface Work {
  readonly call: Call;
  readonly subject: Subject;
  readonly changes: Changes;
  readonly reporter: Reporter;
}

async function changeOne(
  { call, subject, changes, reporter }: Work,
  { ref, object }: Selected,
): Promise<void> {
  const before = membersOf(object, subject);
  if (!call.flags.is('overwrite')) refuseOverwrite(before, changes, subject);
  if (subject === LABELS && reporter.dryRun !== 'client') {
    for (const key of changes.remove)
      if (before[key] === undefined) await call.out(`label ${JSON.stringify(key)} not found.\n`);
  }
  const removed = Object.fromEntries(
    changes.remove.filter((key) => before[key] !== undefined).map((key) => [key, null]),
  );
  const added = Object.fromEntries([...changes.set].filter(([key, value]) => before[key] !== value));
  const patch = { ...removed, ...added };
  const after = Object.fromEntries(
    Object.entries({ ...before, ...patch }).filter(([, value]) => value !== null),
  );
  const local = { ...object, metadata: { ...metadataOf(object), [subject.member]: after } };
  const result =
    reporter.dryRun === 'client'
      ? local
      : call.api.patch(
          ref,
          Object.keys(patch).length === 0 ? {} : { metadata: { [subject.member]: patch } },
          {
            contentType: CONTENT_TYPE.mergePatch,
            fieldManager: call.flags.text('field-manager'),
            dryRun: reporter.dryRun === 'server',
          },
        );
  await reporter.report(result, operation(call, subject, { before, after: after as JsonObject }));
}

function operation(
  call: Call,
  subject: Subject,
  members: { readonly before: JsonObject; readonly after: JsonObject },
): string {
  if (subject === ANNOTATIONS) return 'annotated';
  if (jsonEquals(members.before, members.after)) return 'not labeled';
  // The real tool looks whether the object became shorter.
  const shorter = JSON.stringify(members.after).length < JSON.stringify(members.before).length;
  return shorter && !call.flags.is('overwrite') ? 'unlabeled' : 'labeled';
}

function refuseOverwrite(before: JsonObject, changes: Changes, subject: Subject): void {
  const clashes = [...changes.set].filter(
    ([key, value]) => before[key] !== undefined && before[key] !== value,
  );
  if (clashes.length === 0) return;
  const sentences = clashes.map(([key]) => `'${key}' already has a value (${String(before[key])})`);
  if (subject === ANNOTATIONS) {
    throw new Failure(
      `error: --overwrite is false but found the following declared annotation(s): ${sentences.join('; ')}`,
    );
  }
  const lines = sentences.map((sentence) => `${sentence}, and --overwrite is false`);
  throw new Failure(lines.length === 1 ? `error: ${lines[0] ?? ''}` : lines.join('\n'));
}

async function print(
  call: Call,
  subject: Subject,
  { one, alone }: { readonly one: Selected; readonly alone: boolean },
): Promise<void> {
  const { type, name } = one.ref;
  const members = membersOf(one.object, subject);
  if (!alone) await call.out(`Listing ${subject.member} for ${type.kind}.${type.group}/${name}:\n`);
  for (const key of Object.keys(members).sort())
    await call.out(`${alone ? '' : ' '}${key}=${String(members[key])}\n`);
}

function membersOf(object: JsonObject, subject: Subject): JsonObject {
  const members = metadataOf(object)[subject.member];
  return isJsonObject(members) ? members : {};
}
