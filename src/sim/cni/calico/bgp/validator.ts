/**
 * What Calico's client library checks before it writes a BGP resource, beyond what the API server does, with its words and in
 * its order: struct tags field by field, then the rules of a struct as a whole.
 * Source: libcalico-go/lib/validator/v3/validator.go, libcalico-go/lib/clientv3/{bgpconfig,bgppeer}.go and the struct tags of
 * api/pkg/apis/projectcalico/v3/bgp*.go, Calico v3.32.1. Where upstream prints a Go struct by its address, no value is shown.
 */
import type { Json, JsonObject } from '../../../../base/json.ts';
import { listAt, objectAt, textAt, textsAt } from '../../../kube/fields.ts';
import { parseAddress, parseNetwork, type IpAddress } from '../ip-network.ts';
import { parseSelector } from '../selector.ts';
import { tagFailure, type ErroredField } from '../validation.ts';
import { splitPeerAddress } from './peer-address.ts';

type Errors = readonly ErroredField[];

const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const isName = (text: string): boolean => NAME.test(text);
const isSelector = (text: string): boolean => parseSelector(text).ok;

/** A bare address, or a network without host bits. */
function isNetwork(text: string, version?: 4 | 6): boolean {
  const network = parseNetwork(text);
  const found = network ?? parseAddress(text);
  if (!found || (version !== undefined && found.version !== version)) return false;
  return network === undefined || network.base === network.address;
}

/** A field whose tag does not accept what is there; nothing there is no mistake. */
function tagged(
  name: string,
  tag: string,
  value: Json | undefined,
  accepts: (text: string) => boolean,
): Errors {
  if (value === undefined || value === null || value === '' || value === 0 || accepts(String(value)))
    return [];
  return [tagFailure(name, tag, value)];
}

const required = (name: string, value: Json | undefined): Errors =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)
    ? [tagFailure(name, 'required', value ?? '')]
    : [];

const field = (name: string, reason: string, value?: Json): ErroredField =>
  value === undefined ? { name, reason } : { name, reason, value };

const oneOf =
  (...words: readonly string[]) =>
  (text: string): boolean =>
    words.includes(text);

/** Of a BGPPeer alone; `filters` that do not exist are {@link missingFilters}'s. */
export function bgpPeerErrors(spec: JsonObject): Errors {
  return [
    ...tagged('Node', 'name', spec['node'], isName),
    ...tagged('NodeSelector', 'selector', spec['nodeSelector'], isSelector),
    ...tagged('PeerIP', 'IP:port', spec['peerIP'], (text) => splitPeerAddress(text) !== undefined),
    ...tagged('PeerSelector', 'selector', spec['peerSelector'], isSelector),
    ...tagged('SourceAddress', 'sourceAddress', spec['sourceAddress'], oneOf('UseNodeIP', 'None')),
    ...tagged('ReachableBy', 'reachableBy', spec['reachableBy'], (text) => parseAddress(text) !== undefined),
    ...textsAt(spec, 'filters').flatMap((name, index) => tagged(`Filters[${index}]`, 'name', name, isName)),
    ...tagged('LocalWorkloadSelector', 'selector', spec['localWorkloadSelector'], isSelector),
    ...peerContradictions(spec),
  ];
}

function peerContradictions(spec: JsonObject): Errors {
  const has = (name: string): boolean => Boolean(spec[name]);
  const found = (member: string, name: string, reason: string): Errors => [
    field(name, `${name} field must ${reason}`, spec[member] ?? (member === 'asNumber' ? 0 : '')),
  ];
  const reachable = reachableByProblem(textAt(spec, 'reachableBy'), textAt(spec, 'peerIP'));
  return [
    ...(has('node') && has('nodeSelector')
      ? found('node', 'Node', 'be empty when NodeSelector is specified')
      : []),
    ...(has('peerIP') && has('peerSelector')
      ? found('peerIP', 'PeerIP', 'be empty when PeerSelector is specified')
      : []),
    ...(has('asNumber') && has('peerSelector')
      ? found('asNumber', 'ASNumber', 'be empty when PeerSelector is specified')
      : []),
    ...(has('localWorkloadSelector') ? workloadContradictions(has, found) : []),
    ...(reachable === undefined ? [] : [field('ReachableBy', reachable, textAt(spec, 'reachableBy'))]),
    ...(spec['keepOriginalNextHop'] === true && spec['nextHopMode'] !== undefined
      ? [field('KeepOriginalNextHop', KEEP_AND_MODE, textAt(spec, 'peerIP'))]
      : []),
  ];
}

const KEEP_AND_MODE =
  'The KeepOriginalNextHop field is deprecated. It must not be set to true when NextHopMode is configured.';

function workloadContradictions(
  has: (name: string) => boolean,
  found: (member: string, name: string, reason: string) => Errors,
): Errors {
  const empty = 'be empty when LocalWorkloadSelector is specified';
  return [
    ...(has('asNumber') ? [] : found('asNumber', 'ASNumber', `NOT ${empty}`)),
    ...(has('peerIP') ? found('peerIP', 'PeerIP', empty) : []),
    // The value that is shown is the peer's address, as upstream has it.
    ...(has('peerSelector') ? found('peerIP', 'PeerSelector', empty) : []),
  ];
}

function reachableByProblem(reachableBy: string, peerIp: string): string | undefined {
  if (reachableBy === '') return undefined;
  if (peerIp === '') return 'ReachablyBy field must be empty when PeerIP is empty';
  const gateway = parseAddress(reachableBy);
  if (!gateway) return 'ReachableBy is invalid address';
  const peer: IpAddress | undefined = parseAddress(splitPeerAddress(peerIp)?.host ?? '');
  if (!peer) return 'PeerIP is invalid address';
  return gateway.version === peer.version ? undefined : 'ReachableBy and PeerIP address family mismatched';
}

/** Filters a BGPPeer names that nobody has made. */
export function missingFilters(spec: JsonObject, known: readonly string[]): Errors {
  const missing = textsAt(spec, 'filters').filter((name) => !known.includes(name));
  return missing.length === 0 ? [] : [field('BGPPeer.Spec.Filters', 'BGPFilter(s) not found', missing)];
}

export function bgpFilterErrors(spec: JsonObject): Errors {
  return (['exportV4', 'importV4', 'exportV6', 'importV6'] as const).flatMap((list) =>
    listAt(spec, list).flatMap((rule) => filterRuleErrors(rule, list.endsWith('4') ? 4 : 6)),
  );
}

/** 0 is a value here: the field is a pointer. */
function priorityErrors(name: string, value: Json | undefined): Errors {
  const priority = Number(value ?? 1);
  if (priority >= 1 && priority <= 2147483646) return [];
  return [tagFailure(name, priority < 1 ? 'gte' : 'lte', priority)];
}

const isFilterInterface = (text: string): boolean => /^[a-zA-Z0-9_.*-]{1,15}$/.test(text);

function filterRuleErrors(rule: JsonObject, version: 4 | 6): Errors {
  const length = objectAt(rule, 'prefixLength');
  const longest = version === 4 ? 32 : 128;
  const lengths = ['Min', 'Max'].flatMap((name) =>
    tagged(
      name,
      `bgpFilterPrefixLengthV${version}`,
      length[name.toLowerCase()],
      (text) => /^\d+$/.test(text) && Number(text) <= longest,
    ),
  );
  return [
    ...tagged('CIDR', `netv${version}`, rule['cidr'], (text) => isNetwork(text, version)),
    ...lengths,
    ...tagged('Source', 'oneof', rule['source'], oneOf('RemotePeers')),
    ...tagged('Interface', 'bgpFilterInterface', rule['interface'], isFilterInterface),
    ...tagged(
      'MatchOperator',
      'matchOperator',
      rule['matchOperator'],
      oneOf('Equal', 'In', 'NotEqual', 'NotIn'),
    ),
    ...tagged('PeerType', 'oneof', rule['peerType'], oneOf('eBGP', 'iBGP')),
    ...(rule['communities'] === undefined ? [] : required('Values', objectAt(rule, 'communities')['values'])),
    ...priorityErrors('Priority', rule['priority']),
    ...required('Action', rule['action']),
    ...tagged('Action', 'filterAction', rule['action'], oneOf('Accept', 'Reject')),
    ...listAt(rule, 'operations').flatMap(operationErrors),
    ...filterRuleContradictions(rule),
  ];
}

function operationErrors(operation: JsonObject): Errors {
  const kinds = ['addCommunity', 'prependASPath', 'setPriority'].filter(
    (name) => operation[name] !== undefined,
  );
  return kinds.length === 1 ? [] : [field('BGPFilterOperation', 'exactly one operation must be set')];
}

function filterRuleContradictions(rule: JsonObject): Errors {
  const [cidr, operator] = [textAt(rule, 'cidr'), textAt(rule, 'matchOperator')];
  return [
    ...(cidr !== '' && operator === ''
      ? [field('CIDR', 'MatchOperator cannot be empty when CIDR is not', cidr)]
      : []),
    ...(cidr === '' && operator !== ''
      ? [field('MatchOperator', 'CIDR cannot be empty when MatchOperator is not', operator)]
      : []),
    ...(cidr === '' && rule['prefixLength'] !== undefined
      ? [field('PrefixLength', 'CIDR cannot be empty when PrefixLength is not')]
      : []),
  ];
}

/** A name other than `default` may not set what is true of the whole cluster; only asked when all else is well. */
export function bgpConfigurationErrors(name: string, spec: JsonObject): Errors {
  const errors = [...configurationTags(spec), ...communityErrors(spec), ...meshErrors(spec)];
  return errors.length > 0 || name === 'default' ? errors : clusterWideErrors(spec);
}

const SEVERITY = /^(Trace|Debug|Info|Warning|Error|Fatal)$/;
const isIgnoredInterface = (text: string): boolean => text !== '*' && /^[a-zA-Z0-9_.*-]{1,15}$/.test(text);

function configurationTags(spec: JsonObject): Errors {
  const blocks = ['serviceLoadBalancerIPs', 'serviceExternalIPs', 'serviceClusterIPs'].flatMap((list) =>
    listAt(spec, list).flatMap(({ cidr }) => tagged('CIDR', 'net', cidr, isNetwork)),
  );
  const isVersion = (version: 4 | 6) => (text: string) => parseAddress(text)?.version === version;
  return [
    ...tagged('LogSeverityScreen', 'logLevel', spec['logSeverityScreen'], (text) => SEVERITY.test(text)),
    ...blocks,
    ...listAt(spec, 'communities').flatMap(({ name, value }) => [
      ...required('Name', name),
      ...tagged('Name', 'name', name, isName),
      ...required('Value', value),
    ]),
    ...listAt(spec, 'prefixAdvertisements').flatMap(({ cidr, communities }) => [
      ...required('CIDR', cidr),
      ...tagged('CIDR', 'net', cidr, isNetwork),
      ...required('Communities', communities),
    ]),
    ...textsAt(spec, 'ignoredInterfaces').flatMap((name, index) =>
      tagged(`IgnoredInterfaces[${index}]`, 'ignoredInterface', name, isIgnoredInterface),
    ),
    ...tagged('LocalWorkloadPeeringIPV4', 'ipv4', spec['localWorkloadPeeringIPV4'], isVersion(4)),
    ...tagged('LocalWorkloadPeeringIPV6', 'ipv6', spec['localWorkloadPeeringIPV6'], isVersion(6)),
    ...priorityErrors('IPv4NormalRoutePriority', spec['ipv4NormalRoutePriority']),
    ...priorityErrors('IPv6NormalRoutePriority', spec['ipv6NormalRoutePriority']),
  ];
}

/** Whether it is written as a community, and what is wrong with its numbers. */
function communityProblems(
  name: string,
  text: string,
): { readonly isCommunity: boolean; readonly errors: Errors } {
  const parts = /^\d+(:\d+){1,2}$/.test(text) ? text.split(':') : [];
  const bits = parts.length === 3 ? 32 : 16;
  const tooLarge = parts.filter((part) => Number(part) >= 2 ** bits);
  return {
    isCommunity: parts.length > 0,
    errors: tooLarge.map(() => field(name, `invalid community value, expected ${bits} bit value`, text)),
  };
}

function communityErrors(spec: JsonObject): Errors {
  const communities = listAt(spec, 'communities');
  const advertised = listAt(spec, 'prefixAdvertisements');
  const defined = communities.map((each) => textAt(each, 'name'));
  const values = communities.flatMap((each): Errors => {
    const value = textAt(each, 'value');
    const name = 'Spec.Communities[].Value';
    const { isCommunity, errors } = communityProblems(name, value);
    return isCommunity ? errors : [field(name, 'invalid community value or format used.', value)];
  });
  const unused =
    advertised.length === 0 && communities.length > 0
      ? [
          field(
            'Spec.Communities[]',
            'communities are defined but not used in Spec.PrefixAdvertisement[].',
            communities.map((each) => `{${textAt(each, 'name')} ${textAt(each, 'value')}}`),
          ),
        ]
      : [];
  const used = advertised.flatMap((each) => [
    ...((parseNetwork(textAt(each, 'cidr')) ?? parseAddress(textAt(each, 'cidr')))
      ? []
      : [field('Spec.PrefixAdvertisement[].CIDR', 'invalid CIDR value.', textAt(each, 'cidr'))]),
    ...textsAt(each, 'communities').flatMap((text): Errors => {
      const name = 'Spec.PrefixAdvertisement[].Communities[]';
      const { isCommunity, errors } = communityProblems(name, text);
      if (isCommunity || defined.includes(text)) return errors;
      return [field(name, 'community used is invalid or not defined.', text)];
    }),
  ]);
  return [...values, ...unused, ...used];
}

const meshErrors = (spec: JsonObject): Errors =>
  spec['nodeToNodeMeshEnabled'] === false
    ? ['NodeMeshPassword', 'NodeMeshMaxRestartTime']
        .filter((name) => spec[name.replace(/^N/, 'n')] !== undefined)
        .map((name) => field(`Spec.${name}`, `spec.${name} cannot be set if spec.NodeToNodeMesh is disabled`))
    : [];

function clusterWideErrors(spec: JsonObject): Errors {
  const isSet = (member: string): boolean => {
    const value = spec[member];
    return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
  };
  const fields = [
    ['nodeToNodeMeshEnabled', 'NodeToNodeMeshEnabled', 'nodeToNodeMeshEnabled'],
    ['asNumber', 'ASNumber', 'ASNumber'],
    ['serviceLoadBalancerIPs', 'ServiceLoadBalancerIPs', 'ServiceLoadBalancerIPs'],
    ['serviceExternalIPs', 'ServiceExternalIPs', 'ServiceExternalIPs'],
    ['serviceClusterIPs', 'ServiceClusterIPs', 'ServiceClusterIPs'],
    ['nodeMeshPassword', 'NodeMeshPassword', 'nodeMeshPassword'],
    ['nodeMeshMaxRestartTime', 'NodeMeshMaxRestartTime', 'nodeMeshMaxRestartTime'],
  ] as const;
  return fields
    .filter(([member]) => isSet(member))
    .map(([, name, word]) =>
      field(`BGPConfiguration.Spec.${name}`, `Cannot set ${word} on a non default BGP Configuration.`),
    );
}
