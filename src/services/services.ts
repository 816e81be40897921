/** What one host process shares between its windows: the course, the running labs, the learner's progress. */
import type { AppInfo } from '../contract/api.ts';
import type { LabEngine } from '../lab/ports.ts';
import type { Log } from './dispatcher.ts';
import { LabSessions } from './lab-sessions.ts';
import type { Library } from './library.ts';
import type { ProgressStore } from './progress-store.ts';

export interface ServicesOptions {
  readonly library: Library;
  readonly engines: readonly LabEngine[];
  readonly progress: ProgressStore;
  readonly info: AppInfo;
  readonly log: Log;
}

export class Services {
  readonly library: Library;
  readonly labs: LabSessions;
  readonly progress: ProgressStore;
  readonly info: AppInfo;
  readonly log: Log;

  constructor({ library, engines, progress, info, log }: ServicesOptions) {
    this.library = library;
    this.labs = new LabSessions(library, engines);
    this.progress = progress;
    this.info = info;
    this.log = log;
  }

  dispose(): Promise<void> {
    return this.labs.dispose();
  }
}
