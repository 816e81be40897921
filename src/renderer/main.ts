import './styles/tokens.css';
import './styles/base.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { Client } from './client.ts';
import { hostConnector } from './host.ts';
import { AppState, parseTheme, THEME_KEY } from './state/app.svelte.ts';
import { browser, browserClock } from './surroundings.ts';

// Before the first paint, so that a chosen scheme does not flash; afterwards App.svelte keeps it.
document.documentElement.dataset['theme'] = parseTheme(browser.memory.read(THEME_KEY));

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no element #app');

const app = new AppState(new Client(hostConnector(), browserClock), browser);
// First, so that the host is asked while the page is built.
app.start();
mount(App, { target, props: { app } });
