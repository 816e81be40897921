/** Three pods in two namespaces: the lab in which single meanings of policy are tested, and words to write them briefly. */
import { formatIp, formatIpCidr } from '../../../../model/ip-family.ts';
import type { ActivePolicy, IpSet, Rule } from './active.ts';
import {
  calculatedFor,
  interfaceOf,
  verdict,
  type LabSketch,
  type Packet,
  type PodSketch,
  type PolicySketch,
} from './policy-lab.contract.ts';

const pod = (
  namespace: string,
  name: string,
  address: string,
  labels: Readonly<Record<string, string>>,
  ports: PodSketch['ports'] = [],
): PodSketch => ({ namespace, name, address, labels, account: 'default', ports });

export const WEB = pod('default', 'web', '10.244.0.1', { app: 'web' }, [
  { name: 'http', protocol: 'TCP', port: 8080 },
]);
export const DB = pod('default', 'db', '10.244.0.2', { app: 'db' });
export const FAR = pod('prod', 'far', '10.244.0.3', { app: 'web' });

export const LAB: LabSketch = {
  namespaces: { default: { team: 'blue' }, prod: { team: 'red' } },
  accounts: { 'default/default': {}, 'prod/default': { rank: 'high' } },
  tiers: { default: { order: 1_000_000, defaultAction: 'Deny' } },
  pods: [WEB, DB, FAR],
  policies: [],
};

export const np = (name: string, spec: PolicySketch['spec'], namespace = 'default'): PolicySketch => ({
  kind: 'NetworkPolicy',
  namespace,
  name,
  spec,
});
export const gnp = (name: string, spec: PolicySketch['spec']): PolicySketch => ({
  kind: 'GlobalNetworkPolicy',
  name,
  spec,
});
export const knp = (name: string, spec: PolicySketch['spec'], namespace = 'default'): PolicySketch => ({
  kind: 'KubernetesNetworkPolicy',
  namespace,
  name,
  spec,
});

export const withPolicies = (...policies: readonly PolicySketch[]): LabSketch => ({ ...LAB, policies });

export const tcp = (src: string, dst: string, dstPort = 80): Packet => ({
  src,
  dst,
  protocol: 'tcp',
  srcPort: 40000,
  dstPort,
});

/** Whether `from` reaches `to`, egress and ingress. */
export function reaches(active: ActivePolicy, from: PodSketch, to: PodSketch, dstPort = 80): boolean {
  const packet = tcp(from.address, to.address, dstPort);
  return (
    verdict(active, interfaceOf(from), 'egress', packet) &&
    verdict(active, interfaceOf(to), 'ingress', packet)
  );
}

/** Who reaches whom on port 80, as `web>db`. */
export function table(lab: LabSketch, dstPort = 80): string {
  const active = calculatedFor(lab);
  return lab.pods
    .flatMap((from) =>
      lab.pods
        .filter((to) => to !== from && reaches(active, from, to, dstPort))
        .map((to) => `${from.name}>${to.name}`),
    )
    .join(' ');
}

export const EVERYONE = 'web>db web>far db>web db>far far>web far>db';

/** Members of a set as `ipset list` spells them. */
export const membersOf = (set: IpSet): readonly string[] =>
  set.type === 'NET'
    ? set.members.map(formatIpCidr)
    : set.members.map(({ address, protocol, port }) => `${formatIp(address)},${protocol}:${port}`);

/** What becomes of one rule of a GlobalNetworkPolicy. */
export const rulesFrom = (rule: object): readonly Rule[] => {
  const active = calculatedFor(withPolicies(gnp('one', { ingress: [{ action: 'Allow', ...rule }] })));
  return active.policies.get('GlobalNetworkPolicy//one')?.inboundRules ?? [];
};
