/** The making of a cluster as one bar: the node image, the network, then kind's own phases; the log as kind prints it. */
import type { Progress } from '../../../lab/ports.ts';
import type { TransferProgress } from '../docker/docker.ts';
import { NODE_IMAGE_TAG } from './node-image.ts';
import { afterLine, afterNodes, KIND_BEGINS, readKindLine, type KindProgress } from './phases.ts';
import { transferDetail, transferFraction } from './transfer-detail.ts';

/** Where on the whole way kind begins: before it are the image and the network. */
const IMAGE = 0.3;
const NETWORK = 0.32;

export class CreateProgress {
  readonly #nodes: number;
  readonly #tell: (progress: Progress) => void;
  #kind: KindProgress = KIND_BEGINS;
  #fraction = 0;

  constructor(nodes: number, tell: ((progress: Progress) => void) | undefined) {
    this.#nodes = nodes;
    this.#tell = tell ?? (() => undefined);
  }

  image(transfer: TransferProgress): void {
    this.#told('Fetching the node image', IMAGE * (transferFraction(transfer) ?? 0), {
      detail: transferDetail(NODE_IMAGE_TAG, transfer),
    });
  }

  waiting(): void {
    this.#told('Waiting for another cluster to be made', IMAGE);
  }

  network(): void {
    this.#told('Making the network', IMAGE);
  }

  line(line: string): void {
    this.#kind = afterLine(this.#kind, readKindLine(line));
    this.#kindTold({ log: [line] });
  }

  nodes(started: number): void {
    this.#kind = afterNodes(this.#kind, started, this.#nodes);
    this.#kindTold({ detail: `${started} of ${this.#nodes}` });
  }

  made(): void {
    this.#told(this.#kind.title, 1);
  }

  cleaning(): void {
    this.#told('Cleaning up', this.#fraction);
  }

  #kindTold(more: Partial<Progress>): void {
    this.#told(this.#kind.title, NETWORK + (1 - NETWORK) * this.#kind.fraction, more);
  }

  #told(phase: string, fraction: number, more: Partial<Progress> = {}): void {
    this.#fraction = Math.max(this.#fraction, fraction);
    this.#tell({ phase, fraction: this.#fraction, ...more });
  }
}
