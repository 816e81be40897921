/**
 * `underlay bench`: the figures the project promises, measured now and printed as one JSON object. Machines are noisy: a
 * median of several runs is given with its range, and ratios within one run count for more than single times.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { simEngine } from '../../engines/sim/engine.ts';
import { readLibrary, type LabEntry } from '../../services/library.ts';
import { ipv4 } from '../../model/ip.ts';
import { WORKSTATION } from '../../model/place.ts';
import { Simulator, walk } from '../../sim/index.ts';
import type { CliCommand } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { complain, say } from '../output.ts';
import { PATHS } from '../paths.ts';
import { firstPaint } from './bench-paint.ts';

const LAB = 'first-overlay';
const RUNS = 7;
const WALKS = 20_000;

interface Figure {
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
  /** What the project promises: the median stays below it. */
  readonly limit: number;
}

export const bench: CliCommand = {
  name: 'bench',
  spec: {
    usage: 'underlay bench',
    summary: 'Measure speed and size; prints JSON.',
    flags: {},
    words: { min: 0, max: 0 },
  },
  async run() {
    const library = await readLibrary(PATHS.course);
    const lab = library.ok ? library.value.labs.get(LAB) : undefined;
    if (!lab) {
      complain(library.ok ? `There is no lab ${LAB}.` : library.error);
      return EXIT.engine;
    }
    const figures = {
      'lab ready to type': await labReady(lab),
      'cross-rack walk': crossRackWalk(lab),
      'initial JavaScript': await initialJavaScript(),
      'lesson first paint': await firstPaint(),
    };
    say(JSON.stringify({ node: process.version, figures }, undefined, 2));
    return EXIT.pass;
  },
};

export function figure(unit: string, limit: number, samples: readonly number[]): Figure {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (index: number): number => Math.round((sorted[index] ?? Number.NaN) * 1000) / 1000;
  return {
    unit,
    median: at(Math.floor(sorted.length / 2)),
    min: at(0),
    max: at(sorted.length - 1),
    runs: sorted.length,
    limit,
  };
}

/** From asking for the lab to the prompt of its workstation, worker and start state included. */
async function labReady({ environment }: LabEntry): Promise<Figure> {
  const engine = simEngine({ worker: PATHS.simWorker });
  const samples: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const began = performance.now();
    const opened = await engine.open(environment, { signal: new AbortController().signal });
    if (!opened.ok) throw new Error(opened.error.message);
    const stream = await opened.value.shell(WORKSTATION, { columns: 80, rows: 24 });
    if (!stream.ok) throw new Error(stream.error.message);
    await new Promise<void>((resolve) => {
      const unsubscribe = stream.value.onData(() => {
        unsubscribe();
        resolve();
      });
    });
    samples.push(performance.now() - began);
    await opened.value.dispose();
  }
  return figure('ms', 150, samples);
}

/** One echo request from node1's side of the lab to node3's, through the tunnel and the router. */
function crossRackWalk({ environment }: LabEntry): Figure {
  const simulator = new Simulator({ topology: environment.topology, seed: 1, epoch: 0, defaultPool: true });
  for (const [name, node] of [
    ['a', 'node1'],
    ['b', 'node3'],
  ] as const) {
    simulator.cluster.request({
      method: 'POST',
      path: '/api/v1/namespaces/default/pods',
      body: podOn(name, node),
    });
  }
  simulator.settle(60_000);
  const network = simulator.networkView();
  const source = podAddress(simulator, 'a');
  const destination = podAddress(simulator, 'b');
  const packet = {
    kind: 'ipv4',
    source,
    destination,
    ttl: 64,
    tos: 0,
    id: 1,
    dontFragment: true,
    payload: { kind: 'icmp-echo', reply: false, identifier: 1, sequence: 1, dataLength: 56 },
  } as const;
  const samples: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const began = performance.now();
    for (let turn = 0; turn < WALKS; turn += 1) walk(network, { at: 'pod/default/a', packet });
    samples.push(((performance.now() - began) * 1000) / WALKS);
  }
  return figure('microseconds', 50, samples);
}

function podOn(name: string, node: string): object & Record<string, never> {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { nodeName: node, containers: [{ name, image: 'registry.k8s.io/pause:3.10' }] },
  };
  return pod as unknown as object & Record<string, never>;
}

function podAddress(simulator: Simulator, name: string): ReturnType<typeof ipv4> {
  const pod = simulator.world.cluster.store.get('pods', 'default', name);
  return ipv4(String(pod?.status?.['podIP']));
}

/** What the page loads before it can show a lesson: the scripts that index.html names, compressed. */
async function initialJavaScript(): Promise<Figure> {
  const html = await readFile(join(PATHS.renderer, 'index.html'), 'utf8');
  const named = [...html.matchAll(/(?:src|href)="\.?\/?(assets\/[^"]+\.js)"/g)].map(
    (match) => match[1] ?? '',
  );
  const sizes = await Promise.all(
    named.map(async (file) => gzipSync(await readFile(join(PATHS.renderer, file)), { level: 9 }).length),
  );
  const total = sizes.reduce((sum, size) => sum + size, 0) / 1000;
  const chunks = await readdir(join(PATHS.renderer, 'assets'));
  if (named.length === 0 || chunks.length === 0) throw new Error('the renderer is not built');
  return figure('kB gzip', 180, [total]);
}
