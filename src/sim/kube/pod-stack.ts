/**
 * What answers inside a pod. Rule: every declared TCP containerPort answers HTTP, and so does port 80 of an nginx image and
 * the --http-port of agnhost's netexec (8080 unless said); declared UDP ports echo, those of CoreDNS answer DNS. A container
 * that does not run is silent.
 */
import type { JsonObject } from '../../base/json.ts';
import type { DnsServer, EchoServer, HttpServer, Listener } from '../net/netns.ts';
import { at, listAt, numberAt, textAt, textsAt } from './fields.ts';
import type { KubeObject } from './object.ts';

/** The last part of an image's name, without registry, tag and digest. */
const programOf = (image: string): string => /([^/:@]+)(?:[:@][^/]*)?$/.exec(image)?.[1] ?? '';

/** Sockets of a pod's running containers, in container order; a port opens once. `names` is what CoreDNS knows. */
export function podListeners(pod: KubeObject, names: () => DnsServer): readonly Listener[] {
  const running = listAt(pod.status, 'containerStatuses')
    .filter((status) => at(status, 'state', 'running') !== undefined)
    .map((status) => status['name']);
  const sockets = new Map<string, Listener>();
  for (const container of listAt(pod.spec, 'containers')) {
    if (!running.includes(container['name'])) continue;
    for (const listener of containerListeners(pod, container, names)) {
      const key = `${listener.protocol}/${listener.port}`;
      if (!sockets.has(key)) sockets.set(key, listener);
    }
  }
  return [...sockets.values()];
}

function containerListeners(
  pod: KubeObject,
  container: JsonObject,
  names: () => DnsServer,
): readonly Listener[] {
  const serves = webServer(pod, container);
  const isNameServer = programOf(textAt(container, 'image')) === 'coredns';
  const datagrams = (): DnsServer | EchoServer => (isNameServer ? names() : { kind: 'echo' });
  const http = (port: number): Listener => ({ protocol: 'tcp', port, serves });
  const declared = listAt(container, 'ports').flatMap((port): readonly Listener[] => {
    const number = numberAt(port, 'containerPort');
    if (textAt(port, 'protocol') === 'UDP') return [{ protocol: 'udp', port: number, serves: datagrams() }];
    return textAt(port, 'protocol') === 'SCTP' ? [] : [http(number)];
  });
  return [...declared, ...impliedPorts(container).map(http)];
}

/**
 * What the program behind a port says. agnhost's netexec: test/images/agnhost/netexec/netexec.go, Kubernetes 1.35; of its
 * pages those that tell who answers whom. Any other image answers with a line that names the pod and the client.
 */
function webServer(pod: KubeObject, container: JsonObject): HttpServer {
  const { name } = pod.metadata;
  if (runsNetexec(container)) {
    const pages = { '/hostname': name, '/hostName': name, '/clientip': '{peer}', '/healthz': '' };
    return { kind: 'http', body: 'NOW: {now}', pages };
  }
  return { kind: 'http', body: `${name} on ${textAt(pod.spec, 'nodeName')}: hello, {client}\n` };
}

const programArguments = (container: JsonObject): readonly string[] => [
  ...textsAt(container, 'command'),
  ...textsAt(container, 'args'),
];

const runsNetexec = (container: JsonObject): boolean =>
  programOf(textAt(container, 'image')) === 'agnhost' && programArguments(container).includes('netexec');

/** Ports that the image's own program opens. */
function impliedPorts(container: JsonObject): readonly number[] {
  const program = programOf(textAt(container, 'image'));
  if (program.startsWith('nginx') && textsAt(container, 'command').length === 0) return [80];
  if (!runsNetexec(container)) return [];
  const flag = programArguments(container)
    .map((arg) => /^--http-port=(\d+)$/.exec(arg)?.[1])
    .find((port) => port !== undefined);
  return [Number(flag ?? 8080)];
}
