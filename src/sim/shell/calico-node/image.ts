/** Which pods have the programs of the calico/node image. */
import { isJsonObject } from '../../../base/json.ts';
import type { Place } from '../../../model/place.ts';
import type { ClusterPort } from '../command.ts';

/** Whether a container of the pod runs the calico/node image. */
export function isCalicoNode(place: Place, cluster: ClusterPort): boolean {
  if (place.kind !== 'pod') return false;
  const path = `/api/v1/namespaces/${place.namespace}/pods/${place.name}`;
  const { code, body } = cluster.request({ method: 'GET', path });
  const containers = code === 200 && isJsonObject(body['spec']) ? body['spec']['containers'] : undefined;
  return (
    Array.isArray(containers) &&
    containers.some(
      (container) => isJsonObject(container) && /\bcalico\/node(?=[:@]|$)/.test(String(container['image'])),
    )
  );
}
