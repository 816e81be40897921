/**
 * Fields, types, enumerations, bounds and defaults of Calico's BGP resources.
 * Source: libcalico-go/config/crd/crd.projectcalico.org_bgp*.yaml, Calico v3.32.1 (facts of the API, see NOTICE); descriptions
 * and limits of lengths and counts are left out.
 */
import { array, boolean, integer, object, string, type Schema } from '../../../kube/schema.ts';

const ENABLED = ['Enabled', 'Disabled'];
const asNumber = (): Schema => integer({ format: 'int32' });
const priority = (): Schema => integer({ minimum: 1, maximum: 2147483646 });

const password: Schema = object({
  secretKeyRef: object(
    { key: string(), name: string({ default: '' }), optional: boolean() },
    { required: ['key'] },
  ),
});

const cidrs: Schema = array(object({ cidr: string({ format: 'cidr' }) }));

export const BGP_CONFIGURATION_SPEC: Schema = object({
  asNumber: asNumber(),
  bindMode: string({ enum: ['None', 'NodeIP'] }),
  communities: array(
    object({ name: string(), value: string({ pattern: '^(\\d+):(\\d+)$|^(\\d+):(\\d+):(\\d+)$' }) }),
  ),
  ignoredInterfaces: array(string(), { set: true }),
  ipv4NormalRoutePriority: priority(),
  ipv6NormalRoutePriority: priority(),
  listenPort: integer({ minimum: 1, maximum: 65535 }),
  localWorkloadPeeringIPV4: string(),
  localWorkloadPeeringIPV6: string(),
  logSeverityScreen: string({ default: 'Info' }),
  nodeMeshMaxRestartTime: string(),
  nodeMeshPassword: password,
  nodeToNodeMeshEnabled: boolean(),
  prefixAdvertisements: array(object({ cidr: string({ format: 'cidr' }), communities: array(string()) })),
  programClusterRoutes: string({ enum: ENABLED }),
  serviceClusterIPs: cidrs,
  serviceExternalIPs: cidrs,
  serviceLoadBalancerAggregation: string({ enum: ENABLED, default: 'Enabled' }),
  serviceLoadBalancerIPs: cidrs,
});

export const BGP_PEER_SPEC: Schema = object({
  asNumber: asNumber(),
  filters: array(string()),
  keepOriginalNextHop: boolean(),
  keepaliveTime: string(),
  localASNumber: asNumber(),
  localWorkloadSelector: string(),
  maxRestartTime: string(),
  nextHopMode: string({ enum: ['Auto', 'Self', 'Keep'] }),
  node: string(),
  nodeSelector: string(),
  numAllowedLocalASNumbers: integer({ format: 'int32' }),
  password,
  peerIP: string(),
  peerSelector: string(),
  reachableBy: string(),
  reversePeering: string({ enum: ['Auto', 'Manual'] }),
  sourceAddress: string({ enum: ['UseNodeIP', 'None'] }),
  ttlSecurity: integer(),
});

/** `aa:nn` of 16 bits each, or `aa:nn:mm` of 32. */
const HALF = '([0-9]|[1-9][0-9]{1,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';
const WORD =
  '([0-9]|[1-9][0-9]{1,8}|[1-3][0-9]{9}|4[0-1][0-9]{8}|42[0-8][0-9]{7}|429[0-3][0-9]{6}|4294[0-8][0-9]{5}|42949[0-5][0-9]{4}|429496[0-6][0-9]{3}|4294967[0-1][0-9]{2}|42949672[0-8][0-9]|429496729[0-5])';
const community = (): Schema => string({ pattern: `^(${HALF}:${HALF}|${WORD}:${WORD}:${WORD})$` });

const operation: Schema = object({
  addCommunity: object({ value: community() }, { required: ['value'] }),
  prependASPath: object({ prefix: array(asNumber()) }, { required: ['prefix'] }),
  setPriority: object({ value: priority() }, { required: ['value'] }),
});

/** Rules for IPv4 and for IPv6 differ by how long a prefix may be. */
const rules = (longest: 32 | 128): Schema => {
  const length = (): Schema => integer({ minimum: 0, maximum: longest, format: 'int32' });
  return array(
    object(
      {
        action: string({ enum: ['Accept', 'Reject'] }),
        asPathPrefix: array(asNumber()),
        cidr: string({ format: 'cidr' }),
        communities: object({ values: array(community()) }, { required: ['values'] }),
        interface: string(),
        matchOperator: string({ enum: ['Equal', 'NotEqual', 'In', 'NotIn'] }),
        operations: array(operation),
        peerType: string({ enum: ['eBGP', 'iBGP'] }),
        prefixLength: object({ max: length(), min: length() }),
        priority: priority(),
        source: string({ enum: ['RemotePeers'] }),
      },
      { required: ['action'] },
    ),
  );
};

export const BGP_FILTER_SPEC: Schema = object({
  exportV4: rules(32),
  exportV6: rules(128),
  importV4: rules(32),
  importV6: rules(128),
});
