/** `kubectl set image`, `resources`, `serviceaccount` and `selector`. Source: k8s.io/kubectl/pkg/cmd/set v0.35. */
import type { JsonObject } from '../../../../base/json.ts';
import { CONTENT_TYPE } from '../../../kube/api.ts';
import { listAt, objectAt, textAt } from '../../../kube/fields.ts';
import type { Call, Verb } from '../call.ts';
import { completeResources } from '../completion.ts';
import { combined, Failure } from '../failure.ts';
import { matchesName, podSpecOf, updatePodSpec, withContainers } from '../pod-templates.ts';
import { Reporter } from '../reporting.ts';
import { MISSING_RESOURCE, select, type Selected } from '../selection.ts';
import {
  bool,
  DRY_RUN,
  fieldManager,
  FILENAME,
  PRINT_FLAGS,
  RECURSIVE,
  SELECTOR,
  text,
} from './shared-flags.ts';

export const SET_FLAGS = [
  bool('all', 'Every object of the type in the namespace.'),
  DRY_RUN,
  fieldManager('kubectl-set'),
  FILENAME,
  ...PRINT_FLAGS,
  RECURSIVE,
  SELECTOR,
];

/** Works on each object and goes on after one that cannot be changed. */
export async function onEach(
  selected: readonly Selected[],
  work: (one: Selected) => Promise<void>,
): Promise<number> {
  const failures: Failure[] = [];
  for (const one of selected) {
    try {
      await work(one);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failures.push(error);
    }
  }
  const failure = combined(failures);
  if (failure) throw failure;
  return 0;
}

const hasFile = (call: Call): boolean => call.flags.all('filename').length > 0;

const SET_IMAGE: Verb = {
  path: 'set image',
  summary: 'Give containers another image',
  about:
    'Changes the images of containers in pods and in the templates of deployments and the like; * means all of them.',
  usage:
    'set image (-f FILENAME | TYPE NAME) CONTAINER_NAME_1=CONTAINER_IMAGE_1 ... CONTAINER_NAME_N=CONTAINER_IMAGE_N',
  examples: ['kubectl set image deployment/web web=nginx:1.28', "kubectl set image ds/agent '*=agent:2'"],
  provenance: 'compared',
  flags: SET_FLAGS,
  run: setImage,
  complete: completeResources,
};

async function setImage(call: Call): Promise<number> {
  const reporter = new Reporter(call);
  const first = call.args.findIndex((arg) => arg.includes('='));
  const resources = first < 0 ? call.args : call.args.slice(0, first);
  const images = (first < 0 ? [] : call.args.slice(first)).map((arg) => {
    const [name = '', ...image] = arg.split('=');
    return { name, image: image.join('=') };
  });
  if (resources.length === 0 && !hasFile(call)) throw new Failure(MISSING_RESOURCE);
  if (images.length === 0 && resources.length < 2)
    throw new Failure('error: at least one image update is required');
  return onEach(await select(call, resources), async (chosen) => {
    let spec = podSpecOf(chosen);
    for (const { name, image } of images) {
      const all = [...listAt(spec, 'initContainers'), ...listAt(spec, 'containers')];
      const fits = (one: JsonObject): boolean => name === '*' || textAt(one, 'name') === name;
      if (!all.some(fits)) throw new Failure(`error: unable to find container named ${JSON.stringify(name)}`);
      spec = withContainers(spec, fits, (one) => ({ ...one, image }));
    }
    await updatePodSpec({ call, reporter, chosen }, spec, 'image updated');
  });
}

const SET_RESOURCES: Verb = {
  path: 'set resources',
  summary: 'Change what containers ask for and may use',
  about: 'Sets requests and limits of CPU and memory on containers, all of them unless -c picks some.',
  usage: 'set resources (-f FILENAME | TYPE NAME)  ([--limits=LIMITS & --requests=REQUESTS]',
  examples: ['kubectl set resources deployment web --requests=cpu=100m --limits=cpu=200m,memory=128Mi'],
  provenance: 'compared',
  flags: [
    ...SET_FLAGS,
    text('containers', 'The containers to change, by name; * stands for anything.', {
      short: 'c',
      initial: '*',
    }),
    text('limits', 'The most they may use, as cpu=200m,memory=128Mi.'),
    text('requests', 'What they ask for, as cpu=100m,memory=64Mi.'),
  ],
  run: setResources,
  complete: completeResources,
};

const QUANTITY = /^[+-]?(\d+(\.\d*)?|\.\d+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?$/;

async function setResources(call: Call): Promise<number> {
  const reporter = new Reporter(call);
  if (call.args.length === 0 && !hasFile(call)) throw new Failure(MISSING_RESOURCE);
  const [limits, requests] = [quantities(call.flags.text('limits')), quantities(call.flags.text('requests'))];
  if (Object.keys({ ...limits, ...requests }).length === 0) {
    throw new Failure(
      'error: you must specify an update to requests or limits (in the form of --requests/--limits)',
    );
  }
  const pattern = call.flags.text('containers');
  return onEach(await select(call, call.args), async (chosen) => {
    const spec = withContainers(
      podSpecOf(chosen),
      (container) => matchesName(container, pattern),
      (container) => ({
        ...container,
        resources: merged(objectAt(container, 'resources'), { limits, requests }),
      }),
    );
    await updatePodSpec({ call, reporter, chosen }, spec, 'resource requirements updated');
  });
}

function merged(
  resources: JsonObject,
  change: { readonly limits: JsonObject; readonly requests: JsonObject },
): JsonObject {
  const member = (name: 'limits' | 'requests'): JsonObject => {
    const all = { ...objectAt(resources, name), ...change[name] };
    return Object.keys(all).length === 0 ? {} : { [name]: all };
  };
  return { ...resources, ...member('limits'), ...member('requests') };
}

function quantities(given: string): JsonObject {
  if (given === '') return {};
  return Object.fromEntries(
    given.split(',').map((pair): [string, string] => {
      const [name = '', value, ...more] = pair.split('=');
      if (value === undefined || more.length > 0)
        throw new Failure(`error: invalid argument syntax ${pair}, expected <resource>=<value>`);
      if (!QUANTITY.test(value)) {
        throw new Failure(
          "error: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        );
      }
      return [name, value];
    }),
  );
}

const SET_SERVICE_ACCOUNT: Verb = {
  path: 'set serviceaccount',
  summary: 'Give pods another service account',
  about: 'Changes the service account in the pod template of deployments and the like.',
  usage: 'set serviceaccount (-f FILENAME | TYPE NAME) SERVICE_ACCOUNT',
  examples: ['kubectl set serviceaccount deployment web reader'],
  provenance: 'compared',
  flags: SET_FLAGS.filter(({ name }) => name !== 'selector'),
  run: setServiceAccount,
  complete: completeResources,
};

async function setServiceAccount(call: Call): Promise<number> {
  const reporter = new Reporter(call);
  const account = call.args.at(-1);
  if (account === undefined) throw new Failure('error: serviceaccount is required');
  const resources = call.args.slice(0, -1);
  if (resources.length === 0 && !hasFile(call)) throw new Failure(MISSING_RESOURCE);
  return onEach(await select(call, resources), async (chosen) => {
    const spec = { ...podSpecOf(chosen), serviceAccountName: account, serviceAccount: account };
    await updatePodSpec({ call, reporter, chosen }, spec, 'serviceaccount updated');
  });
}

const SET_SELECTOR: Verb = {
  path: 'set selector',
  summary: 'Let a service select other pods',
  about: 'Replaces the selector of a service. What it had is gone; pods are found by the new labels only.',
  usage: 'set selector (-f FILENAME | TYPE NAME) EXPRESSIONS [--resource-version=version]',
  examples: ['kubectl set selector service web app=web,tier=front'],
  provenance: 'compared',
  flags: [
    ...SET_FLAGS.filter(({ name }) => name !== 'selector'),
    text('resource-version', 'Fail when the object has changed since this version.'),
  ],
  run: setSelector,
  complete: completeResources,
};

async function setSelector(call: Call): Promise<number> {
  const reporter = new Reporter(call);
  const expression = call.args.at(-1);
  if (expression === undefined) throw new Failure('error: one selector is required');
  const resources = call.args.slice(0, -1);
  if (resources.length === 0 && !hasFile(call)) throw new Failure(MISSING_RESOURCE);
  const pairs = expression.split(',').map((pair): [string, string] => {
    const [key = '', value = '', ...more] = pair.split('=');
    if (key === '' || more.length > 0 || !pair.includes('='))
      throw new Failure(`error: ${JSON.stringify(pair)} is not a valid label selector`);
    return [key, value];
  });
  const version = call.flags.text('resource-version');
  return onEach(await select(call, resources), async ({ ref, object }) => {
    if (ref.type.plural !== 'services')
      throw new Failure('error: setting a selector is only supported for Services');
    const changed = [
      ...(version === '' ? [] : [{ op: 'test', path: '/metadata/resourceVersion', value: version }]),
      { op: 'add', path: '/spec/selector', value: Object.fromEntries(pairs) },
    ];
    const local = { ...object, spec: { ...objectAt(object, 'spec'), selector: Object.fromEntries(pairs) } };
    const result =
      reporter.dryRun === 'client'
        ? local
        : call.api.patch(ref, changed, {
            contentType: CONTENT_TYPE.jsonPatch,
            fieldManager: call.flags.text('field-manager'),
            dryRun: reporter.dryRun === 'server',
          });
    await reporter.report(result, 'selector updated');
  });
}

export const SET_VERBS: readonly Verb[] = [SET_IMAGE, SET_RESOURCES, SET_SELECTOR, SET_SERVICE_ACCOUNT];
