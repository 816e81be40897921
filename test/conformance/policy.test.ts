/**
 * Network policy against the Linux kernel of this machine: the chains and sets that policies become are restored into network
 * namespaces, and each flow is asked of both. Needs root; where that is missing the suite is skipped and says so. Most flows
 * are refused, and each of those is waited for: only a full run asks all.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clearStale } from '../../src/cli/kernel/namespaces.ts';
import { labNamed } from '../support/labs.ts';
import { flowText } from './flow.ts';
import { stateWith } from './lab-states.ts';
import { writePart } from './ledger.ts';
import { agrees, differenceText, type Compared } from './report.ts';
import { full, kernel } from './requirements.ts';
import { rebuildAndCompare } from './suite.ts';

const { lacking } = await kernel();
const SEED = 20_261_121;
const all: Compared[] = [];

const global = (name: string, spec: string): string =>
  `apiVersion: crd.projectcalico.org/v1\nkind: GlobalNetworkPolicy\nmetadata: { name: ${name} }\nspec:\n${spec}`;
/** Every kind of rule, each letting some of the flows through. */
const CASES: readonly (readonly [name: string, objects: readonly string[]])[] = [
  [
    'Kubernetes policies',
    [
      `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: deny-all }
spec: { podSelector: {}, policyTypes: [Ingress, Egress] }`,
      `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web }
spec:
  podSelector: { matchLabels: { app: web } }
  ingress:
    - from: [{ podSelector: { matchLabels: { app: client } } }, { ipBlock: { cidr: 10.0.0.0/24, except: [10.0.0.12/32] } }]
      ports: [{ port: 80 }, { protocol: UDP, port: 5, endPort: 9 }]
  egress: [{ to: [{ podSelector: {} }] }]`,
      `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: client }
spec: { podSelector: { matchLabels: { app: client } }, policyTypes: [Egress], egress: [{}] }`,
    ],
  ],
  [
    'rules of more than one block, Log, Pass and Deny',
    [
      global(
        'blocks',
        `  selector: all()
  order: 1
  types: [Ingress, Egress]
  ingress:
    - { action: Log, protocol: ICMP }
    - { action: Deny, protocol: ICMP, icmp: { type: 8 }, source: { nets: [10.0.0.0/24, 203.0.113.0/24], notNets: [10.0.0.12/32] } }
    - action: Allow
      protocol: UDP
      destination: { ports: [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, "7:7", "20:30"], notPorts: [9] }
    - { action: Deny, notProtocol: TCP, source: { nets: [192.0.2.0/24] } }
    - { action: Pass, protocol: TCP }
    - { action: Allow, protocol: ICMP, source: { notSelector: "app == 'client'" } }
  egress:
    - { action: Deny, protocol: TCP, destination: { nets: [10.0.0.0/8], notNets: [10.244.0.0/16, 10.96.0.0/12] } }
    - { action: Allow }`,
      ),
      global(
        'beside',
        '  { selector: all(), order: 2, types: [Ingress], ingress: [{ action: Deny, protocol: 17 }] }',
      ),
    ],
  ],
];

describe.skipIf(lacking !== undefined || !full)(
  `policy in the Linux kernel${lacking === undefined ? '' : ` (${lacking})`}`,
  () => {
    beforeAll(clearStale);
    afterAll(() => {
      writePart('policy', all);
    });

    test.each(CASES)('%s', async (name, objects) => {
      const cluster = await stateWith(labNamed('first-overlay'), objects.join('\n---\n'));
      const { compared } = await rebuildAndCompare({
        network: name,
        mode: 'as the lab has it',
        cluster,
        faults: [],
        seed: SEED,
      });
      all.push(...compared);
      const disagreements = compared.filter((one) => !agrees(one));
      expect(disagreements.map((one) => differenceText(one, flowText)).join('\n\n')).toBe('');
      const outcomes = compared.map(({ observed }) => observed.outcome);
      expect(new Set(outcomes).size).toBeGreaterThan(1);
    });
  },
);
