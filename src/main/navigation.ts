/** The window shows one page, for ever: nothing navigates it, frames it or opens another beside it. */
import type { App, Navigation, WebContents } from './electron.ts';
import { isOurs } from './origin.ts';

export interface NavigationRules {
  /** Where the learner asked to go in a window of its own; whether to go there is decided elsewhere. */
  readonly outside: (url: string) => void;
}

/** Rules for every page that this process will ever hold. */
export function guardNavigation(app: App, rules: NavigationRules): void {
  app.on('web-contents-created', (_event, contents) => guard(contents, rules));
}

function guard(contents: WebContents, { outside }: NavigationRules): void {
  const refuse = (navigation: Navigation): void => navigation.preventDefault();
  contents.on('will-navigate', refuse);
  contents.on('will-frame-navigate', refuse);
  contents.on('will-redirect', refuse);
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWindowOpenHandler(({ url }) => {
    // Only our own page may even ask.
    if (isOurs(contents.mainFrame.url)) outside(url);
    return { action: 'deny' };
  });
}
