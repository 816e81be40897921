/** How a simulation begins: a bootstrapped cluster with Calico installed, settled until its own pods run. */
import type { Topology } from '../model/topology.ts';
import { deployedCalico, installCalico } from './cni/calico/install.ts';
import { nodeAddress } from './cni/calico/node-address.ts';
import { calicoCni } from './cni/calico/cni-plugin.ts';
import { CALICO_NODE_PROBES } from './cni/calico/node-health.ts';
import { calicoNodeLog } from './cni/calico/node-log.ts';
import { tigeraOperator } from './cni/calico/operator/operator.ts';
import { calicoRegistry } from './cni/calico/registry.ts';
import { Agenda } from './core/agenda.ts';
import { seeded } from './core/random.ts';
import { Table } from './core/table.ts';
import { bootstrapCluster } from './kube/bootstrap.ts';
import type { ClusterState } from './kube/controller.ts';
import { isProbed, prober } from './kube/controllers/prober.ts';
import { apiServiceAvailability } from './kube/kinds/api-service.ts';
import { PODS } from './kube/kinds/pod.ts';
import { kubeControllers } from './kube/kube-controllers.ts';
import { ObjectStore } from './kube/store.ts';
import { ClusterTransaction } from './kube/transaction.ts';
import { routerSpeakers } from './fabric/router-speakers.ts';
import { startDaemons } from './routing/reconfigure.ts';
import { NO_ROUTING } from './routing/routing-state.ts';
import type { Machinery } from './apply.ts';
import type { SimulatorOptions } from './simulator.ts';
import { Stacks, type World } from './stacks.ts';

export function machinery(topology: Topology): Machinery {
  const registry = calicoRegistry(topology).with([{ ...PODS, logs: { node: calicoNodeLog(topology) } }]);
  const machines = new Set(topology.nodes.map(({ name }) => name));
  const hasMachine = (node: string): boolean => machines.has(node);
  return {
    controllers: [
      ...kubeControllers({
        cni: calicoCni(topology),
        registry,
        hasMachine,
        isProbed: (pod) => isProbed(CALICO_NODE_PROBES.name, pod),
      }),
      prober(CALICO_NODE_PROBES),
      nodeAddress(topology),
      ...deployedCalico(hasMachine),
      tigeraOperator(topology, registry),
      apiServiceAvailability,
    ],
    registry,
    stacks: new Stacks(topology),
  };
}

/** The world before anything of a lab exists. Nothing has run yet: the caller lets time pass. */
export function createWorld(
  { topology, seed, epoch, defaultPool, install = 'manifest', backend = 'bird' }: SimulatorOptions,
  { controllers, stacks }: Machinery,
): World {
  const empty: ClusterState = {
    now: 0,
    epoch,
    random: seeded(seed),
    store: ObjectStore.empty(),
    agenda: Agenda.empty(),
    sandboxes: Table.empty(),
  };
  const tx = new ClusterTransaction(empty, controllers);
  bootstrapCluster(tx, topology);
  installCalico(tx, { topology, kind: install, pools: defaultPool ? 'default' : 'none', backend });
  const world: World = {
    topology,
    cluster: tx.state,
    routing: NO_ROUTING,
    edits: Table.empty(),
    memory: Table.empty(),
  };
  return { ...world, routing: startDaemons(stacks.network(world), NO_ROUTING, routerSpeakers(topology)) };
}
