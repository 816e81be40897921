/**
 * What a container has written to its output. Only programs whose output we know say something; the others are silent,
 * as most servers are until they are asked.
 * Source: kubelet pkg/kubelet/kubelet_pods.go (errors); outputs of the images named below.
 */
import type { JsonObject } from '../../base/json.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { badRequest, type Failure } from './failure.ts';
import { at, listAt, textAt, textsAt } from './fields.ts';
import type { KubeObject } from './object.ts';
import type { ClusterTransaction } from './transaction.ts';

/** What a program has written since it started: whole lines, oldest first. */
export type ProgramLog = (run: {
  readonly tx: ClusterTransaction;
  readonly pod: KubeObject;
  readonly container: JsonObject;
  /** When the container started, RFC 3339. */
  readonly started: string;
}) => readonly string[];

export interface LogRequest {
  readonly pod: KubeObject;
  /** That of `GET pods/NAME/log`. */
  readonly query: Readonly<Record<string, string>>;
  /** Of programs besides the built-in ones, by the last part of their image's name. */
  readonly logs: Readonly<Record<string, ProgramLog>> | undefined;
}

/** The log of one container as `{ text }`. */
export function podLog(
  tx: ClusterTransaction,
  { pod, query, logs }: LogRequest,
): Result<JsonObject, Failure> {
  const containers = [...listAt(pod.spec, 'initContainers'), ...listAt(pod.spec, 'containers')];
  const names = containers.map((container) => textAt(container, 'name'));
  const wanted = query['container'];
  if (wanted === undefined && names.length > 1) {
    return err(
      badRequest(
        `a container name must be specified for pod ${pod.metadata.name}, choose one of: [${names.join(' ')}]`,
      ),
    );
  }
  const name = wanted ?? names[0] ?? '';
  const container = containers.find((candidate) => textAt(candidate, 'name') === name);
  if (!container) return err(badRequest(`container ${name} is not valid for pod ${pod.metadata.name}`));
  const status = listAt(pod.status, 'containerStatuses').find(
    (candidate) => textAt(candidate, 'name') === name,
  );
  const waiting = textAt(status, 'state', 'waiting', 'reason');
  if (query['previous'] === 'true' && at(status, 'lastState', 'terminated') === undefined) {
    return err(badRequest(`previous terminated container "${name}" in pod "${pod.metadata.name}" not found`));
  }
  if (waiting !== '') {
    const why = waiting === 'ContainerCreating' ? 'ContainerCreating' : waiting;
    return err(badRequest(`container "${name}" in pod "${pod.metadata.name}" is waiting to start: ${why}`));
  }
  return ok({ text: written(tx, { pod, query, logs }, { container, status }) });
}

interface Run {
  readonly container: JsonObject;
  readonly status: JsonObject | undefined;
}

function written(
  tx: ClusterTransaction,
  { pod, query, logs = {} }: LogRequest,
  { container, status }: Run,
): string {
  const started =
    textAt(status, 'state', 'running', 'startedAt') || textAt(status, 'state', 'terminated', 'startedAt');
  if (started === '') return '';
  const program = programOf(container);
  const lines = logs[program]?.({ tx, pod, container, started }) ?? OUTPUTS[program]?.(container, started);
  return cut(dated(lines ?? [], started, query), query);
}

/** Programs of a lab write all they write when they start; the times before their lines are the runtime's. */
function dated(
  lines: readonly string[],
  started: string,
  query: Readonly<Record<string, string>>,
): readonly string[] {
  return query['timestamps'] === 'true'
    ? lines.map((line) => `${started.replace('Z', '.000000000Z')} ${line}`)
    : lines;
}

function cut(lines: readonly string[], query: Readonly<Record<string, string>>): string {
  const tail = query['tailLines'];
  const kept = tail === undefined ? lines : Number(tail) === 0 ? [] : lines.slice(-Number(tail));
  return kept.map((line) => `${line}\n`).join('');
}

const programOf = (container: JsonObject): string =>
  (/([^/:@]+)(?:[:@][^/]*)?$/.exec(textAt(container, 'image')) ?? [])[1] ?? '';

type Output = (container: JsonObject, started: string) => readonly string[];

/** klog's header of an informational line: `I0501 10:00:00.000000       1 file.go:10] `. */
const klog = (started: string, source: string): string =>
  `I${started.slice(5, 7)}${started.slice(8, 10)} ${started.slice(11, 19)}.000000       1 ${source}] `;

const OUTPUTS: Readonly<Record<string, Output>> = {
  agnhost: (container, started) => {
    const args = [...textsAt(container, 'command'), ...textsAt(container, 'args')];
    if (!args.includes('netexec')) return args.includes('pause') ? ['Paused'] : [];
    const http =
      args.map((arg) => /^--http-port=(\d+)$/.exec(arg)?.[1]).find((port) => port !== undefined) ?? '8080';
    const udp =
      args.map((arg) => /^--udp-port=(\d+)$/.exec(arg)?.[1]).find((port) => port !== undefined) ?? '8081';
    return [
      `${klog(started, 'log.go:245')}Started HTTP server on port ${http}`,
      `${klog(started, 'log.go:245')}Started UDP server on port  ${udp}`,
    ];
  },
  nginx: (_container, started) => {
    const time = `${started.slice(0, 4)}/${started.slice(5, 7)}/${started.slice(8, 10)} ${started.slice(11, 19)}`;
    return [
      '/docker-entrypoint.sh: /docker-entrypoint.d/ is not empty, will attempt to perform configuration',
      '/docker-entrypoint.sh: Looking for shell scripts in /docker-entrypoint.d/',
      '/docker-entrypoint.sh: Launching /docker-entrypoint.d/10-listen-on-ipv6-by-default.sh',
      '10-listen-on-ipv6-by-default.sh: info: Getting the checksum of /etc/nginx/conf.d/default.conf',
      '10-listen-on-ipv6-by-default.sh: info: Enabled listen on IPv6 in /etc/nginx/conf.d/default.conf',
      '/docker-entrypoint.sh: Sourcing /docker-entrypoint.d/15-local-resolvers.envsh',
      '/docker-entrypoint.sh: Launching /docker-entrypoint.d/20-envsubst-on-templates.sh',
      '/docker-entrypoint.sh: Launching /docker-entrypoint.d/30-tune-worker-processes.sh',
      '/docker-entrypoint.sh: Configuration complete; ready for start up',
      `${time} [notice] 1#1: start worker processes`,
    ];
  },
  coredns: () => [
    '.:53',
    '[INFO] plugin/reload: Running configuration SHA512 = 1b226df79860026c6a52e67daa10d7f0d57ec5b023288ec00c5e05f93523c894564e15b91770d3a07ae1cfbe861d15b37d4a0027e69c546ab112970993a3b03b',
    'CoreDNS-1.13.1',
    'linux/amd64, go1.25.2, 1db4568',
  ],
};
