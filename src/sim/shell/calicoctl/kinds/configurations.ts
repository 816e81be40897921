/**
 * The kinds that need no more than reading and writing. The API server applies the CRDs' own rules to them.
 * Source: calicoctl/calicoctl/resourcemgr/{felixconfig,ipreservation,clusterinfo,kubecontrollersconfig}.go, v3.32.1.
 */
import * as schemas from '../../../cni/calico/crd-schemas.ts';
import { KUBE_CONTROLLERS_CONFIGURATION_SPEC } from '../../../cni/calico/kube-controllers/schema.ts';
import type { JsonObject } from '../../../../base/json.ts';
import { felixSpec } from '../../../cni/calico/apiserver/defaults.ts';
import { ordered } from '../../../cni/calico/apiserver/metadata.ts';
import { unsupported } from '../failure.ts';
import { customManager, field, joinedAndCut, nameOf, specOf } from './custom.ts';
import type { ResourceManager } from './manager.ts';

const plainFelixConfiguration = customManager({
  kind: 'FelixConfiguration',
  plural: 'felixconfigurations',
  aliases: ['felixconfiguration', 'felixconfigurations', 'felixconfig', 'felixconfigs'],
  headings: ['NAME'],
  cells: { NAME: nameOf },
  spec: schemas.FELIX_CONFIGURATION_SPEC,
});

const completed = (resource: JsonObject): JsonObject => ({ ...resource, spec: felixSpec(specOf(resource)) });

const FELIX_CONFIGURATION: ResourceManager = {
  ...plainFelixConfiguration,
  create: (client, resource) => plainFelixConfiguration.create(client, completed(resource)),
  update: (client, resource) => plainFelixConfiguration.update(client, completed(resource)),
};

const IP_RESERVATION = customManager({
  kind: 'IPReservation',
  plural: 'ipreservations',
  aliases: ['ipreservation', 'ipreservations', 'reservation', 'reservations'],
  headings: ['NAME'],
  wide: ['NAME', 'CIDRS'],
  cells: { NAME: nameOf, CIDRS: joinedAndCut('reservedCIDRs') },
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
    read: (spec) => ordered(spec, ['clusterGUID', 'clusterType', 'calicoVersion', 'datastoreReady']),
  }),
  create: () => unsupported('create or apply', 'ClusterInformation'),
  update: () => unsupported('apply or replace', 'ClusterInformation'),
  delete: () => Promise.resolve(unsupported('delete', 'ClusterInformation')),
};

const KUBE_CONTROLLERS_CONFIGURATION = customManager({
  kind: 'KubeControllersConfiguration',
  plural: 'kubecontrollersconfigurations',
  aliases: [
    'kubecontrollersconfiguration',
    'kubecontrollersconfigurations',
    'kubecontrollersconfig',
    'kubecontrollersconfigs',
  ],
  headings: ['NAME'],
  cells: { NAME: nameOf },
  spec: KUBE_CONTROLLERS_CONFIGURATION_SPEC,
});

export const CONFIGURATIONS: readonly ResourceManager[] = [
  CLUSTER_INFORMATION,
  FELIX_CONFIGURATION,
  IP_RESERVATION,
  KUBE_CONTROLLERS_CONFIGURATION,
];
