/** The browser, as the state needs it: storage, address, clipboard, downloads and timers. */
import type { Unsubscribe } from '../base/event.ts';
import type { Clock } from './client.ts';
import type { Surroundings } from './state/app.svelte.ts';

const DARK = '(prefers-color-scheme: dark)';

export const browserClock: Clock = {
  after: (milliseconds, then) => {
    const timer = setTimeout(then, milliseconds);
    return () => clearTimeout(timer);
  },
};

export const browser: Surroundings = {
  memory: {
    read: (key) => storage()?.getItem(key) ?? undefined,
    write: (key, value) => storage()?.setItem(key, value),
  },
  address: {
    read: () => location.hash,
    go: (fragment) => {
      location.hash = fragment;
    },
    onChange: (listener) => listen(window, 'hashchange', listener),
  },
  prefersDark: {
    read: () => matchMedia(DARK).matches,
    onChange: (listener) => listen(matchMedia(DARK), 'change', listener),
  },
  copy: async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch (error) {
      // Refused, or a page without a secure origin: the learner is told.
      console.warn(error);
      return false;
    }
  },
  save: (name, bytes) => {
    const address = URL.createObjectURL(new Blob([bytes]));
    const link = document.createElement('a');
    link.href = address;
    link.download = name;
    link.click();
    URL.revokeObjectURL(address);
  },
};

function listen(target: EventTarget, type: string, listener: () => void): Unsubscribe {
  target.addEventListener(type, listener);
  return () => target.removeEventListener(type, listener);
}

/** Undefined where the learner switched storage off. */
function storage(): Storage | undefined {
  try {
    return window.localStorage;
  } catch (error) {
    console.warn(error);
    return undefined;
  }
}
