/**
 * What a netfilter rule stands for in the cluster's network policy. It travels with the rule into the trace, so that a
 * lost packet can say which policy decided, and not only which line of iptables.
 */

export type PolicyDirection = 'ingress' | 'egress';

export interface PolicyName {
  /** As Calico calls it: `KubernetesNetworkPolicy`, `NetworkPolicy`, `GlobalNetworkPolicy`. */
  readonly kind: string;
  /** Empty for a global policy. */
  readonly namespace: string;
  readonly name: string;
}

export type PolicyAction = 'allow' | 'deny' | 'pass' | 'log';

export type PolicyDecision =
  /** A rule of a policy. Rules count from 1 in each direction, as Calico calculates them. */
  | {
      readonly by: 'policy';
      readonly policy: PolicyName;
      readonly direction: PolicyDirection;
      readonly rule: number;
      readonly action: PolicyAction;
    }
  | {
      readonly by: 'profile';
      readonly profile: string;
      readonly direction: PolicyDirection;
      readonly rule: number;
      readonly action: PolicyAction;
    }
  /** Policies of the tier apply to the endpoint, and none of them allowed the packet or passed it on. */
  | {
      readonly by: 'tier';
      readonly tier: string;
      readonly direction: PolicyDirection;
      readonly endpoint: string;
      readonly policies: readonly PolicyName[];
    }
  /** No policy decided, and no profile allowed the packet. */
  | { readonly by: 'no-profile'; readonly direction: PolicyDirection; readonly endpoint: string }
  /** A port that no policy of the host may close. */
  | {
      readonly by: 'failsafe';
      readonly direction: PolicyDirection;
      readonly protocol: string;
      readonly port: number;
    };

/** One clause without a full stop: `denied by the GlobalNetworkPolicy no-web, ingress rule 2`. */
export function decisionText(decision: PolicyDecision): string {
  switch (decision.by) {
    case 'policy':
      return `${DONE[decision.action]} by ${policyText(decision.policy)}, ${decision.direction} rule ${decision.rule}`;
    case 'profile':
      return `${DONE[decision.action]} by the profile ${decision.profile}`;
    case 'tier': {
      const { tier, direction, endpoint, policies } = decision;
      const applied = policies.map(policyText).join(', ');
      return `denied at the end of tier ${tier}: nothing allowed it ${TOWARD[direction]} ${endpoint}, where ${applied} ${policies.length === 1 ? 'applies' : 'apply'}`;
    }
    case 'no-profile':
      return `denied because no policy and no profile allows it ${TOWARD[decision.direction]} ${decision.endpoint}`;
    case 'failsafe':
      return `allowed by the failsafe port ${decision.protocol} ${decision.port}`;
  }
}

const DONE: Readonly<Record<PolicyAction, string>> = {
  allow: 'allowed',
  deny: 'denied',
  pass: 'passed on',
  log: 'logged',
};

const TOWARD: Readonly<Record<PolicyDirection, string>> = { ingress: 'into', egress: 'out of' };

const KIND_TEXT: Readonly<Record<string, string>> = {
  KubernetesNetworkPolicy: 'Kubernetes NetworkPolicy',
  NetworkPolicy: 'Calico NetworkPolicy',
};

/** `the Kubernetes NetworkPolicy default/deny-all` */
export function policyText({ kind, namespace, name }: PolicyName): string {
  return `the ${KIND_TEXT[kind] ?? kind} ${namespace === '' ? name : `${namespace}/${name}`}`;
}
