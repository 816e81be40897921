/** A lesson: its text, its quizzes and the door to its lab. */
import type { Locator, Page } from '@playwright/test';
import { LabPage } from './lab-page.ts';

export class LessonPage {
  readonly page: Page;
  readonly region: Locator;
  readonly title: Locator;

  constructor(page: Page) {
    this.page = page;
    this.region = page.getByRole('region', { name: 'Lesson', exact: true });
    this.title = this.region.getByRole('heading', { level: 1 });
  }

  section(title: string | RegExp): Locator {
    return this.region.getByRole('heading', { name: title });
  }

  /** Starts the lesson's lab, in a window of any width, and waits until its steps show. */
  async startLab(): Promise<LabPage> {
    const lab = new LabPage(this.page);
    await lab.show();
    await lab.region.getByRole('button', { name: 'Start the lab' }).click();
    await lab.steps.waitFor();
    return lab;
  }

  /** The form of a quiz, by its question. */
  quiz(question: string | RegExp): Locator {
    return this.region.getByRole('form', { name: 'Check yourself' }).filter({ hasText: question });
  }

  async answer(question: string | RegExp, choice: string): Promise<void> {
    const quiz = this.quiz(question);
    await quiz.getByLabel(choice).check();
    await quiz.getByRole('button', { name: 'Check the answer' }).click();
  }

  /** Puts a code block's command into a terminal; it waits for Enter there. */
  async insertCommand(text: string | RegExp): Promise<void> {
    await this.region
      .getByRole('figure')
      .filter({ hasText: text })
      .getByRole('button', { name: /^To / })
      .click();
  }

  async done(): Promise<void> {
    await this.region.getByRole('button', { name: 'Mark as done' }).click();
    await this.region.getByText('Done', { exact: true }).waitFor();
  }
}
