/**
 * BGPConfiguration, BGPFilter and BGPPeer: checked by the client library before they are written.
 * Source: calicoctl/calicoctl/resourcemgr/{bgpconfig,bgpfilter,bgppeer}.go, libcalico-go/lib/clientv3, Calico v3.32.1.
 */
import type { Json, JsonObject } from '../../../../base/json.ts';
import {
  bgpConfigurationErrors,
  bgpFilterErrors,
  bgpPeerErrors,
  missingFilters,
} from '../../../cni/calico/bgp/validator.ts';
import { asNumber } from '../../../cni/calico/bgp/scalars.ts';
import * as schemas from '../../../cni/calico/crd-schemas.ts';
import { BGP_FILTERS } from '../../../cni/calico/kinds.ts';
import type { ErroredField } from '../../../cni/calico/validation.ts';
import { intOrString, type Schema } from '../../../kube/schema.ts';
import type { Client } from '../client.ts';
import { invalid, type Outcome } from '../failure.ts';
import { ordered } from '../../../cni/calico/apiserver/metadata.ts';
import { customManager, field, nameOf, specOf, type CustomKind } from './custom.ts';
import type { Cell, ResourceManager } from './manager.ts';

type Judge = (resource: JsonObject) => readonly ErroredField[];

interface Checked extends CustomKind {
  /** Members of the spec as Go's struct has them. */
  readonly fields: readonly string[];
  readonly errors: Judge;
  /** What needs a look at other resources; asked first. */
  readonly context?: (client: Client, resource: JsonObject) => readonly ErroredField[];
}

function checkedManager({ fields, errors, context, ...custom }: Checked): ResourceManager {
  const plain = customManager({
    ...custom,
    spec: withTextualNumbers(custom.spec),
    read: (spec) => ordered(withoutEmpty(spec), fields),
  });
  const checked =
    (write: ResourceManager['create']): ResourceManager['create'] =>
    (client, typed): Outcome<JsonObject> => {
      const resource = withNumbers(typed);
      const first = context?.(client, resource) ?? [];
      const found = first.length > 0 ? first : errors(resource);
      return found.length > 0 ? invalid(found) : write(client, resource);
    };
  return { ...plain, errors, create: checked(plain.create), update: checked(plain.update) };
}

const AS_NUMBERS = ['asNumber', 'localASNumber'];

/** calicoctl takes AS numbers as text, too, plain or dotted (`1.10`). */
function withTextualNumbers(spec: Schema): Schema {
  if (spec.type !== 'object') return spec;
  const numbers = AS_NUMBERS.filter((name) => spec.fields[name]).map(
    (name) => [name, intOrString()] as const,
  );
  return { ...spec, fields: { ...spec.fields, ...Object.fromEntries(numbers) } };
}

/** What is stored are numbers; text that is none stays, for the API to refuse. */
function withNumbers(resource: JsonObject): JsonObject {
  const numbers = Object.entries(specOf(resource)).flatMap(([name, value]): [string, number][] => {
    const number = typeof value === 'string' && AS_NUMBERS.includes(name) ? asNumber(value) : undefined;
    return number === undefined ? [] : [[name, number]];
  });
  return { ...resource, spec: { ...specOf(resource), ...Object.fromEntries(numbers) } };
}

/** Without what Go's omitempty leaves out; a pointer to false stays. */
function withoutEmpty(spec: JsonObject): JsonObject {
  const kept = Object.entries(spec).filter(
    ([name, value]) =>
      value !== '' &&
      !(Array.isArray(value) && value.length === 0) &&
      !(value === 0 && OMITTED_ZEROS.includes(name)) &&
      !(value === false && name === 'keepOriginalNextHop'),
  );
  return Object.fromEntries(kept);
}

const OMITTED_ZEROS = ['asNumber', 'listenPort'];

const BGP_CONFIGURATION = checkedManager({
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
  fields: [
    'logSeverityScreen',
    'nodeToNodeMeshEnabled',
    'asNumber',
    'serviceLoadBalancerIPs',
    'serviceExternalIPs',
    'serviceClusterIPs',
    'serviceLoadBalancerAggregation',
    'communities',
    'prefixAdvertisements',
    'listenPort',
    'nodeMeshPassword',
    'nodeMeshMaxRestartTime',
    'bindMode',
    'ignoredInterfaces',
    'localWorkloadPeeringIPV4',
    'localWorkloadPeeringIPV6',
    'programClusterRoutes',
    'ipv4NormalRoutePriority',
    'ipv6NormalRoutePriority',
  ],
  errors: (resource) => bgpConfigurationErrors(nameOf(resource), specOf(resource)),
});

const peerNode: Cell = (resource) => {
  const { node, nodeSelector } = specOf(resource);
  return String(node || nodeSelector || '(global)');
};

const BGP_PEER = checkedManager({
  kind: 'BGPPeer',
  plural: 'bgppeers',
  aliases: ['bgppeer', 'bgppeers', 'bgpp', 'bgpps', 'bp', 'bps'],
  headings: ['NAME', 'PEERIP', 'NODE', 'ASN'],
  cells: { NAME: nameOf, PEERIP: field('peerIP'), NODE: peerNode, ASN: field('asNumber', '0') },
  spec: schemas.BGP_PEER_SPEC,
  fields: [
    'node',
    'nodeSelector',
    'peerIP',
    'asNumber',
    'localASNumber',
    'peerSelector',
    'keepOriginalNextHop',
    'nextHopMode',
    'password',
    'sourceAddress',
    'maxRestartTime',
    'keepaliveTime',
    'numAllowedLocalASNumbers',
    'ttlSecurity',
    'reachableBy',
    'filters',
    'localWorkloadSelector',
    'reversePeering',
  ],
  errors: (resource) => bgpPeerErrors(specOf(resource)),
  context: (client, resource) =>
    missingFilters(
      specOf(resource),
      client.objects.list(BGP_FILTERS).map(({ metadata }) => metadata.name),
    ),
});

const count =
  (name: string): Cell =>
  (resource) => {
    const value: Json | undefined = specOf(resource)[name];
    return String(Array.isArray(value) ? value.length : 0);
  };

const BGP_FILTER = checkedManager({
  kind: 'BGPFilter',
  plural: 'bgpfilters',
  aliases: ['bgpfilter', 'bgpfilters', 'bgpf', 'bgpfs', 'bf', 'bfs'],
  headings: ['NAME', 'NUMEXPORTV4', 'NUMIMPORTV4', 'NUMEXPORTV6', 'NUMIMPORTV6'],
  cells: {
    NAME: nameOf,
    NUMEXPORTV4: count('exportV4'),
    NUMIMPORTV4: count('importV4'),
    NUMEXPORTV6: count('exportV6'),
    NUMIMPORTV6: count('importV6'),
  },
  spec: schemas.BGP_FILTER_SPEC,
  fields: ['exportV4', 'importV4', 'exportV6', 'importV6'],
  errors: (resource) => bgpFilterErrors(specOf(resource)),
});

export const BGP_KINDS: readonly ResourceManager[] = [BGP_CONFIGURATION, BGP_FILTER, BGP_PEER];
