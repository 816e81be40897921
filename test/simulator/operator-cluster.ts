/** A cluster whose Calico was installed by tigera-operator, with verbs for what tests do to it. */
import type { JsonObject } from '../../src/base/json.ts';
import { Simulator, type World } from '../../src/sim/index.ts';
import type { ApiResponse } from '../../src/sim/kube/api.ts';
import { TOPOLOGY } from './cluster.ts';

const EPOCH = Date.parse('2026-05-01T10:00:00Z');

export const INSTALLATION = '/apis/operator.tigera.io/v1/installations/default';
export const STORED_POOLS = '/apis/crd.projectcalico.org/v1/ippools';
export const SHOWN_POOLS = '/apis/projectcalico.org/v3/ippools';
export const POOL = 'default-ipv4-ippool';

export const ALL_AVAILABLE: Readonly<Record<string, string>> = Object.fromEntries(
  ['apiserver', 'calico', 'goldmane', 'ippools', 'tiers', 'whisker'].map((name) => [name, 'Available']),
);

export interface ShownPool {
  readonly name: string;
  readonly labels: unknown;
  readonly spec: JsonObject;
}

interface Status {
  readonly metadata: { readonly name: string };
  readonly status: {
    readonly conditions: readonly {
      readonly type: string;
      readonly status: string;
      readonly message?: string;
    }[];
  };
}

export class OperatorCluster {
  readonly simulator: Simulator;

  private constructor(simulator: Simulator) {
    this.simulator = simulator;
    this.rest();
  }

  static made(defaultPool = true): OperatorCluster {
    const options = { topology: TOPOLOGY, seed: 1, epoch: EPOCH, defaultPool, install: 'operator' } as const;
    return new OperatorCluster(new Simulator(options));
  }

  static over(world: World): OperatorCluster {
    return new OperatorCluster(new Simulator({ world }));
  }

  /** Until nothing moves, and the operator has looked at the state of it. */
  rest(): void {
    this.simulator.settle(90_000);
    this.simulator.advanceTo(this.simulator.now + 10_000);
  }

  ask(method: 'GET' | 'DELETE', path: string): ApiResponse {
    return this.simulator.cluster.request({ method, path });
  }

  post(path: string, body: JsonObject): ApiResponse {
    return this.simulator.cluster.request({ method: 'POST', path, body });
  }

  patch(path: string, body: JsonObject): void {
    const contentType = 'application/merge-patch+json';
    const answer = this.simulator.cluster.request({ method: 'PATCH', path, contentType, body });
    if (answer.code >= 300) throw new Error(JSON.stringify(answer.body));
  }

  /** Changes spec.calicoNetwork of the Installation and waits. */
  network(calicoNetwork: JsonObject): void {
    this.patch(INSTALLATION, { spec: { calicoNetwork } });
    this.rest();
  }

  pools(path = SHOWN_POOLS): readonly ShownPool[] {
    const items = this.ask('GET', path).body['items'] as unknown as readonly {
      readonly metadata: ShownPool;
      readonly spec: JsonObject;
    }[];
    return items.map(({ metadata, spec }) => ({ name: metadata.name, labels: metadata.labels, spec }));
  }

  /** Those of the Installation. */
  listed(): readonly JsonObject[] {
    const { spec } = this.ask('GET', INSTALLATION).body as unknown as {
      readonly spec: { readonly calicoNetwork: { readonly ipPools: readonly JsonObject[] } };
    };
    return spec.calicoNetwork.ipPools;
  }

  /** Per component: `Available`, or what its Degraded condition says. */
  statuses(): Readonly<Record<string, string>> {
    const { items } = this.ask('GET', '/apis/operator.tigera.io/v1/tigerastatuses').body as unknown as {
      readonly items: readonly Status[];
    };
    return Object.fromEntries(items.map((status) => [status.metadata.name, wordsOf(status)]));
  }

  /** Names of pods that run, without their random endings. */
  pods(namespace: string): readonly string[] {
    return this.simulator.world.cluster.store
      .list('pods', namespace)
      .filter(({ status }) => status?.['phase'] === 'Running')
      .map(({ metadata }) => metadata.name.replace(/(-[a-z0-9]{8,10})?-[a-z0-9]{5}$/, ''));
  }

  /** On which nodes BIRD runs. */
  birds(): readonly string[] {
    const { speakers } = this.simulator.world.routing;
    return TOPOLOGY.nodes
      .map(({ name }) => name)
      .filter((name) => speakers.get(`node/${name}`)?.running === true);
  }
}

function wordsOf({ status: { conditions } }: Status): string {
  const of = (type: string): Status['status']['conditions'][number] | undefined =>
    conditions.find((each) => each.type === type);
  const degraded = of('Degraded');
  if (degraded?.status === 'True') return degraded.message ?? '';
  return of('Available')?.status === 'True' ? 'Available' : 'not available';
}
