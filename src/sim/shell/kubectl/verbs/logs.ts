/** `kubectl logs`. Source: k8s.io/kubectl/pkg/cmd/logs/logs.go v0.35. */
import type { JsonObject } from '../../../../base/json.ts';
import { listAt, textAt } from '../../../kube/fields.ts';
import { objectPath } from '../api-client.ts';
import type { Call, Verb } from '../call.ts';
import { completePods } from '../completion.ts';
import { Failure, usageFailure } from '../failure.ts';
import { defaultContainer, podLikeObject, podsOf } from '../pods.ts';
import { refOf } from '../targets.ts';
import { bool, int, SELECTOR, text } from './shared-flags.ts';

export const LOGS: Verb = {
  path: 'logs',
  summary: 'Show what a container has written',
  about:
    'Shows the output of a container. Programs of this lab write little: most servers are silent until they are asked.',
  usage: 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]',
  examples: ['kubectl logs web', 'kubectl logs -l app=web --tail=20', 'kubectl logs -f deploy/web'],
  provenance: 'source',
  flags: [
    bool('all-containers', 'Every container of the pod.'),
    text('container', 'The container; otherwise the first one.', { short: 'c' }),
    bool('follow', 'Go on showing what is written.', { short: 'f' }),
    bool('ignore-errors', 'Logs can always be read here.'),
    bool('insecure-skip-tls-verify-backend', 'There is no certificate of a kubelet to doubt.'),
    bool('prefix', 'Say in front of each line which pod and container wrote it.'),
    bool('previous', 'The output of the container before its last restart.', { short: 'p' }),
    SELECTOR,
    int('tail', -1, 'Only the last lines; -1 shows all (10 with a selector).'),
  ],
  run: logs,
  complete: completePods,
};

const EXPECTED = `expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.
POD or TYPE/NAME is a required argument for the logs command`;

/** How often a followed log is looked at, in virtual milliseconds. */
const POLL = 1000;

interface Source {
  readonly pod: JsonObject;
  readonly container: string;
}

async function logs(call: Call): Promise<number> {
  const selector = call.flags.text('selector');
  checkArguments(call, selector);
  const sources = await sourcesOf(call, selector);
  if (sources.length === 0) await call.err(`No resources found in ${call.namespace} namespace.\n`);
  const seen = new Map<Source, number>();
  for (const source of sources) seen.set(source, await show(call, source, 0));
  while (call.flags.is('follow')) {
    await call.io.clock.sleep(POLL, call.io.signal);
    for (const [source, from] of seen) {
      if (call.api.find(podRef(call, source.pod)) === undefined) return 0;
      seen.set(source, await show(call, source, from));
    }
  }
  return 0;
}

function checkArguments(call: Call, selector: string): void {
  const { length } = call.args;
  if (length > 2 || (length === 0 && selector === '')) throw usageFailure('logs', EXPECTED);
  if (length > 0 && selector !== '') {
    throw usageFailure('logs', 'only a selector (-l) or a POD name is allowed');
  }
  if (length === 2 && call.flags.given('container')) {
    throw new Failure('error: only one of -c or an inline [CONTAINER] arg is allowed');
  }
  if (call.flags.int('tail') < -1) throw new Failure('error: --tail must be greater than or equal to -1');
}

async function sourcesOf(call: Call, selector: string): Promise<readonly Source[]> {
  const wanted = call.args[1] ?? call.flags.text('container');
  const pods =
    selector === ''
      ? [await onePod(call)]
      : call.api.items(call.api.type('pods'), call.namespace, { labelSelector: selector });
  const sources: Source[] = [];
  for (const pod of pods) {
    if (call.flags.is('all-containers')) {
      const names = [...listAt(pod, 'spec', 'initContainers'), ...listAt(pod, 'spec', 'containers')];
      sources.push(...names.map((container) => ({ pod, container: textAt(container, 'name') })));
    } else sources.push({ pod, container: await containerOf(call, pod, wanted) });
  }
  return sources;
}

async function containerOf(call: Call, pod: JsonObject, wanted: string): Promise<string> {
  const names = [...listAt(pod, 'spec', 'initContainers'), ...listAt(pod, 'spec', 'containers')];
  if (wanted !== '' && !names.some((container) => container['name'] === wanted)) {
    throw new Failure(`error: container ${wanted} is not valid for pod ${textAt(pod, 'metadata', 'name')}`);
  }
  return defaultContainer(call, pod, wanted);
}

async function onePod(call: Call): Promise<JsonObject> {
  const found = podLikeObjectOrNote(call);
  const pods = podsOf(call, found);
  const [first] = pods;
  if (!first) throw new Failure('error: timed out waiting for the condition');
  if (pods.length > 1)
    await call.err(`Found ${pods.length} pods, using pod/${textAt(first, 'metadata', 'name')}\n`);
  return first;
}

/** `logs` words a missing pod in its own way. */
function podLikeObjectOrNote(call: Call): JsonObject {
  try {
    return podLikeObject(call, call.args[0] ?? '');
  } catch (error) {
    if (error instanceof Failure && 'notFound' in error && error.notFound === true && 'detail' in error) {
      throw new Failure(
        `error: error from server (NotFound): ${String(error.detail)} in namespace ${JSON.stringify(call.namespace)}`,
      );
    }
    throw error;
  }
}

const podRef = (call: Call, pod: JsonObject) =>
  refOf(call.api.type('pods'), textAt(pod, 'metadata', 'namespace'), textAt(pod, 'metadata', 'name'));

/** Prints what came after the first `from` lines; returns how many lines there are now. */
async function show(call: Call, source: Source, from: number): Promise<number> {
  const tail =
    call.flags.int('tail') < 0 && call.flags.text('selector') !== '' && !call.flags.given('tail')
      ? 10
      : call.flags.int('tail');
  const body = call.api.raw({
    method: 'GET',
    path: `${objectPath(podRef(call, source.pod))}/log`,
    query: {
      container: source.container,
      ...(call.flags.is('previous') ? { previous: 'true' } : {}),
    },
  });
  const lines = textAt(body, 'text').split('\n').slice(0, -1);
  const fresh = from === 0 && tail >= 0 ? lines.slice(Math.max(0, lines.length - tail)) : lines.slice(from);
  const prefix = call.flags.is('prefix')
    ? `[pod/${textAt(source.pod, 'metadata', 'name')}/${source.container}] `
    : '';
  await call.out(fresh.map((line) => `${prefix}${line}\n`).join(''));
  return lines.length;
}
