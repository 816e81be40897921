/**
 * `underlay bench`: the figures the project promises, measured now and printed as one JSON object. Machines are noisy: a
 * median of several runs is given with its range. What cannot be measured here says why, and the others stand.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { gzipSync } from 'node:zlib';
import type { LabEntry } from '../../services/library.ts';
import { readLibrary } from '../../services/library.ts';
import type { CliCommand } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { complain, reasonOf, say } from '../output.ts';
import { PATHS } from '../paths.ts';
import {
  labDiff,
  labFork,
  labReady,
  labReadyCold,
  labReset,
  labRestore,
  labSnapshot,
  snapshotSize,
} from './bench-lab.ts';
import { birdMeasurements } from './bench-bird.ts';
import { clusterMeasurements } from './bench-cluster.ts';
import { dockerMeasurements } from './bench-docker.ts';
import { heapMeasurements } from './bench-heap.ts';
import { kernelMeasurements } from './bench-kernel.ts';
import { listMeasurements } from './bench-list.ts';
import { firstPaint } from './bench-paint.ts';
import { scaleMeasurements } from './bench-scale.ts';
import { crossRackWalks } from './bench-walk.ts';
import { figure, type Measured, type Measurements } from './figure.ts';

export const bench: CliCommand = {
  name: 'bench',
  spec: {
    usage: 'underlay bench [--docker] [--only <words>]',
    summary: 'Measure speed and size; prints JSON.',
    flags: {
      docker: { help: 'measure what needs a Docker Engine, and nothing else' },
      only: { value: 'words', help: 'measure only what has these words in its name' },
    },
    words: { min: 0, max: 0 },
  },
  async run({ flags }) {
    const library = await readLibrary(PATHS.course);
    const labs = library.ok ? [...library.value.labs.values()] : [];
    const [lab] = labs;
    if (!lab) {
      complain(library.ok ? 'The course has no lab to measure.' : library.error);
      return EXIT.engine;
    }
    const only = flags.get('only') ?? '';
    const all = flags.has('docker')
      ? { ...dockerMeasurements(), ...clusterMeasurements() }
      : measurements(labs, lab);
    const chosen = Object.entries(all).filter(([name]) => name.includes(only));
    if (chosen.length === 0) {
      complain(`No figure has "${only}" in its name.`);
      return EXIT.usage;
    }
    const figures: Record<string, Timed> = {};
    for (const [name, measure] of chosen) figures[name] = await timed(measure);
    say(JSON.stringify({ node: process.version, figures }, undefined, 2));
    return EXIT.pass;
  },
};

/** One after another: they would disturb each other. */
function measurements(labs: readonly LabEntry[], lab: LabEntry): Measurements {
  return {
    'lab ready to type': () => labReady(labs),
    'lab ready to type, without a warm spare': () => labReadyCold(lab),
    'lab reset': () => labReset(lab),
    'lab restore to the start of a step': () => labRestore(lab, 'same session'),
    'lab restore from a file': () => labRestore(lab, 'file'),
    'lab fork in a second worker': () => labFork(lab),
    'lab difference of two moments': () => labDiff(lab),
    'lab snapshot taken': () => labSnapshot(lab),
    'lab snapshot, JSON': () => snapshotSize(lab, 'raw'),
    'lab snapshot, compressed': () => snapshotSize(lab, 'gzip'),
    'cross-rack walk': () => crossRackWalks(lab).running,
    'cross-rack walk, first packet': () => crossRackWalks(lab).first,
    'cross-rack walks on one core': () => crossRackWalks(lab).rate,
    ...kernelMeasurements(),
    ...birdMeasurements(),
    ...heapMeasurements(),
    ...scaleMeasurements(),
    ...listMeasurements(),
    'initial JavaScript': initialJavaScript,
    'lesson first paint': firstPaint,
  };
}

/** A figure and the seconds that measuring it took; the first of several that are measured together bears them all. */
type Timed = Measured & { readonly seconds: number };

async function timed(measure: () => Measured | Promise<Measured>): Promise<Timed> {
  const began = performance.now();
  const measured = await tried(measure);
  return { ...measured, seconds: Math.round((performance.now() - began) / 100) / 10 };
}

async function tried(measure: () => Measured | Promise<Measured>): Promise<Measured> {
  try {
    return await measure();
  } catch (error) {
    return { unmeasured: reasonOf(error) };
  }
}

/** What the page loads before it can show a lesson: the scripts that index.html names, compressed. */
async function initialJavaScript(): Promise<Measured> {
  const html = await readFile(join(PATHS.renderer, 'index.html'), 'utf8').catch(() => '');
  const named = [...html.matchAll(/(?:src|href)="\.?\/?(assets\/[^"]+\.js)"/g)].map(
    (match) => match[1] ?? '',
  );
  if (named.length === 0) return { unmeasured: 'the renderer is not built: run npm run build' };
  const sizes = await Promise.all(
    named.map(async (file) => gzipSync(await readFile(join(PATHS.renderer, file)), { level: 9 }).length),
  );
  const total = sizes.reduce((sum, size) => sum + size, 0) / 1000;
  return figure({ unit: 'kB gzip', limit: 180 }, [total]);
}
