/** The real calicoctl on this machine with the Kubernetes datastore: own HOME, own kubeconfig, nothing of this shell's. */
import { spawn, spawnSync } from 'node:child_process';
import process from 'node:process';
import { CALICO_VERSION } from '../../src/sim/cni/calico/kinds.ts';
import type { Finished } from '../kubectl/binary.ts';

/** Why the real calicoctl cannot be run here; undefined when it can. Another release prints other tables. */
export function whyNoCalicoctl(): string | undefined {
  const asked = spawnSync('calicoctl', ['version', '--client'], { encoding: 'utf8' });
  if (asked.error) return 'calicoctl is not on PATH';
  const version = /Client Version: +(\S+)/.exec(asked.stdout)?.[1] ?? '?';
  return version === CALICO_VERSION ? undefined : `calicoctl is ${version}, not ${CALICO_VERSION}`;
}

export interface Run {
  readonly args: readonly string[];
  readonly folder: string;
  readonly kubeconfig: string;
}

export function calicoctl({ args, folder, kubeconfig }: Run): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn('calicoctl', args, {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder, KUBECONFIG: kubeconfig, DATASTORE_TYPE: 'kubernetes' },
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ end: signal ?? code, stdout, stderr }));
    child.stdin.on('error', () => undefined);
    child.stdin.end();
  });
}
