/**
 * A cluster to try the kind engine's upper half on where no node image is: STUB Kubernetes (the simulator's API, spoken to by
 * the real kubectl), REAL Docker containers with kind's names and labels on a real network, REAL kernel packets. What it does
 * not show is kubeadm, kubelet, containerd and Calico's own programs.
 */
import { setMaxListeners } from 'node:events';
import { realpathSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { kindFolder } from '../../../src/engines/kind/data-folder.ts';
import type { Cluster } from '../../../src/engines/kind/cluster/cluster.ts';
import type { ContainerSpec, Docker } from '../../../src/engines/kind/docker/docker.ts';
import {
  KIND_CLUSTER_LABEL,
  KIND_ROLE_LABEL,
  LABELS,
  networkName,
  nodeContainers,
  ownContainer,
  type OwnRole,
} from '../../../src/engines/kind/names.ts';
import { ok, type Result } from '../../../src/base/result.ts';
import type { LabEnvironment, LabError } from '../../../src/lab/ports.ts';
import { formatIpv4 } from '../../../src/model/ip.ts';
import type { NetnsId } from '../../../src/model/trace.ts';
import type { Topology } from '../../../src/model/topology.ts';
import { BASE_IMAGE, must } from '../support/engine.ts';
import { CRICTL, FORWARDER, POD_SERVER, SOCKETS, toolStandIn } from './programs.ts';
import { StubDataPlane } from './stub-data-plane.ts';
import { StubKubernetes } from './stub-kubernetes.ts';

const NEVER = new AbortController().signal;
// All machines are asked at once.
setMaxListeners(0, NEVER);
const KUBECTL = '/usr/bin/kubectl';
const ADMIN = '/etc/kubernetes/admin.conf';
/** Of a node, whose processes make namespaces; and of our own, which enter them. */
const OF_NODES = ['NET_ADMIN', 'SYS_ADMIN', 'SYS_PTRACE'];
const CARRIER_PORT = 14_789;
/** Room for what the segments' VXLANs put around their packets. */
const CARRIER_MTU = { 'com.docker.network.driver.mtu': '1600' };
/** As on a machine of one's own, and as the kind engine's own containers have it. */
const MACHINE = { networkSettings: true, securityOptions: ['apparmor=unconfined'] } as const;

export interface StubCluster extends Cluster {
  readonly kubernetes: StubKubernetes;
  readonly dataPlane: StubDataPlane;
  /** Lays the cables of all machines, as the fabric does for a reset. */
  layAll(): Promise<Result<void, LabError>>;
  dispose(): Promise<void>;
}

let made = 0;

/** Several runs on one machine do not meet. */
const subnetOf = (count: number): string => `10.${200 + (count % 50)}.${process.pid % 250}.0/24`;

export async function stubCluster(docker: Docker, environment: LabEnvironment): Promise<StubCluster> {
  made += 1;
  const { topology } = environment;
  const name = `underlay-abcdef-${environment.id}-${made}`;
  const root = await mkdtemp(join(tmpdir(), 'underlay-stub-'));
  const folder = kindFolder(root).cluster(name);
  await mkdir(dirname(folder.kubeconfig), { recursive: true });
  const kubernetes = await StubKubernetes.start(environment);
  await chmod(root, 0o755);
  await kubernetes.listen(root);
  await writeFile(folder.kubeconfig, kubernetes.kubeconfig);
  must(
    await docker.networks.create(
      {
        name: networkName(name),
        labels: { [LABELS.cluster]: name },
        subnet: subnetOf(made),
        options: CARRIER_MTU,
      },
      NEVER,
    ),
  );
  const maker = new Maker({ docker, name, topology, sockets: root, kubernetes });
  await maker.makeAll();
  const cluster = {
    name,
    lab: environment.id,
    topology,
    docker,
    nodes: nodeContainers(name, topology),
    folder,
  };
  const dataPlane = new StubDataPlane({
    docker,
    simulator: kubernetes.simulator,
    containers: maker.machines,
  });
  await dataPlane.start();
  return {
    ...cluster,
    docker: patient(docker, dataPlane),
    kubernetes,
    dataPlane,
    async layAll() {
      await maker.layAll();
      return ok(undefined);
    },
    async dispose() {
      await dataPlane.dispose();
      await kubernetes.close();
      // Sidecars before the nodes whose network they have.
      const nodes = new Set(cluster.nodes.values());
      for (const those of [maker.made.filter((each) => !nodes.has(each)), [...nodes]])
        await Promise.all(those.map(async (each) => must(await docker.containers.remove(each, NEVER))));
      must(await docker.networks.remove(networkName(name), NEVER));
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Who waits by kubectl for what is ready waits for the kernel too: real agents say that they are ready when it is programmed. */
function patient(docker: Docker, dataPlane: StubDataPlane): Docker {
  const { containers } = docker;
  const exec: Docker['containers']['exec'] = async (container, argv, options) => {
    const done = await containers.exec(container, argv, options);
    if (argv[0] === 'kubectl' && ['wait', 'rollout'].includes(argv[1] ?? '')) await dataPlane.settled();
    return done;
  };
  const bound = <T extends object>(target: T, own: Partial<T>): T =>
    new Proxy(target, {
      get(from, key) {
        const value: unknown = key in own ? own[key as keyof T] : from[key as keyof T];
        return typeof value === 'function' ? (value.bind(from) as unknown) : value;
      },
    });
  return bound(docker, { containers: bound(containers, { exec }) });
}

interface MakerOptions {
  readonly docker: Docker;
  readonly name: string;
  readonly topology: Topology;
  readonly sockets: string;
  readonly kubernetes: StubKubernetes;
}

class Maker {
  readonly made: string[] = [];
  readonly machines: ReadonlyMap<NetnsId, string>;
  readonly #options: MakerOptions;

  constructor(options: MakerOptions) {
    this.#options = options;
    const { name: cluster, topology } = options;
    this.machines = new Map<NetnsId, string>([
      ...[...nodeContainers(cluster, topology)].map(([node, container]): [NetnsId, string] => [
        `node/${node}`,
        container,
      ]),
      ...topology.routers.map(({ name }): [NetnsId, string] => [
        `router/${name}`,
        ownContainer(cluster, 'router', name),
      ]),
      ...topology.hosts.map(({ name }): [NetnsId, string] => [
        `host/${name}`,
        ownContainer(cluster, 'host', name),
      ]),
    ]);
  }

  async makeAll(): Promise<void> {
    const { topology, kubernetes } = this.#options;
    await Promise.all([
      ...topology.nodes.map(async (node) => {
        await this.#node(node);
        await this.#own('sidecar', node.name, { place: `node/${node.name}` });
      }),
      ...topology.routers.map(({ name }) => this.#own('router', name, {})),
      ...topology.hosts.map(({ name }) => this.#own('host', name, {})),
      this.#workstation(),
    ]);
    const server = [...this.machines.values()].find((name) => name.endsWith('control-plane')) ?? '';
    await this.#write(server, [[ADMIN, kubernetes.kubeconfig, 0o600]]);
    await this.#forward(server);
    await this.layAll();
    await Promise.all(
      topology.hosts.map(({ name }) => this.#detached(ownContainer(this.#options.name, 'host', name), 80)),
    );
  }

  async #node({ name: node, role }: Topology['nodes'][number]): Promise<void> {
    const { name: cluster, sockets } = this.#options;
    const container = this.machines.get(`node/${node}`) ?? '';
    await this.#run({
      name: container,
      hostname: container,
      labels: { [KIND_CLUSTER_LABEL]: cluster, [KIND_ROLE_LABEL]: role },
      capabilities: OF_NODES,
      readOnlyMounts: [
        { from: sockets, to: SOCKETS },
        { from: realpathSync(KUBECTL), to: KUBECTL },
      ],
    });
    await this.#write(container, [['/usr/local/bin/crictl', CRICTL, 0o755]]);
  }

  async #own(role: Exclude<OwnRole, 'network'>, name: string, { place }: { place?: string }): Promise<void> {
    const { name: cluster } = this.#options;
    const node = place === undefined ? undefined : this.machines.get(place);
    await this.#run({
      name: ownContainer(cluster, role, name),
      ...(node === undefined
        ? { hostname: name }
        : { network: `container:${node}`, pid: `container:${node}` }),
      labels: { [LABELS.cluster]: cluster, [LABELS.role]: role, [LABELS.place]: place ?? `${role}/${name}` },
      capabilities: OF_NODES,
    });
    await this.#sh(ownContainer(cluster, role, name), `hostname ${name}`);
  }

  async #workstation(): Promise<void> {
    const { name: cluster, sockets, kubernetes } = this.#options;
    const container = ownContainer(cluster, 'workstation');
    await this.#run({
      name: container,
      hostname: 'workstation',
      labels: { [LABELS.cluster]: cluster, [LABELS.role]: 'workstation', [LABELS.place]: 'workstation' },
      readOnlyMounts: [
        { from: sockets, to: SOCKETS },
        { from: realpathSync(KUBECTL), to: KUBECTL },
      ],
    });
    await this.#sh(
      container,
      'useradd --create-home --shell /bin/bash learner; mkdir -p /home/learner/.kube',
    );
    await this.#write(container, [
      ['/usr/local/bin/calicoctl', toolStandIn('calicoctl'), 0o755],
      ['/home/learner/.kube/config', kubernetes.kubeconfig, 0o644],
    ]);
    await this.#sh(container, 'chown -R learner: /home/learner');
    await this.#forward(container);
  }

  async #run(spec: Omit<ContainerSpec, 'image' | 'network'> & { readonly network?: string }): Promise<void> {
    const { docker, name } = this.#options;
    const whole = {
      image: BASE_IMAGE,
      network: networkName(name),
      command: ['sleep', 'infinity'],
      ...MACHINE,
      ...spec,
    };
    must(await docker.containers.run(whole, NEVER));
    this.made.push(spec.name);
  }

  async #write(container: string, files: readonly (readonly [string, string, number])[]): Promise<void> {
    const entries = files.map(([path, text, mode]) => ({
      path,
      content: new TextEncoder().encode(text),
      mode,
    }));
    must(await this.#options.docker.containers.writeFiles(container, entries, NEVER));
  }

  async #sh(container: string, script: string, args: readonly string[] = []): Promise<void> {
    const argv = ['sh', '-e', '-c', script, 'sh', ...args];
    const done = must(await this.#options.docker.containers.exec(container, argv, { signal: NEVER }));
    if (done.exitCode !== 0) throw new Error(`${container}: ${script}: ${done.stderr}`);
  }

  /** The API's port is on the container's own loopback then. */
  #forward(container: string): Promise<void> {
    const { port } = this.#options.kubernetes;
    return this.#sh(container, `setsid perl -e "$1" ${port} >/dev/null 2>&1 </dev/null &`, [FORWARDER]);
  }

  #detached(container: string, port: number): Promise<void> {
    return this.#sh(container, `setsid perl -e "$1" ${port} >/dev/null 2>&1 </dev/null &`, [POD_SERVER]);
  }

  async layAll(): Promise<void> {
    await Promise.all([...this.machines.keys()].map((place) => this.#lay(place)));
  }

  /** Segments of the lab above the one Docker network, as the kind engine's own fabric lays them. */
  async #lay(place: NetnsId): Promise<void> {
    const container = this.machines.get(place);
    if (container === undefined) return;
    const ports = portsOf(this.#options.topology, place);
    const cables = ports.map(({ segment, address }, at) => {
      const number = this.#options.topology.segments.findIndex(({ name }) => name === segment) + 1;
      const mac = `02:00:${formatIpv4(address.address)
        .split('.')
        .map((byte) => Number(byte).toString(16).padStart(2, '0'))
        .join(':')}`;
      const vxlan = `type vxlan id ${number} group 239.1.1.${number} local "$carrier" dev docker0 dstport ${CARRIER_PORT}`;
      return `ip link show eth${at} >/dev/null 2>&1 || ip link add eth${at} address ${mac} ${vxlan}; ip link set dev eth${at} mtu 1500 up`;
    });
    await this.#sh(
      container,
      [
        'mount -o remount,rw /proc/sys 2>/dev/null || true',
        'echo 0 > /proc/sys/net/ipv4/icmp_ratelimit',
        'if ! ip link show docker0 >/dev/null 2>&1; then ip link set dev eth0 down; ip link set dev eth0 name docker0; ip link set dev docker0 mtu 1600 up; fi',
        'address=$(ip -oneline -4 address show dev docker0 | sed -n "s/.* inet \\([^ ]*\\).*/\\1/p"); carrier=${address%/*}',
        // An address of this scope is never chosen for what leaves by another device.
        'ip -oneline -4 address show dev docker0 | grep -q "scope link" || { ip address del "$address" dev docker0; ip address add "$address" dev docker0 scope link; }',
        ...cables,
      ].join('\n'),
    );
  }
}

function portsOf(topology: Topology, place: NetnsId): Topology['routers'][number]['ports'] {
  const [kind, name] = place.split('/');
  if (kind === 'router') return topology.routers.find((each) => each.name === name)?.ports ?? [];
  const all = kind === 'node' ? topology.nodes : topology.hosts;
  return all.filter((each) => each.name === name);
}
