/**
 * Short messages to the learner. Toasts are seen and heard; announcements are only heard, by the polite live region,
 * for what is on the screen anyway.
 */
import type { ErrorBody } from '../../contract/api.ts';

export interface Notice {
  readonly id: number;
  readonly tone: 'plain' | 'problem';
  readonly text: string;
  readonly remedy?: string;
}

/** Older toasts make room. */
const MOST = 3;

export class Notices {
  #toasts = $state.raw<readonly Notice[]>([]);
  #announcement = $state('');
  #nextId = 1;

  get toasts(): readonly Notice[] {
    return this.#toasts;
  }

  get announcement(): string {
    return this.#announcement;
  }

  say(text: string): void {
    this.#add({ tone: 'plain', text });
  }

  problem(error: ErrorBody): void {
    this.#add({ tone: 'problem', text: error.message, remedy: error.remedy });
  }

  /** Repeating the same words announces them again: live regions speak changes only. */
  announce(text: string): void {
    this.#announcement = this.#announcement === text ? `${text}\u00a0` : text;
  }

  dismiss(id: number): void {
    this.#toasts = this.#toasts.filter((notice) => notice.id !== id);
  }

  #add(notice: Omit<Notice, 'id'>): void {
    const others = this.#toasts.filter((shown) => shown.text !== notice.text);
    this.#toasts = [...others, { ...notice, id: this.#nextId }].slice(-MOST);
    this.#nextId += 1;
  }
}
