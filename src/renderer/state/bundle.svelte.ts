/** An offline bundle on its way to this machine: which one the learner asks for, how far it is, and how that ended. */
import type { BundleOffer, ErrorBody } from '../../contract/api.ts';
import { FINGERPRINT, type LoadedBundle, type LoadWish } from '../../lab/bundle-loader.ts';
import type { Progress } from '../../lab/ports.ts';
import type { Client } from '../client.ts';
import { strings } from '../strings.ts';
import type { Notices } from './notices.svelte.ts';

/** What is to be set right: one of the fields, or something else. */
export type BundleField = 'from' | 'fingerprint' | 'elsewhere';

/** What there is to say of a failure. */
type Problem = Pick<ErrorBody, 'message' | 'remedy'>;

export type BundleEnding =
  | { readonly kind: 'loaded'; readonly bundle: LoadedBundle }
  | {
      readonly kind: 'refused';
      readonly at: BundleField;
      readonly problem: Problem;
      /** It was on its way, so that some of it may be in place. */
      readonly begun: boolean;
    }
  /** Nothing is wrong with it: it was given up, or the page lost sight of it. */
  | { readonly kind: 'stopped'; readonly problem: Problem };

export class BundleState {
  readonly #client: Client;
  readonly #notices: Notices;
  readonly #onLoaded: () => void;
  #offer = $state.raw<BundleOffer | null>(null);
  #from = $state('');
  #fingerprint = $state('');
  #task = $state<'load' | 'give-up'>();
  #progress = $state.raw<Progress>();
  #ending = $state.raw<BundleEnding>();
  #loading: Promise<void> | undefined;
  /** The connection broke while one was on its way. */
  #cut = false;

  constructor(client: Client, notices: Notices, onLoaded: () => void) {
    this.#client = client;
    this.#notices = notices;
    this.#onLoaded = onLoaded;
    client.on('bundle.progress', (progress) => {
      if (this.#task === undefined) return;
      if (progress.phase !== this.#progress?.phase) notices.announce(progress.phase);
      this.#progress = progress;
    });
    client.onConnection((connection) => {
      if (connection === 'open' && this.#cut) void this.look();
    });
  }

  /** Null until the host has told, and where it takes in none. */
  get offer(): BundleOffer | null {
    return this.#offer;
  }

  get from(): string {
    return this.#from;
  }

  set from(text: string) {
    this.#from = text;
    this.#amend('from');
  }

  get fingerprint(): string {
    return this.#fingerprint;
  }

  set fingerprint(text: string) {
    this.#fingerprint = text;
    this.#amend('fingerprint');
  }

  /** What the host is busy with. */
  get task(): 'load' | 'give-up' | undefined {
    return this.#task;
  }

  get progress(): Progress | undefined {
    return this.#progress;
  }

  /** How the last one ended. */
  get ending(): BundleEnding | undefined {
    return this.#ending;
  }

  /** What is wrong at a place of the form. */
  problemAt(field: BundleField): Problem | undefined {
    return this.#ending?.kind === 'refused' && this.#ending.at === field ? this.#ending.problem : undefined;
  }

  /** Asks the host anew, and goes on with one that was on its way before this page was. */
  async look(): Promise<void> {
    const answer = await this.#client.call('bundle.offer', {});
    if (!answer.ok) return;
    this.#offer = answer.value;
    if (this.#task !== undefined) return;
    const loading = answer.value?.loading;
    if (loading !== undefined) {
      this.#from = loading.from;
      this.#fingerprint = loading.fingerprint ?? '';
      await this.#begin(loading);
    } else if (this.#cut) this.#stop(strings.bundle.cut);
  }

  async load(): Promise<void> {
    if (this.#task !== undefined) return;
    const from = this.#from.trim();
    // On a whiteboard digits stand in groups.
    const fingerprint = this.#fingerprint.replaceAll(/\s/g, '');
    if (from === '') this.#refuse('from', strings.bundle.noPlace);
    else if (fingerprint === '') await this.#begin({ from });
    else if (FINGERPRINT.test(fingerprint)) await this.#begin({ from, fingerprint });
    else this.#refuse('fingerprint', strings.bundle.noFingerprint);
  }

  async giveUp(): Promise<void> {
    if (this.#task !== 'load') return;
    this.#task = 'give-up';
    const answer = await this.#client.call('bundle.cancel', {});
    if (answer.ok) await this.#loading;
    else this.#notices.problem(answer.error);
    // One that could not be given up goes on.
    if (this.task !== undefined) this.#task = 'load';
  }

  async choose(): Promise<void> {
    const answer = await this.#client.call('bundle.choose', {});
    if (!answer.ok) this.#notices.problem(answer.error);
    else if (answer.value !== null && this.#task === undefined) this.from = answer.value.file;
  }

  #begin(wish: LoadWish): Promise<void> {
    this.#loading = this.#load(wish);
    return this.#loading;
  }

  async #load(wish: LoadWish): Promise<void> {
    this.#task = 'load';
    this.#cut = false;
    this.#progress = undefined;
    this.#ending = undefined;
    const answer = await this.#client.call('bundle.load', wish);
    this.#task = undefined;
    if (answer.ok) {
      this.#ending = { kind: 'loaded', bundle: answer.value };
      this.#notices.announce(strings.bundle.loaded);
      this.#onLoaded();
      return;
    }
    this.#cut = answer.error.code === 'connection-lost';
    if (answer.error.code === 'bundle-given-up') this.#stop(answer.error);
    else this.#refuse(fieldOf(answer.error.code), answer.error, this.#progress !== undefined);
  }

  #refuse(at: BundleField, problem: Problem, begun = false): void {
    this.#ending = { kind: 'refused', at, problem, begun };
  }

  #stop(problem: Problem): void {
    this.#cut = false;
    this.#ending = { kind: 'stopped', problem };
    this.#notices.announce(`${problem.message} ${problem.remedy}`);
  }

  /** What was wrong with a field is not said of what stands in it now. */
  #amend(field: BundleField): void {
    if (this.problemAt(field) !== undefined) this.#ending = undefined;
  }
}

/** By the codes that a loading ends with: those of the bundle itself, of the file, and of the machine around. */
function fieldOf(code: string): BundleField {
  if (code === 'bundle-other-fingerprint') return 'fingerprint';
  if (code === 'bundle-on-its-way') return 'elsewhere';
  return /^(bundle-|file-|not-a-bundle$|no-such-file$)/.test(code) ? 'from' : 'elsewhere';
}
