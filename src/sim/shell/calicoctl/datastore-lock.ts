/**
 * `calicoctl datastore migrate lock` and `unlock`: the mark in ClusterInformation at which the CNI plugin stops giving out
 * addresses. Source: calicoctl/calicoctl/commands/datastore/migrate/{lock,unlock}.go, Calico v3.32.1.
 */
import type { JsonObject } from '../../../base/json.ts';
import { CLUSTER_INFORMATIONS } from '../../cni/calico/kinds.ts';
import type { Client } from './client.ts';
import type { Report } from './report.ts';

export function datastoreReady(client: Client, ready: boolean): Report {
  const stored = client.objects.get(CLUSTER_INFORMATIONS, 'default');
  if (!stored) {
    const about = 'resource does not exist: ClusterInformation(default)';
    return {
      stdout: '',
      error: `error retrieving ClusterInformation for ${ready ? 'unlocking' : 'locking'}: ${about}`,
    };
  }
  const spec: JsonObject = { ...stored.spec, datastoreReady: ready };
  client.objects.put(CLUSTER_INFORMATIONS, { kind: 'ClusterInformation', name: 'default', spec });
  return { stdout: `Datastore ${ready ? 'unlocked' : 'locked'}.\n` };
}

export const isLocked = (client: Client): boolean =>
  client.objects.get(CLUSTER_INFORMATIONS, 'default')?.spec?.['datastoreReady'] === false;
