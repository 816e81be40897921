/**
 * The state in which the real cluster was recorded, made on the simulator: the pool is VXLAN CrossSubnet before any pod asks
 * for an address, CoreDNS and calico-kube-controllers are on node2, and the pods a, b and c on node1 to node3.
 */
import { readFileSync } from 'node:fs';
import type { ExecResult } from '../../src/lab/ports.ts';
import { parseTopology } from '../../src/lab/topology.ts';
import { OpenLab } from '../support/labs.ts';

const FILE = 'labs/topologies/two-racks.yaml';

const pool = (name: string, spec: object): string =>
  JSON.stringify({ apiVersion: 'projectcalico.org/v3', kind: 'IPPool', metadata: { name }, spec });

const NOBODYS = pool('nobodys', { cidr: '10.245.0.0/16', nodeSelector: '!all()' });
const RECORDED = pool('default-ipv4-ippool', {
  cidr: '10.244.0.0/16',
  vxlanMode: 'CrossSubnet',
  natOutgoing: true,
});

const pod = (name: string, nodeName: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { labels: { app: name }, name, namespace: 'default' },
    spec: {
      containers: [
        { command: ['sleep', 'infinity'], image: 'registry.k8s.io/kube-proxy:v1.35.4', name: 'c' },
      ],
      nodeName,
      terminationGracePeriodSeconds: 0,
    },
  });

const applied = (tool: string, text: string): string => `${tool} apply -f - <<'EOF'\n${text}\nEOF`;

/** They took their addresses in this order. */
const STEPS = [
  'kubectl -n kube-system scale deployment --all --replicas=0; sleep 45; calicoctl delete ippool nobodys',
  applied('calicoctl', RECORDED),
  'sleep 60; kubectl cordon control-plane node1 node3',
  'kubectl -n kube-system scale deployment coredns --replicas=2; sleep 20',
  'kubectl -n kube-system scale deployment calico-kube-controllers --replicas=1; sleep 20',
  'kubectl uncordon control-plane node1 node3',
  ...(['a node1', 'b node2', 'c node3'] as const).map((each) => {
    const [name = '', node = ''] = each.split(' ');
    return `${applied('kubectl', pod(name, node))}\nkubectl wait --for=condition=Ready pod/${name}`;
  }),
  ...['10.244.104.4', '10.244.135.1', '203.0.113.10'].map((to) => `kubectl exec a -- ping -c 3 ${to}`),
];

export class RealClusterLab {
  readonly #lab: OpenLab;
  /** What the recorded names of pods are here. */
  readonly #pods: readonly (readonly [recorded: string, here: string])[];

  private constructor(lab: OpenLab, pods: RealClusterLab['pods']) {
    this.#lab = lab;
    this.#pods = pods;
  }

  get pods(): readonly (readonly [recorded: string, here: string])[] {
    return this.#pods;
  }

  static async open(): Promise<RealClusterLab> {
    const topology = parseTopology(FILE, readFileSync(FILE, 'utf8'));
    if (!topology.ok) throw new Error(JSON.stringify(topology.error));
    const lab = await OpenLab.over({
      id: 'real-cluster',
      topology: topology.value,
      calico: { install: 'manifest', pools: 'user' },
      start: [{ file: '10-nobodys-pool.yaml', text: NOBODYS }],
      files: [],
    });
    for (const step of STEPS) await lab.out('workstation', step);
    const named = async (label: string, field: string): Promise<string> => {
      const jsonpath = '{.items[0].metadata.name}';
      const select = `-l k8s-app=${label} --field-selector ${field}`;
      return lab.out('workstation', `kubectl -n kube-system get pods ${select} -o jsonpath='${jsonpath}'`);
    };
    return new RealClusterLab(lab, [
      ['calico-node-5nkbr', await named('calico-node', 'spec.nodeName=control-plane')],
      ['coredns-7d764666f9-72qj9', await named('kube-dns', 'status.podIP=10.244.104.2')],
    ]);
  }

  /** At a node, in the pod `a`, or at the workstation; BIRD is asked in its container. */
  async run(at: string, line: string): Promise<ExecResult> {
    const here = this.#pods.reduce((text, [recorded, own]) => text.replaceAll(recorded, own), line);
    if (/^(kubectl|calicoctl (?!node status))/.test(line)) return this.#lab.at('workstation', here);
    if (at === 'a') return this.#lab.at('pod/default/a', here);
    if (!line.startsWith('birdcl')) return this.#lab.at(`node/${at}`, here);
    const select = `-l k8s-app=calico-node --field-selector spec.nodeName=${at} -o name`;
    const pod = (await this.#lab.out('workstation', `kubectl -n kube-system get pods ${select}`)).trim();
    return this.#lab.at('workstation', `kubectl -n kube-system exec ${pod} -c calico-node -- ${here}`);
  }

  dispose(): Promise<void> {
    return this.#lab.session.dispose();
  }
}
