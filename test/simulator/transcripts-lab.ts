/**
 * The lab of the reference transcripts, made by Calico itself: three workers with two pods each, on the course's topology. A
 * control plane stands beside them, since the simulator is a whole cluster; `transcripts-differences.ts` says what it adds.
 */
import { readFileSync } from 'node:fs';
import type { ExecResult } from '../../src/lab/ports.ts';
import { parseTopology } from '../../src/lab/topology.ts';
import type { Topology } from '../../src/model/topology.ts';
import { OpenLab } from '../support/labs.ts';

export interface PoolModes {
  readonly ipipMode?: 'Always' | 'CrossSubnet';
  readonly vxlanMode?: 'Always' | 'CrossSubnet';
  readonly natOutgoing?: boolean;
  /** Nodes peer with their racks' router, which learns and tells nothing. */
  readonly router?: boolean;
}

const FILE = 'labs/topologies/two-racks.yaml';
const NODES = ['node1', 'node2', 'node3'] as const;
/** In the harness's layout ordinal 0 of a block is the tunnel's, or nobody's. */
const FIRST_ADDRESSES = ['10.244.166.128/32', '10.244.104.0/32', '10.244.135.0/32'];

function topology(router: boolean): Topology {
  const text = readFileSync(FILE, 'utf8');
  const parsed = parseTopology(
    FILE,
    router ? text.replace(/- name: router\n/, '- name: router\n    bgp: { as: 64513 }\n') : text,
  );
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

const document = (kind: string, name: string, spec: unknown): string =>
  JSON.stringify({ apiVersion: 'projectcalico.org/v3', kind, metadata: { name }, spec });

function calicoObjects({ ipipMode, vxlanMode, natOutgoing, router }: PoolModes): string {
  const tunnel = ipipMode !== undefined || vxlanMode !== undefined;
  return [
    document('IPPool', 'default-ipv4-ippool', {
      cidr: '10.244.0.0/16',
      blockSize: 26,
      ipipMode: ipipMode ?? 'Never',
      vxlanMode: vxlanMode ?? 'Never',
      natOutgoing: natOutgoing ?? false,
      nodeSelector: 'all()',
    }),
    ...(tunnel ? [] : [document('IPReservation', 'first-addresses', { reservedCIDRs: FIRST_ADDRESSES })]),
    ...(router === true ? peerings() : []),
  ].join('\n---\n');
}

/** Each node tells the router of its own block, as the harness's BIRD does, and listens to nothing. */
const BLOCKS = { node1: '10.244.166.128/26', node2: '10.244.104.0/26', node3: '10.244.135.0/26' } as const;

function peerings(): readonly string[] {
  return NODES.flatMap((node) => [
    document('BGPFilter', `only-${node}`, {
      exportV4: [{ action: 'Accept', matchOperator: 'Equal', cidr: BLOCKS[node] }, { action: 'Reject' }],
      importV4: [{ action: 'Reject' }],
    }),
    document('BGPPeer', node, {
      node,
      peerIP: node === 'node3' ? '10.0.1.1' : '10.0.0.1',
      asNumber: 64513,
      filters: [`only-${node}`],
    }),
  ]);
}

/** One after the other, so that each takes the next address of its node's block. */
const POD_ORDER = NODES.flatMap((node, place) =>
  [0, 1].map((nth) => ({ name: `web-${place * 2 + nth}`, node })),
);

const pod = ({ name, node }: (typeof POD_ORDER)[number]): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { nodeName: node, containers: [{ name: 'web', image: 'nginx', ports: [{ containerPort: 80 }] }] },
  });

const NOBODYS_POOL = document('IPPool', 'nobodys', { cidr: '10.245.0.0/16', nodeSelector: '!all()' });

export class TranscriptLab {
  readonly #lab: OpenLab;

  private constructor(lab: OpenLab) {
    this.#lab = lab;
  }

  static async open(modes: PoolModes): Promise<TranscriptLab> {
    const lab = await OpenLab.over({
      id: 'transcripts',
      topology: topology(modes.router === true),
      calico: { install: 'manifest', pools: 'user' },
      start: [{ file: '10-nobodys-pool.yaml', text: NOBODYS_POOL }],
      files: [],
    });
    // The cluster's own pods would take the addresses of the transcripts.
    await lab.out('workstation', 'kubectl -n kube-system scale deployment --all --replicas=0');
    await lab.out('workstation', 'sleep 45; calicoctl delete ippool nobodys');
    await lab.out('workstation', `calicoctl apply -f - <<'EOF'\n${calicoObjects(modes)}\nEOF`);
    await lab.out('workstation', 'sleep 60');
    for (const each of POD_ORDER) {
      await lab.out('workstation', `kubectl apply -f - <<'EOF'\n${pod(each)}\nEOF`);
      await lab.out('workstation', `kubectl wait --for=condition=Ready pod/${each.name} --timeout=60s`);
    }
    return new TranscriptLab(lab);
  }

  /** The fact sheet's names of places: `node1`, `web-0`, `router`, `outside`. */
  run(at: string, line: string): Promise<ExecResult> {
    return this.#lab.at(placeOf(at), line.startsWith('tcpdump') ? `timeout 20 ${line}` : line);
  }

  /** What Calico's BIRD on a node answers. */
  async birdOf(node: string, words: string): Promise<ExecResult> {
    const selector = `-l k8s-app=calico-node --field-selector spec.nodeName=${node} -o name`;
    const pod = (await this.#lab.out('workstation', `kubectl -n kube-system get pods ${selector}`)).trim();
    return this.#lab.at(
      'workstation',
      `kubectl -n kube-system exec ${pod} -c calico-node -- birdcl ${words}`,
    );
  }

  dispose(): Promise<void> {
    return this.#lab.session.dispose();
  }
}

function placeOf(at: string): string {
  if (at.startsWith('node')) return `node/${at}`;
  if (at.startsWith('web-')) return `pod/default/${at}`;
  if (at === 'router') return 'router/router';
  return at === 'outside' ? 'host/outside' : at;
}
