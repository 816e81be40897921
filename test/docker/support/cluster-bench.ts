/** What tests of clusters share: a small lab, data folders, images and names, and a look at whether anything is left. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { ClusterMeans, ClusterWish } from '../../../src/engines/kind/cluster/making.ts';
import { kindFolder } from '../../../src/engines/kind/data-folder.ts';
import { clusterName, LABELS } from '../../../src/engines/kind/names.ts';
import { cidr, ipv4 } from '../../../src/model/ip.ts';
import type { Topology } from '../../../src/model/topology.ts';
import type { EngineInTest } from './engine.ts';
import { dockerShim, realKind, stubNode, type Shim, type StubOrder } from './kind-cli.ts';

export const INSTALLATION = 'abc123';

export const SMALL: Topology = {
  name: 'small',
  segments: [{ name: 'rack-a', subnet: cidr('10.0.0.0/24'), mtu: 1500 }],
  routers: [],
  nodes: (['control-plane', 'node1', 'node2'] as const).map((name, index) => ({
    name,
    role: name === 'control-plane' ? 'control-plane' : 'worker',
    segment: 'rack-a',
    address: { address: ipv4(`10.0.0.${10 + index}`), length: 24 },
    gateway: ipv4('10.0.0.1'),
    labels: name === 'node1' ? { disk: 'fast' } : {},
  })),
  hosts: [],
  podCidr: cidr('10.244.0.0/16'),
  serviceCidr: cidr('10.96.0.0/16'),
};

/** Data folders, images and names for tests. */
export class Bench {
  readonly #engine: EngineInTest;
  /** Data, and what tests put beside it. */
  folder = '';
  #kind = '';
  #shim: Shim | undefined;
  #runs = 0;
  readonly #images = new Map<string, Promise<string>>();

  constructor(engine: EngineInTest) {
    this.#engine = engine;
  }

  async setUp(): Promise<void> {
    this.folder = await mkdtemp(join(tmpdir(), 'underlay-clusters-'));
    this.#kind = await realKind();
    this.#shim = await dockerShim();
  }

  async tearDown(): Promise<void> {
    await this.#shim?.remove();
    await rm(this.folder, { recursive: true, force: true });
  }

  async lab(
    ...orders: readonly StubOrder[]
  ): Promise<{ readonly means: ClusterMeans; readonly wish: ClusterWish }> {
    this.#runs += 1;
    const wanted = orders.join(' ');
    const image = this.#images.get(wanted) ?? stubNode(this.#engine, ...orders);
    this.#images.set(wanted, image);
    return {
      means: {
        docker: await this.#engine.docker(),
        folder: kindFolder(this.folder),
        installation: INSTALLATION,
        env: { ...this.#shim?.env, UNDERLAY_NODE_IMAGE: await image },
        platform: 'linux',
        home: this.folder,
        kind: this.#kind,
      },
      wish: {
        name: clusterName(INSTALLATION, 'small', this.#runs.toString(16).padStart(4, '0')),
        lab: 'small',
        topology: SMALL,
      },
    };
  }

  /** Neither on the engine nor in the data folder. */
  async expectNothing(name: string): Promise<void> {
    const cli = this.#engine.cli;
    expect(await cli('ps', '--all', '--quiet', '--filter', `label=io.x-k8s.kind.cluster=${name}`)).toBe('');
    expect(await cli('ps', '--all', '--quiet', '--filter', `label=${LABELS.cluster}=${name}`)).toBe('');
    expect(await cli('network', 'ls', '--quiet', '--filter', `name=${name}`)).toBe('');
    expect(await cli('volume', 'ls', '--quiet', '--filter', 'dangling=true')).toBe('');
    expect(existsSync(kindFolder(this.folder).cluster(name).root)).toBe(false);
  }
}
