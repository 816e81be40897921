/**
 * Fields, types, enumerations, bounds and defaults of the custom resources of policy.
 * Source: libcalico-go/config/crd/*.yaml, Calico v3.32.1 (facts of the API, see NOTICE); descriptions are left out.
 */
import {
  array,
  boolean,
  integer,
  intOrString,
  map,
  number,
  object,
  string,
  type ObjectSchema,
  type Schema,
} from '../../../kube/schema.ts';

const ACTIONS = ['Allow', 'Deny', 'Log', 'Pass'];

const ENTITY = object({
  namespaceSelector: string(),
  nets: array(string(), { set: true }),
  notNets: array(string()),
  notPorts: array(intOrString()),
  notSelector: string(),
  ports: array(intOrString()),
  selector: string(),
  serviceAccounts: object({ names: array(string(), { set: true }), selector: string() }),
  services: object({ name: string(), namespace: string() }),
});

const ICMP = object({
  code: integer({ minimum: 0, maximum: 255 }),
  type: integer({ minimum: 0, maximum: 254 }),
});

const RULE = object(
  {
    action: string({ enum: ACTIONS }),
    destination: ENTITY,
    http: object({
      methods: array(string()),
      paths: array(object({ exact: string(), prefix: string() })),
    }),
    icmp: ICMP,
    ipVersion: integer(),
    metadata: object({ annotations: map(string()) }),
    notICMP: ICMP,
    notProtocol: intOrString(),
    protocol: intOrString(),
    source: ENTITY,
  },
  { required: ['action'] },
);

const STAGED = {
  stagedAction: string({ enum: ['Set', 'Delete', 'Learn', 'Ignore'], default: 'Set' }),
};

export const NETWORK_POLICY_SPEC: ObjectSchema = object({
  egress: array(RULE),
  ingress: array(RULE),
  order: number(),
  performanceHints: array(string({ enum: ['AssumeNeededOnEveryNode'] })),
  selector: string(),
  serviceAccountSelector: string(),
  tier: string({ default: 'default' }),
  types: array(string({ enum: ['Ingress', 'Egress'] }), { set: true }),
});

export const GLOBAL_NETWORK_POLICY_SPEC: ObjectSchema = object({
  ...NETWORK_POLICY_SPEC.fields,
  applyOnForward: boolean(),
  doNotTrack: boolean(),
  namespaceSelector: string(),
  preDNAT: boolean(),
});

export const STAGED_NETWORK_POLICY_SPEC: ObjectSchema = object({ ...NETWORK_POLICY_SPEC.fields, ...STAGED });

export const STAGED_GLOBAL_NETWORK_POLICY_SPEC: ObjectSchema = object({
  ...GLOBAL_NETWORK_POLICY_SPEC.fields,
  ...STAGED,
});

const LABEL_SELECTOR = object({
  matchExpressions: array(
    object({ key: string(), operator: string(), values: array(string()) }, { required: ['key', 'operator'] }),
  ),
  matchLabels: map(string()),
});
const PEER = object({
  ipBlock: object({ cidr: string(), except: array(string()) }, { required: ['cidr'] }),
  namespaceSelector: LABEL_SELECTOR,
  podSelector: LABEL_SELECTOR,
});
const PORTS = array(
  object({ endPort: integer({ format: 'int32' }), port: intOrString(), protocol: string() }),
);

export const STAGED_KUBERNETES_NETWORK_POLICY_SPEC: ObjectSchema = object({
  egress: array(object({ ports: PORTS, to: array(PEER) })),
  ingress: array(object({ from: array(PEER), ports: PORTS })),
  podSelector: LABEL_SELECTOR,
  policyTypes: array(string(), { set: true }),
  ...STAGED,
});

export const TIER_SPEC: Schema = object({
  defaultAction: string({ enum: ['Pass', 'Deny'], default: 'Deny' }),
  order: number(),
});

/** Of both kinds of network sets. */
export const NETWORK_SET_SPEC: Schema = object({ nets: array(string(), { set: true }) });

export const HOST_ENDPOINT_SPEC: Schema = object({
  expectedIPs: array(string(), { set: true }),
  interfaceName: string(),
  node: string(),
  ports: array(
    object(
      { name: string(), port: integer({ minimum: 1, maximum: 65535 }), protocol: intOrString() },
      { required: ['name', 'port', 'protocol'] },
    ),
  ),
  profiles: array(string(), { set: true }),
});
