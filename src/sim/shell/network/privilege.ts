/**
 * Whether a program may change the network it stands in (CAP_NET_ADMIN): root on a machine may, a container only when its pod
 * asks for it. Source: capabilities(7), the default set of containerd, which lacks it.
 */
import type { CompletionIo } from '../command.ts';

interface PodView {
  readonly spec?: { readonly containers?: readonly ContainerView[] };
}

interface ContainerView {
  readonly securityContext?: {
    readonly privileged?: boolean;
    readonly capabilities?: { readonly add?: readonly string[] };
  };
}

const GRANTS: ReadonlySet<string> = new Set(['ALL', 'NET_ADMIN', 'CAP_NET_ADMIN']);

/** Of a pod's containers the first counts: it is the one that a learner is in. */
export function mayAdministrate({ place, cluster }: CompletionIo): boolean {
  if (place.kind !== 'pod') return true;
  const path = `/api/v1/namespaces/${place.namespace}/pods/${place.name}`;
  const { code, body } = cluster.request({ method: 'GET', path });
  if (code !== 200) return false;
  const [container] = (body as PodView).spec?.containers ?? [];
  const { privileged = false, capabilities } = container?.securityContext ?? {};
  return privileged || (capabilities?.add ?? []).some((name) => GRANTS.has(name));
}
