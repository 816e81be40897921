/**
 * How the learner arranged the window: which panes show and how wide they are. Kept in the page's own storage, because
 * it belongs to this screen and not to the learner's progress.
 */

export interface Memory {
  read(key: string): string | undefined;
  write(key: string, value: string): void;
}

const KEY = 'underlay.layout';

interface Kept {
  /** Undefined: as the window's width suggests. */
  readonly courseOpen?: boolean;
  /** Undefined: as the window's height suggests. */
  readonly topologyOpen?: boolean;
  /** Per cent of the space that the lesson takes beside the lab. */
  readonly lessonShare: number;
  /** Per cent of the lab's height that the steps take above the terminal. */
  readonly stepsShare: number;
}

/** At 1440 pixels this leaves the lab a terminal of a hundred columns and the lesson a line of sixty characters. */
const DEFAULTS: Kept = { lessonShare: 42, stepsShare: 58 };

export const SHARE_LIMITS = { lesson: [28, 68], steps: [22, 78] } as const;

export class LayoutState {
  readonly #memory: Memory;
  #kept = $state.raw<Kept>(DEFAULTS);
  /** Which of the two panes a narrow window shows. */
  #pane = $state<'lesson' | 'lab'>('lesson');
  #windowWidth = $state(1440);
  #windowHeight = $state(900);

  readonly narrow = $derived(this.#windowWidth < 900);
  readonly courseOpen = $derived(this.#kept.courseOpen ?? this.#windowWidth >= 1600);
  readonly topologyOpen = $derived(this.#kept.topologyOpen ?? this.#windowHeight >= 820);

  constructor(memory: Memory) {
    this.#memory = memory;
    this.#kept = { ...DEFAULTS, ...parseKept(memory.read(KEY)) };
  }

  get pane(): 'lesson' | 'lab' {
    return this.#pane;
  }

  get lessonShare(): number {
    return this.#kept.lessonShare;
  }

  get stepsShare(): number {
    return this.#kept.stepsShare;
  }

  /** The window's size in pixels, either side of it at a time. */
  measured({
    width,
    height,
  }: {
    readonly width?: number | undefined;
    readonly height?: number | undefined;
  }): void {
    this.#windowWidth = width ?? this.#windowWidth;
    this.#windowHeight = height ?? this.#windowHeight;
  }

  showPane(pane: 'lesson' | 'lab'): void {
    this.#pane = pane;
  }

  toggleCourse(): void {
    this.#keep({ courseOpen: !this.courseOpen });
  }

  /** On a narrow window the course covers the lesson: choosing something uncovers it. */
  chosenFromCourse(): void {
    this.#pane = 'lesson';
    if (this.narrow) this.#keep({ courseOpen: false });
  }

  toggleTopology(): void {
    this.#keep({ topologyOpen: !this.topologyOpen });
  }

  shareLesson(percent: number): void {
    this.#keep({ lessonShare: within(percent, SHARE_LIMITS.lesson) });
  }

  shareSteps(percent: number): void {
    this.#keep({ stepsShare: within(percent, SHARE_LIMITS.steps) });
  }

  resetShares(): void {
    this.#keep({ lessonShare: DEFAULTS.lessonShare, stepsShare: DEFAULTS.stepsShare });
  }

  #keep(change: Partial<Kept>): void {
    this.#kept = { ...this.#kept, ...change };
    this.#memory.write(KEY, JSON.stringify(this.#kept));
  }
}

function within(value: number, [least, most]: readonly [number, number]): number {
  return Math.min(most, Math.max(least, value));
}

/** Storage may hold anything: what does not fit is forgotten. */
function parseKept(text: string | undefined): Partial<Kept> {
  const found = parseObject(text);
  const share = (name: string, limits: readonly [number, number]): Record<string, number> => {
    const value = found[name];
    return typeof value === 'number' && Number.isFinite(value) ? { [name]: within(value, limits) } : {};
  };
  const flag = (name: string): Record<string, boolean> => {
    const value = found[name];
    return typeof value === 'boolean' ? { [name]: value } : {};
  };
  return {
    ...flag('courseOpen'),
    ...flag('topologyOpen'),
    ...share('lessonShare', SHARE_LIMITS.lesson),
    ...share('stepsShare', SHARE_LIMITS.steps),
  };
}

function parseObject(text: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    // Not JSON: written by something else, or cut short.
    return {};
  }
}
