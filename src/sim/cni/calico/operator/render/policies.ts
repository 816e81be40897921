/**
 * The tier of Calico's own and the policies in it: what its pods may do and who may reach them, and that they may ask the cluster's
 * DNS. Destinations that only the Enterprise variant has are named all the same.
 * Source: pkg/render/{apiserver,tiers,goldmane,whisker,kubecontrollers,common/networkpolicy}, tigera/operator v1.42.3.
 */
import type { Json, JsonObject } from '../../../../../base/json.ts';
import type { KubeObject } from '../../../../kube/object.ts';
import { CALICO_NAMESPACE } from '../kinds.ts';

const TIER = 'calico-system';
const API = 'projectcalico.org/v3';

export const CALICO_TIER: KubeObject = {
  apiVersion: API,
  kind: 'Tier',
  metadata: { name: TIER, labels: { 'projectcalico.org/system-tier': 'true' } },
  spec: { order: 100 },
};

const policy = (name: string, namespace: string, spec: JsonObject): KubeObject => ({
  apiVersion: API,
  kind: 'NetworkPolicy',
  metadata: { name: `${TIER}.${name}`, namespace },
  spec: { tier: TIER, types: ['Ingress', 'Egress'], ...spec },
});

/** Before others of the tier. */
const EARLY = 1;

const app = (name: string): string => `k8s-app == '${name}'`;
const allow = (protocol: 'TCP' | 'UDP', rest: JsonObject): JsonObject => ({
  action: 'Allow',
  protocol,
  ...rest,
});
const to = (namespace: string, name: string, port: number): JsonObject => ({
  destination: {
    namespaceSelector: `projectcalico.org/name == '${namespace}'`,
    selector: app(name),
    ports: [port],
  },
});

const DNS_PODS = "k8s-app in { 'kube-dns', 'coredns' }";
const TO_DNS = allow('UDP', {
  destination: {
    namespaceSelector: "projectcalico.org/name == 'kube-system'",
    selector: DNS_PODS,
    ports: [53],
  },
});
const TO_KUBERNETES = allow('TCP', {
  destination: { services: { name: 'kubernetes', namespace: 'default' } },
});

export const DNS_POLICY = policy('cluster-dns', 'kube-system', {
  order: EARLY,
  selector: DNS_PODS,
  ingress: [
    {
      action: 'Allow',
      source: {
        namespaceSelector: 'all()',
        selector: `projectcalico.org/namespace in {'${CALICO_NAMESPACE}'}`,
      },
    },
    { action: 'Pass' },
  ],
  egress: [{ action: 'Allow' }],
});

/** Of the core controller: everything else in calico-system is shut, but for the API server. */
export const CORE_POLICIES: readonly KubeObject[] = [
  policy('kube-controller-access', CALICO_NAMESPACE, {
    order: EARLY,
    selector: app('calico-kube-controllers'),
    types: ['Egress', 'Ingress'],
    egress: [
      TO_DNS,
      allow('TCP', { destination: { ports: [443, 6443, 12388] } }),
      allow('TCP', to('calico-system', 'calico-manager', 9443)),
    ],
    ingress: [
      allow('TCP', {
        source: { namespaceSelector: "name == 'tigera-prometheus'", selector: app('tigera-prometheus') },
        destination: { ports: [9094] },
      }),
    ],
  }),
  policy('default-deny', CALICO_NAMESPACE, { selector: "k8s-app != 'calico-apiserver'" }),
];

const FROM_ANYWHERE: Json = ['0.0.0.0/0', '::/0'].map((net) =>
  allow('TCP', { source: { nets: [net] }, destination: { ports: [443, 5443, 8080, 10443] } }),
);

export const API_SERVER_POLICY = policy('apiserver-access', CALICO_NAMESPACE, {
  order: EARLY,
  selector: app('calico-apiserver'),
  ingress: FROM_ANYWHERE,
  egress: [
    TO_DNS,
    TO_KUBERNETES,
    allow('TCP', to('tigera-prometheus', 'tigera-prometheus', 9095)),
    allow('TCP', to('tigera-dex', 'tigera-dex', 5556)),
    allow('TCP', to('tigera-elasticsearch', 'tigera-linseed', 8444)),
    { action: 'Pass' },
  ],
});

export const GOLDMANE_POLICY = policy('goldmane', CALICO_NAMESPACE, {
  order: EARLY,
  selector: app('goldmane'),
  ingress: [allow('TCP', { destination: { ports: [7443] } })],
  egress: [TO_DNS, TO_KUBERNETES],
});

export const WHISKER_POLICY = policy('whisker', CALICO_NAMESPACE, {
  selector: app('whisker'),
  egress: [allow('TCP', { destination: { selector: app('goldmane'), ports: [7443] } }), TO_DNS],
});
