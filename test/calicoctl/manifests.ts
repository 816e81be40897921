/** What the two calicoctl are given to apply, replace and refuse: one of every kind that can be written, and mistakes. */
const document = (kind: string, metadata: string, spec: string, version = 'projectcalico.org/v3'): string =>
  `apiVersion: ${version}\nkind: ${kind}\nmetadata: ${metadata}\nspec: ${spec}\n`;

const POOL = '{ cidr: 10.99.0.0/16, blockSize: 28, natOutgoing: true, vxlanMode: CrossSubnet }';
const RULES = `
  order: 10
  selector: app == 'web'
  types: [Ingress, Egress]
  ingress:
    - action: Allow
      protocol: TCP
      source: { selector: app == 'client', namespaceSelector: all() }
      destination: { ports: [80, '8000:8080'] }
    - action: Deny
      icmp: { type: 8, code: 0 }
      protocol: ICMP
  egress:
    - action: Allow
      destination: { nets: [10.0.0.0/8], notNets: [10.9.0.0/16] }`;

export const MANIFESTS: Readonly<Record<string, string>> = {
  'pool.yaml': document('IPPool', '{ name: second, labels: { rack: b } }', POOL),
  'pool-changed.yaml': document('IPPool', '{ name: second }', POOL.replace('true', 'false')),
  'pool-overlap.yaml': document('IPPool', '{ name: overlap }', '{ cidr: 10.244.0.0/24 }'),
  'pool-small.yaml': document('IPPool', '{ name: small }', '{ cidr: 10.98.0.0/28 }'),
  'pool-both.yaml': document(
    'IPPool',
    '{ name: both }',
    '{ cidr: 10.98.0.0/16, ipipMode: Always, vxlanMode: Always }',
  ),
  'pool-word.yaml': document('IPPool', '{ name: word }', '{ cidr: 10.98.0.0/16, ipipMode: Sometimes }'),
  'pool-unknown.yaml': document('IPPool', '{ name: unknown }', '{ cidr: 10.98.0.0/16, nope: 1 }'),
  'pool-v1.yaml': document('IPPool', '{ name: old }', '{ cidr: 10.98.0.0/16 }', 'crd.projectcalico.org/v1'),
  'pool-name.yaml': document('IPPool', '{ name: Not_A_Name }', '{ cidr: 10.98.0.0/16 }'),
  'reservation.yaml': document(
    'IPReservation',
    '{ name: kept }',
    '{ reservedCIDRs: [10.244.9.0/28, 10.244.8.7] }',
  ),
  'bgp.yaml': [
    document(
      'BGPConfiguration',
      '{ name: default }',
      '{ asNumber: 64600, nodeToNodeMeshEnabled: true, logSeverityScreen: Info, serviceClusterIPs: [{ cidr: 10.96.0.0/16 }] }',
    ),
    document('BGPPeer', '{ name: tor }', '{ peerIP: 10.0.0.1, asNumber: 65001, nodeSelector: all() }'),
    document(
      'BGPFilter',
      '{ name: only }',
      '{ exportV4: [{ action: Accept, matchOperator: In, cidr: 10.244.0.0/16 }] }',
    ),
  ].join('---\n'),
  'peer-bad.yaml': document('BGPPeer', '{ name: bad }', '{ peerIP: nowhere, asNumber: 1 }'),
  'felix.yaml': document(
    'FelixConfiguration',
    '{ name: node.node1 }',
    '{ logSeverityScreen: Debug, reportingInterval: 30s }',
  ),
  'policy.yaml': document('NetworkPolicy', '{ name: web, namespace: default }', RULES),
  'policy-global.yaml': document(
    'GlobalNetworkPolicy',
    '{ name: everywhere }',
    '{ selector: all(), order: 500.5, ingress: [{ action: Allow }] }',
  ),
  'policy-bad.yaml': document(
    'GlobalNetworkPolicy',
    '{ name: bad }',
    '{ selector: "has(", ingress: [{ action: Maybe }] }',
  ),
  'policy-tier.yaml': document(
    'GlobalNetworkPolicy',
    '{ name: none.first }',
    '{ tier: none, selector: all() }',
  ),
  'tier.yaml': document('Tier', '{ name: security }', '{ order: 100 }'),
  'policy-in-tier.yaml': document(
    'GlobalNetworkPolicy',
    '{ name: security.first }',
    '{ tier: security, selector: all(), egress: [{ action: Pass }] }',
  ),
  'staged.yaml': document(
    'StagedGlobalNetworkPolicy',
    '{ name: soon }',
    '{ stagedAction: Set, selector: all(), ingress: [{ action: Log }] }',
  ),
  'sets.yaml': [
    document(
      'GlobalNetworkSet',
      '{ name: outside, labels: { place: outside } }',
      '{ nets: [203.0.113.0/24, 198.51.100.7/32] }',
    ),
    document('NetworkSet', '{ name: inside, namespace: default }', '{ nets: [10.0.0.0/24] }'),
  ].join('---\n'),
  'endpoint.yaml': document(
    'HostEndpoint',
    '{ name: node1-eth0, labels: { role: host } }',
    '{ node: node1, interfaceName: eth0, expectedIPs: [10.0.0.11] }',
  ),
  'nothing.yaml': document('Nothing', '{ name: x }', '{}'),
};
