import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'electron-vite';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

const at = (path: string): string => resolve(import.meta.dirname, path);

/** Bundles for plain Node, each a file out/main/<name>.js; npm packages stay outside. */
const NODE_ENTRIES = {
  cli: 'src/cli/main.ts',
  'sim-worker': 'src/engines/sim/worker.ts',
  'build-content': 'src/cli/build-content.ts',
  // The Electron shell, out/main/index.js; package.json `main` names it.
  index: 'src/main/index.ts',
};

/** Entries whose file is there: the browser host builds without the Electron shell, and a part without the rest. */
const present = (entries: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(entries)
      .map(([name, path]): [string, string] => [name, at(path)])
      .filter(([, path]) => existsSync(path)),
  );

/** Where `npm run dev` serves the page from. The window still has it under its own scheme: see src/main/dev-page.ts. */
const DEV_SERVER = { host: '127.0.0.1', port: 5183 };

const preload = present({ index: 'src/preload/index.ts' });

export default defineConfig({
  main: {
    build: {
      target: 'node20.19',
      externalizeDeps: true,
      rolldownOptions: {
        input: present(NODE_ENTRIES),
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  },
  // A sandboxed preload must be CommonJS, and one file.
  ...(Object.keys(preload).length > 0 && {
    preload: {
      build: {
        externalizeDeps: false,
        rolldownOptions: { input: preload, output: { format: 'cjs', entryFileNames: '[name].cjs' } },
      },
    },
  }),
  renderer: {
    root: at('src/renderer'),
    plugins: [svelte({ configFile: at('svelte.config.js') })],
    // The page's own address is app://underlay, so the client of the dev server must be told where its socket is.
    server: {
      ...DEV_SERVER,
      strictPort: true,
      hmr: { protocol: 'ws', host: DEV_SERVER.host, clientPort: DEV_SERVER.port },
    },
    build: {
      minify: true,
      // Not the Chromium of Electron: the browser host serves this very bundle to Firefox and Safari too.
      target: 'es2022',
      // Large and seldom first: the terminal is imported where it opens, and so becomes a file of its own.
      rolldownOptions: { input: present({ index: 'src/renderer/index.html' }) },
    },
  },
});
