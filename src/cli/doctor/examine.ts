/** Looks at the whole machine: what is under Underlay, where it can show itself, and whether real clusters can run. */
import process from 'node:process';
import type { EngineCare, Finding } from '../../lab/care.ts';
import type { Examine } from '../../services/machine-care.ts';
import { surroundings } from '../desktop/desktop.ts';
import { dataFolder, PATHS } from '../paths.ts';
import { dataFolderFinding, diskFinding, nodeFinding, wantedNode } from './host-findings.ts';
import { browserFinding, electronFinding } from './window-findings.ts';

/** Findings come in the order in which they are shown, after each was told as soon as it was found. */
export const examination =
  (care: Pick<EngineCare, 'doctor'>): Examine =>
  async ({ signal, onFinding }) => {
    const own = OF_THE_HOST.map(async (examine) => {
      const finding = await examine();
      onFinding?.(finding);
      return finding;
    });
    const looking = { signal, ...(onFinding ? { onFinding } : {}) };
    const [host, engine] = await Promise.all([Promise.all(own), care.doctor(looking)]);
    return [...host, ...engine];
  };

const OF_THE_HOST: readonly (() => Promise<Finding>)[] = [
  async () => nodeFinding(process.versions.node, await wantedNode(PATHS.packageJson)),
  () => Promise.resolve(electronFinding(surroundings())),
  () => browserFinding(process.platform, process.env),
  () => diskFinding(dataFolder()),
  () => dataFolderFinding(dataFolder()),
];
