/**
 * The inner half of a forwarded connection (`kubectl port-forward`): the container runtime dials 127.0.0.1 inside of the pod's
 * network namespace, so neither the CNI nor a policy of the pod's interface is on the way.
 * Source: containerd internal/cri/server/sandbox_portforward_linux.go. The streams between kubectl and the runtime take no time.
 */
import { ipv4 } from '../../model/ip.ts';
import { scaleHash, mix } from './flow-hash.ts';
import type { Heard, Journey } from './journey.ts';
import type { ForwardServer } from './netns.ts';
import { tcpEnd, type TcpEnd } from './tcp-connection.ts';

const LOCALHOST = ipv4('127.0.0.1');
/** net.ipv4.ip_local_port_range. */
const EPHEMERAL = { first: 32_768, end: 61_000 };

export interface Forwarded<Outcome> {
  /** Undefined when the pod has gone. */
  readonly inner: Outcome | undefined;
  /** Why no connection came about inside; undefined when one did. */
  readonly lost: Heard['lost'];
}

/** Runs the inner connection of an outer one that arrived at the forwarder. */
export function forwarded<Outcome extends { readonly kind: string; readonly sourceSeen?: unknown }>(
  journey: Journey,
  { to, port }: ForwardServer,
  { outer, run }: { readonly outer: TcpEnd; readonly run: (client: TcpEnd) => Outcome },
): Forwarded<Outcome> {
  if (to === undefined || !journey.stack(to)) return { inner: undefined, lost: 'gone' };
  const sourcePort = scaleHash(mix(outer.peer.port, port), EPHEMERAL.first, EPHEMERAL.end);
  journey.opened.push({ at: to, protocol: 'tcp', port: sourcePort });
  const inner = run(
    tcpEnd(journey, {
      at: to,
      address: LOCALHOST,
      port: sourcePort,
      peer: { address: LOCALHOST, port },
      active: true,
    }),
  );
  return { inner, lost: lostBy(inner) };
}

function lostBy({
  kind,
  sourceSeen,
}: {
  readonly kind: string;
  readonly sourceSeen?: unknown;
}): Heard['lost'] {
  if (kind === 'refused') return 'refused';
  const connected = kind === 'connected' || sourceSeen !== undefined;
  return connected ? undefined : 'timeout';
}
