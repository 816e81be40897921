/** Clusters with a past: whatever can happen to IPAM, as operations that a generator picks. */
import { ipAt, parseIpCidr, formatIp, type IpCidr, type IpFamily } from '../../../../model/ip-family.ts';
import { cidr6 } from '../../../../model/ipv6.ts';
import type { ClusterTransaction } from '../../../kube/transaction.ts';
import { transactionDatastore } from '../datastore.ts';
import { API_VERSION, IPAM_CONFIGS, IP_POOLS, IP_RESERVATIONS, NODES, PODS } from '../kinds.ts';
import { oneRack, pool, TestCluster } from '../two-racks.contract.ts';
import { Ipam } from './ipam.ts';

/** How often each comes among the others. */
const WEIGHTS = {
  assign: 14,
  'assign-exact': 3,
  release: 7,
  'release-by-hand': 1,
  lose: 2,
  'add-node': 4,
  'remove-node': 1,
  'add-pool': 5,
  'toggle-pool': 2,
  'narrow-pool': 2,
  'delete-pool': 1,
  'drop-pool': 1,
  'toggle-strict': 1,
  'toggle-reservation': 1,
  wait: 2,
};

type Kind = keyof typeof WEIGHTS;

/** Each as often as it weighs. */
export const KINDS: readonly Kind[] = Object.entries(WEIGHTS).flatMap(([kind, weight]) =>
  Array.from({ length: weight }, () => kind as Kind),
);

/** What happens, and a number that picks to whom. */
export interface Operation {
  readonly kind: Kind;
  readonly pick: number;
}

const POOL_COUNT = 4;
/** 16 addresses each, in blocks of 4. */
const poolCidr = (index: number, family: IpFamily): string =>
  family === 4 ? `10.244.${index}.0/28` : `fd00:10:244:${index}::/124`;
const BLOCK_SIZES = { 4: 30, 6: 126 } as const;
const poolName = (index: number, family: IpFamily): string =>
  family === 4 ? `pool-${index}` : `pool6-${index}`;

const addressIn = (pick: number, family: IpFamily): string => {
  const pool = parsed(poolCidr(pick % POOL_COUNT, family));
  return formatIp(ipAt(pool, pick % 16));
};

function parsed(text: string): IpCidr {
  const pool = parseIpCidr(text);
  if (!pool) throw new RangeError(`no prefix: ${text}`);
  return pool;
}

export class History {
  readonly cluster: TestCluster;
  /** Pods have an address of each. */
  readonly #families: readonly IpFamily[];
  #steps = 0;

  constructor(families: readonly IpFamily[] = [4]) {
    this.#families = families;
    const rack = oneRack(5);
    this.cluster = new TestCluster(
      families.includes(6)
        ? { ...rack, podCidr6: cidr6('fd00:10:244::/56'), serviceCidr6: cidr6('fd00:10:96::/112') }
        : rack,
    ).withCalico('none');
    for (const family of families)
      this.cluster.withPool(poolName(0, family), {
        cidr: poolCidr(0, family),
        blockSize: BLOCK_SIZES[family],
        vxlanMode: 'Always',
      });
  }

  do({ kind, pick }: Operation): void {
    this.#steps += 1;
    this.#actions[kind](pick);
    this.cluster.wait(0);
  }

  /** Until nothing is left to collect. */
  settle(): void {
    this.cluster.wait(2 * 3_600_000);
  }

  get running(): readonly string[] {
    return [...this.cluster.state.sandboxes.values()].map(({ pod }) => pod);
  }

  readonly #actions: Readonly<Record<Operation['kind'], (pick: number) => void>> = {
    assign: (pick) => this.#assign(pick),
    'assign-exact': (pick) => {
      const wanted = this.#families.map((family) => `"${addressIn(pick, family)}"`);
      this.#assign(pick, { 'cni.projectcalico.org/ipAddrs': `[${wanted.join(',')}]` });
    },
    release: (pick) => this.#onPod(pick, (pod) => this.cluster.deletePod(pod)),
    'release-by-hand': (pick) =>
      this.cluster.change((tx) => {
        const family = this.#familyOf(pick);
        const address = ipAt(parsed(poolCidr(pick % POOL_COUNT, family)), pick % 16);
        const isUsed = [...tx.state.sandboxes.values()].some(
          ({ network }) => network?.address === address || network?.address6 === address,
        );
        if (!isUsed) new Ipam(transactionDatastore(tx)).releaseAddress(address);
      }),
    lose: (pick) => this.#onPod(pick, (pod) => this.#lose(pod)),
    'add-node': (pick) =>
      this.cluster.change((tx) => {
        const name = nodeName(pick);
        if (!tx.get(NODES, undefined, name))
          tx.put(NODES, {
            apiVersion: 'v1',
            kind: 'Node',
            metadata: { name, labels: { half: String(pick % 2) } },
          });
      }),
    'remove-node': (pick) => this.#removeNode(nodeName(pick)),
    'add-pool': (pick) =>
      this.cluster.change((tx) => {
        const family = this.#familyOf(pick);
        const index = pick % POOL_COUNT;
        const name = poolName(index, family);
        const spec = {
          cidr: poolCidr(index, family),
          blockSize: BLOCK_SIZES[family],
          vxlanMode: pick % 3 === 0 ? 'Always' : 'Never',
        };
        if (!tx.get(IP_POOLS, undefined, name)) tx.put(IP_POOLS, pool(name, spec));
      }),
    'toggle-pool': (pick) => this.#changePool(pick, (spec) => ({ disabled: spec['disabled'] !== true })),
    'narrow-pool': (pick) =>
      this.#changePool(pick, (spec) => ({
        nodeSelector: spec['nodeSelector'] === 'all()' ? "half == '1'" : 'all()',
      })),
    'delete-pool': (pick) =>
      this.cluster.change((tx) => {
        const [index, family] = [pick % POOL_COUNT, this.#familyOf(pick)];
        new Ipam(transactionDatastore(tx)).releasePoolAffinities(parsed(poolCidr(index, family)));
        tx.delete(IP_POOLS, undefined, poolName(index, family));
      }),
    'drop-pool': (pick) =>
      this.cluster.change((tx) => {
        tx.delete(IP_POOLS, undefined, poolName(pick % POOL_COUNT, this.#familyOf(pick)));
      }),
    'toggle-strict': () =>
      this.cluster.change((tx) => {
        const config = tx.get(IPAM_CONFIGS, undefined, 'default');
        const strictAffinity = config?.spec?.['strictAffinity'] !== true;
        if (config) tx.put(IPAM_CONFIGS, { ...config, spec: { ...config.spec, strictAffinity } });
      }),
    'toggle-reservation': (pick) =>
      this.cluster.change((tx) => toggleReservation(tx, pick, this.#familyOf(pick))),
    wait: (pick) => void this.cluster.wait((1 + (pick % 10)) * 60_000),
  };

  #familyOf(pick: number): IpFamily {
    return this.#families[Math.floor(pick / 7) % this.#families.length] ?? 4;
  }

  #assign(pick: number, annotations: Readonly<Record<string, string>> = {}): void {
    const nodes = this.cluster.names(NODES);
    const node = nodes[pick % nodes.length];
    if (node === undefined) return;
    const name = `pod-${this.#steps}`;
    const answer = this.cluster.addPod(name, node, annotations);
    // What was refused is not there: the runtime calls the plugin's DEL, and the test gives up on the pod.
    if (!/^[\da-f.:/,]+$/.test(answer)) this.cluster.deletePod(name);
  }

  #onPod(pick: number, act: (pod: string) => void): void {
    const pod = this.running[pick % Math.max(1, this.running.length)];
    if (pod !== undefined) act(pod);
  }

  /** Its machine died: nobody called the plugin, and somebody removed the object by force. */
  #lose(pod: string): void {
    this.cluster.change((tx) => {
      const sandbox = [...tx.state.sandboxes.values()].find((each) => each.pod === pod);
      if (sandbox) tx.removeSandbox(sandbox.uid);
      tx.delete(PODS, 'default', pod);
    });
  }

  #removeNode(name: string): void {
    const { cluster } = this;
    if (!cluster.get(NODES, name)) return;
    const lost = [...cluster.state.sandboxes.values()].filter(({ node }) => node === name);
    cluster.change((tx) => {
      tx.delete(NODES, undefined, name);
    });
    for (const { pod } of lost) this.#lose(pod);
  }

  #changePool(
    pick: number,
    change: (spec: Readonly<Record<string, unknown>>) => Readonly<Record<string, string | boolean>>,
  ): void {
    this.cluster.change((tx) => {
      const object = tx.get(IP_POOLS, undefined, poolName(pick % POOL_COUNT, this.#familyOf(pick)));
      if (object) tx.put(IP_POOLS, { ...object, spec: { ...object.spec, ...change(object.spec ?? {}) } });
    });
  }
}

const nodeName = (pick: number): string => `node-${String(pick % 7).padStart(4, '0')}`;

function toggleReservation(tx: ClusterTransaction, pick: number, family: IpFamily): void {
  if (tx.get(IP_RESERVATIONS, undefined, 'kept')) tx.delete(IP_RESERVATIONS, undefined, 'kept');
  else {
    const pool = parsed(poolCidr(pick % POOL_COUNT, family));
    const block = `${formatIp(pool.base)}/${BLOCK_SIZES[family]}`;
    tx.put(IP_RESERVATIONS, {
      apiVersion: API_VERSION,
      kind: 'IPReservation',
      metadata: { name: 'kept' },
      spec: { reservedCIDRs: [block, formatIp(ipAt(pool, 9))] },
    });
  }
}
