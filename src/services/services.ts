/** What one host process shares between its windows: the course, the running labs, the learner's progress. */
import type { AppInfo } from '../contract/api.ts';
import type { EngineCare } from '../lab/care.ts';
import type { LabEngine } from '../lab/ports.ts';
import { BundleIntake, type ChooseFile } from './bundle-intake.ts';
import type { Log } from './dispatcher.ts';
import { LabSessions } from './lab-sessions.ts';
import type { Library } from './library.ts';
import { MachineCare, type Examine } from './machine-care.ts';
import { OwnKubectl } from './own-kubectl.ts';
import type { ProgressStore } from './progress-store.ts';
import type { SavedLabs } from './saved-labs.ts';

export interface ServicesOptions {
  readonly library: Library;
  readonly engines: readonly LabEngine[];
  readonly examine: Examine;
  /** Of the engine that leaves something behind, and can be given what it needs. */
  readonly engineCare?: EngineCare | undefined;
  /** Where the host has a window of its own. */
  readonly chooseFile?: ChooseFile | undefined;
  readonly progress: ProgressStore;
  /** Where labs that are left half done are kept. */
  readonly saved?: SavedLabs;
  /** A folder for kubeconfigs of running labs. */
  readonly kubeconfigs: string;
  readonly info: AppInfo;
  readonly log: Log;
}

export class Services {
  readonly library: Library;
  readonly labs: LabSessions;
  readonly care: MachineCare;
  readonly bundles: BundleIntake;
  readonly ownKubectl: OwnKubectl;
  readonly progress: ProgressStore;
  readonly info: AppInfo;
  readonly log: Log;

  constructor(options: ServicesOptions) {
    const { library, engines, engineCare, progress, saved, kubeconfigs, info, log } = options;
    this.library = library;
    this.care = new MachineCare(options.examine, engineCare);
    this.bundles = new BundleIntake({ loader: engineCare?.bundles, chooseFile: options.chooseFile });
    this.labs = new LabSessions(library, engines, saved ? { saved } : {});
    this.ownKubectl = new OwnKubectl(this.labs, kubeconfigs);
    this.progress = progress;
    this.info = info;
    this.log = log;
  }

  async dispose(): Promise<void> {
    this.care.dispose();
    await this.bundles.dispose();
    await this.ownKubectl.dispose();
    await this.labs.dispose();
  }
}
