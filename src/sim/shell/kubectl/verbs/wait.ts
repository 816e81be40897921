/** `kubectl wait`. Source: k8s.io/kubectl/pkg/cmd/wait v0.35. */
import { isJsonObject, type JsonObject } from '../../../../base/json.ts';
import { listAt, numberAt, textAt } from '../../../kube/fields.ts';
import type { Call, Verb } from '../call.ts';
import type { ObjectRef } from '../api-client.ts';
import { completeResources } from '../completion.ts';
import { ApiFailure, combined, Failure } from '../failure.ts';
import { relaxedPath } from '../output/custom-columns.ts';
import { findJsonPath, goText, parseJsonPath, type PathAction } from '../output/jsonpath.ts';
import { Reporter } from '../reporting.ts';
import { MISSING_RESOURCE, nameOf, namespaceOf } from '../selection.ts';
import { readManifests, refForManifest } from '../manifest.ts';
import { refOf, targets } from '../targets.ts';
import { until } from '../watching.ts';
import { listNamespace, listOptions } from './list-request.ts';
import {
  ALL_NAMESPACES,
  bool,
  duration,
  FIELD_SELECTOR,
  FILENAME,
  PRINT_FLAGS,
  RECURSIVE,
  SELECTOR,
  text,
} from './shared-flags.ts';

export const WAIT: Verb = {
  path: 'wait',
  summary: 'Wait until objects are in some state',
  about:
    'Returns when every chosen object has the condition, shows the value, exists or is gone; fails when the time is up.',
  usage:
    "wait ([-f FILENAME] | resource.group/resource.name | resource.group [(-l label | --all)]) [--for=create|--for=delete|--for condition=available|--for=jsonpath='{}'[=value]]",
  examples: [
    'kubectl wait --for=condition=Ready pod/web',
    'kubectl wait --for=condition=Available deployment --all --timeout=60s',
    "kubectl wait --for=jsonpath='{.status.phase}'=Running pod/web",
    'kubectl wait --for=delete pod/web',
  ],
  provenance: 'source',
  flags: [
    bool('all', 'Every object of the type in the namespace.'),
    ALL_NAMESPACES,
    FIELD_SELECTOR,
    FILENAME,
    text('for', 'What to wait for: create, delete, condition=NAME[=VALUE] or jsonpath=PATH[=VALUE].'),
    ...PRINT_FLAGS,
    RECURSIVE,
    SELECTOR,
    duration('timeout', '30s', 'Give up after this time; 0 looks once.'),
  ],
  run: wait,
  complete: completeResources,
};

interface Condition {
  readonly word: 'create' | 'delete' | 'met';
  holds(object: JsonObject | undefined): boolean;
}

async function wait(call: Call): Promise<number> {
  const condition = parseCondition(call.flags.text('for'));
  const reporter = new Reporter(call);
  if (condition.word === 'create') await waitForCreation(call);
  const refs = await chosen(call, condition);
  if (refs.length === 0 && condition.word !== 'delete')
    throw new Failure('error: no matching resources found');
  const started = call.io.clock.now();
  const failures: Failure[] = [];
  for (const ref of refs) {
    try {
      await waitForOne(call, ref, { condition, reporter, started });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failures.push(error);
    }
  }
  const failure = combined(failures);
  if (failure) throw failure;
  return 0;
}

function parseCondition(text: string): Condition {
  if (text.toLowerCase() === 'delete') return { word: 'delete', holds: (object) => object === undefined };
  if (text.toLowerCase() === 'create') return { word: 'create', holds: (object) => object !== undefined };
  if (text.startsWith('condition=')) {
    const [name = '', ...value] = text.slice('condition='.length).split('=');
    const wanted = value.length === 0 ? 'true' : value.join('=');
    return { word: 'met', holds: (object) => hasCondition(object, name, wanted) };
  }
  if (text.startsWith('jsonpath=')) return jsonPathCondition(text.slice('jsonpath='.length));
  throw new Failure(`error: unrecognized condition: ${JSON.stringify(text)}`);
}

function hasCondition(object: JsonObject | undefined, name: string, wanted: string): boolean {
  const condition = listAt(object, 'status', 'conditions').find(
    (one) => textAt(one, 'type').toLowerCase() === name.toLowerCase(),
  );
  if (!condition) return false;
  const observed =
    condition['observedGeneration'] ??
    (isJsonObject(object?.['status']) ? object['status']['observedGeneration'] : undefined);
  if (typeof observed === 'number' && observed < numberAt(object, 'metadata', 'generation')) return false;
  return textAt(condition, 'status').toLowerCase() === wanted.toLowerCase();
}

const JSON_PATH_FORM =
  "jsonpath wait format must be --for=jsonpath='{.status.readyReplicas}'=3 or --for=jsonpath='{.status.readyReplicas}'";

function jsonPathCondition(input: string): Condition {
  const [expression = '', value, ...more] = splitOnSingleEquals(input);
  if (more.length > 0) throw new Failure(`error: ${JSON_PATH_FORM}`);
  const path = expression.startsWith('{') ? parseJsonPath(expression) : relaxedPath(expression);
  if (!path.ok) throw new Failure(`error: ${path.error}`);
  const wanted = value?.replace(/^['"]+|['"]+$/g, '');
  if (wanted === '') {
    throw new Failure(
      "error: jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3",
    );
  }
  return { word: 'met', holds: (object) => object !== undefined && shows(object, path.value, wanted) };
}

function splitOnSingleEquals(text: string): readonly string[] {
  const parts: string[] = [''];
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] !== '=') parts.push((parts.pop() ?? '') + (text[at] ?? ''));
    else if (text[at + 1] === '=') {
      parts.push(`${parts.pop() ?? ''}==`);
      at += 1;
    } else parts.push('');
  }
  return parts;
}

function shows(object: JsonObject, path: readonly PathAction[], wanted: string | undefined): boolean {
  const found = findJsonPath(path, object);
  if (!found.ok) throw new Failure(`error: ${found.error}`);
  const values = found.value.flat();
  if (values.length === 0) return false;
  if (wanted === undefined) return true;
  if (values.length > 1) throw new Failure('error: given jsonpath expression matches more than one value');
  const [value] = values;
  if (typeof value === 'object' && value !== null) {
    throw new Failure('error: jsonpath leads to a nested object or list which is not supported');
  }
  return goText(value ?? null).trim() === wanted;
}

/** How often the name is looked for, in virtual milliseconds, as the real tool does. */
const CREATION_POLL = 500;

async function waitForCreation(call: Call): Promise<void> {
  const deadline = call.io.clock.now() + call.flags.millis('timeout');
  for (;;) {
    try {
      const refs = await chosen(call, { word: 'met', holds: () => true });
      if (refs.length > 0 && refs.every((ref) => call.api.get(ref))) return;
    } catch (error) {
      if (!(error instanceof ApiFailure) || !error.notFound) throw error;
    }
    if (call.io.clock.now() >= deadline) throw new Failure('error: timed out waiting for the condition');
    await call.io.clock.sleep(CREATION_POLL, call.io.signal);
  }
}

async function chosen(call: Call, condition: Condition): Promise<readonly ObjectRef[]> {
  const files = call.flags.all('filename');
  if (files.length > 0) {
    const manifests = await readManifests(call, files);
    return manifests.map((manifest) => refForManifest(call, manifest));
  }
  if (call.args.length === 0) throw new Failure(MISSING_RESOURCE);
  const found = targets(call, call.args, {
    allNamespaces: call.flags.is('all-namespaces'),
    selector: call.flags.text('selector') !== '' || call.flags.text('field-selector') !== '',
    all: call.flags.is('all'),
    bareTypes: false,
  });
  return found.flatMap((target) => {
    if (target.kind === 'collection') {
      return call.api
        .items(target.type, listNamespace(call, target.type), listOptions(call))
        .map((item) => refOf(target.type, namespaceOf(item), nameOf(item)));
    }
    if (condition.word !== 'delete') call.api.get(target.ref);
    return condition.word === 'delete' && !call.api.find(target.ref) ? [] : [target.ref];
  });
}

async function waitForOne(
  call: Call,
  ref: ObjectRef,
  how: { readonly condition: Condition; readonly reporter: Reporter; readonly started: number },
): Promise<void> {
  const limit = call.flags.millis('timeout');
  const name = `${ref.type.plural}/${ref.name}`;
  if (limit === 0) {
    const object = call.api.find(ref);
    if (!how.condition.holds(object)) throw new Failure(`error: condition not met for ${name}`);
    return how.reporter.report(object ?? identity(ref), 'condition met');
  }
  let last: JsonObject | undefined;
  const outcome = await until(call, ref, {
    // A negative timeout waits a week in the real tool: for ever, in a lab.
    ...(limit < 0 ? {} : { timeout: Math.max(0, limit - (call.io.clock.now() - how.started)) }),
    check: (object) => {
      last = object ?? last;
      return how.condition.holds(object) ? 'done' : 'wait';
    },
  });
  if (outcome === 'timeout') throw new Failure(`error: timed out waiting for the condition on ${name}`);
  return how.reporter.report(last ?? identity(ref), 'condition met');
}

function identity(ref: ObjectRef): JsonObject {
  const { group, version, kind } = ref.type;
  return { apiVersion: group === '' ? version : `${group}/${version}`, kind, metadata: { name: ref.name } };
}
