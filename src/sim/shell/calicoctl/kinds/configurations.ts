/**
 * The kinds that need no more than reading and writing. The API server applies the CRDs' own rules to them.
 * Source: calicoctl/calicoctl/resourcemgr/{bgpconfig,bgppeer,bgpfilter,felixconfig,ipreservation,clusterinfo}.go, v3.32.1.
 */
import type { Json, JsonObject } from '../../../../base/json.ts';
import * as schemas from '../../../cni/calico/crd-schemas.ts';
import { strings } from '../../../cni/calico/validation.ts';
import { unsupported } from '../failure.ts';
import { customManager, field, specOf, nameOf } from './custom.ts';
import type { Cell, ResourceManager } from './manager.ts';

const BGP_CONFIGURATION = customManager({
  kind: 'BGPConfiguration',
  plural: 'bgpconfigurations',
  aliases: ['bgpconfiguration', 'bgpconfigurations', 'bgpconfig', 'bgpconfigs'],
  headings: ['NAME', 'LOGSEVERITY', 'MESHENABLED', 'ASNUMBER'],
  cells: {
    NAME: nameOf,
    LOGSEVERITY: field('logSeverityScreen'),
    MESHENABLED: field('nodeToNodeMeshEnabled', '-'),
    ASNUMBER: field('asNumber', '-'),
  },
  spec: schemas.BGP_CONFIGURATION_SPEC,
});

const peerNode: Cell = (resource) => {
  const { node, nodeSelector } = specOf(resource);
  return String(node || nodeSelector || '(global)');
};

const BGP_PEER = customManager({
  kind: 'BGPPeer',
  plural: 'bgppeers',
  aliases: ['bgppeer', 'bgppeers', 'bgpp', 'bgpps', 'bp', 'bps'],
  headings: ['NAME', 'PEERIP', 'NODE', 'ASN'],
  cells: { NAME: nameOf, PEERIP: field('peerIP'), NODE: peerNode, ASN: field('asNumber', '0') },
  spec: schemas.BGP_PEER_SPEC,
});

const count =
  (name: string): Cell =>
  (resource) => {
    const value: Json | undefined = specOf(resource)[name];
    return String(Array.isArray(value) ? value.length : 0);
  };

const BGP_FILTER = customManager({
  kind: 'BGPFilter',
  plural: 'bgpfilters',
  aliases: ['bgpfilter', 'bgpfilters'],
  headings: ['NAME', 'NUMEXPORTV4', 'NUMIMPORTV4', 'NUMEXPORTV6', 'NUMIMPORTV6'],
  cells: {
    NAME: nameOf,
    NUMEXPORTV4: count('exportV4'),
    NUMIMPORTV4: count('importV4'),
    NUMEXPORTV6: count('exportV6'),
    NUMIMPORTV6: count('importV6'),
  },
  spec: schemas.BGP_FILTER_SPEC,
});

const FELIX_CONFIGURATION = customManager({
  kind: 'FelixConfiguration',
  plural: 'felixconfigurations',
  aliases: ['felixconfiguration', 'felixconfigurations', 'felixconfig', 'felixconfigs'],
  headings: ['NAME'],
  cells: { NAME: nameOf },
  spec: schemas.FELIX_CONFIGURATION_SPEC,
});

const LIMIT = 80;

function reserved(resource: JsonObject): string {
  const joined = strings(specOf(resource)['reservedCIDRs']).join(',');
  return joined.length > LIMIT ? `${joined.slice(0, LIMIT - 3)}...` : joined;
}

const IP_RESERVATION = customManager({
  kind: 'IPReservation',
  plural: 'ipreservations',
  aliases: ['ipreservation', 'ipreservations', 'reservation', 'reservations'],
  headings: ['NAME'],
  wide: ['NAME', 'CIDRS'],
  cells: { NAME: nameOf, CIDRS: reserved },
  spec: schemas.IP_RESERVATION_SPEC,
});

const CLUSTER_INFORMATION: ResourceManager = {
  ...customManager({
    kind: 'ClusterInformation',
    plural: 'clusterinformations',
    aliases: ['clusterinformation', 'clusterinformations', 'clusterinfo', 'clusterinfos'],
    headings: ['NAME', 'CLUSTERGUID', 'CLUSTERTYPE', 'CALICOVERSION', 'DATASTOREREADY'],
    cells: {
      NAME: nameOf,
      CLUSTERGUID: field('clusterGUID'),
      CLUSTERTYPE: field('clusterType'),
      CALICOVERSION: field('calicoVersion'),
      DATASTOREREADY: field('datastoreReady', '<nil>'),
    },
    spec: schemas.CLUSTER_INFORMATION_SPEC,
  }),
  create: () => unsupported('create or apply', 'ClusterInformation'),
  update: () => unsupported('apply or replace', 'ClusterInformation'),
  delete: () => Promise.resolve(unsupported('delete', 'ClusterInformation')),
};

export const CONFIGURATIONS: readonly ResourceManager[] = [
  BGP_CONFIGURATION,
  BGP_FILTER,
  BGP_PEER,
  CLUSTER_INFORMATION,
  FELIX_CONFIGURATION,
  IP_RESERVATION,
];
