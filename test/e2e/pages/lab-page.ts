/** The lab beside a lesson: steps, predictions, hints, checks and terminals. */
import { expect, type Download, type Locator, type Page } from '@playwright/test';
import { TerminalPane } from './terminal-pane.ts';

export interface ShownVerdict {
  readonly outcome: string;
  readonly title: string;
}

export class LabPage {
  readonly page: Page;
  readonly region: Locator;
  readonly title: Locator;
  readonly steps: Locator;
  readonly checkButton: Locator;
  readonly verdicts: Locator;
  readonly summary: Locator;
  readonly problem: Locator;
  /** How the lab came to be as it is: that it was taken up again, or why it was not. */
  readonly note: Locator;

  constructor(page: Page) {
    this.page = page;
    this.region = page.getByRole('region', { name: 'Lab', exact: true });
    this.title = this.region.getByRole('heading', { level: 2 });
    this.steps = this.region.getByRole('navigation', { name: 'Steps' });
    this.checkButton = this.region.getByRole('button', { name: /^Check(ing…)?$/ });
    const result = this.region.getByRole('region', { name: /^Result:/ });
    this.verdicts = result.getByRole('listitem');
    this.summary = result.getByRole('heading', { level: 4 });
    this.problem = this.region.getByRole('alert');
    this.note = this.region.locator('.note');
  }

  /** Brings the lab forward where a narrow window shows one pane at a time. */
  async show(): Promise<void> {
    const toggle = this.page
      .getByRole('group', { name: 'What to show' })
      .getByRole('button', { name: 'Lab' });
    if ((await toggle.count()) > 0) await toggle.click();
  }

  /** The number counts from 1. */
  async selectStep(number: number): Promise<void> {
    await this.steps.getByRole('button', { name: new RegExp(`^Step ${number},`) }).click();
  }

  async predict(choice: string): Promise<void> {
    await this.region.getByRole('radio', { name: choice, exact: true }).check();
    await this.region.getByRole('button', { name: 'Lock in' }).click();
    await this.region.getByRole('button', { name: 'Lock in' }).waitFor({ state: 'detached' });
  }

  async nextHint(): Promise<void> {
    await this.region.getByRole('button', { name: /hint/i }).click();
  }

  /** Runs the step's checks and returns what they say, when they have said it. */
  async check(): Promise<readonly ShownVerdict[]> {
    const announced = this.page.locator('p[role=status][aria-live]');
    const before = (await announced.textContent()) ?? '';
    await this.checkButton.click();
    // Repeated words are announced anew by a blank at their end, which a comparison of trimmed texts would miss.
    await expect.poll(() => announced.textContent(), { timeout: 30_000 }).not.toBe(before);
    return this.shownVerdicts();
  }

  /** Checks until the step passes: the nodes of a cluster need a moment to agree. */
  async pass(): Promise<void> {
    const outcomes = async (): Promise<readonly string[]> =>
      (await this.check()).map(({ outcome, title }) => `${/pass/i.test(outcome) ? 'pass' : 'fail'} ${title}`);
    await expect
      .poll(async () => (await outcomes()).filter((line) => !line.startsWith('pass')), {
        message: 'checks that fail',
        timeout: 30_000,
      })
      .toEqual([]);
    await expect(this.summary).toContainText('Step passed');
  }

  async shownVerdicts(): Promise<readonly ShownVerdict[]> {
    const summaries = await this.verdicts.locator('summary').allInnerTexts();
    return summaries.map((text) => {
      const [outcome = '', ...title] = text.split('\n').map((line) => line.trim());
      return { outcome, title: title.join(' ') };
    });
  }

  async reset(): Promise<void> {
    await this.region.getByRole('button', { name: 'Reset', exact: true }).click();
    await this.page.getByRole('dialog').getByRole('button', { name: 'Reset the lab' }).click();
    await this.page.getByText('The lab is back at its start.').first().waitFor();
  }

  /** Back to the start of the step that is shown. */
  async goBack(): Promise<void> {
    await this.region.getByRole('button', { name: 'Go back to the start of this step' }).click();
    await this.page.getByRole('dialog').getByRole('button', { name: 'Go back', exact: true }).click();
    await this.page
      .getByText(/You are at the start of step \d again\./)
      .first()
      .waitFor();
  }

  async dismissNote(): Promise<void> {
    await this.note.getByRole('button', { name: 'Dismiss this note' }).click();
  }

  /** Saves a file of the place whose terminal is shown, one that the interface lists by itself. */
  async saveFile(path: string): Promise<Download> {
    await this.region.getByRole('button', { name: 'Save a file…' }).click();
    const dialog = this.page.getByRole('dialog', { name: /^Save a file of / });
    await dialog.getByRole('radio', { name: path, exact: true }).check();
    const download = this.page.waitForEvent('download');
    await dialog.getByRole('button', { name: 'Save', exact: true }).click();
    return download;
  }

  async restart(): Promise<void> {
    await this.problem.getByRole('button', { name: 'Restart the lab' }).click();
    await this.problem.waitFor({ state: 'detached' });
  }

  /** The terminal that is shown. */
  get terminal(): TerminalPane {
    return new TerminalPane(this.page, this.region);
  }

  /** Opens a terminal at a place, as `node/node1` or `pod/client`, or goes to the one that is there. */
  async openTerminal(place: string): Promise<TerminalPane> {
    const name = place.split('/').slice(1).join('/') || place;
    const tab = this.region.getByRole('tab', { name, exact: true });
    if ((await tab.count()) > 0) {
      await tab.click();
    } else {
      await this.region.getByRole('button', { name: 'Open a terminal', exact: true }).click();
      await this.page.getByRole('menuitem', { name: place, exact: true }).click();
    }
    const { terminal } = this;
    await terminal.ready();
    return terminal;
  }
}
