/**
 * `kubectl port-forward`: listens on the loopback of where it is typed and hands each connection on into a pod. It notices
 * that the pod has gone when the next connection cannot be handed on, and ends, as the real one does.
 * Source: k8s.io/kubectl/pkg/cmd/portforward v0.35, client-go tools/portforward; containerd 2 sandbox_portforward (errors).
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { hex, utf8 } from '../../../../base/bytes.ts';
import { isJsonObject, type JsonObject } from '../../../../base/json.ts';
import { objectAt, textAt } from '../../../kube/fields.ts';
import type { Heard } from '../../../net/exchange.ts';
import { identifierOf } from '../../network/identifier.ts';
import { hereOf, type Here } from '../../network/here.ts';
import { wallClock, type Call, type Verb } from '../call.ts';
import { completePods } from '../completion.ts';
import { Failure, usageFailure } from '../failure.ts';
import { ForwardListeners, listenAddresses } from '../forward-listeners.ts';
import { portNumbers, resolvePorts, type ForwardedPort } from '../forwarded-ports.ts';
import { podLikeObject, podsOf } from '../pods.ts';
import { refOf } from '../targets.ts';
import { duration, list } from './shared-flags.ts';

export const PORT_FORWARD: Verb = {
  path: 'port-forward',
  summary: 'Forward one or more local ports to a pod',
  about:
    'Listens on ports of this machine and hands each connection on to a pod, where it arrives from 127.0.0.1: it goes through the API server and the kubelet, so that no network policy has a say. Of a deployment or a service one pod is chosen. Ctrl-C ends it.',
  usage: 'port-forward TYPE/NAME [options] [LOCAL_PORT:]REMOTE_PORT [...[LOCAL_PORT_N:]REMOTE_PORT_N]',
  examples: [
    'kubectl port-forward pod/web 8080:80',
    'kubectl port-forward svc/web 8080:http',
    'kubectl port-forward deploy/web :80',
  ],
  provenance: 'compared',
  flags: [
    list('address', 'Where to listen: localhost (127.0.0.1 and ::1), or addresses of this machine.'),
    duration('pod-running-timeout', '1m0s', 'How long to wait until there is a pod.'),
  ],
  run: portForward,
  complete: completePods,
};

async function portForward(call: Call): Promise<number> {
  const [resource, ...words] = call.args;
  if (resource === undefined || words.length === 0)
    throw usageFailure('port-forward', 'TYPE/NAME and list of ports are required for port-forward');
  if (call.flags.millis('pod-running-timeout') <= 0)
    throw usageFailure('port-forward', '--pod-running-timeout must be higher than zero');
  const object = podLikeObject(call, resource);
  const pod = await firstPod(call, object);
  const spelt = resolvePorts(words, pod, object['kind'] === 'Service' ? object : undefined);
  const phase = textAt(pod, 'status', 'phase');
  if (phase !== 'Running')
    throw new Failure(`error: unable to forward port because pod is not running. Current status=${phase}`);
  const given = call.flags.all('address');
  const addresses = listenAddresses(given.length === 0 ? ['localhost'] : given);
  const ports = portNumbers(spelt);
  const to = call.io.network.netnsOf(placeOf(pod));
  const here = hereOf(call.io);
  if (to === undefined || !here) throw lostConnection();
  const listeners = new ForwardListeners(call, here.id);
  try {
    const open = await listeners.open(ports, addresses, to);
    await new Forwarding(call, pod, listeners).run(here, open);
  } finally {
    listeners.close();
  }
  return 0;
}

const lostConnection = (): Failure => new Failure('error: lost connection to pod');

const placeOf = (pod: JsonObject) =>
  ({
    kind: 'pod',
    namespace: textAt(pod, 'metadata', 'namespace'),
    name: textAt(pod, 'metadata', 'name'),
  }) as const;

const SELECTING = new Set([
  'DaemonSet',
  'Deployment',
  'Job',
  'Pod',
  'ReplicaSet',
  'ReplicationController',
  'Service',
  'StatefulSet',
]);

/** How often a pod is looked for, in virtual milliseconds. */
const POLL = 1000;

/** The pod itself, or the readiest of those behind an object, once there is one. */
async function firstPod(call: Call, object: JsonObject): Promise<JsonObject> {
  const kind = String(object['kind']);
  const why = !SELECTING.has(kind)
    ? `selector for *v1.${kind} not implemented`
    : kind === 'Service' && Object.keys(objectAt(object, 'spec', 'selector')).length === 0
      ? `invalid service '${textAt(object, 'metadata', 'name')}': Service is defined without a selector`
      : undefined;
  if (why !== undefined) throw new Failure(`error: cannot attach to *v1.${kind}: ${why}`);
  const end = call.io.clock.now() + call.flags.millis('pod-running-timeout');
  for (;;) {
    const [pod] = podsOf(call, object);
    if (pod) return pod;
    const left = end - call.io.clock.now();
    if (left <= 0) throw new Failure('error: timed out waiting for the condition');
    await call.io.clock.sleep(Math.min(POLL, left), call.io.signal);
  }
}

class Forwarding {
  readonly #call: Call;
  readonly #pod: JsonObject;
  readonly #listeners: ForwardListeners;
  readonly #end = new AbortController();
  #lost = false;

  constructor(call: Call, pod: JsonObject, listeners: ForwardListeners) {
    this.#call = call;
    this.#pod = pod;
    this.#listeners = listeners;
  }

  /** Until Ctrl-C, or until a connection cannot be handed on. */
  async run({ id }: Here, ports: readonly ForwardedPort[]): Promise<void> {
    const { signal } = this.#call.io;
    const stop = (): void => this.#end.abort();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      await Promise.all([this.#watch(), ...ports.map((port) => this.#serve(id, port))]);
    } finally {
      stop();
      signal.removeEventListener('abort', stop);
    }
    if (this.#lost) throw lostConnection();
  }

  async #serve(id: Here['id'], port: ForwardedPort): Promise<void> {
    const connections = this.#call.io.network.accept(id, port.local, this.#end.signal);
    for await (const { lost } of connections) {
      await this.#call.out(`Handling connection for ${port.local}\n`);
      if (lost === undefined) continue;
      await this.#call.err(this.#complaint(port, lost));
      this.#lost = true;
      this.#end.abort();
    }
  }

  /** Cuts the sockets off when the pod goes. */
  async #watch(): Promise<void> {
    const { namespace, name } = placeOf(this.#pod);
    const uid = textAt(this.#pod, 'metadata', 'uid');
    const type = this.#call.api.type('pods');
    const { signal } = this.#end;
    const isHere = (object: unknown): boolean =>
      isJsonObject(object) && textAt(object, 'metadata', 'uid') === uid;
    while (!signal.aborted) {
      const pod = this.#call.api.find(refOf(type, namespace, name));
      if (!pod || !isHere(pod)) {
        this.#listeners.cutOff();
        return;
      }
      const resourceVersion = textAt(pod, 'metadata', 'resourceVersion');
      const fieldSelector = `metadata.name=${name}`;
      for await (const { type: what } of this.#call.api.watch(type, namespace, {
        fieldSelector,
        resourceVersion,
        signal,
      }))
        if (what === 'DELETED' || what === 'ERROR') break;
    }
  }

  /** As klog prints what client-go hands it: the header, then the quoted error. */
  #complaint({ local, remote }: ForwardedPort, lost: NonNullable<Heard['lost']>): string {
    const pid = String(identifierOf(this.#call.io, 'kubectl')).padStart(7);
    const sandbox = identityOf(this.#pod, 'sandbox');
    const error = `an error occurred forwarding ${local} -> ${remote}: error forwarding port ${remote} to pod ${sandbox}, uid : ${this.#reason(sandbox, remote, lost)}`;
    return `E${klogTime(wallClock(this.#call.io))} ${pid} portforward.go:424] "Unhandled Error" err=${JSON.stringify(error)}\n`;
  }

  #reason(sandbox: string, port: number, lost: NonNullable<Heard['lost']>): string {
    if (lost === 'gone') return `failed to find sandbox "${sandbox}" in store: not found`;
    const why = lost === 'refused' ? 'connection refused' : 'connection timed out';
    return `failed to execute portforward in network namespace "${this.#netnsPath()}": failed to connect to localhost:${port} inside namespace "${sandbox}", IPv4: dial tcp4 127.0.0.1:${port}: connect: ${why} IPv6 dial tcp6 [::1]:${port}: connect: ${why} `;
  }

  #netnsPath(): string {
    if (objectAt(this.#pod, 'spec')['hostNetwork'] === true) return 'host';
    const digits = identityOf(this.#pod, 'netns');
    const parts = [8, 12, 16, 20, 32].map((end, at, ends) => digits.slice(ends[at - 1] ?? 0, end));
    return `/var/run/netns/cni-${parts.join('-')}`;
  }
}

/** containerd's identifiers of a pod are random, and shown nowhere else: 64 hex digits. */
const identityOf = (pod: JsonObject, purpose: string): string =>
  hex(sha256(utf8(`${purpose} ${textAt(pod, 'metadata', 'uid')}`)));

/** `0501 10:00:00.123456`. */
function klogTime(at: number): string {
  const [, month = '', day = '', time = ''] =
    /^\d+-(\d\d)-(\d\d)T(.*)Z$/.exec(new Date(at).toISOString()) ?? [];
  const micros = String(Math.floor((at % 1) * 1000)).padStart(3, '0');
  return `${month}${day} ${time}${micros}`;
}
