/** The built command line as a shell sees it: output, plain sentences, exit codes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';

const ROOT = join(import.meta.dirname, '..', '..');
const CLI = join(ROOT, 'out', 'main', 'cli.js');
const SOLUTION = join(ROOT, 'labs', 'first-overlay', 'solution.sh');
const TOPOLOGY = join(ROOT, 'labs', 'topologies', 'two-racks.yaml');

let folder: string;

test.beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'underlay-cli-'));
});

test.afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function underlay(...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [CLI, ...args], { env: { ...process.env, UNDERLAY_DATA: folder } });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

test('a solved lab passes with 0, an untouched one fails with 1', async () => {
  const solved = await underlay('lab', 'run', 'first-overlay', '--script', SOLUTION, '--check', '--json');
  expect(solved.code).toBe(0);
  const { steps } = JSON.parse(solved.stdout) as { readonly steps: readonly { readonly passed: boolean }[] };
  expect(steps.map(({ passed }) => passed)).toEqual([true, true, true]);
  expect((await underlay('lab', 'run', 'first-overlay', '--check')).code).toBe(1);
});

test('mistakes get a sentence and 2', async () => {
  const topology = await file('broken.yaml', 'name: x\nsegments:\n\t- a\n');
  const script = await file('script.sh', '#@ nowhere at all\nls\n');
  expect(await underlay('lab', 'run', 'first-overley')).toMatchObject({
    code: 2,
    stderr: 'There is no lab "first-overley". Did you mean first-overlay?\n',
  });
  expect(await underlay('start', '--prot', '1')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Did you mean --port?') as unknown,
  });
  expect(await underlay('shell', '--topology', topology, '-c', 'true')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/broken\.yaml:3:1/) as unknown,
  });
  expect(await underlay('lab', 'run', 'first-overlay', '--script', script)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/script\.sh:1:1/) as unknown,
  });
});

test('a shell of its own runs a command at the workstation and passes its exit code on', async () => {
  expect(await underlay('shell', '--topology', TOPOLOGY, '-c', 'kubectl get node node3 -o name')).toEqual({
    code: 0,
    stdout: 'node/node3\n',
    stderr: '',
  });
  expect((await underlay('shell', '--topology', TOPOLOGY, '-c', 'exit 7')).code).toBe(7);
});

test('start takes the next free port when its own is in use, and says so', async () => {
  const taken = createServer();
  taken.listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const child = spawn(process.execPath, [CLI, 'start', '--no-open', '--port', String(port)], {
    env: { ...process.env, UNDERLAY_DATA: folder },
  });
  let said = '';
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
      if (said.includes('token=')) resolve();
    });
  });
  child.kill('SIGTERM');
  await once(child, 'close');
  taken.close();
  expect(said).toContain(`Port ${port} is in use; taking `);
});
