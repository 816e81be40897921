/**
 * The contract between the calculating half of Felix and the half that writes rules: what policy means for the endpoints of
 * one node, with selectors resolved to IP sets. Sorted by name where order has no meaning, so equal datastores give equal data.
 * Source: the messages of felix/proto/felixbackend.proto, Calico v3.32.1. Rule ids (read by eBPF and Windows only), HTTP
 * matches and QoS are left out.
 */
import type { Ip } from '../../../../model/ip.ts';
import type { IpCidr } from '../../../../model/ip-family.ts';

/** `State of the dataplane depends on this alone`: everything that policy asks of one node. */
export interface ActivePolicy {
  /** Workloads of this node, by the name of their host interface; only pods with a network of their own. */
  readonly workloads: ReadonlyMap<string, WorkloadEndpoint>;
  /** Host endpoints of this node, by resource name. */
  readonly hosts: ReadonlyMap<string, HostEndpoint>;
  /** Policies that some endpoint here lists, by `policyKey`. Staged ones are among them: they are never rendered. */
  readonly policies: ReadonlyMap<string, Policy>;
  /** Profiles that some endpoint here lists; one that does not exist denies both ways. */
  readonly profiles: ReadonlyMap<string, Profile>;
  /** By id: the sets that rules of those policies and profiles name. */
  readonly ipSets: ReadonlyMap<string, IpSet>;
}

export type PolicyKind =
  | 'NetworkPolicy'
  | 'GlobalNetworkPolicy'
  | 'KubernetesNetworkPolicy'
  | 'StagedNetworkPolicy'
  | 'StagedGlobalNetworkPolicy'
  | 'StagedKubernetesNetworkPolicy';

export interface PolicyId {
  readonly kind: PolicyKind;
  /** Empty for global kinds. */
  readonly namespace: string;
  readonly name: string;
}

/** `NetworkPolicy/default/web`: unique, and the key of `ActivePolicy.policies`. */
export const policyKey = ({ kind, namespace, name }: PolicyId): string => `${kind}/${namespace}/${name}`;

export const isStaged = ({ kind }: PolicyId): boolean => kind.startsWith('Staged');

export interface Policy {
  readonly id: PolicyId;
  readonly tier: string;
  /** Canonical, as composed (namespace and service accounts included): policies with the same one form groups. */
  readonly originalSelector: string;
  readonly inboundRules: readonly Rule[];
  readonly outboundRules: readonly Rule[];
  /** doNotTrack */
  readonly untracked: boolean;
  readonly preDnat: boolean;
}

export interface Profile {
  readonly name: string;
  readonly inboundRules: readonly Rule[];
  readonly outboundRules: readonly Rule[];
}

/** A tier as one endpoint sees it: only with policies that select the endpoint, in the order of evaluation. */
export interface TierInfo {
  readonly name: string;
  readonly defaultAction: 'Deny' | 'Pass';
  readonly ingressPolicies: readonly PolicyId[];
  readonly egressPolicies: readonly PolicyId[];
}

export interface WorkloadEndpoint {
  /** The node's end of the veth pair. */
  readonly name: string;
  readonly namespace: string;
  readonly pod: string;
  readonly state: 'active' | 'inactive';
  readonly tiers: readonly TierInfo[];
  /** `kns.<namespace>`, then `ksa.<namespace>.<service account>`. */
  readonly profileIds: readonly string[];
}

export interface HostEndpoint {
  /** Of the resource. */
  readonly id: string;
  /** spec.interfaceName: a name, `*`, or empty when the expected addresses choose the interface. */
  readonly interfaceName: string;
  readonly expectedAddresses: readonly Ip[];
  readonly profileIds: readonly string[];
  /** Traffic that ends or begins at the host. */
  readonly tiers: readonly TierInfo[];
  /** doNotTrack, for the raw table; defaultAction is always Pass. */
  readonly untrackedTiers: readonly TierInfo[];
  /** preDNAT, for the mangle table; ingress only, defaultAction is always Pass. */
  readonly preDnatTiers: readonly TierInfo[];
  /** applyOnForward: forwarded traffic. */
  readonly forwardTiers: readonly TierInfo[];
}

export type RuleAction = 'allow' | 'deny' | 'pass' | 'log';

/** By name (`tcp`, `udp`, `icmp`, `icmpv6`, `sctp`, `udplite`) or by number, as the author wrote it. */
export type Protocol = string | number;

export interface PortRange {
  readonly first: number;
  /** Inclusive; equal to `first` for a single port. */
  readonly last: number;
}

export interface IcmpMatch {
  readonly type: number;
  readonly code?: number;
}

/**
 * All criteria that are given must hold. Within ports and named ports of one side, any one suffices (numbers or sets);
 * within nets any one suffices; of `srcIpSetIds` and `dstIpSetIds` all must hold. An empty list is no criterion.
 */
export interface Rule {
  readonly action: RuleAction;
  /** Given by the author, or forced by an ICMP protocol. */
  readonly ipVersion?: 4 | 6;
  readonly protocol?: Protocol;
  readonly notProtocol?: Protocol;
  readonly icmp?: IcmpMatch;
  readonly notIcmp?: IcmpMatch;
  readonly src: RuleSide;
  readonly dst: RuleSide;
  /** Packets to (address, protocol, port) in one of these sets: endpoints of a service. */
  readonly dstIpPortSetIds: readonly string[];
  /** metadata.annotations, which Felix writes as comments; sorted by key. */
  readonly annotations: readonly (readonly [string, string])[];
}

/** One side of a rule. Nets are canonical text of either address family, as the author wrote them. */
export interface RuleSide {
  readonly nets: readonly string[];
  readonly ports: readonly PortRange[];
  readonly namedPortIpSetIds: readonly string[];
  readonly ipSetIds: readonly string[];
  readonly notNets: readonly string[];
  readonly notPorts: readonly PortRange[];
  readonly notNamedPortIpSetIds: readonly string[];
  readonly notIpSetIds: readonly string[];
}

/** Members of both families, those of IPv4 first. Ids: `s:…` a selector, `n:…` a named port, `svc:…` and `svcnoport:…` a service. */
export type IpSet =
  | { readonly id: string; readonly type: 'NET'; readonly members: readonly IpCidr[] }
  | { readonly id: string; readonly type: 'IP_AND_PORT'; readonly members: readonly IpPort[] };

/** A member of a set of type IP_AND_PORT. */
export interface IpPort {
  readonly address: Ip;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly port: number;
}
