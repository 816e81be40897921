/** What every host runs on: the compiled course, the engine, the learner's progress; and how to put it all away. */
import { join } from 'node:path';
import { ok, type Result } from '../base/result.ts';
import type { AppInfo } from '../contract/api.ts';
import { simEngine } from '../engines/sim/engine.ts';
import type { ChooseFile } from '../services/bundle-intake.ts';
import type { Log } from '../services/dispatcher.ts';
import { readLibrary } from '../services/library.ts';
import { ProgressStore } from '../services/progress-store.ts';
import { SavedLabs } from '../services/saved-labs.ts';
import { Services } from '../services/services.ts';
import { CALICO_VERSION, KUBERNETES_VERSION } from '../sim/index.ts';
import { examination } from './doctor/examine.ts';
import { dataFolder, PATHS } from './paths.ts';
import { realClustersHere } from './real-clusters.ts';
import { packageVersion } from './version.ts';

export interface HostServicesOptions {
  readonly host: AppInfo['host'];
  /** Where the host has a window of its own. */
  readonly chooseFile?: ChooseFile;
  readonly log: Log;
  /** Tells the person who starts of something that they should know. */
  readonly warn: (sentence: string) => void;
}

export interface HostServices {
  readonly services: Services;
  /** Ends the labs, then the engine behind them. */
  dispose(): Promise<void>;
}

/** The error is for the person who starts. */
export async function openServices(options: HostServicesOptions): Promise<Result<HostServices, string>> {
  const { host, chooseFile, log, warn } = options;
  const library = await readLibrary(PATHS.course);
  if (!library.ok) return library;
  const progress = await ProgressStore.open(dataFolder());
  if (!progress.ok) return progress;
  const { value: store } = progress;
  const { setAside } = store;
  if (setAside !== undefined) warn(`The saved progress could not be read. It is kept as ${setAside}.`);
  const [firstLab] = library.value.labs.values();
  const engine = simEngine({ worker: PATHS.simWorker, rehearse: firstLab?.environment });
  const real = realClustersHere({
    afterwards: () => (store.view.settings.clusters === 'remove' ? 'delete' : 'keep'),
  });
  const services = new Services({
    library: library.value,
    engines: [engine, real.engine],
    examine: examination(real.care),
    engineCare: real.care,
    chooseFile,
    progress: store,
    saved: new SavedLabs(dataFolder()),
    kubeconfigs: join(dataFolder(), 'kubeconfigs'),
    info: {
      version: await packageVersion(),
      host,
      kubernetes: KUBERNETES_VERSION,
      calico: CALICO_VERSION,
    },
    log,
  });
  return ok({
    services,
    async dispose() {
      await services.dispose();
      await engine.dispose();
    },
  });
}
