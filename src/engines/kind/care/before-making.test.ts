import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeDocker, refusal } from '../../../../test/support/fake-docker.ts';
import { smallEnvironment } from '../../small-lab.contract.ts';
import { kindFolder } from '../data-folder.ts';
import { beforeMaking, type Fitness } from './before-making.ts';

const { signal } = new AbortController();

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'underlay-before-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Machine {
  /** Of the docker command, asked for a privileged container. */
  readonly run?: string;
  readonly says?: string;
}

/** What the probe prints where everything is there. */
const ALL =
  'vxlan=yes\nipip=yes\nwireguard=yes\nipset=yes\nipv6=yes\nmatches=yes\navailable=8000000\n' +
  'instances=512\nwatches=524288\nfree=90000000000\nclock=1\ninit=sleep\n';

async function fitness({ run = 'exit 0', says = ALL }: Machine, docker = engine(says)): Promise<Fitness> {
  const file = join(folder, 'docker');
  writeFileSync(file, `#!/bin/sh\n${run}\n`);
  chmodSync(file, 0o755);
  return beforeMaking(docker, {
    environment: smallEnvironment(),
    search: {
      folder: kindFolder(folder),
      env: { PATH: folder },
      platform: 'linux',
      home: folder,
      arch: 'x64',
    },
    image: 'tools',
    signal,
  });
}

const engine = (says: string): FakeDocker => new FakeDocker({ images: ['tools'], exec: () => says });

test('a machine that has everything has no obstacle, and what was found is told', async () => {
  const docker = engine(ALL);
  expect(await fitness({}, docker)).toMatchObject({ report: { features: { vxlan: true } } });
  expect(await fitness({}, docker)).not.toHaveProperty('obstacle');
  expect([...docker.containers.all.keys()]).toEqual([]);
});

test.each([
  [
    'an engine that refuses privileged containers',
    { run: 'echo "docker: Error response from daemon: operation not permitted." >&2; exit 125' },
    { code: 'not-privileged', message: expect.stringContaining('operation not permitted') },
  ],
  [
    'a kernel without VXLAN',
    { says: ALL.replace('vxlan=yes', 'vxlan=no') },
    { code: 'kernel-feature-missing', remedy: expect.stringContaining('simulator') },
  ],
  [
    'a disk that is nearly full',
    { says: ALL.replace('free=90000000000', 'free=2500000000') },
    {
      code: 'docker-no-space',
      message: 'The disk of the Docker Engine has 2.5 GB left, and a cluster needs 4 GB.',
    },
  ],
])('%s is told before anything is made', async (_, machine, error) => {
  expect((await fitness(machine)).obstacle).toMatchObject(error);
});

test('an engine that cannot start a container is told in its own words', async () => {
  const docker = engine(ALL);
  docker.failOn('run ', refusal({ says: 'no space left on device' }));
  expect(await fitness({}, docker)).toMatchObject({ obstacle: { code: 'docker-no-space' } });
});

test('without the docker command the rest is looked at', async () => {
  const docker = engine(ALL);
  const found = await beforeMaking(docker, {
    environment: smallEnvironment(),
    search: {
      folder: kindFolder(folder),
      env: { PATH: folder },
      platform: 'linux',
      home: folder,
      arch: 'x64',
    },
    image: 'tools',
    signal,
  });
  expect(found).toMatchObject({ report: { matches: true } });
});
