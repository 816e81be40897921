/**
 * A running lab for the learner's own kubectl: its kubeconfig as a file in the data folder, and the line that points a shell
 * at it. The file goes when the lab's engine does.
 */
import { join } from 'node:path';
import { DisposableStore } from '../base/disposable.ts';
import { err, ok, type Result } from '../base/result.ts';
import type { ErrorBody, OwnKubectlView } from '../contract/api.ts';
import { failure } from '../contract/errors.ts';
import { kubeconfigCommand, removeKubeconfig, writeKubeconfig } from './kubeconfig-file.ts';
import type { LabSessions } from './lab-sessions.ts';

interface Offered {
  readonly path: string;
  readonly text: string;
}

export class OwnKubectl {
  readonly #labs: LabSessions;
  readonly #folder: string;
  readonly #offered = new Map<string, Offered>();
  readonly #removals = new Set<Promise<void>>();
  readonly #ends = new DisposableStore();

  constructor(labs: LabSessions, folder: string) {
    this.#labs = labs;
    this.#folder = folder;
    this.#ends.add(labs.onReplaced(({ session }) => this.#withdraw(session)));
  }

  /** Asking again gives the same answer for as long as the lab's engine lives. */
  async offer(session: string): Promise<Result<OwnKubectlView, ErrorBody>> {
    const lab = this.#labs.session(session);
    if (!lab) return err(failure('unknown-session'));
    const config = await lab.kubeconfig();
    if (!config.ok) return config;
    const written = await writeKubeconfig(join(this.#folder, `${session}.yaml`), config.value);
    if (!written.ok) return err(failure('kubeconfig-not-written', { detail: written.error }));
    this.#offered.set(session, { path: written.value, text: config.value });
    // The lab may have ended, or started anew, meanwhile.
    if (this.#labs.session(session) !== lab) {
      this.#withdraw(session);
      return err(failure('unknown-session'));
    }
    return ok({ command: kubeconfigCommand(written.value) });
  }

  async dispose(): Promise<void> {
    this.#ends.dispose();
    for (const session of [...this.#offered.keys()]) this.#withdraw(session);
    await Promise.all(this.#removals);
  }

  #withdraw(session: string): void {
    const offered = this.#offered.get(session);
    this.#offered.delete(session);
    if (!offered) return;
    const removal = removeKubeconfig(offered.path, offered.text).finally(() =>
      this.#removals.delete(removal),
    );
    this.#removals.add(removal);
  }
}
