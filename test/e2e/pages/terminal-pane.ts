/** The terminal that is shown: typed into like a keyboard does, read by the text that screen readers get. */
import { expect, type Locator, type Page } from '@playwright/test';

export class TerminalPane {
  readonly page: Page;
  readonly panel: Locator;
  readonly input: Locator;

  constructor(page: Page, lab: Locator) {
    this.page = page;
    this.panel = lab.getByRole('tabpanel');
    this.input = this.panel.getByRole('textbox', { name: /^Terminal of / });
  }

  /** Waits for a prompt. */
  async ready(): Promise<void> {
    await this.input.waitFor({ state: 'attached' });
    await this.waitFor(/[$#] *$/);
  }

  async type(text: string): Promise<void> {
    await this.input.focus();
    await this.page.keyboard.type(text);
  }

  /** Types a command and Enter. */
  async run(command: string): Promise<void> {
    await this.type(command);
    await this.page.keyboard.press('Enter');
  }

  /** The rows on the screen, without blanks at their ends and without empty rows below. */
  async screen(): Promise<string> {
    const rows = await this.panel.locator('.xterm-accessibility-tree > div').allTextContents();
    return rows
      .map((row) => row.replaceAll('\u00a0', ' ').trimEnd())
      .join('\n')
      .trimEnd();
  }

  async waitFor(text: string | RegExp): Promise<void> {
    const pattern =
      typeof text === 'string' ? text : new RegExp(text.source, `${text.flags.replace('m', '')}m`);
    await expect
      .poll(
        async () => {
          const screen = await this.screen();
          return typeof pattern === 'string' ? screen.includes(pattern) : pattern.test(screen);
        },
        { message: `the terminal shows ${String(text)}` },
      )
      .toBe(true);
  }

  /** Leaves by keyboard: the focus is on the terminal's tab afterwards. */
  async leave(): Promise<void> {
    await this.page.keyboard.press('Control+Shift+X');
    await expect(this.page.getByRole('tab', { selected: true })).toBeFocused();
  }
}
