/** Services over a fake engine and a progress file in a folder of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Lesson } from '../../src/course/blocks.ts';
import type { Finding } from '../../src/lab/care.ts';
import type { Library } from '../../src/services/library.ts';
import { ProgressStore } from '../../src/services/progress-store.ts';
import { Services, type ServicesOptions } from '../../src/services/services.ts';
import { FakeEngine, FakeSession } from './fake-session.ts';
import { labWith } from './lab-text.ts';

/** A folder that is gone when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'underlay-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const LESSON: Lesson = {
  id: 'first',
  title: 'First',
  summary: 'S',
  minutes: 5,
  level: 'introductory',
  objectives: [],
  module: 'one',
  blocks: [],
};

/** One lesson `first` and two labs, `small` with a prediction and two hints, and `other`. */
export function smallLibrary(): Library {
  const spec = labWith({
    checks: '- script: { run: is it on, expect: switched, why: w }',
    predict: "{ ask: 'How?', from: 'encapsulation(pod/a, pod/b)', choices: [none, vxlan] }",
    hints: '[Think., Think harder.]',
  });
  const entry = {
    spec,
    environment: {
      id: 'small',
      topology: new FakeSession().topology(),
      calico: spec.calico,
      start: [],
      files: [],
    },
  };
  return {
    outline: { title: 'Course', modules: [] },
    lessons: new Map([['first', LESSON]]),
    glossary: [],
    labs: new Map([
      ['small', entry],
      ['other', { ...entry, spec: { ...spec, id: 'other' } }],
    ]),
  };
}

/** What their examination of the machine finds. */
export const FOUND: Finding = { id: 'node', title: 'Node.js', state: 'good', says: 'It runs this.' };

export interface FakeServices {
  readonly services: Services;
  readonly engine: FakeEngine;
  readonly folder: string;
  /** What was logged as a bug. */
  readonly logged: string[];
}

/** @param means what the host has besides */
export async function fakeServices(
  makeSession?: () => FakeSession,
  means: Pick<ServicesOptions, 'engineCare' | 'chooseFile'> = {},
): Promise<FakeServices> {
  const folder = temporaryFolder();
  const progress = await ProgressStore.open(folder);
  if (!progress.ok) throw new Error(progress.error);
  const engine = new FakeEngine(makeSession);
  const logged: string[] = [];
  const services = new Services({
    ...means,
    library: smallLibrary(),
    engines: [engine],
    examine: ({ onFinding }) => {
      onFinding?.(FOUND);
      return Promise.resolve([FOUND]);
    },
    progress: progress.value,
    kubeconfigs: join(folder, 'kubeconfigs'),
    info: { version: '0', host: 'browser', kubernetes: '1', calico: '3' },
    log: { error: (message) => void logged.push(message) },
  });
  return { services, engine, folder, logged };
}
