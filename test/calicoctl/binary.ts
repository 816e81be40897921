/** The real calicoctl of this machine with the Kubernetes datastore, where it is of this release. */
import { spawnSync } from 'node:child_process';
import { CALICO_VERSION } from '../../src/sim/cni/calico/kinds.ts';
import { realTool } from '../support/real-tool.ts';

/** Why the real calicoctl cannot be run here; undefined when it can. Another release prints other tables. */
export function whyNoCalicoctl(): string | undefined {
  const asked = spawnSync('calicoctl', ['version', '--client'], { encoding: 'utf8' });
  if (asked.error) return 'calicoctl is not on PATH';
  const version = /Client Version: +(\S+)/.exec(asked.stdout)?.[1] ?? '?';
  return version === CALICO_VERSION ? undefined : `calicoctl is ${version}, not ${CALICO_VERSION}`;
}

export const calicoctl = realTool('calicoctl', { DATASTORE_TYPE: 'kubernetes' });
