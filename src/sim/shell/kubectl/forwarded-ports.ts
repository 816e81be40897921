/**
 * The ports of `kubectl port-forward`: from `8080:80`, `:80`, `80`, `http` to numbers, through the service's ports when a
 * service is forwarded. Source: k8s.io/kubectl/pkg/cmd/portforward and pkg/util v0.35; client-go tools/portforward parsePorts.
 */
import type { JsonObject } from '../../../base/json.ts';
import { listAt, numberAt, textAt } from '../../kube/fields.ts';
import { Failure } from './failure.ts';

export interface ForwardedPort {
  /** 0 lets the kernel choose. */
  readonly local: number;
  readonly remote: number;
}

interface Spelt {
  readonly local: string;
  readonly remote: string;
}

/** Port names as numbers of the pod's containers; what is no number at all is found out later, by `portNumbers`. */
export function resolvePorts(
  words: readonly string[],
  pod: JsonObject,
  service: JsonObject | undefined,
): readonly Spelt[] {
  const declared = service ? listAt(service, 'spec', 'ports') : portsOf(pod);
  const number = service ? 'port' : 'containerPort';
  const tcp = numbersOf(declared, number, 'TCP');
  const udp = numbersOf(declared, number, 'UDP');
  const named = (name: string): number =>
    service ? namedPort(service, 'Service', declared, name) : containerPort(pod, name);
  const spelt = words.map(split);
  for (const { remote } of spelt) {
    const wanted = isNumber(remote) ? Number(remote) : named(remote);
    if (udp.has(wanted) && !tcp.has(wanted))
      throw new Failure(`error: UDP protocol is not supported for ${remote}`);
  }
  return spelt.map(({ local, remote }) => {
    const wanted = isNumber(remote) ? remote : String(named(remote));
    const own = local === remote ? wanted : local;
    return { local: own, remote: service ? String(targetPort(service, pod, Number(wanted))) : wanted };
  });
}

/** Only one colon tells two ports apart; a word with more is its first part. */
function split(word: string): Spelt {
  const [local = '', remote, more] = word.split(':');
  return remote === undefined || more !== undefined ? { local, remote: local } : { local, remote };
}

/** What Go's strconv.Atoi takes. */
const isNumber = (text: string): boolean => /^[+-]?\d+$/.test(text);

const portsOf = (pod: JsonObject): readonly JsonObject[] =>
  listAt(pod, 'spec', 'containers').flatMap((container) => listAt(container, 'ports'));

function numbersOf(ports: readonly JsonObject[], member: string, protocol: string): Set<number> {
  const own = ports.filter((port) => (textAt(port, 'protocol') || 'TCP') === protocol);
  return new Set(own.map((port) => numberAt(port, member) ?? 0));
}

const containerPort = (pod: JsonObject, name: string): number => namedPort(pod, 'Pod', portsOf(pod), name);

function namedPort(
  object: JsonObject,
  kind: 'Pod' | 'Service',
  ports: readonly JsonObject[],
  name: string,
): number {
  const port = name === '' ? undefined : ports.find((candidate) => textAt(candidate, 'name') === name);
  const number = port && numberAt(port, kind === 'Pod' ? 'containerPort' : 'port');
  if (number === undefined)
    throw new Failure(
      `error: ${kind} '${textAt(object, 'metadata', 'name')}' does not have a named port '${name}'`,
    );
  return number;
}

/** Where the pod listens for a port of the service; a headless service has no ports of its own. */
function targetPort(service: JsonObject, pod: JsonObject, port: number): number {
  const found = listAt(service, 'spec', 'ports').find((candidate) => candidate['port'] === port);
  if (!found) {
    const name = textAt(service, 'metadata', 'name');
    throw new Failure(`error: Service ${name} does not have a service port ${port}`);
  }
  if (textAt(service, 'spec', 'clusterIP') === 'None') return port;
  const target = found['targetPort'];
  return typeof target === 'string'
    ? containerPort(pod, target)
    : (numberAt(found, 'targetPort') ?? 0) || port;
}

/** The numbers, as the forwarder takes them. */
export function portNumbers(spelt: readonly Spelt[]): readonly ForwardedPort[] {
  return spelt.map(({ local, remote }) => {
    const numbers = { local: parsed('local', local === '' ? '0' : local), remote: parsed('remote', remote) };
    if (numbers.remote === 0) throw new Failure('error: remote port must be > 0');
    return numbers;
  });
}

function parsed(side: string, text: string): number {
  const why = !/^\d+$/.test(text)
    ? 'invalid syntax'
    : Number(text) > 65_535
      ? 'value out of range'
      : undefined;
  if (why === undefined) return Number(text);
  const quoted = JSON.stringify(text);
  throw new Failure(
    `error: error parsing ${side} port '${text}': strconv.ParseUint: parsing ${quoted}: ${why}`,
  );
}
