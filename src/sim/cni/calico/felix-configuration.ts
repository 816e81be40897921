/**
 * FelixConfiguration as one node's Felix reads it: `node.<name>` over `default` over the built-in defaults.
 * Source: felix/config/config_params.go, Calico v3.32.1; only the parameters that the simulator honours.
 */
import type { Json, JsonObject } from '../../../base/json.ts';
import { CALICO_VNI, VXLAN_PORT } from '../../../model/encapsulation.ts';
import { parseIpv4, type Ipv4 } from '../../../model/ip.ts';
import type { Table } from '../../core/table.ts';
import type { KubeObject } from '../../kube/object.ts';

export interface FelixConfiguration {
  /** Undefined: as the pools say. */
  readonly vxlanEnabled: boolean | undefined;
  readonly ipipEnabled: boolean | undefined;
  readonly vxlanPort: number;
  readonly vxlanVni: number;
  /** 0: from the host's MTU. */
  readonly vxlanMtu: number;
  readonly ipipMtu: number;
  readonly natOutgoingAddress: Ipv4 | undefined;
  readonly excludeHostsFromNat: boolean;
  readonly endpointToHostAction: 'ACCEPT' | 'DROP' | 'RETURN';
  readonly allowVxlanFromWorkloads: boolean;
  readonly allowIpipFromWorkloads: boolean;
}

/** What FELIX_DEFAULTENDPOINTTOHOSTACTION says in the manifest install. */
const MANIFEST_ENDPOINT_TO_HOST = 'Accept';

export function felixConfiguration(table: Table<KubeObject> | undefined, node: string): FelixConfiguration {
  const global = table?.get('/default')?.spec ?? {};
  const own = table?.get(`/node.${node}`)?.spec ?? {};
  const spec: JsonObject = { ...global, ...own };
  return {
    vxlanEnabled: flag(spec['vxlanEnabled']),
    ipipEnabled: flag(spec['ipipEnabled']),
    vxlanPort: count(spec['vxlanPort']) || VXLAN_PORT,
    vxlanVni: count(spec['vxlanVNI']) || CALICO_VNI,
    vxlanMtu: count(spec['vxlanMTU']),
    ipipMtu: count(spec['ipipMTU']),
    natOutgoingAddress: parseIpv4(String(spec['natOutgoingAddress'] ?? '')),
    excludeHostsFromNat: spec['natOutgoingExclusions'] === 'IPPoolsAndHostIPs',
    endpointToHostAction: endpointToHost(spec),
    allowVxlanFromWorkloads: spec['allowVXLANPacketsFromWorkloads'] === true,
    allowIpipFromWorkloads: spec['allowIPIPPacketsFromWorkloads'] === true,
  };
}

function endpointToHost(spec: JsonObject): FelixConfiguration['endpointToHostAction'] {
  const action = String(spec['defaultEndpointToHostAction'] ?? MANIFEST_ENDPOINT_TO_HOST).toUpperCase();
  return action === 'DROP' || action === 'RETURN' ? action : 'ACCEPT';
}

const flag = (value: Json | undefined): boolean | undefined =>
  typeof value === 'boolean' ? value : undefined;
const count = (value: Json | undefined): number => (typeof value === 'number' ? value : 0);
