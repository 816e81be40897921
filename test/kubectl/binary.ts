/** The real kubectl of this machine, where it is new enough. */
import { spawnSync } from 'node:child_process';
import { realTool } from '../support/real-tool.ts';

/** The oldest version whose exec speaks WebSocket. */
const OLDEST_MINOR = 31;

/** Why the real kubectl cannot be run here; undefined when it can. */
export function whyNoKubectl(): string | undefined {
  const asked = spawnSync('kubectl', ['version', '--client', '-o', 'json'], { encoding: 'utf8' });
  if (asked.error) return 'kubectl is not on PATH';
  const minor = /"minor": "(\d+)/.exec(asked.stdout)?.[1];
  if (Number(minor) >= OLDEST_MINOR) return undefined;
  return `kubectl 1.${minor ?? '?'} is older than 1.${OLDEST_MINOR}`;
}

export const kubectl = realTool('kubectl');
