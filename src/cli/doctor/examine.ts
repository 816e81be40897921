/** Looks at the whole machine: what is under Underlay, where it can show itself, and whether real clusters can run. */
import { homedir } from 'node:os';
import process from 'node:process';
import { findDocker } from '../../engines/kind/docker/reach.ts';
import type { Finding } from '../../lab/care.ts';
import type { Examine } from '../../services/machine-care.ts';
import { surroundings } from '../desktop/desktop.ts';
import { dataFolder, PATHS } from '../paths.ts';
import { dockerFinding } from './docker-finding.ts';
import { dataFolderFinding, diskFinding, nodeFinding, wantedNode } from './host-findings.ts';
import { browserFinding, electronFinding } from './window-findings.ts';

/** In the order in which they are shown; each is told as soon as it is found. */
export const examineMachine: Examine = ({ onFinding }) =>
  Promise.all(
    EXAMINATIONS.map(async (examine) => {
      const finding = await examine();
      onFinding?.(finding);
      return finding;
    }),
  );

const EXAMINATIONS: readonly (() => Promise<Finding>)[] = [
  async () => nodeFinding(process.versions.node, await wantedNode(PATHS.packageJson)),
  () => Promise.resolve(electronFinding(surroundings())),
  () => browserFinding(process.platform, process.env),
  async () =>
    dockerFinding(await findDocker({ env: process.env, platform: process.platform, home: homedir() })),
  () => diskFinding(dataFolder()),
  () => dataFolderFinding(dataFolder()),
];
