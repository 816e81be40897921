/**
 * What answers inside a pod. Rule: every declared TCP containerPort answers HTTP, and so does port 80 of an nginx image and
 * the --http-port of agnhost's netexec (8080 unless said); declared UDP ports echo. A container that does not run is silent.
 */
import type { JsonObject } from '../../base/json.ts';
import type { Listener } from '../net/netns.ts';
import { at, listAt, numberAt, textAt, textsAt } from './fields.ts';
import type { KubeObject } from './object.ts';

/** The last part of an image's name, without registry, tag and digest. */
const programOf = (image: string): string => /([^/:@]+)(?:[:@][^/]*)?$/.exec(image)?.[1] ?? '';

/** Sockets of a pod's running containers, in container order; a port opens once. */
export function podListeners(pod: KubeObject): readonly Listener[] {
  const running = listAt(pod.status, 'containerStatuses')
    .filter((status) => at(status, 'state', 'running') !== undefined)
    .map((status) => status['name']);
  const sockets = new Map<string, Listener>();
  for (const container of listAt(pod.spec, 'containers')) {
    if (!running.includes(container['name'])) continue;
    for (const listener of containerListeners(pod, container)) {
      const key = `${listener.protocol}/${listener.port}`;
      if (!sockets.has(key)) sockets.set(key, listener);
    }
  }
  return [...sockets.values()];
}

function containerListeners(pod: KubeObject, container: JsonObject): readonly Listener[] {
  const body = `${pod.metadata.name} on ${textAt(pod.spec, 'nodeName')}: hello, {client}\n`;
  const http = (port: number): Listener => ({ protocol: 'tcp', port, serves: { kind: 'http', body } });
  const declared = listAt(container, 'ports').flatMap((port): readonly Listener[] => {
    const number = numberAt(port, 'containerPort');
    if (textAt(port, 'protocol') === 'UDP')
      return [{ protocol: 'udp', port: number, serves: { kind: 'echo' } }];
    return textAt(port, 'protocol') === 'SCTP' ? [] : [http(number)];
  });
  return [...declared, ...impliedPorts(container).map(http)];
}

/** Ports that the image's own program opens. */
function impliedPorts(container: JsonObject): readonly number[] {
  const program = programOf(textAt(container, 'image'));
  if (program.startsWith('nginx') && textsAt(container, 'command').length === 0) return [80];
  const args = [...textsAt(container, 'command'), ...textsAt(container, 'args')];
  if (program !== 'agnhost' || !args.includes('netexec')) return [];
  const flag = args.map((arg) => /^--http-port=(\d+)$/.exec(arg)?.[1]).find((port) => port !== undefined);
  return [Number(flag ?? 8080)];
}
