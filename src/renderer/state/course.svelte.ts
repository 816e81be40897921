/** The course, the lesson that is open and how far the learner has come. */
import type { ErrorBody, ProgressView, Settings } from '../../contract/api.ts';
import type {
  CourseModule,
  CourseOutline,
  GlossaryTerm,
  Lesson,
  LessonSummary,
} from '../../course/blocks.ts';
import type { Client } from '../client.ts';
import type { Notices } from './notices.svelte.ts';

/** Where a lesson stands in the course; numbers count from 1. */
export interface LessonPosition {
  readonly module: CourseModule;
  readonly moduleNumber: number;
  readonly lessonNumber: number;
}

export class CourseState {
  readonly #client: Client;
  readonly #notices: Notices;
  #outline = $state.raw<CourseOutline>();
  #lesson = $state.raw<Lesson>();
  #problem = $state.raw<ErrorBody>();
  #progress = $state.raw<ProgressView>();
  #glossary = $state.raw<readonly GlossaryTerm[]>();
  #wanted: string | undefined;

  readonly lessons = $derived((this.#outline?.modules ?? []).flatMap((module) => module.lessons));
  readonly doneCount = $derived(this.lessons.filter((lesson) => this.isDone(lesson.id)).length);
  readonly minutes = $derived(this.lessons.reduce((sum, lesson) => sum + lesson.minutes, 0));
  /** The first lesson that is not done, in course order. */
  readonly upNext: LessonSummary | undefined = $derived(
    this.lessons.find((lesson) => !this.isDone(lesson.id)),
  );

  constructor(client: Client, notices: Notices) {
    this.#client = client;
    this.#notices = notices;
    client.on('progress', (progress) => (this.#progress = progress));
  }

  get outline(): CourseOutline | undefined {
    return this.#outline;
  }

  /** The open lesson; undefined while it is on its way, or when it is missing (then `problem` says why). */
  get lesson(): Lesson | undefined {
    return this.#lesson;
  }

  get problem(): ErrorBody | undefined {
    return this.#problem;
  }

  get progress(): ProgressView | undefined {
    return this.#progress;
  }

  async load(): Promise<void> {
    const [outline, progress] = await Promise.all([
      this.#client.call('course.outline', {}),
      this.#client.call('progress.get', {}),
    ]);
    if (outline.ok) this.#outline = outline.value;
    else this.#notices.problem(outline.error);
    if (progress.ok) this.#progress = progress.value;
    else this.#notices.problem(progress.error);
    if (this.#wanted !== undefined && this.#lesson === undefined) await this.open(this.#wanted);
  }

  /** Opens a lesson; of several asked for in a row only the last one appears. */
  async open(lesson: string): Promise<void> {
    if (this.#lesson?.id === lesson) return;
    this.#wanted = lesson;
    this.#problem = undefined;
    const answer = await this.#client.call('lesson.get', { lesson });
    if (this.#wanted !== lesson) return;
    this.#lesson = answer.ok ? answer.value : undefined;
    this.#problem = answer.ok ? undefined : answer.error;
  }

  leave(): void {
    this.#wanted = undefined;
    this.#lesson = undefined;
    this.#problem = undefined;
  }

  isDone(lesson: string): boolean {
    return this.#progress?.lessons[lesson]?.done ?? false;
  }

  isStarted(): boolean {
    return this.doneCount > 0;
  }

  async mark(lesson: string, done: boolean): Promise<void> {
    const answer = await this.#client.call('progress.lesson', { lesson, done });
    if (answer.ok) this.#progress = answer.value;
    else this.#notices.problem(answer.error);
  }

  async set(settings: Partial<Settings>): Promise<void> {
    const before = this.#progress;
    // Shown at once: a host that refuses is the exception, and its answer puts things right.
    if (before !== undefined) this.#progress = { ...before, settings: { ...before.settings, ...settings } };
    const answer = await this.#client.call('settings.set', settings);
    if (answer.ok) {
      this.#progress = answer.value;
      return;
    }
    this.#progress = before;
    this.#notices.problem(answer.error);
  }

  position(lesson: string): LessonPosition | undefined {
    for (const [at, module] of (this.#outline?.modules ?? []).entries()) {
      const index = module.lessons.findIndex((candidate) => candidate.id === lesson);
      if (index >= 0) return { module, moduleNumber: at + 1, lessonNumber: index + 1 };
    }
    return undefined;
  }

  summary(lesson: string): LessonSummary | undefined {
    return this.lessons.find((candidate) => candidate.id === lesson);
  }

  /** Undefined when the glossary has no such entry. */
  async term(id: string): Promise<GlossaryTerm | undefined> {
    if (this.#glossary === undefined) {
      const answer = await this.#client.call('course.glossary', {});
      if (answer.ok) this.#glossary = answer.value;
      else this.#notices.problem(answer.error);
    }
    return this.#glossary?.find((term) => term.id === id);
  }
}
