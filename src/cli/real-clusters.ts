/** Real clusters of this machine, for every host and command. */
import { homedir } from 'node:os';
import process from 'node:process';
import { realClusters, type RealClusters, type RealClustersOptions } from '../engines/kind/real-clusters.ts';
import { dataFolder, PATHS } from './paths.ts';

export const realClustersHere = (wishes: Pick<RealClustersOptions, 'afterwards'> = {}): RealClusters =>
  realClusters({
    ...wishes,
    data: dataFolder(),
    toolImageFolder: PATHS.toolImage,
    env: process.env,
    platform: process.platform,
    arch: process.arch,
    home: homedir(),
  });
