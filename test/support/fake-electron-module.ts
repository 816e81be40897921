/**
 * The module `electron` for a host that runs outside Electron: a fake that tells on standard output what the host does to
 * its window, and quits when the page has been loaded and every asked address was answered.
 */
import process from 'node:process';
import { FakeElectron } from './fake-electron.ts';

const electron = new FakeElectron();
const { BrowserWindow: Window } = electron;

export const { app, dialog, ipcMain, Menu, MessageChannelMain, protocol, screen, session, shell } = electron;

export class BrowserWindow extends Window {
  override async loadURL(url: string): Promise<void> {
    const answer = await electron.ask(url);
    process.stdout.write(
      `${answer.status} ${url} ${(await answer.text()).length > 0 ? 'with' : 'without'} a body\n`,
    );
    setImmediate(() => app.quit());
  }
}

dialog.showErrorBox = (title, content) => void process.stdout.write(`${title}: ${content}\n`);
const { quit } = app;
app.quit = () => {
  quit.call(app);
  if (app.did.at(-1) === 'quit') process.exit(0);
};
app.exit = (code) => process.exit(code);
