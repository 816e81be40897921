/** The app's frame: top bar, course, start page. Everything is found by role and name, as a learner finds it. */
import type { Locator, Page } from '@playwright/test';
import { LessonPage } from './lesson-page.ts';

export class AppPage {
  readonly page: Page;
  readonly contents: Locator;
  readonly course: Locator;
  readonly progress: Locator;
  readonly messages: Locator;

  constructor(page: Page) {
    this.page = page;
    this.contents = page.getByRole('main');
    this.course = page.getByRole('navigation', { name: 'Course' });
    this.progress = page.getByRole('progressbar');
    this.messages = page.getByRole('region', { name: 'Messages' });
  }

  /** Opens the start page and waits for the course. */
  async open(url: string): Promise<void> {
    await this.page.goto(url);
    await this.ready();
  }

  /** Waits for the course on the start page. */
  async ready(): Promise<void> {
    await this.page.getByRole('heading', { level: 1, name: 'Underlay' }).waitFor();
    await this.contents.getByRole('listitem').first().waitFor();
  }

  /** Opens a lesson from the start page, by its title. */
  async openLesson(title: string | RegExp): Promise<LessonPage> {
    await this.contents.getByRole('link', { name: title }).first().click();
    const lesson = new LessonPage(this.page);
    await lesson.title.waitFor();
    return lesson;
  }

  /** Opens a lesson by its id, without the start page. */
  async goToLesson(id: string): Promise<LessonPage> {
    await this.page.evaluate((fragment) => {
      location.hash = fragment;
    }, `#/lesson/${id}`);
    const lesson = new LessonPage(this.page);
    await lesson.title.waitFor();
    return lesson;
  }

  async chooseTheme(theme: 'As the system' | 'Light' | 'Dark'): Promise<void> {
    await this.page.getByRole('radio', { name: theme }).check();
  }
}
