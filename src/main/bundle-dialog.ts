/**
 * The system's dialog that asks for an offline bundle. It gives a path and reads nothing: what the file is, its loading
 * finds out. One question at a time, over the window.
 */
import type { Electron, Window } from './electron.ts';
import { strings } from './strings.ts';

export class BundleDialog {
  readonly #electron: Pick<Electron, 'dialog'>;
  #window: Window | undefined;
  #asking = false;

  constructor(electron: Pick<Electron, 'dialog'>) {
    this.#electron = electron;
  }

  /** From now on questions are asked over this window. */
  askIn(window: Window): void {
    this.#window = window;
  }

  /** The file's path; undefined when none was chosen, or the question is being asked already. */
  async choose(): Promise<string | undefined> {
    const window = this.#window;
    if (this.#asking || window === undefined || window.isDestroyed()) return undefined;
    this.#asking = true;
    const { title, choose, bundles, anything } = strings.bundle;
    try {
      const { canceled, filePaths } = await this.#electron.dialog.showOpenDialog(window, {
        title,
        buttonLabel: choose,
        filters: [
          { name: bundles, extensions: ['bundle'] },
          { name: anything, extensions: ['*'] },
        ],
        properties: ['openFile'],
      });
      return canceled ? undefined : filePaths[0];
    } finally {
      this.#asking = false;
    }
  }
}
