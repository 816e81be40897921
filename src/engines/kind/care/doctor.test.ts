import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeDocker, refusal } from '../../../../test/support/fake-docker.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import type { Finding } from '../../../lab/care.ts';
import type { LabError } from '../../../lab/ports.ts';
import { kindFolder } from '../data-folder.ts';
import { connectDocker } from '../docker/connect.ts';
import type { Docker } from '../docker/docker.ts';
import { lookAround, type Doctor, type Look } from './doctor.ts';

const { signal } = new AbortController();

let folder: string;
let bin: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'underlay-doctor-'));
  bin = join(folder, 'bin');
  mkdirSync(bin);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A docker command that refuses privileged containers, or not, and has a context of its own. */
function dockerCommand(refuses: boolean): void {
  const run = refuses
    ? 'echo "docker: Error response from daemon: operation not permitted." >&2; exit 125'
    : 'exit 0';
  const file = join(bin, 'docker');
  writeFileSync(
    file,
    `#!/bin/sh\ncase "$1" in context) echo unix:///run/theirs.sock ;; run) ${run} ;; esac\n`,
  );
  chmodSync(file, 0o755);
}

const PROBE = `vxlan=yes
ipip=no
wireguard=no
ipset=yes
matches=yes
ipv6=yes
available=8000000
instances=8192
watches=524288
free=90000000000
clock=1700000000000
init=sleep
`;

interface Stage {
  readonly connect: () => Promise<Result<Docker, LabError>>;
  /** Undefined: it would have to be built. */
  readonly image?: string;
}

async function look({ connect, image }: Stage): Promise<Look & { readonly told: readonly Finding[] }> {
  const doctor: Doctor = {
    connect,
    search: { folder: kindFolder(folder), env: { PATH: bin }, platform: 'linux', home: folder, arch: 'x64' },
    toolImage: () => Promise.resolve(ok(image)),
    now: () => 1_700_000_000_000,
  };
  const told: Finding[] = [];
  const looked = await lookAround(doctor, { signal, onFinding: (finding) => void told.push(finding) });
  return { ...looked, told };
}

const engine = (): FakeDocker => new FakeDocker({ images: ['tools'], exec: () => PROBE });
const states = ({ findings }: Look): Readonly<Record<string, string>> =>
  Object.fromEntries(findings.map(({ id, state }) => [id, state]));
const saying = ({ findings }: Look, id: string): string | undefined =>
  findings.find((finding) => finding.id === id)?.says;

test('a machine on which real clusters run', async () => {
  dockerCommand(false);
  const looked = await look({ connect: () => Promise.resolve(ok(engine())), image: 'tools' });
  expect(states(looked)).toMatchObject({
    docker: 'good',
    'docker-cli': 'good',
    privileged: 'good',
    vxlan: 'good',
    ipip: 'limited',
  });
  expect(looked.report?.features.vxlan).toBe(true);
  expect(looked.told).toEqual(looked.findings);
  // The learner's own command speaks to another engine, which is said and does not matter.
  expect(saying(looked, 'context')).toContain('unix:///run/theirs.sock');
});

test('no Docker, a stopped one and one without privileged containers are told apart', async () => {
  const around = { env: { PATH: bin }, platform: 'linux', home: folder } as const;
  const missing = await look({ connect: () => connectDocker(around, `unix://${folder}/none.sock`) });
  expect(states(missing)).toMatchObject({ docker: 'limited', 'docker-cli': 'limited', vxlan: 'unknown' });
  expect(missing.report).toBeUndefined();

  dockerCommand(false);
  const gone = refusal({ system: 'ECONNREFUSED', says: 'connect ECONNREFUSED' });
  const stopped = await look({ connect: () => Promise.resolve(err(gone)) });
  expect(states(stopped)).toMatchObject({ docker: 'limited', 'docker-cli': 'good', vxlan: 'unknown' });

  dockerCommand(true);
  const unprivileged = await look({ connect: () => Promise.resolve(ok(engine())), image: 'tools' });
  expect(states(unprivileged)).toMatchObject({
    docker: 'good',
    'docker-cli': 'good',
    privileged: 'limited',
    vxlan: 'good',
  });
  expect(saying(unprivileged, 'privileged')).toContain('operation not permitted');

  const answers = [missing, stopped, unprivileged].map((looked) => saying(looked, 'docker'));
  expect(new Set(answers).size).toBe(3);
});

test('what is around the engine is looked at: networks, packets, proxies, Podman', async () => {
  dockerCommand(false);
  const docker = new FakeDocker({ engine: { isPodman: true } });
  const looked = await look({ connect: () => Promise.resolve(ok(docker)) });
  expect(states(looked)).toMatchObject({
    podman: 'limited',
    downloads: 'good',
    subnets: 'good',
    kernel: 'good',
    security: 'good',
  });
  expect(states(looked)).toHaveProperty('mtu');
  expect(saying(looked, 'subnets')).toMatch(/^The next cluster's network is \d+\.\d+\.\d+\.0\/24\.$/);
  const without = await look({ connect: () => Promise.resolve(ok(engine())) });
  expect(states(without)).not.toHaveProperty('podman');
});

test('without the tool image nothing is built, and what it would tell is not known', async () => {
  dockerCommand(false);
  const docker = engine();
  const looked = await look({ connect: () => Promise.resolve(ok(docker)) });
  expect(states(looked)).toMatchObject({ 'tool-image': 'good', vxlan: 'unknown', inotify: 'unknown' });
  expect(docker.calls.filter((call) => !/^(info|networks\.(list|inspect bridge))$/.test(call))).toEqual([]);
});

test('an engine that fails midway is a finding, not the end of the look', async () => {
  dockerCommand(false);
  const docker = engine();
  docker.failOn('info', refusal({ system: 'ECONNRESET', says: 'socket hang up' }));
  const looked = await look({ connect: () => Promise.resolve(ok(docker)), image: 'tools' });
  expect(states(looked)).toMatchObject({ 'engine-info': 'limited', vxlan: 'good' });
});
