/** The one way components reach the app's state: created in App.svelte, handed down by context. */
import { createContext } from 'svelte';
import type { AppState } from './state/app.svelte.ts';

export const [getApp, setApp] = createContext<AppState>();
