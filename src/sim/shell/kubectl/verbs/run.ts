/** `kubectl run`: a pod from the command line, and with -it a shell in it. Source: k8s.io/kubectl/pkg/cmd/run/run.go v0.35. */
import type { JsonObject } from '../../../../base/json.ts';
import { textAt } from '../../../kube/fields.ts';
import { PODS } from '../../../kube/kinds/pod.ts';
import { NoSuchProgram } from '../../command.ts';
import type { Call, Verb } from '../call.ts';
import type { ObjectRef } from '../api-client.ts';
import { Failure, usageFailure } from '../failure.ts';
import { Reporter } from '../reporting.ts';
import { refOf } from '../targets.ts';
import { until } from '../watching.ts';
import { keyValues } from '../key-values.ts';
import { exposeObject, podObject } from './generators.ts';
import { OVERRIDE_FLAGS, overridden } from './overrides.ts';
import { bool, DRY_RUN, duration, fieldManager, list, PRINT_FLAGS, text } from './shared-flags.ts';

export const RUN: Verb = {
  path: 'run',
  summary: 'Start a pod with one image',
  about:
    'Creates a pod with one container. With -it it then puts you into a shell (or the given command) in that pod, and\n--rm deletes the pod afterwards.',
  usage:
    'run NAME --image=image [--env="key=value"] [--port=port] [--dry-run=server|client] [--overrides=inline-json] [--command] -- [COMMAND] [args...]',
  examples: [
    'kubectl run web --image=nginx --port=80',
    'kubectl run -it --rm probe --image=busybox --restart=Never -- sh',
  ],
  provenance: 'compared',
  flags: [
    list('annotations', 'An annotation, as key=value.'),
    bool('attach', 'Wait for the pod and stay with its output.'),
    bool('command', 'Take what follows -- as the command instead of its arguments.'),
    DRY_RUN,
    list('env', 'An environment variable, as NAME=value.'),
    bool('expose', 'Also create a service for --port.'),
    fieldManager('kubectl-run'),
    text('image', 'The image to run.'),
    text('image-pull-policy', 'Always, IfNotPresent or Never.'),
    text('labels', 'Labels, as a=b,c=d; run=NAME otherwise.', { short: 'l' }),
    ...PRINT_FLAGS,
    ...OVERRIDE_FLAGS,
    duration('pod-running-timeout', '1m0s', 'How long to wait for the pod with -i or --attach.'),
    text('port', 'The port the container says it listens on.'),
    bool('quiet', 'Print no hints.', { short: 'q' }),
    text('restart', 'Always, OnFailure or Never.', { initial: 'Always' }),
    bool('rm', 'Delete the pod when the session ends.'),
    bool('stdin', 'Pass standard input on.', { short: 'i' }),
    bool('tty', 'Give the container a terminal.', { short: 't' }),
  ],
  run,
};

async function run(call: Call): Promise<number> {
  const [name, ...args] = call.args;
  if (name === undefined) {
    if (!call.flags.given('image')) throw new Failure('error: required flag(s) "image" not set');
    throw usageFailure('run', 'NAME is required for run');
  }
  const attach = call.flags.is('attach') || call.flags.is('stdin');
  const reporter = new Reporter(call, { keepOrder: true });
  checkFlags(call, { attach, dryRun: reporter.dryRun !== 'none' });
  const pod = wantedPod(call, name, args);
  const created = reporter.dryRun === 'client' ? pod : create(call, 'pods', { object: pod, reporter });
  if (call.flags.is('expose')) {
    const service = wantedService(call, name);
    const made =
      reporter.dryRun === 'client' ? service : create(call, 'services', { object: service, reporter });
    await reporter.report(made, 'created');
    if (reporter.dryRun === 'client' && reporter.printsObjects) await call.out('---\n');
  }
  if (!attach) {
    await reporter.report(created, 'created');
    return 0;
  }
  return session(call, refOf(call.api.type('pods'), call.namespace, name));
}

function checkFlags(call: Call, how: { readonly attach: boolean; readonly dryRun: boolean }): void {
  if (!call.flags.given('image')) throw new Failure('error: required flag(s) "image" not set');
  const image = call.flags.text('image');
  if (image === '') throw new Failure('error: --image is required');
  if (!/^[a-z0-9]+([._/:-]+[A-Za-z0-9]+)*(@sha256:[0-9a-f]{64})?$/.test(image)) {
    throw new Failure(`error: Invalid image name ${JSON.stringify(image)}: invalid reference format`);
  }
  if (call.flags.is('tty') && !call.flags.is('stdin')) {
    throw usageFailure('run', '-i/--stdin is required for containers with -t/--tty=true');
  }
  if (call.flags.is('expose') && call.flags.text('port') === '') {
    throw usageFailure('run', '--port must be set when exposing a service');
  }
  if (call.flags.is('rm') && !how.attach)
    throw usageFailure('run', '--rm should only be used for attached containers');
  if (how.attach && how.dryRun) {
    throw usageFailure(
      'run',
      "--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)",
    );
  }
}

function restartPolicy(call: Call): 'Always' | 'OnFailure' | 'Never' {
  const restart = call.flags.text('restart');
  if (restart === 'Always' || restart === 'OnFailure' || restart === 'Never') return restart;
  throw usageFailure('run', `invalid restart policy: ${restart}`);
}

function wantedPod(call: Call, name: string, args: readonly string[]): JsonObject {
  const port = call.flags.text('port');
  if (port !== '' && !/^\d+$/.test(port))
    throw new Failure(`error: strconv.Atoi: parsing ${JSON.stringify(port)}: invalid syntax`);
  const labels = call.flags.text('labels');
  const pod = podObject({
    name,
    ...(call.namespaceGiven ? { namespace: call.namespace } : {}),
    image: call.flags.text('image'),
    labels: labels === '' ? { run: name } : keyValues(labels.split(','), 'label'),
    annotations: keyValues(call.flags.all('annotations'), 'annotation'),
    env: call.flags.all('env').map((entry) => envEntry(entry)),
    ...(port === '' ? {} : { port: Number(port) }),
    args,
    asCommand: call.flags.is('command'),
    restart: restartPolicy(call),
    stdin: call.flags.is('stdin'),
    tty: call.flags.is('tty'),
  });
  return overridden(call, PODS, withPullPolicy(pod, call.flags.text('image-pull-policy')));
}

function withPullPolicy(pod: JsonObject, policy: string): JsonObject {
  if (policy === '') return pod;
  if (!['Always', 'IfNotPresent', 'Never'].includes(policy))
    throw usageFailure('run', `invalid image pull policy: ${policy}`);
  const spec = pod['spec'] as JsonObject;
  const containers = spec['containers'] as readonly JsonObject[];
  return {
    ...pod,
    spec: { ...spec, containers: containers.map((container) => ({ ...container, imagePullPolicy: policy })) },
  };
}

function envEntry(entry: string): readonly [string, string] {
  const equals = entry.indexOf('=');
  if (equals <= 0) throw new Failure(`error: invalid env: ${entry}`);
  return [entry.slice(0, equals), entry.slice(equals + 1)];
}

function wantedService(call: Call, name: string): JsonObject {
  const labels = call.flags.text('labels');
  return exposeObject({
    name,
    ...(call.namespaceGiven ? { namespace: call.namespace } : {}),
    selector: labels === '' ? { run: name } : keyValues(labels.split(','), 'label'),
    labels: {},
    ports: [{ port: Number(call.flags.text('port')), protocol: 'TCP' }],
  });
}

function create(
  call: Call,
  plural: string,
  wish: { readonly object: JsonObject; readonly reporter: Reporter },
): JsonObject {
  return call.api.create(call.api.type(plural), call.namespace, wish.object, {
    fieldManager: call.flags.text('field-manager'),
    dryRun: wish.reporter.dryRun === 'server',
  });
}

/**
 * Attaching: the real tool joins the container's own process. Here the container's program has no terminal of its own,
 * so the given command (or a shell) runs in the pod as a process beside it.
 */
async function session(call: Call, ref: ObjectRef): Promise<number> {
  try {
    const pod = await running(call, ref);
    const command = call.args.slice(1);
    if (call.flags.is('tty') && command.length === 0 && !call.flags.is('quiet')) {
      await call.err(`If you don't see a command prompt, try pressing enter.\n`);
    }
    const place = { kind: 'pod', namespace: textAt(pod, 'metadata', 'namespace'), name: ref.name } as const;
    const { stdin, stdout, stderr, tty } = call.io;
    const terminal = call.flags.is('tty') && tty ? { tty } : {};
    return await call.io.run(place, command.length > 0 ? command : ['sh'], {
      stdin,
      stdout,
      stderr,
      ...terminal,
    });
  } catch (error) {
    throw error instanceof NoSuchProgram ? startFailure(ref, error) : error;
  } finally {
    if (call.flags.is('rm')) await remove(call, ref);
  }
}

/** What is left of a container whose program is not in its image (containerd 2, runc 1.3). */
function startFailure({ namespace = '', name }: ObjectRef, { program }: NoSuchProgram): Failure {
  return new Failure(
    `pod ${namespace}/${name} terminated (StartError)\nfailed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "${program}": executable file not found in $PATH`,
    128,
  );
}

async function running(call: Call, ref: ObjectRef): Promise<JsonObject> {
  let pod: JsonObject | undefined;
  const outcome = await until(call, ref, {
    timeout: call.flags.millis('pod-running-timeout'),
    check: (object) => {
      pod = object;
      return textAt(object, 'status', 'phase') === 'Running' ? 'done' : 'wait';
    },
  });
  if (outcome === 'timeout' || !pod) throw new Failure('error: timed out waiting for the condition');
  return pod;
}

async function remove(call: Call, ref: ObjectRef): Promise<void> {
  call.api.delete(ref, { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' }, false);
  await call.out(`pod ${JSON.stringify(ref.name)} deleted from ${ref.namespace ?? ''} namespace\n`);
}
