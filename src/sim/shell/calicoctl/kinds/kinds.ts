/** All kinds calicoctl handles here, and those the real one has besides. */
import { CONFIGURATIONS } from './configurations.ts';
import { PROFILE, WORKLOAD_ENDPOINT } from './derived.ts';
import { IP_POOL } from './ippool.ts';
import type { ResourceManager } from './manager.ts';
import { NODE } from './node.ts';

export const MANAGERS: readonly ResourceManager[] = [
  ...CONFIGURATIONS,
  IP_POOL,
  NODE,
  PROFILE,
  WORKLOAD_ENDPOINT,
];

/** Kind -> its aliases: known to the real calicoctl, not simulated. */
const ABSENT: Readonly<Record<string, readonly string[]>> = {
  GlobalNetworkPolicy: ['globalnetworkpolicy', 'globalnetworkpolicies', 'gnp', 'gnps'],
  GlobalNetworkSet: ['globalnetworkset', 'globalnetworksets', 'gns', 'netset', 'netsets'],
  HostEndpoint: ['hostendpoint', 'hostendpoints', 'hep', 'heps'],
  KubeControllersConfiguration: [
    'kubecontrollersconfiguration',
    'kubecontrollersconfigurations',
    'kubecontrollersconfig',
    'kubecontrollersconfigs',
    'kcc',
  ],
  NetworkPolicy: ['networkpolicy', 'networkpolicies', 'policy', 'policies', 'np', 'nps', 'pol', 'pols'],
  NetworkSet: ['networkset', 'networksets', 'netsets'],
  StagedGlobalNetworkPolicy: ['stagedglobalnetworkpolicy', 'stagedglobalnetworkpolicies', 'sgnp', 'sgnps'],
  StagedKubernetesNetworkPolicy: [
    'stagedkubernetesnetworkpolicy',
    'stagedkubernetesnetworkpolicies',
    'sknp',
    'sknps',
  ],
  StagedNetworkPolicy: ['stagednetworkpolicy', 'stagednetworkpolicies', 'snp', 'snps'],
  Tier: ['tier', 'tiers'],
};

export const managerOf = (kind: string): ResourceManager | undefined =>
  MANAGERS.find((manager) => manager.kind === kind || `${manager.kind}List` === kind);

export const managerNamed = (word: string): ResourceManager | undefined =>
  MANAGERS.find(({ aliases }) => aliases.includes(word.toLowerCase()));

/** A plain sentence for a kind of the real tool that has no part in this simulator; undefined for all others. */
export function absence(word: string): string | undefined {
  const entry = Object.entries(ABSENT).find(
    ([kind, aliases]) => kind === word || `${kind}List` === word || aliases.includes(word.toLowerCase()),
  );
  return (
    entry &&
    `this simulator's calicoctl does not handle ${entry[0]} resources; kubectl can store what the API serves`
  );
}
