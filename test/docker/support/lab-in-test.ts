/** A lab's fabric around sleeping containers that stand for kind's nodes: the same names, labels and network. */
import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { vi } from 'vitest';
import type { Cluster } from '../../../src/engines/kind/cluster/cluster.ts';
import { createNetwork } from '../../../src/engines/kind/cluster/network.ts';
import { kindFolder } from '../../../src/engines/kind/data-folder.ts';
import type { Docker } from '../../../src/engines/kind/docker/docker.ts';
import { raiseFabric } from '../../../src/engines/kind/fabric/fabric.ts';
import { KIND_CLUSTER_LABEL, nodeContainers, ownContainer } from '../../../src/engines/kind/names.ts';
import { formatDiagnostics } from '../../../src/lab/diagnostic.ts';
import type { ExecResult } from '../../../src/lab/ports.ts';
import { parseTopology } from '../../../src/lab/topology.ts';
import { parsePlace } from '../../../src/model/place.ts';
import type { Topology } from '../../../src/model/topology.ts';
import { BASE_IMAGE, must } from './engine.ts';

const signal = new AbortController().signal;

export function topologyNamed(name: string): Topology {
  const file = `labs/topologies/${name}.yaml`;
  const parsed = parseTopology(file, readFileSync(file, 'utf8'));
  if (!parsed.ok) throw new Error(formatDiagnostics(parsed.error));
  return parsed.value;
}

export class LabInTest {
  readonly cluster: Cluster;
  readonly image: string;

  private constructor(cluster: Cluster, image: string) {
    this.cluster = cluster;
    this.image = image;
  }

  /** @param run tells labs of one topology apart */
  static async raised(docker: Docker, image: string, topology: Topology, run = '1'): Promise<LabInTest> {
    const digits = createHash('sha256').update(run).digest('hex').slice(0, 4);
    const name = `underlay-abcdef-${topology.name}-${digits}`;
    const nodes = nodeContainers(name, topology);
    const folder = kindFolder(tmpdir()).cluster(name);
    const cluster: Cluster = { name, lab: topology.name, topology, docker, nodes, folder };
    const network = must(await createNetwork({ name, lab: topology.name, topology }, docker, signal));
    await Promise.all(
      [...nodes.values()].map(async (container) =>
        must(
          await docker.containers.run(
            {
              name: container,
              image: BASE_IMAGE,
              labels: { [KIND_CLUSTER_LABEL]: name },
              command: ['sleep', 'infinity'],
              hostname: container,
              network: network.name,
              // As far as a privileged one's init system is concerned.
              capabilities: ['NET_ADMIN'],
              securityOptions: ['apparmor=unconfined'],
              networkSettings: true,
            },
            signal,
          ),
        ),
      ),
    );
    must(await raiseFabric(cluster, { signal, image }));
    return new LabInTest(cluster, image);
  }

  container(place: string): string {
    const parsed = parsePlace(place);
    if (!parsed || parsed.kind === 'pod') throw new Error(`no machine ${place}`);
    if (parsed.kind === 'workstation') return ownContainer(this.cluster.name, 'workstation');
    return ownContainer(this.cluster.name, parsed.kind === 'node' ? 'sidecar' : parsed.kind, parsed.name);
  }

  async at(place: string, line: string): Promise<ExecResult> {
    const { containers } = this.cluster.docker;
    return must(await containers.exec(this.container(place), ['bash', '-c', line], { signal, seconds: 60 }));
  }

  /** Standard output of what must succeed. */
  async out(place: string, line: string): Promise<string> {
    const { exitCode, stdout, stderr } = await this.at(place, line);
    if (exitCode !== 0) throw new Error(`${place}: ${line}: exit code ${exitCode}\n${stdout}${stderr}`);
    return stdout;
  }

  /** Once it holds; what kernels and daemons learn takes its time. */
  eventually<T>(look: () => Promise<T>): Promise<T> {
    return vi.waitFor(look, { timeout: 90_000, interval: 300 });
  }

  /** The TTL with which one answer came; undefined for none. */
  async ping(from: string, to: string, options = ''): Promise<number | undefined> {
    const { stdout } = await this.at(from, `ping -n -c 1 -W 5 ${options} ${to}`);
    const ttl = / ttl=(\d+) /.exec(stdout)?.[1];
    return ttl === undefined ? undefined : Number(ttl);
  }
}
