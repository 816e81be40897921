/** A download as Electron's session tells of it. */
import { EventEmitter } from 'node:events';
import type { DownloadItem, SaveDialogOptions } from '../../src/main/electron.ts';

export class FakeDownload extends EventEmitter implements DownloadItem {
  options: SaveDialogOptions | undefined;
  readonly #url: string;
  readonly #filename: string;

  constructor(url: string, filename: string) {
    super();
    this.#url = url;
    this.#filename = filename;
  }

  getURL(): string {
    return this.#url;
  }

  getFilename(): string {
    return this.#filename;
  }

  setSaveDialogOptions(options: SaveDialogOptions): void {
    this.options = options;
  }
}
