import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeDocker, refusal, type FakeRun } from '../../../../test/support/fake-docker.ts';
import { ok } from '../../../base/result.ts';
import type { LabError, Progress } from '../../../lab/ports.ts';
import { parseTopology } from '../../../lab/topology.ts';
import { kubectlOf, type Cluster } from '../cluster/cluster.ts';
import { kindFolder, type KindFolder } from '../data-folder.ts';
import { nodeContainers } from '../names.ts';
import { clusterImages } from './images.ts';
import {
  installCalico,
  prepareCalico,
  type CalicoMeans,
  type CalicoParts,
  type CalicoWish,
} from './install.ts';
import { manifestPath, manifestsOf } from './manifests.ts';

const { signal } = new AbortController();
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const TOPOLOGY_FILE = join(import.meta.dirname, '../../../../labs/topologies/two-racks.yaml');
const parsed = parseTopology(TOPOLOGY_FILE, readFileSync(TOPOLOGY_FILE, 'utf8'));
if (!parsed.ok) throw new Error('no topology');
const TOPOLOGY = parsed.value;

const CALICO_YAML = `kind: DaemonSet
metadata: { name: calico-node }
spec:
  template:
    spec:
      initContainers:
        - name: install-cni
          image: quay.io/calico/cni:v3.32.1
      containers:
        - name: calico-node
          image: "quay.io/calico/node:v3.32.1"
          env: []
`;

const AGNHOST = 'registry.k8s.io/e2e-test-images/agnhost:2.53';
const CTL = 'quay.io/calico/ctl:v3.32.1';

let data: string;
let folder: KindFolder;
let server: Server;
let from: string;
const served = new Map<string, string>();
const asked: string[] = [];

beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'underlay-calico-'));
  folder = kindFolder(data);
  served.clear();
  asked.length = 0;
  served.set('/v3.32.1/manifests/calico.yaml', CALICO_YAML);
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const text = served.get(request.url ?? '');
    response.writeHead(text === undefined ? 404 : 200).end(text);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  from = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.close();
  rmSync(data, { recursive: true, force: true });
});

describe('manifests', () => {
  const manifests = (env: NodeJS.ProcessEnv = {}): ReturnType<typeof manifestsOf> =>
    manifestsOf('manifest', { folder, env, signal, from });

  test('are fetched once, and their hash holds from then on', async () => {
    const expected = [{ name: 'calico.yaml', text: CALICO_YAML, sha256: sha256(CALICO_YAML) }];
    expect(await manifests()).toEqual({ ok: true, value: expected });
    served.clear();
    expect(await manifests()).toEqual({ ok: true, value: expected });
    expect(asked).toEqual(['/v3.32.1/manifests/calico.yaml']);
  });

  test('that were changed on the disk are fetched again, and refused if they come otherwise than before', async () => {
    await manifests();
    writeFileSync(manifestPath(folder, 'calico.yaml'), 'kind: Evil\n');
    expect(await manifests()).toMatchObject({ ok: true, value: [{ text: CALICO_YAML }] });
    writeFileSync(manifestPath(folder, 'calico.yaml'), 'kind: Evil\n');
    served.set('/v3.32.1/manifests/calico.yaml', 'kind: Other\n');
    expect(await manifests()).toMatchObject({ ok: false, error: { code: 'wrong-checksum' } });
  });

  test('that are supplied are taken as they are', async () => {
    const own = join(data, 'own');
    mkdirSync(own);
    expect(await manifests({ UNDERLAY_CALICO_MANIFESTS: own })).toMatchObject({
      error: { code: 'no-such-manifest', message: expect.stringContaining('ENOENT') as string },
    });
    writeFileSync(join(own, 'calico.yaml'), 'kind: Mine\n');
    expect(await manifests({ UNDERLAY_CALICO_MANIFESTS: own })).toMatchObject({
      value: [{ text: 'kind: Mine\n' }],
    });
    expect(asked).toEqual([]);
  });
});

test('the images are those that the manifests name, and the labs’ own', () => {
  const manifests = [{ name: 'calico.yaml', text: CALICO_YAML, sha256: '' }];
  expect(clusterImages('manifest', manifests)).toEqual([
    'quay.io/calico/cni:v3.32.1',
    'quay.io/calico/node:v3.32.1',
    AGNHOST,
  ]);
});

test('the images of the operator are its own and those that it will ask for; a CRD names none', () => {
  const schema = 'properties:\n  image:\n    description: |-\n      A reference.\n    type: string\n';
  const images = clusterImages('operator', [{ name: 'operator-crds.yaml', text: schema, sha256: '' }]);
  expect(images).toEqual([
    ...['apiserver', 'cni', 'csi', 'goldmane', 'kube-controllers', 'node-driver-registrar', 'node'].map(
      (name) => `quay.io/calico/${name}:v3.32.1`,
    ),
    ...['pod2daemon-flexvol', 'typha', 'whisker-backend', 'whisker'].map(
      (name) => `quay.io/calico/${name}:v3.32.1`,
    ),
    'quay.io/tigera/operator:v1.42.3',
    AGNHOST,
  ]);
});

describe('the images', () => {
  const means = (docker: FakeDocker, env: NodeJS.ProcessEnv = {}): Promise<unknown> =>
    prepareCalico(docker, { install: 'manifest' }, { folder, env, signal, from });

  test('are pulled where they are not there, calicoctl’s among them', async () => {
    const docker = new FakeDocker({ images: [AGNHOST] });
    expect(await means(docker)).toMatchObject({
      ok: true,
      value: { images: clusterImages('manifest', [{ name: '', text: CALICO_YAML, sha256: '' }]) },
    });
    const pulled = docker.calls.filter((call) => call.startsWith('images.pull')).sort();
    expect(pulled).toEqual(
      ['quay.io/calico/cni:v3.32.1', CTL, 'quay.io/calico/node:v3.32.1'].map(
        (image) => `images.pull ${image}`,
      ),
    );
  });

  test('that cannot be pulled are the registry’s failure', async () => {
    const docker = new FakeDocker({ images: [AGNHOST] });
    const error: LabError = refusal({ system: 'ECONNRESET', says: 'reset' });
    docker.failOn(`images.pull ${CTL}`, error);
    expect(await means(docker)).toEqual({ ok: false, error });
  });
});

describe('installing', () => {
  const listing = (ready: boolean): string =>
    JSON.stringify({
      items: [
        ...TOPOLOGY.nodes.flatMap(({ name }) => [
          { kind: 'Node', metadata: { name }, status: { conditions: [{ type: 'Ready', status: 'True' }] } },
          podOf('calico-node', name, ready),
        ]),
        podOf('calico-kube-controllers', 'node1', ready),
        podOf('kube-dns', 'node1', ready),
      ],
    });
  const operatorListing = (): string => {
    const { items } = JSON.parse(listing(true)) as { readonly items: readonly object[] };
    const apps = ['tigera-operator', 'calico-typha', 'calico-apiserver'].map((app) =>
      podOf(app, 'node1', true),
    );
    const statuses = ['ippools', 'tiers', 'calico', 'apiserver', 'goldmane', 'whisker'].map((name) => ({
      kind: 'TigeraStatus',
      metadata: { name },
      status: { conditions: [{ type: 'Available', status: 'True' }] },
    }));
    return JSON.stringify({ items: [...items, ...apps, ...statuses] });
  };
  const podOf = (app: string, on: string, ready: boolean): object => ({
    kind: 'Pod',
    metadata: { name: `${app}-${on}`, labels: { 'k8s-app': app } },
    spec: { nodeName: on },
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  });

  async function installed(
    answer: (run: FakeRun) => string | number | object | undefined,
    instead: Partial<CalicoParts & CalicoWish> = {},
  ): Promise<{
    readonly runs: readonly FakeRun[];
    readonly told: readonly Progress[];
    readonly outcome: unknown;
  }> {
    const runs: FakeRun[] = [];
    const docker = new FakeDocker({
      images: [
        'kindest/node:v1.35.5',
        'quay.io/calico/cni:v3.32.1',
        'quay.io/calico/node:v3.32.1',
        AGNHOST,
        CTL,
      ].map((reference) => ({ reference, id: `id of ${reference}` })),
      exec: (run) => {
        runs.push(run);
        return answer(run);
      },
    });
    const name = 'underlay-a1b2c3-small-00ff';
    const nodes = nodeContainers(name, TOPOLOGY);
    for (const container of nodes.values())
      await docker.containers.run(
        { name: container, image: 'kindest/node:v1.35.5', labels: {}, network: 'none' },
        signal,
      );
    const cluster: Cluster = {
      name,
      lab: 'small',
      topology: TOPOLOGY,
      docker,
      nodes,
      folder: folder.cluster(name),
    };
    const told: Progress[] = [];
    const means: CalicoMeans = {
      folder,
      env: {},
      signal,
      from,
      onProgress: (progress) => void told.push(progress),
    };
    const parts = await prepareCalico(docker, { install: 'manifest' }, means);
    if (!parts.ok) throw new Error(parts.error.message);
    told.length = 0;
    const wish: CalicoParts & CalicoWish = {
      ...parts.value,
      install: 'manifest',
      defaultPools: false,
      configure: () => {
        runs.push({ container: name, line: 'the lab’s own pools' } as FakeRun);
        return Promise.resolve(ok(undefined));
      },
      ...instead,
    };
    return { runs, told, outcome: await installCalico(cluster, kubectlOf(cluster), wish, means) };
  }

  test('brings the images to every node, applies, makes the lab’s pools, and waits for every part', async () => {
    const { runs, told, outcome } = await installed(({ line }) =>
      line.startsWith('kubectl get') ? listing(true) : undefined,
    );
    expect(outcome).toEqual({ ok: true, value: undefined });
    const head = 'underlay-a1b2c3-small-00ff-control-plane';
    const said = (line: string): string => (line.includes('images list') ? 'lists its images' : line);
    expect(runs.map(({ container, line }) => `${container.slice(27)}: ${said(line)}`)).toEqual([
      ...['control-plane', 'worker', 'worker2', 'worker3'].flatMap((node) => [
        `${node}: lists its images`,
        `${node}: ctr --namespace=k8s.io images import --digests -`,
      ]),
      'control-plane: kubectl apply --server-side --force-conflicts --filename=-',
      'control-plane: kubectl wait --for=create --timeout=60s crd/ippools.crd.projectcalico.org',
      'control-plane: kubectl wait --for=condition=Established --timeout=60s crd/ippools.crd.projectcalico.org',
      ': the lab’s own pools',
      'control-plane: kubectl get nodes,pods --all-namespaces --output=json',
    ]);
    const applied = runs.find(({ line }) => line.startsWith('kubectl apply'));
    expect(applied?.container).toBe(head);
    expect(new TextDecoder().decode(applied?.stdin)).toContain('IP_AUTODETECTION_METHOD');
    const fractions = told.map(({ fraction = 0 }) => fraction);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(told.at(-1)).toMatchObject({ fraction: 1, detail: '10 of 10 parts are ready' });
  });

  test('by the operator gives it its custom resources once they are served, and waits for what it says', async () => {
    const manifests = ['operator-crds.yaml', 'tigera-operator.yaml'].map((name) => ({
      ...{ name, text: name, sha256: '' },
    }));
    const { runs, outcome } = await installed(
      ({ line }) => (line.startsWith('kubectl get') ? operatorListing() : undefined),
      { install: 'operator', defaultPools: true, manifests, images: [] },
    );
    expect(outcome).toEqual({ ok: true, value: undefined });
    const kinds = ['installations', 'apiservers', 'goldmanes', 'whiskers'].map(
      (kind) => `crd/${kind}.operator.tigera.io`,
    );
    const applying = 'kubectl apply --server-side --force-conflicts --filename=-';
    expect(runs.map(({ line }) => line).filter((line) => line.startsWith('kubectl'))).toEqual([
      applying,
      applying,
      `kubectl wait --for=condition=Established --timeout=60s ${kinds.join(' ')}`,
      applying,
      'kubectl get nodes,pods,tigerastatuses --all-namespaces --output=json',
    ]);
    const given = runs
      .filter(({ line }) => line === applying)
      .map(({ stdin }) => new TextDecoder().decode(stdin));
    expect(given.slice(0, 2)).toEqual(['operator-crds.yaml', 'tigera-operator.yaml']);
    expect(given[2]).toContain('"kind":"Installation"');
  });

  test('leaves out what a node has already, and takes anew what it has otherwise', async () => {
    const held = (reference: string, id = `id of ${reference}`): string =>
      `${reference} ${JSON.stringify({ schemaVersion: 2, config: { digest: id } })}\n`;
    const calico = ['quay.io/calico/cni:v3.32.1', 'quay.io/calico/node:v3.32.1'].map((each) => held(each));
    const { runs } = await installed(({ container, line }) => {
      if (line.startsWith('kubectl get')) return listing(true);
      if (!line.includes('images list')) return undefined;
      const agnhost = container.endsWith('worker3') ? held(AGNHOST, 'another') : held(AGNHOST);
      return [...calico, agnhost, 'an/index:1 {"manifests":[]}\n'].join('');
    });
    const imports = runs.filter(({ line }) => line.includes('images import'));
    expect(imports.map(({ container }) => container)).toEqual(['underlay-a1b2c3-small-00ff-worker3']);
  });

  test('says which node could not take the images', async () => {
    const { outcome } = await installed(({ container, line }) =>
      line.includes('images import') && container.endsWith('worker2')
        ? { exitCode: 1, stdout: '', stderr: 'ctr: no space left on device' }
        : undefined,
    );
    expect(outcome).toMatchObject({
      error: { code: 'images-not-imported', message: expect.stringContaining('node2') as string },
    });
  });

  test('says what the API server refused', async () => {
    const { outcome } = await installed(({ line }) =>
      line.startsWith('kubectl apply')
        ? { exitCode: 1, stdout: '', stderr: 'error: no matches for kind' }
        : undefined,
    );
    expect(outcome).toMatchObject({
      error: {
        code: 'calico-not-applied',
        message: expect.stringContaining('no matches for kind') as string,
      },
    });
  });
});
